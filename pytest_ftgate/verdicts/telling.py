"""A difference to the baseline in plain words, one line a verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_ftgate.verdicts.amounts import counted, gap
from pytest_ftgate.verdicts.drops import TRIALS_TO_BLOCK
from pytest_ftgate.verdicts.matching import LEAST_SHARE
from pytest_ftgate.verdicts.slices import LEAST_CASES, is_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ftgate.model import SliceResult
    from pytest_ftgate.verdicts.drops import Finding, Rule
    from pytest_ftgate.verdicts.measures import Unit
    from pytest_ftgate.verdicts.pairs import Pair

_SLICES_NAMED = 3
RE_BASELINE = "accept a new baseline: pytest-ftgate baseline accept"


def tell(finding: Finding) -> str:
    """The sentence of a judged KPI."""
    verdict, evidence = finding.verdict, finding.evidence
    if evidence.judged.n == 0:
        return f"no case has a value both now and in the baseline; {RE_BASELINE}"
    told = _tell_tested(finding) if evidence.may_block else _tell_warning_only(finding)
    if not evidence.lost_too_much:
        return told
    lost = (
        f"{100 * evidence.lost:.0f} % of the baseline's values are not there now, at most "
        f"{100 * (1.0 - LEAST_SHARE):.0f} % may be missing"
    )
    return lost if verdict == "inconclusive" else f"{told}; {lost}"


def tell_few_matched(share: float) -> str:
    """Why a comparison with too few of the same cases judges nothing."""
    return (
        f"only {100 * share:.0f} % of the cases (by weight) are those of the baseline, at least "
        f"{100 * LEAST_SHARE:.0f} % are needed; {RE_BASELINE}"
    )


def tell_unknown_before() -> str:
    """Why a KPI that the baseline has no value of is not judged."""
    return f"has no value in the baseline to be compared with; {RE_BASELINE}"


def tell_slices(slices: Sequence[SliceResult], unit: Unit) -> str:
    """The slices that got worse, the largest loss first; they are of one KPI and one flag."""
    losses = sorted(slices, key=lambda each: (-abs(each.delta or 0.0), each.slice))
    named = [f"{each.slice} {gap(each.delta or 0.0, unit, signed=True)}" for each in losses]
    more = len(named) - _SLICES_NAMED
    points = " points" if unit == "rate" else ""
    text = ", ".join(named[:_SLICES_NAMED]) + points + (f", and {more:,} more" if more > 0 else "")
    what = "protected slices" if slices[0].flag == "block" else "slices"
    return f"worse in {what} {text}"


def tell_absent(protected: Iterable[str], slices: Sequence[SliceResult]) -> str | None:
    """That a protected slice has too few cases to be guarded, or none."""
    for name in protected:
        found = [each for each in slices if is_named(each.slice, (name,))]
        if all(each.flag == "descriptive" for each in found):
            most = max((each.n for each in found), default=0)
            return (
                f"the protected slice {name!r} has {counted(most, 'case')}, at least "
                f"{LEAST_CASES} are needed to guard it"
            )
    return None


def _tell_tested(finding: Finding) -> str:
    pair, judged, verdict = finding.pair, finding.evidence.judged, finding.verdict
    moved, tolerance, needed = _moved(finding), _tolerance(finding), _needed(finding)
    if verdict == "inconclusive":
        missed = -judged.low
        unseen = "of any size" if math.isinf(missed) else f"of up to {gap(missed, pair.unit)}"
        return f"{moved}, but a {_loss(pair)} {unseen} could have been missed{needed}"
    if verdict == "pass":
        return f"{moved}, which excludes a {_loss(pair)} beyond {tolerance}"
    if verdict == "block":
        return f"{moved} against a tolerance of {tolerance}"
    doubt = f"among {finding.family} KPIs that" if judged.high < 0 else "that"
    return f"{moved} against a tolerance of {tolerance}, but {doubt} could be chance{needed}"


def _tell_warning_only(finding: Finding) -> str:
    moved, tolerance = _moved(finding), _tolerance(finding)
    if finding.verdict == "pass":
        return f"{moved}, within the tolerance of {tolerance}"
    what = "a run's load" if finding.pair.unit == "seconds" else "chance"
    needed = f"{TRIALS_TO_BLOCK} trials of each case on both sides"
    return f"{moved} against a tolerance of {tolerance}; only {needed} could tell it from {what}"


def _moved(finding: Finding) -> str:
    """``dropped by 6.1 points (90 % interval -9.0 to -3.2)``, hidden values told apart."""
    pair, rule = finding.pair, finding.rule
    seen, judged, sign = finding.evidence.seen, finding.evidence.judged, pair.sign
    text = _direction(sign * seen.delta, pair, rule)
    if pair.hidden and judged.delta != seen.delta:
        hidden = counted(pair.hidden, "unseen result")
        text += f", with {hidden} at the worst {_direction(sign * judged.delta, pair, rule)}"
    if not math.isfinite(judged.se):
        return text
    low, high = sorted((sign * judged.low, sign * judged.high))
    level = 100.0 * (1.0 - 2.0 * rule.alpha)
    ends = " to ".join(
        gap(end, pair.unit, signed=True, against=(0.0, rule.margin)) for end in (low, high)
    )
    return f"{text} ({level:g} % interval {ends})"


def _direction(delta: float, pair: Pair, rule: Rule) -> str:
    if delta == 0:
        return "did not change"
    word = "rose by" if delta > 0 else "dropped by"
    return f"{word} {gap(abs(delta), pair.unit, against=(rule.margin, 0.0))}"


def _tolerance(finding: Finding) -> str:
    return gap(finding.rule.margin, finding.pair.unit)


def _loss(pair: Pair) -> str:
    return "drop" if pair.sign > 0 else "rise"


def _needed(finding: Finding) -> str:
    cases = finding.sight.cases_needed
    return "" if cases is None else f"; about {counted(cases, 'case')} would settle it"
