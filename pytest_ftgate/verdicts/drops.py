"""The regression rule: is a drop real, is it excluded, or can the data not say?

With delta the difference (turned so that higher is better), L and U its one-sided bounds and m the
tolerated drop:

1. block: U < 0 and delta <= -m. The drop is real and larger than tolerated.
2. pass: L > -m. A drop beyond the tolerance is excluded.
3. warn: delta <= -m. It dropped by more than tolerated, and that could be chance.
4. inconclusive: anything else. The data could have missed such a drop.

Of several KPIs that may block, all but the primary one are significant only if their p still is
after Holm's correction. Nothing is corrected for passing.

What one run's load can move (times), and what a single run cannot tell from a change of the
provider's (tokens, cost), only warns below three trials on each side; so do percentiles, which are
then compared by the spread between trials.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct

from pytest_ftgate.stats import power
from pytest_ftgate.stats.monotone import estimate_monotone
from pytest_ftgate.stats.paired import ALPHA, Estimate, estimate
from pytest_ftgate.stats.welch import compare_repetitions
from pytest_ftgate.verdicts.matching import LEAST_SHARE
from pytest_ftgate.verdicts.measures import BEYOND
from pytest_ftgate.verdicts.thresholds import EPSILON

if TYPE_CHECKING:
    from pytest_ftgate.verdicts.pairs import Pair, Sample


DropVerdict = Literal["pass", "inconclusive", "warn", "block"]

TRIALS_TO_BLOCK = 3
"""Trials of each case on each side from which on times, tokens and cost may block."""

_FAR = 1e100  # interpolation between an unbounded and an ordinary time
_NEEDS_TRIALS = ("seconds", "tokens", "usd")


class Rule(NamedTuple):
    """How a KPI is judged: the tolerated drop in its unit, and the one-sided error."""

    margin: float
    alpha: float = ALPHA


class Evidence(Struct, frozen=True):
    """A KPI's difference to the baseline, turned so that higher is better.

    Attributes:
        seen: of the cases with values, at the level of reports.
        judged: with every hidden value at its worst, at the level of the gate.
        may_block: whether the KPI may do more than warn.
        tested: whether there is an interval at all.
        lost: part of the weight of the baseline's cases of which there is no value now.
    """

    seen: Estimate
    judged: Estimate
    may_block: bool
    tested: bool
    lost: float

    @property
    def lost_too_much(self) -> bool:
        """Whether too few of the baseline's values are still there to vouch for a pass."""
        return self.lost > 1.0 - LEAST_SHARE


def weigh(pair: Pair, rule: Rule) -> Evidence:
    """The evidence that a pair holds for or against a drop.

    Args:
        pair: the KPI on both sides.
        rule: its margin and alpha.
    """
    enough = pair.fewest_trials >= TRIALS_TO_BLOCK
    if pair.repetitions is not None:
        seen, judged = (
            _weigh_repetitions(pair, value, alpha, tested=enough)
            for value, alpha in (
                (pair.repetitions.now, ALPHA),
                (pair.repetitions.worst, rule.alpha),
            )
        )
        return Evidence(seen, judged, may_block=enough, tested=enough, lost=pair.lost)
    if pair.seen is None or pair.judged is None:
        raise ValueError(f"the pair of {pair.name!r} has neither a sample nor repetitions")
    judged = weigh_sample(pair.judged, pair.span, rule)
    same = pair.judged is pair.seen and rule.alpha == ALPHA
    return Evidence(
        judged if same else _plain(pair.seen, pair.span),
        judged,
        may_block=enough or pair.unit not in _NEEDS_TRIALS,
        tested=True,
        lost=pair.lost,
    )


def glance(pair: Pair) -> Evidence:
    """The evidence for a KPI that is shown and not judged."""
    if pair.seen is None:
        return weigh(pair, Rule(0.0))
    seen = _plain(pair.seen, pair.span)
    return Evidence(seen, seen, may_block=False, tested=True, lost=pair.lost)


def _plain(sample: Sample, span: float | None) -> Estimate:
    return estimate(sample.differences, e2=sample.e2, span=span, design=sample.design)


