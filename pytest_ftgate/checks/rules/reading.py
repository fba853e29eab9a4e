"""``policy.toml``: read, checked key by key, patterns compiled."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from pytest_ftgate import strict_json
from pytest_ftgate.checks.patterns import Pattern, PatternError
from pytest_ftgate.checks.rules.personal import KINDS
from pytest_ftgate.errors import DataError, DataErrors, did_you_mean
from pytest_ftgate.text import preview

if TYPE_CHECKING:
    from pathlib import Path

Severity = Literal["block", "warn"]


class Rule(Struct, frozen=True, kw_only=True):
    """One rule: when it applies, and what it asks of an output. All that it asks must hold."""

    id: str
    severity: Severity = "block"
    why: str = ""
    line: int | None = None
    forbid: tuple[Pattern, ...] = ()
    require: tuple[Pattern, ...] = ()
    before: tuple[Pattern, ...] = ()
    max_sentences: int | None = None
    max_words: int | None = None
    max_chars: int | None = None
    allowed_terms: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    pii: tuple[str, ...] = ()
    unless_input: tuple[Pattern, ...] = ()
    only_if_input: tuple[Pattern, ...] = ()
    unless_output: tuple[Pattern, ...] = ()
    only_if_output: tuple[Pattern, ...] = ()
    ignore_case: bool = False


class Policy(Struct, frozen=True, kw_only=True):
    """The rules of a policy file, in its order."""

    source: str
    rules: tuple[Rule, ...]


_PATTERNS = (
    "forbid", "require", "before",
    "unless_input", "only_if_input", "unless_output", "only_if_output",
)  # fmt: skip
_COUNTS = ("max_sentences", "max_words", "max_chars")
_TEXTS = ("allowed_terms", "starts_with")
_ASKS = ("forbid", "require", *_COUNTS, *_TEXTS, "pii")
_KEYS = (
    "id", "forbid", "require", *_COUNTS, *_TEXTS, "pii", "before",
    "unless_input", "only_if_input", "unless_output", "only_if_output",
    "ignore_case", "severity", "why",
)  # fmt: skip
_RULE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*rule[ \t]*\]\]", re.MULTILINE)
_TOML_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_policy(file: Path) -> Policy:
    """Read a policy file.

    Raises:
        DataErrors: with every wrong key and value, each with its line.
        DataError: when the file cannot be read or is not TOML.
    """
    text = strict_json.read_text(file)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(file, text, str(error)) from None
    except RecursionError:
        raise DataError(file, "the policy is nested too deeply") from None
    return _Reader(file, text).policy(data)


def _not_toml(file: Path, text: str, message: str) -> DataError:
    place = _TOML_PLACE.search(message)
    line = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
    column = int(place[2]) if place and place[2] else None
    return DataError(
        file,
        f"not TOML: {_TOML_PLACE.sub('', message)}",
        "write patterns in single quotes, where a backslash stands for itself",
        line=line,
        column=column,
    )


class _Problem(Exception):
    """What is wrong with one value, and what to do."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice


