"""Absolute thresholds: one unrounded comparison decides, and its sentence says the rest.

``observed``: the value decides. ``confident``: blocks only if the whole 95 % interval lies beyond
the threshold; a value that misses it within noise is a warning. ``proven``: passes only if the
whole interval reaches the threshold.

Errors fail closed: the threshold must hold even if every result that an error (or a failed
``assert`` before the check) hid had been the worst possible one. The value that is shown speaks
of the scored cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from pytest_ftgate.verdicts.amounts import amount, counted, interval

if TYPE_CHECKING:
    from pytest_ftgate.model import Gate, GateMode, KpiVerdict
    from pytest_ftgate.stats.intervals import Interval
    from pytest_ftgate.verdicts.measures import Unit

EPSILON = 1e-12
"""Relative slack of the comparison: the mean of thirds that should equal a threshold does."""

_WORST_FIRST: tuple[KpiVerdict, ...] = ("block", "warn", "pass")


class Judgement(NamedTuple):
    """A verdict and its reason."""

    verdict: KpiVerdict
    reason: str


class Evidence(Struct, frozen=True):
    """What a gate judges.

    Attributes:
        seen: the KPI of the scored cases.
        worst: the KPI with every hidden result at its worst; ``seen`` itself without any.
        unit: the KPI's unit.
        hidden: the number of hidden results.
        unknown: the number of results of which a value was to be expected and is not known.
        missing: why there may be no value, as a clause.
    """

    seen: Interval
    worst: Interval
    unit: Unit
    hidden: int = 0
    unknown: int = 0
    missing: str = "no case recorded it"


def judge(gate: Gate, evidence: Evidence) -> Judgement:
    """The verdict of a gate's ``min`` and ``max``, whichever is worse.

    Without any value, or with a part of the values unknown, a gate does not pass.

    Raises:
        ValueError: the gate has neither.
    """
    if gate.min is None and gate.max is None:
        raise ValueError(f"the gate of {gate.kpi!r} has neither min nor max")
    if evidence.seen.n == 0:
        return Judgement("block", f"nothing to judge: {evidence.missing}")
    found = []
    if gate.min is not None:
        found.append(_judge_bound(_Minimum(gate.min), gate.mode, evidence))
    if gate.max is not None:
        found.append(_judge_bound(_Maximum(gate.max), gate.mode, evidence))
    verdict, reason = min(found, key=lambda each: _WORST_FIRST.index(each.verdict))
    if not evidence.unknown:
        return Judgement(verdict, reason)
    reason += f"; the value of {counted(evidence.unknown, 'result')} is unknown"
    return Judgement("warn" if verdict == "pass" else verdict, reason)


class _Minimum(Struct, frozen=True):
    bound: float
    held = "reaches the minimum of"
    failed = "is below the minimum of"

    def reached_by(self, value: float) -> bool:
        return value >= self.bound - EPSILON * max(1.0, abs(self.bound))

    def proven_by(self, seen: Interval) -> bool:
        return self.reached_by(seen.low)

    def refuted_by(self, seen: Interval) -> bool:
        return not self.reached_by(seen.high)


class _Maximum(Struct, frozen=True):
    bound: float
    held = "is within the maximum of"
    failed = "is above the maximum of"

    def reached_by(self, value: float) -> bool:
        return value <= self.bound + EPSILON * max(1.0, abs(self.bound))

    def proven_by(self, seen: Interval) -> bool:
        return self.reached_by(seen.high)

    def refuted_by(self, seen: Interval) -> bool:
        return not self.reached_by(seen.low)


def _judge_bound(bound: _Minimum | _Maximum, mode: GateMode, evidence: Evidence) -> Judgement:
    judged = evidence.worst
    held = bound.reached_by(judged.value)
    proven, refuted = bound.proven_by(judged), bound.refuted_by(judged)
    verdict: KpiVerdict
    if mode == "proven":
        verdict = "pass" if proven else "block"
    elif held:
        verdict = "pass"
    else:
        verdict = "warn" if mode == "confident" and not refuted else "block"
    doubt = _doubt(mode, held=held, proven=proven, refuted=refuted)
    spread = interval(judged.low, judged.high, evidence.unit, against=(bound.bound,))
    return Judgement(verdict, f"{_comparison(bound, evidence, held=held)}{doubt} ({spread})")


def _doubt(mode: GateMode, *, held: bool, proven: bool, refuted: bool) -> str:
    if held and not proven:
        return ", but is not proven to" if mode == "proven" else ", within noise"
    if not held and not refuted:
        return ", within noise"
    return ""


def _comparison(bound: _Minimum | _Maximum, evidence: Evidence, *, held: bool) -> str:
    def say(value: float) -> str:
        return amount(value, evidence.unit, against=(bound.bound,))

    seen = evidence.seen.value
    limit = amount(bound.bound, evidence.unit, against=(seen, evidence.worst.value))
    words = bound.held if bound.reached_by(seen) else bound.failed
    text = f"{say(seen)} {words} {limit}"
    if not evidence.hidden:
        return text
    hidden = f"{counted(evidence.hidden, 'unseen result')} at the worst"
    if bound.reached_by(seen) and not held:
        return f"{text}, but with {hidden} {say(evidence.worst.value)} does not"
    return f"{text}, with {hidden} {say(evidence.worst.value)}"
