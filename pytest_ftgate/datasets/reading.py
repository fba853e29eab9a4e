"""Reading a dataset file, and checking cases that were made in memory."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.datasets.cases import FIELDS, Place, as_json, read_case
from pytest_ftgate.errors import DataError, DataErrors, shown, shown_path
from pytest_ftgate.model import Case
from pytest_ftgate.strict_json import parse, read_lines

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

    Refuse = Callable[[DataError], object]
    Rows = Iterator[tuple[int, Any]]

SUFFIXES = (".jsonl", ".ndjson", ".yaml", ".yml", ".csv")


def load(path: str | os.PathLike[str]) -> tuple[Case, ...]:
    """Read a dataset: JSON Lines, or a small YAML or CSV file, told apart by the suffix.

    Returns:
        The cases in file order; each remembers its ``path:line``.

    Raises:
        DataErrors: with every bad line. A line is not readable, a key or a value is wrong, two
            ids are equal after Unicode normalisation and case folding, or there is no case.
    """
    return read_cases(path, lambda refuse: rows(path, refuse))


def read_cases(path: str | os.PathLike[str], source: Callable[[Refuse], Rows]) -> tuple[Case, ...]:
    """Check the rows of a file and make its cases.

    Args:
        path: the file, for messages.
        source: gives the rows; it is handed a function to be called with the error of a bad row.

    Raises:
        DataErrors: as :func:`load`.
    """
    problems: list[DataError] = []
    cases: list[Case] = []
    ids = _Ids()
    name = shown_path(path)
    try:
        for line, raw in source(problems.append):
            place = Place(path, line, problems)
            if isinstance(raw, dict):
                ids.add(raw.get("id"), f"line {line}", place)
            case = read_case(raw, place, source=f"{name}:{line}")
            if case is not None:
                cases.append(case)
    except DataError as error:
        problems.append(error)
    if not cases and not problems:
        problems.append(_nothing(path))
    if problems:
        raise DataErrors(sorted(problems, key=lambda error: error.line or 0))
    return tuple(cases)


def rows(path: str | os.PathLike[str], refuse: Refuse) -> Rows:
    """The rows of a dataset file as plain data, unchecked, each with its 1-based line.

    Raises:
        DataError: the file cannot be read as a whole.
    """
    suffix = Path(path).suffix.lower()
    # Sessions that read JSON Lines import neither of the two.
    if suffix in {".yaml", ".yml"}:
        from pytest_ftgate.datasets.yaml_rows import yaml_rows

        return yaml_rows(path)
    if suffix == ".csv":
        from pytest_ftgate.datasets.csv_rows import csv_rows

        return csv_rows(path, refuse)
    if suffix in {".jsonl", ".ndjson"}:
        return json_rows(path, refuse)
    raise DataError(
        path,
        f"datasets of the kind {suffix or Path(path).name!r} are not read",
        f"Use one of: {', '.join(SUFFIXES)}",
    )


def json_rows(path: str | os.PathLike[str], refuse: Refuse) -> Rows:
    """The values of a JSON Lines file, each with its 1-based line.

    Raises:
        DataError: the file cannot be read.
    """
    for line, text in read_lines(path, refuse):
        try:
            yield line, parse(text, path, line=line)
        except DataError as error:
            refuse(error)


def from_objects(cases: Iterable[Case | Mapping[str, Any]], where: str) -> tuple[Case, ...]:
    """Check cases that were made in memory as if they had been read from a file.

    Args:
        cases: cases, or objects as dataset lines hold them.
        where: what gave the cases, as messages name it: a test's name, a loader's path.

    Raises:
        DataErrors: as :func:`load`; a value is not JSON.
    """
    problems: list[DataError] = []
    checked: list[Case] = []
    ids = _Ids()
    for number, given in enumerate(cases, start=1):
        found: list[DataError] = []
        case = _from_object(given, Place(where, None, found))
        ids.add(case.id if case else None, f"case {number}", Place(where, None, found))
        problems += [
            DataError(where, f"case {number}: {error.reason}", error.advice) for error in found
        ]
        if case is not None:
            checked.append(case)
    if not checked and not problems:
        problems.append(_nothing(where))
    if problems:
        raise DataErrors(problems)
    return tuple(checked)


def _from_object(given: object, place: Place) -> Case | None:
    if isinstance(given, Case):
        raw, source = {name: getattr(given, name) for name in FIELDS}, given.source
    elif isinstance(given, Mapping):
        raw, source = dict(given), None
    else:
        place.refuse(f"this is no case, got {shown(given)}", "Give pytest_ftgate.Case objects")
        return None
    values = as_json(raw, place)
    return None if values is None else read_case(values, place, source=source)


class _Ids:
    """The ids seen so far, and where; equal ids are refused, naming both places."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, str]] = {}

    def add(self, value: object, spot: str, place: Place) -> None:
        if not isinstance(value, str):
            return
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).casefold())
        if key not in self._seen:
            self._seen[key] = (value, spot)
            return
        other, first = self._seen[key]
        as_there = "" if other == value else f", which has it as {shown(other)}"
        place.refuse(f"the id {shown(value)} is that of {first}{as_there}", "Rename one of them")


def _nothing(path: str | os.PathLike[str]) -> DataError:
    return DataError(
        path, "there is no case in it", "Add at least one: an empty set proves nothing"
    )