class _Reader:
    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._lines = text.splitlines()
        self._headers = [text.count("\n", 0, found.start()) + 1 for found in _HEADER.finditer(text)]
        self._errors: list[DataError] = []

    def policy(self, data: Mapping[str, Any]) -> Policy:
        for key in data:
            if key != "rule":
                self._unknown(key, ["rule"], None)
        tables = data.get("rule", [])
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            self._error("rule is not a list of tables", "start each rule with [[rule]]", None, "")
            tables = []
        elif not tables:
            self._error("there is no rule", "start each rule with [[rule]]", None, "")
        located = len(self._headers) == len(tables)
        rules = [
            self._rule(table, index, self._headers[index] if located else None)
            for index, table in enumerate(tables)
        ]
        self._refuse_duplicates(rules)
        if self._errors:
            raise DataErrors(self._errors)
        return Policy(source=str(self._file), rules=tuple(rules))

    def _refuse_duplicates(self, rules: list[Rule]) -> None:
        lines: dict[str, int | None] = {}
        for rule in rules:
            if rule.id in lines:
                first = lines[rule.id]
                also = f", first in line {first}" if first is not None else ""
                self._error(f"the rule id {rule.id!r} appears twice{also}", "", rule.line, "id")
            elif rule.id:
                lines[rule.id] = rule.line

    def _rule(self, table: Mapping[str, Any], index: int, line: int | None) -> Rule:
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key not in _KEYS:
                self._unknown(key, _KEYS, line)
                continue
            try:
                values[key] = self._value(key, value, table)
            except _Problem as problem:
                self._error(f"{key} {problem.reason}", problem.advice, line, key)
        if "id" not in table:
            self._error(f"rule {index + 1} has no id", "give it one", line, "")
        misspelt = any(key not in _KEYS for key in table)
        if not misspelt and not any(key in table for key in _ASKS):
            self._error("the rule asks for nothing", f"add one of: {', '.join(_ASKS)}", line, "id")
        if "before" in table and "require" not in table:
            self._error("before needs require", "add what must come before it", line, "before")
        return Rule(**{"id": "", **values, "line": line})

    def _value(self, key: str, value: Any, table: Mapping[str, Any]) -> Any:
        if key in _PATTERNS:
            ignore_case = table.get("ignore_case") is True
            return tuple(_pattern(each, ignore_case) for each in _texts(value))
        if key in _TEXTS:
            return _texts(value)
        return _VALUES[key](value)

    def _unknown(self, key: str, allowed: Iterable[str], header: int | None) -> None:
        reason = f"unknown key {key!r}; {did_you_mean(key, allowed)}"
        self._error(reason, "Correct or remove it", header, key)

    def _error(self, reason: str, advice: str, header: int | None, key: str) -> None:
        self._errors.append(DataError(self._file, reason, advice, line=self._line_of(key, header)))

    def _line_of(self, key: str, header: int | None) -> int | None:
        """The line of a key, or of its rule, as far as the text shows it plainly."""
        if key and (header is not None or not self._headers):
            wanted = re.compile(rf"""[ \t]*\[*["']?{re.escape(key)}["']?[ \t]*[=\].]""")
            start = header or 0
            for number in range(start, len(self._lines)):
                if header is not None and _HEADER.match(self._lines[number]):
                    break
                if wanted.match(self._lines[number]):
                    return number + 1
        return header


def _texts(value: Any) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise _Problem(f"is {preview(value, 60)}", "write a string or a list of strings")
    if not listed or not all(listed):
        raise _Problem("is empty", "write at least one text, none of them empty")
    return tuple(listed)


def _pattern(source: str, ignore_case: bool) -> Pattern:
    try:
        return Pattern(source, ignore_case=ignore_case)
    except PatternError as error:
        raise _Problem(
            f"holds {preview(source, 80)}, which is not a regular expression: {error}"
        ) from None


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _Problem(f"is {preview(value, 60)}", "write a whole number, 0 or more")
    return value


def _rule_id(value: Any) -> str:
    if not isinstance(value, str) or not _RULE_ID.fullmatch(value):
        raise _Problem(f"is {preview(value, 80)}", "use 1 to 64 of: A-Z a-z 0-9 . _ -")
    return value


def _severity(value: Any) -> str:
    if value not in ("block", "warn"):
        got = str(value)
        raise _Problem(f"is {preview(value, 60)}", did_you_mean(got, ["block", "warn"]))
    return str(value)


def _why(value: Any) -> str:
    if not isinstance(value, str):
        raise _Problem(f"is {preview(value, 60)}", "write a text")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Problem(f"is {preview(value, 60)}", "write true or false")
    return value


def _kinds(value: Any) -> tuple[str, ...]:
    kinds = _texts(value)
    for kind in kinds:
        if kind not in KINDS:
            raise _Problem(f"names {kind!r}", did_you_mean(kind, KINDS))
    return kinds


_VALUES: dict[str, Callable[[Any], Any]] = {
    "id": _rule_id,
    "ignore_case": _flag,
    "max_chars": _count,
    "max_sentences": _count,
    "max_words": _count,
    "pii": _kinds,
    "severity": _severity,
    "why": _why,
}