def weigh_sample(sample: Sample, span: float | None, rule: Rule) -> Estimate:
    """Estimator E of a sample, with bounds that a worse case never loosens."""
    return estimate_monotone(
        sample.differences,
        e2=sample.e2,
        margin=rule.margin,
        span=span,
        design=sample.design,
        alpha=rule.alpha,
    )


def settle(evidence: Evidence, rule: Rule, p_adjusted: float | None = None) -> DropVerdict:
    """The verdict on a KPI's difference.

    Args:
        evidence: what is known.
        rule: the margin and alpha that ``evidence`` was weighed by.
        p_adjusted: Holm's p, for a KPI that is not the primary one.
    """
    if evidence.judged.n == 0:
        return "inconclusive"
    verdict = _judge(evidence, rule, p_adjusted)
    return "inconclusive" if verdict == "pass" and evidence.lost_too_much else verdict


def _judge(evidence: Evidence, rule: Rule, p_adjusted: float | None) -> DropVerdict:
    judged = evidence.judged
    dropped = fell(judged, rule.margin)
    if not evidence.may_block:
        return "warn" if dropped else "pass"
    significant = judged.high < 0 if p_adjusted is None else p_adjusted < rule.alpha
    if dropped and significant:
        return "block"
    if judged.low > -rule.margin:
        return "pass"
    return "warn" if dropped else "inconclusive"


def fell(seen: Estimate, margin: float) -> bool:
    """Whether the difference is a drop of at least the margin."""
    return seen.delta <= -margin + EPSILON * max(1.0, margin)


class Sight(NamedTuple):
    """What a comparison could have seen: the smallest drop, and the cases for the tolerated one."""

    mde: float | None
    cases_needed: int | None


def sight(evidence: Evidence, rule: Rule, span: float | None) -> Sight:
    """The smallest drop reported in 80 % of such runs, and the cases that would settle it.

    That many cases report a drop of the tolerated size with 80 % power; without any change, they
    pass as often. Where the drop that was seen lies so close to the margin that more are needed
    to exclude it, it is that number.

    Args:
        evidence: what is known.
        rule: the margin and alpha.
        span: of the KPI; without any variance known it bounds both numbers.
    """
    seen = evidence.judged
    if not evidence.tested:
        return Sight(None, None)
    discordance = seen.discordance
    if not math.isfinite(discordance):
        discordance = math.inf if span is None else span * span
    smallest = power.mde(max(seen.n, 1), discordance, alpha=rule.alpha, margin=rule.margin)
    if span is not None:
        smallest = min(smallest, span)
    return Sight(
        mde=smallest if math.isfinite(smallest) else None,
        cases_needed=_cases_needed(seen, rule, discordance),
    )


class Finding(Struct, frozen=True):
    """A judged KPI: its verdict and all that led to it.

    ``family`` is the number of KPIs that Holm's correction was over, 1 for none.
    """

    pair: Pair
    rule: Rule
    evidence: Evidence
    verdict: DropVerdict
    sight: Sight
    family: int = 1


def _cases_needed(seen: Estimate, rule: Rule, discordance: float) -> int | None:
    if not (rule.margin > 0 and math.isfinite(discordance)):
        return None
    planned = power.cases_needed(rule.margin, discordance, alpha=rule.alpha)
    if planned is None or planned > seen.n or not seen.low <= -rule.margin < seen.delta:
        return planned
    reach = (seen.delta - seen.low) / (seen.delta + rule.margin)
    return math.floor(seen.n * reach * reach) + 1


def _weigh_repetitions(pair: Pair, now: float, alpha: float, *, tested: bool) -> Estimate:
    """A percentile's difference; without enough trials it has no interval."""
    found = pair.repetitions
    if found is None:
        raise ValueError(f"{pair.name!r} is no percentile")
    delta = now - found.before
    unbounded = found.trials_now.max(initial=0.0) >= BEYOND / _FAR
    if not tested or unbounded or math.isnan(delta):
        n = 0 if math.isnan(delta) else found.cases
        return Estimate(pair.sign * delta, -math.inf, math.inf, math.inf, 0.0, 1.0, n, alpha)
    return compare_repetitions(
        found.trials_now,
        found.trials_before,
        delta=delta,
        higher_is_better=pair.sign > 0,
        alpha=alpha,
    )
