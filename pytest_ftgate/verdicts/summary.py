"""What a suite's results add up to: counts, the worst misses, provenance, tokens and cost."""

from __future__ import annotations

import math
from collections import Counter
from heapq import nsmallest
from typing import TYPE_CHECKING

from pytest_ftgate.model import Miss, Provenance, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import Outcome, Record

OUTCOMES: tuple[Outcome, ...] = ("passed", "missed", "failed", "error", "skipped")
MOST_MISSES = 100
"""Misses that the verdict document carries, the worst first; the run holds them all."""

_REASON_LIMIT = 2000
_OUTPUT_LIMIT = 1000
_SEVERITY = {"error": 0, "failed": 1, "missed": 2}


def counts(records: Sequence[Record]) -> dict[str, int]:
    """The number of results by outcome, in reading order, zeros included."""
    found = Counter(record.outcome for record in records)
    return {outcome: found[outcome] for outcome in OUTCOMES}


def misses(records: Sequence[Record]) -> tuple[Miss, ...]:
    """The results worth looking at: errors, then must-pass failures, then the most misses.

    Args:
        records: in plan order, which is kept among equals.
    """
    ranked = [
        (_SEVERITY[outcome], -_failed_checks(record), at)
        for at, record in enumerate(records)
        if (outcome := record.outcome) in _SEVERITY
    ]
    return tuple(_miss(records[at]) for _, _, at in nsmallest(MOST_MISSES, ranked))


def provenance(records: Sequence[Record]) -> Provenance:
    """Where the answers came from; ``none`` counts scored results without a provider call."""
    scored_without = sum(
        record.provenance is None and record.status == "scored" for record in records
    )
    called = [record for record in records if record.provenance is not None]
    instants = [record.recorded_at for record in called if record.recorded_at is not None]
    return Provenance(
        live=sum(record.provenance == "live" for record in called),
        replayed=sum(record.provenance == "replayed" for record in called),
        none=scored_without,
        recorded_from=min(instants, default=None),
        recorded_to=max(instants, default=None),
        models=tuple(sorted({record.model for record in called if record.model is not None})),
    )


def usage(records: Sequence[Record]) -> Usage:
    """Tokens of all provider calls; ``None`` as soon as one answered call did not tell."""
    answers = [record.usage or Usage() for record in records if _answered(record)]
    return Usage(
        input_tokens=_total([used.input_tokens for used in answers]),
        output_tokens=_total([used.output_tokens for used in answers]),
        cached_tokens=_total([used.cached_tokens for used in answers]),
    )


def cost(records: Sequence[Record]) -> float | None:
    """US dollars of all provider calls; ``None`` as soon as the price of one is unknown."""
    priced = [record for record in records if _answered(record)]
    known = [record.cost for record in priced if record.cost is not None]
    return math.fsum(known) if priced and len(known) == len(priced) else None


def _total(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if numbers and len(known) == len(numbers) else None


def _answered(record: Record) -> bool:
    """Whether a provider answered; a failed case counts only when it told its tokens."""
    if record.provenance is None:
        return False
    return record.status == "scored" or record.usage is not None


def _failed_checks(record: Record) -> int:
    return sum(seen.passed is False for seen in record.observations)


def _miss(record: Record) -> Miss:
    reasons = []
    if record.status == "error":
        error = record.error
        reasons.append(f"{error.type}: {error.message}" if error else "the error is not known")
    reasons += [
        f"{seen.check}: {seen.reason or 'the check does not hold'}"
        for seen in record.observations
        if seen.passed is False
    ]
    return Miss(
        case=record.case,
        trial=record.trial,
        outcome=record.outcome,
        reasons=tuple(reason[:_REASON_LIMIT] for reason in reasons),
        source=record.source,
        output=None if record.output is None else record.output[:_OUTPUT_LIMIT],
    )
