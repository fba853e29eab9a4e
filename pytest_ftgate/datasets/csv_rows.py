"""Rows of a small CSV dataset, and the way back.

A column is named ``id``, ``input``, ``expected`` and so on; ``input.message`` is the key
``message`` of the input. Cells are text. A column whose name ends in ``:json`` holds JSON values
(``expected.total:json``), which is how numbers, lists and empty text are kept. An empty cell is an
absent value.

Spreadsheets run cells that start like a formula. Such cells are written behind an apostrophe,
and one apostrophe is taken off such cells when they are read, so that no text is changed by a
round trip.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ftgate.datasets.cases import FIELDS
from pytest_ftgate.errors import DataError, did_you_mean
from pytest_ftgate.strict_json import parse, read_text

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

_OBJECTS = ("input", "expected", "metadata")
_JSON = ":json"
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_GUARDED = re.compile("'+[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_SPREADABLE_KEY = re.compile(r"\w([\w -]*\w)?")
_NAME_END = re.compile("[.:]")
_MOST_COLUMNS = 50
_CELL_LIMIT = 100_000_000
_ABSENT = object()


class Column(NamedTuple):
    """One column: the keys that lead to its value, and whether its cells are JSON."""

    keys: tuple[str, ...]
    is_json: bool

    @property
    def title(self) -> str:
        """The column's name in the header."""
        return ".".join(self.keys) + (_JSON if self.is_json else "")


class Table(NamedTuple):
    """A CSV file: its header, and its rows that are not blank, each with its first line."""

    titles: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]


def guard(cell: str) -> str:
    """The cell as a spreadsheet shows it and never runs it; undone by :func:`unguard`."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    """The cell as it was before :func:`guard`."""
    return cell[1:] if _GUARDED.match(cell) else cell


def csv_rows(
    path: str | os.PathLike[str], refuse: Callable[[DataError], object]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a CSV file as objects, each with the 1-based line on which it starts.

    Args:
        path: a UTF-8 file with a header; separated by commas, semicolons or tabs.
        refuse: called with the error of each bad row; such rows are left out.

    Raises:
        DataError: the file cannot be read, or its header is wrong.
    """
    table = read_table(path, refuse)
    columns = _columns(table.titles, path)
    for line, cells in table.rows:
        row: dict[str, Any] = {}
        try:
            for column, cell in zip(columns, cells, strict=True):
                if cell:
                    _put(row, column, _value(column, unguard(cell), path, line))
        except DataError as error:
            refuse(error)
        else:
            yield line, row


def foreign_rows(
    path: str | os.PathLike[str], refuse: Callable[[DataError], object]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """As :func:`csv_rows`, with columns of any other names too, whose cells are text.

    Raises:
        DataError: the file cannot be read.
    """
    table = read_table(path, refuse)
    ours = [at for at, title in enumerate(table.titles) if _NAME_END.split(title)[0] in FIELDS]
    columns = dict(zip(ours, _columns(tuple(table.titles[at] for at in ours), path), strict=True))
    for line, cells in table.rows:
        row: dict[str, Any] = {}
        try:
            for at, cell in enumerate(map(unguard, cells)):
                if cell and at in columns:
                    _put(row, columns[at], _value(columns[at], cell, path, line))
                elif cell:
                    row[table.titles[at]] = cell
        except DataError as error:
            refuse(error)
        else:
            yield line, row


def read_table(path: str | os.PathLike[str], refuse: Callable[[DataError], object]) -> Table:
    """Read a CSV file as it stands; every row has as many cells as the header.

    Raises:
        DataError: the file cannot be read, has no header, or is broken in its quoting.
    """
    text = read_text(path)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        with _large_cells():
            for cells in reader:
                if any(cells):
                    rows.append((line, cells))
                line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            path,
            f"this is not CSV: {error}",
            "Put the cell in double quotes and double the quotes within it",
            line=line,
        ) from None
    if not rows:
        raise DataError(path, "the file is empty", "Start it with a header: id,input,...", line=1)
    (_, titles), *rest = rows
    for line, cells in rest:
        if len(cells) != len(titles):
            refuse(
                DataError(
                    path,
                    f"the row has {len(cells)} cells, the header {len(titles)}",
                    "Quote cells that hold the separator, a quote or a line break",
                    line=line,
                )
            )
    whole = tuple(row for row in rest if len(row[1]) == len(titles))
    return Table(tuple(title.strip() for title in titles), whole)


