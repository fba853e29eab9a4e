"""Typed access to the tables of a TOML file; what is wrong is noted with its line."""

from __future__ import annotations

import math
import re
import tomllib
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from pytest_ftgate.errors import DataError, did_you_mean, shown
from pytest_ftgate.experiments.homes import HOMES
from pytest_ftgate.experiments.toml_lines import Keys, key_lines
from pytest_ftgate.strict_json import MAX_DEPTH, is_too_deep, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


class Document(Struct, frozen=True):
    """A parsed TOML file, its lines, and the list of what is wrong with it."""

    path: Path
    data: dict[str, Any]
    lines: dict[Keys, int]
    problems: list[DataError] = field(default_factory=list)

    def line(self, keys: Keys) -> int | None:
        """The line of a key, or of the nearest table around it."""
        return next(
            (self.lines[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in self.lines), None
        )

    def refuse(self, reason: str, advice: str, *keys: str | int) -> None:
        """Note that something is wrong at a key."""
        error = DataError(self.path, reason, advice, line=self.line(keys))
        # A default is read once for each variant that takes it.
        if str(error) not in map(str, self.problems):
            self.problems.append(error)


def read_document(path: Path) -> Document:
    """Parse a TOML file.

    Raises:
        DataError: the file cannot be read or is not TOML.
    """
    text = read_text(path)
    too_deep = DataError(path, f"tables are nested deeper than {MAX_DEPTH} levels", "Flatten them")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _PLACE.search(message)
        at_end = text.count("\n") + 1
        raise DataError(
            path,
            f"this is not TOML: {_PLACE.sub('', message)}",
            "Look at the quotes and brackets up to this place; a table may be given only once",
            line=int(place[1]) if place and place[1] else at_end,
            column=int(place[2]) if place and place[2] else None,
        ) from None
    except RecursionError:
        raise too_deep from None
    if is_too_deep(data):
        raise too_deep
    return Document(path, data, key_lines(text))


class Table(Struct, frozen=True):
    """One table of a document; ``keys`` lead to it, ``title`` names it in messages.

    What the table does not hold is taken from ``defaults``, and refused there.
    """

    document: Document
    keys: Keys
    title: str
    data: dict[str, Any]
    defaults: Table | None = None

    def refuse(self, reason: str, advice: str, key: str | None = None) -> None:
        """Note that something is wrong at a key of this table."""
        if key not in self.data and self.defaults is not None and key in self.defaults.data:
            self.defaults.refuse(reason, advice, key)
            return
        keys = self.keys if key is None else (*self.keys, key)
        self.document.refuse(f"{self.title}{reason}", advice, *keys)

    def get(self, key: str, otherwise: Any = None) -> Any:
        """The value of a key as it stands here or in the defaults."""
        if key in self.data or self.defaults is None:
            return self.data.get(key, otherwise)
        return self.defaults.get(key, otherwise)

    def allow_only(self, allowed: Iterable[str], foreign: dict[str, str] | None = None) -> None:
        """Refuse unknown keys; of those that belong elsewhere, ``foreign`` or ``HOMES`` says it."""
        names = list(allowed)
        homes = {**HOMES, **(foreign or {})}
        for key in self.data:
            if key in names:
                continue
            if key in homes:
                self.refuse(f"{key!r} does not belong here", homes[key], key)
            else:
                hint = did_you_mean(key, names)
                self.refuse(f"unknown key {key!r}; {hint}", "Correct or remove it", key)

    def text(self, key: str) -> str | None:
        """A text; ``None`` when absent, and when empty, which switches a default off."""
        value = self.get(key)
        if value is None or isinstance(value, str):
            return value or None
        self._wrong(key, "text", "Put it in quotes")
        return None

    def choice(self, key: str, allowed: Iterable[str]) -> str | None:
        """One of a few texts."""
        value = self.text(key)
        names = list(allowed)
        if value is None or value in names:
            return value
        self.refuse(
            f"{key} is {value!r}; {did_you_mean(value, names)}",
            f"Use one of: {', '.join(names)}",
            key,
        )
        return None

    def number(self, key: str) -> float | None:
        """A finite number."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                if math.isfinite(value):
                    return float(value)
            except OverflowError:  # a whole number beyond every float
                pass
        self._wrong(key, "a finite number", "Write a number without quotes")
        return None

    def whole(self, key: str) -> int | None:
        """A whole number of at least 0."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        self._wrong(key, "a whole number of at least 0", "Write a number without quotes")
        return None

    def flag(self, key: str) -> bool:
        """True or false; false when absent."""
        value = self.get(key, False)
        if isinstance(value, bool):
            return value
        self._wrong(key, "true or false", "Write it without quotes")
        return False

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            return tuple(value)
        self._wrong(key, "a list of text", f'Write {key} = ["..."]')
        return ()

    def json_table(self, key: str) -> dict[str, Any]:
        """A table of JSON values: no dates, finite numbers."""
        value = self.get(key, {})
        if not isinstance(value, dict):
            self._wrong(key, "a table", f"Write {key} = {{ name = value }}")
            return {}
        fault = _not_json(value)
        if fault is not None:
            self.refuse(f"{key} holds {fault}", "Use text, finite numbers, lists and tables", key)
            return {}
        return value

    def tables(self, key: str) -> list[Table]:
        """The tables of an array ``[[key]]``."""
        value = self.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._wrong(key, f"an array of tables [[{key}]]", f"Start each with [[{key}]]")
            return []
        return [
            Table(self.document, (*self.keys, key, at), _title(key, item, at), item)
            for at, item in enumerate(value)
        ]

    def table(self, key: str) -> Table:
        """The table ``[key]``; empty when absent."""
        value = self.get(key, {})
        if not isinstance(value, dict):
            self._wrong(key, f"a table [{key}]", f"Start it with [{key}] on a line of its own")
            value = {}
        return Table(self.document, (*self.keys, key), f"{key}: ", value)

    def _wrong(self, key: str, wanted: str, advice: str) -> None:
        self.refuse(f"{key} must be {wanted}, got {shown(self.get(key))}", advice, key)


def _title(key: str, item: dict[str, Any], at: int) -> str:
    name = item.get("name")
    return f"{key} {name!r}: " if isinstance(name, str) else f"{key} number {at + 1}: "


def _not_json(value: Any) -> str | None:
    """What of the value JSON cannot hold, as a message names it."""
    if isinstance(value, dict):
        return next((fault for item in value.values() if (fault := _not_json(item))), None)
    if isinstance(value, list):
        return next((fault for item in value if (fault := _not_json(item))), None)
    if value is None or isinstance(value, (str, bool, int)):
        return None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"the number {value}"
    return f"the {type(value).__name__} {value}"
