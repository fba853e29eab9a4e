"""A baseline as JSON Lines that read well in a diff: what its lines hold.

The first line is the header: what the baseline was accepted from, and of each check what seldom
differs (its kind, its range). Each further line is one case and trial, sorted. A check that holds
is ``true``, a miss ``false``, a score its number; whatever else is known of it makes it an object:

    {"case":"refund-1","trial":0,"checks":{"format_valid":true,"queue":{"passed":false,...}},...}

What a comparison does not need is left out: the run's id on each line, the variant's components,
the place in the dataset, and (unless asked for) outputs, their hashes, reasons and notes. Numbers
are exact: a run compared with itself shows no difference.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, TypeVar

from msgspec import UNSET, Struct, UnsetType, field

from pytest_ftgate.model import BaselineHeader, CheckKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ftgate.model import Outcome, Record

    Value = TypeVar("Value")

LOW, HIGH, WEIGHT = 0.0, 1.0, 1.0
"""The usual range of a check and the usual weight of a case; they are not written."""

OUTCOMES: tuple[Outcome, ...] = ("passed", "missed", "failed", "error", "skipped")


class Check(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the header says of a check: it holds where a line does not say otherwise."""

    kind: CheckKind
    low: float | UnsetType = UNSET
    high: float | UnsetType = UNSET
    must_pass: bool = False
    judge: str | None = None


class Header(BaselineHeader, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line."""

    checks: dict[str, Check]


class Seen(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """What a check saw, where one word or number does not say it all."""

    passed: bool | None = None
    value: float | UnsetType = UNSET
    expected: str | None = None
    predicted: str | None = None
    kind: CheckKind | UnsetType = UNSET
    low: float | UnsetType = UNSET
    high: float | UnsetType = UNSET
    must_pass: bool | UnsetType = UNSET
    judge: str | UnsetType | None = UNSET
    reason: str = ""
    note: str = ""


class Tokens(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """The tokens of a case's calls."""

    into: int | None = field(default=None, name="in")
    out: int | None = None
    cached: int | None = None


Form = bool | float | Seen
"""What one use of a check saw."""


class Line(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """One case and trial."""

    case: str
    trial: int
    status: Literal["scored", "skipped"] = "scored"
    checks: dict[str, Form | list[Form]] = {}
    stratum: str | None = None
    tags: tuple[str, ...] = ()
    cluster: str | None = None
    weight: float | UnsetType = UNSET
    content: str | None = None
    latency_s: float | None = None
    cost: float | None = None
    tokens: Tokens | None = None
    attempts: int | None = None
    retries: int | None = None
    model: str | UnsetType | None = UNSET
    provenance: Literal["live", "replayed"] | None = None
    recorded_at: str | None = None
    output: str | None = None
    output_hash: str | None = None


def order(record: Record) -> tuple[str, int]:
    """The key that a baseline's records are sorted by."""
    return record.case, record.trial


def count_outcomes(records: Iterable[Record]) -> dict[str, int]:
    """The number of records by outcome, zeros included."""
    found = Counter(record.outcome for record in records)
    return {outcome: found[outcome] for outcome in OUTCOMES}


def usual_model(
    header: BaselineHeader, provenance: Literal["live", "replayed"] | None
) -> str | None:
    """The model of a line that does not name one."""
    return header.models[0] if provenance is not None and len(header.models) == 1 else None


def said(value: Value | UnsetType, usual: Value) -> Value:
    """What a line says, or else what is usual."""
    return usual if isinstance(value, UnsetType) else value


def unless(usual: Value, value: Value) -> Value | UnsetType:
    """What a line has to say: nothing, where the value is the usual one."""
    return UNSET if value == usual else value