def write_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """The rows as a CSV file that :func:`csv_rows` reads back to equal values.

    Args:
        rows: objects as dataset lines hold them; absent values are left out.
    """
    columns: list[Column] = []
    for name in FIELDS:
        values = [row.get(name, _ABSENT) for row in rows]
        columns += _columns_of((name,), values)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.title for column in columns])
    writer.writerows([guard(_cell(row, column)) for column in columns] for row in rows)
    return out.getvalue().encode("utf-8")


def _columns(titles: tuple[str, ...], path: str | os.PathLike[str]) -> tuple[Column, ...]:
    columns: list[Column] = []
    for title in titles:
        is_json = title.endswith(_JSON)
        column = Column(tuple(title.removesuffix(_JSON).split(".")), is_json)
        name = column.keys[0]
        if name not in FIELDS:
            raise DataError(
                path,
                f"unknown column {title!r}; {did_you_mean(name, FIELDS)}",
                "Correct it, or name it metadata.something",
                line=1,
            )
        if len(column.keys) > 1 and (name not in _OBJECTS or "" in column.keys):
            raise DataError(
                path,
                f"the column {title!r} names a key of {name}",
                f"Only {', '.join(_OBJECTS)} have keys: input.message",
                line=1,
            )
        for other in columns:
            shared = min(len(other.keys), len(column.keys))
            if other.keys[:shared] == column.keys[:shared]:
                raise DataError(
                    path,
                    f"the columns {other.title!r} and {title!r} hold the same value",
                    "Remove one of them",
                    line=1,
                )
        columns.append(column)
    return tuple(columns)


def _value(column: Column, cell: str, path: str | os.PathLike[str], line: int) -> Any:
    name = column.keys[0]
    if column.is_json or name == "weight":
        try:
            return parse(cell, path, line=line)
        except DataError as error:
            raise DataError(
                path,
                f"column {column.title!r}: {error.reason}",
                f"Write text in quotes here, or name the column {'.'.join(column.keys)!r}"
                if column.is_json
                else "Write a number",
                line=line,
            ) from None
    if name == "tags":
        if cell.startswith("["):
            return parse(cell, path, line=line)
        return [tag.strip() for tag in re.split("[;,]", cell)]
    if name in _OBJECTS:
        return cell
    return cell.strip()


def _put(row: dict[str, Any], column: Column, value: Any) -> None:
    *outer, last = column.keys
    for key in outer:
        row = row.setdefault(key, {})
    row[last] = value


def _columns_of(keys: tuple[str, ...], values: list[Any]) -> list[Column]:
    """The columns that hold these values of one key, one value a row, without loss."""
    present = [value for value in values if value is not _ABSENT]
    if not present:
        return []
    if keys[0] in _OBJECTS and all(isinstance(value, dict) and value for value in present):
        names = list(dict.fromkeys(name for value in present for name in value))
        if len(names) <= _MOST_COLUMNS and all(map(_SPREADABLE_KEY.fullmatch, names)):
            return [
                column
                for name in names
                for column in _columns_of(
                    (*keys, name),
                    [
                        value.get(name, _ABSENT) if value is not _ABSENT else value
                        for value in values
                    ],
                )
            ]
    is_text = all(isinstance(value, str) and value for value in present)
    return [Column(keys, is_json=not is_text and keys[0] not in {"tags", "weight"})]


def _cell(row: dict[str, Any], column: Column) -> str:
    value: Any = row
    for key in column.keys:
        if not isinstance(value, dict) or key not in value:
            return ""
        value = value[key]
    if column.keys == ("tags",) and not re.search(r"[\[;,]", "".join(value)):
        return ";".join(value)
    if column.is_json or not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return value


@contextlib.contextmanager
def _large_cells() -> Iterator[None]:
    """Lift the csv module's limit of 131,072 characters a cell, which is set per process."""
    before = csv.field_size_limit(_CELL_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)
