"""The lines of a results file, checked one by one and against each other."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pytest_ftgate.errors import DataError, did_you_mean, shown
from pytest_ftgate.strict_json import parse, read_lines

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

FIELDS = ("case", "variant", "trial", "scores", "error", "stratum", "tags", "latency_s", "cost")
"""The keys of a line."""

_NAMES = {
    "case": (
        re.compile(r"[A-Za-z0-9._-]{1,64}"),
        "Use 1 to 64 of the characters A-Z a-z 0-9 . _ -",
    ),
    # Models have names like ft:gpt-4.1-mini:team::x1 and vendor/model.
    "variant": (re.compile(r"[!-~]{1,128}"), "Use 1 to 128 ASCII characters without spaces"),
}
_MOST_TRIALS = 1_000_000


class Result(Struct, frozen=True, kw_only=True):
    """One line: what a variant achieved on one case in one trial.

    ``scores`` holds 0 and 1 for false and true; an unknown score is ``None`` and then ``error``
    says why.
    """

    line: int
    case: str
    variant: str
    trial: int
    scores: dict[str, float | None]
    error: str | None
    stratum: str | None
    tags: tuple[str, ...]
    latency_s: float | None
    cost: float | None


def read_results(path: str | os.PathLike[str], problems: list[DataError]) -> list[Result]:
    """The good lines of a results file.

    Args:
        path: the file.
        problems: takes an error for everything that is wrong.
    """
    results: list[Result] = []
    together = _Together(path, problems)
    try:
        for number, text in read_lines(path, problems.append):
            try:
                raw = parse(text, path, line=number)
            except DataError as error:
                problems.append(error)
                continue
            result = _Line(raw, path, number, problems).read()
            if result is not None:
                together.check(result)
                results.append(result)
    except DataError as error:
        problems.append(error)
    return results


class _Line:
    """Reads one line, noting everything that is wrong with it."""

    def __init__(
        self, raw: object, path: str | os.PathLike[str], number: int, problems: list[DataError]
    ) -> None:
        self._raw = raw
        self._path = path
        self._number = number
        self._problems = problems

    def read(self) -> Result | None:
        """The result, or ``None`` when something is wrong."""
        raw = self._raw
        if not isinstance(raw, dict):
            self._refuse(
                f"a result must be an object, got {shown(raw)}",
                'Write {"case": ..., "variant": ..., "scores": {...}}',
            )
            return None
        before = len(self._problems)
        for key in raw:
            if key not in FIELDS:
                self._refuse(f"unknown key {shown(key)}; {did_you_mean(key, FIELDS)}", "Correct it")
        values: dict[str, Any] = {
            "case": self._name("case", raw),
            "variant": self._name("variant", raw),
            "trial": self._trial(raw.get("trial")),
            "error": self._text("error", raw),
            "stratum": self._text("stratum", raw),
            "tags": self._tags(raw.get("tags")),
            "latency_s": self._amount("latency_s", raw),
            "cost": self._amount("cost", raw),
            "scores": self._scores(raw),
        }
        return Result(line=self._number, **values) if len(self._problems) == before else None

    def _refuse(self, reason: str, advice: str) -> None:
        self._problems.append(DataError(self._path, reason, advice, line=self._number))

    def _name(self, key: str, raw: Mapping[str, Any]) -> str:
        value = raw.get(key)
        if value is None:
            self._refuse(f"the {key} is missing", f'Add "{key}": its name')
        elif not isinstance(value, str):
            self._refuse(f"the {key} must be text, got {shown(value)}", "Put it in quotes")
        elif not _NAMES[key][0].fullmatch(value):
            self._refuse(f"the {key} {shown(value)} is not allowed", _NAMES[key][1])
        return str(value)

    def _trial(self, value: object) -> int:
        if value is None:
            return 0
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_TRIALS:
            return value
        self._refuse(f"the trial must be a whole number from 0, got {shown(value)}", "Correct it")
        return 0

    def _text(self, key: str, raw: Mapping[str, Any]) -> str | None:
        value = raw.get(key)
        if value is None:
            return None
        if isinstance(value, str) and value.strip() and (key == "error" or _is_label(value)):
            return value
        self._refuse(
            f"{key} must be printable text, got {shown(value)}", "Correct it, or leave it out"
        )
        return None

    def _tags(self, value: object) -> tuple[str, ...]:
        if value is None:
            return ()
        tags = value if isinstance(value, list) else [None]
        if all(isinstance(tag, str) and _is_label(tag) for tag in tags) and len(tags) == len(
            set(tags)
        ):
            return tuple(tags)
        self._refuse(
            f"tags must be a list of different printable texts, got {shown(value)}",
            'Write "tags": ["refund"]',
        )
        return ()

    def _amount(self, key: str, raw: Mapping[str, Any]) -> float | None:
        value = raw.get(key)
        if value is None:
            return None
        number = _number(value)
        if number is None or number < 0 or isinstance(value, bool):
            self._refuse(
                f"{key} must be a number of at least 0, got {shown(value)}",
                "Correct it, or leave it out for unknown",
            )
        return number

    def _scores(self, raw: Mapping[str, Any]) -> dict[str, float | None]:
        scores, error = raw.get("scores"), raw.get("error")
        if scores is None and error is not None:
            return {}
        if not isinstance(scores, dict) or not (scores or error):
            self._refuse(
                f"scores must be an object of numbers, got {shown(scores)}",
                'Write "scores": {"correct": 1}, or null with "error": "why there is none"',
            )
            return {}
        found: dict[str, float | None] = {}
        for name, value in scores.items():
            if not _is_label(name):
                self._refuse(f"the name of a score is {shown(name)}", "Use printable text")
            found[name] = _number(value)
            if value is not None and found[name] is None:
                self._refuse(
                    f"the score {name!r} must be a number, got {shown(value)}",
                    'Give a number, or null with "error": "why there is none"',
                )
        nulls = [name for name, value in scores.items() if value is None]
        if nulls and error is None:
            self._refuse(
                f"the score {nulls[0]!r} is null without an error", 'Add "error": "what went wrong"'
            )
        if error is not None and scores and not nulls:
            self._refuse(
                "there is an error, and no score is null", "Make scores null, or remove the error"
            )
        return found


class _Together:
    """What lines must agree on: each result once, one spelling and one stratum of a case."""

    def __init__(self, path: str | os.PathLike[str], problems: list[DataError]) -> None:
        self._path = path
        self._problems = problems
        self._places: dict[tuple[str, str, int], int] = {}
        self._spellings: dict[tuple[str, str], tuple[str, int]] = {}
        self._strata: dict[str, tuple[str | None, int]] = {}

    def check(self, result: Result) -> None:
        """Note how a result contradicts an earlier one."""
        key = (result.case, result.variant, result.trial)
        first = self._places.setdefault(key, result.line)
        if first != result.line:
            what = (
                f"the case {result.case!r} of {result.variant!r} has its trial {result.trial + 1}"
            )
            self._refuse(
                result,
                f"{what} on line {first} already",
                'Remove one of them, or number them by "trial"',
            )
        for kind, name in (("case", result.case), ("variant", result.variant)):
            folded = (kind, name.casefold())
            other, line = self._spellings.setdefault(folded, (name, result.line))
            if other != name:
                self._refuse(
                    result,
                    f"the {kind} {name!r} is spelt {other!r} on line {line}",
                    "Spell it in one way, or rename one of them",
                )
        stratum, line = self._strata.setdefault(result.case, (result.stratum, result.line))
        if stratum != result.stratum:
            self._refuse(
                result,
                f"the case {result.case!r} is of the stratum {result.stratum!r}, and of "
                f"{stratum!r} on line {line}",
                "Give a case the same stratum everywhere",
            )

    def _refuse(self, result: Result, reason: str, advice: str) -> None:
        self._problems.append(DataError(self._path, reason, advice, line=result.line))


def _number(value: object) -> float | None:
    if not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _is_label(value: str) -> bool:
    return bool(value) and value == value.strip() and value.isprintable()
