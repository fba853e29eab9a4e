"""The A/A self-check: how often would this gate block, on this data, with nothing changed?

With several trials of each case, two of them are drawn for each case at random, one plays the
baseline and the other the run, and the rules in force judge them. Whatever the gate says then is
a false alarm. Beside the random splits, every trial as a whole is compared with every other: what
all cases of a trial have in common (the load, a bad minute of the provider) shows only there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from pytest_ftgate.stats.intervals import wilson
from pytest_ftgate.verdicts import kpis
from pytest_ftgate.verdicts.amounts import counted, gap
from pytest_ftgate.verdicts.measures import QUANTILES, Series
from pytest_ftgate.verdicts.pairs import Pair, Sample, pair
from pytest_ftgate.verdicts.regression import judge_pairs, primary_name, rules_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_ftgate.model import Record, Run, SuitePlan
    from pytest_ftgate.verdicts.drops import DropVerdict, Rule
    from pytest_ftgate.verdicts.frame import Frame
    from pytest_ftgate.verdicts.measures import KpiDefinition

    _Verdicts = Mapping[str, DropVerdict]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

SPLITS = 400
_CASES_IN_ALL = 2_000_000
_FEWEST_SPLITS = 50
_VERDICTS: tuple[DropVerdict, ...] = ("pass", "inconclusive", "warn", "block")


class KpiSelfCheck(Struct, frozen=True, kw_only=True):
    """One KPI: the share of the splits in which it got each verdict, and the rule it is under."""

    kpi: str
    verdicts: dict[str, float]
    rule: str


class SuiteSelfCheck(Struct, frozen=True, kw_only=True):
    """One suite and variant.

    ``false_alarms`` is the share of the ``splits`` in which any KPI blocked, ``low`` and ``high``
    its 95 % interval; ``blocked_pairs`` of ``pairs`` trials blocked as a whole against another
    one. The share is ``None`` where there are no two trials of a case; ``reason`` says it all.
    """

    suite: str
    variant: str
    cases: int
    trials: int
    splits: int
    false_alarms: float | None
    low: float | None
    high: float | None
    pairs: int
    blocked_pairs: int
    kpis: tuple[KpiSelfCheck, ...]
    reason: str


class SelfCheck(Struct, frozen=True, kw_only=True):
    """The self-check of a run."""

    run: str
    suites: tuple[SuiteSelfCheck, ...]


def selfcheck(run: Run, *, extra_kpis: Iterable[KpiDefinition] = (), seed: int = 0) -> SelfCheck:
    """Estimate the gate's false-alarm rate on a run's own trials.

    The order of records, cases and trials does not matter. KPIs that are no mean over cases
    (percentiles, macro F1) are left out.

    Args:
        run: with at least two trials of each case; plans with fewer get a reason instead.
        extra_kpis: the KPIs that plugins define.
        seed: of the splits.
    """
    definitions = tuple(extra_kpis)
    return SelfCheck(
        run=run.manifest.run,
        suites=tuple(
            _check(plan, _records(run, plan), definitions, seed) for plan in run.manifest.plans
        ),
    )


def _records(run: Run, plan: SuitePlan) -> list[Record]:
    found = [
        record
        for record in run.records
        if (record.suite, record.variant) == (plan.suite, plan.variant)
    ]
    return sorted(found, key=lambda record: (record.case, record.trial))


def _check(
    plan: SuitePlan, records: Sequence[Record], definitions: Sequence[KpiDefinition], seed: int
) -> SuiteSelfCheck:
    catalogue = kpis.catalogue_of(records, definitions)
    frame = catalogue.frame
    primary = primary_name(catalogue, plan)
    series, pairs = {}, {}
    for name, kpi in kpis.listed(catalogue, plan):
        both = pair(kpi, kpi)
        if isinstance(kpi, Series) and kpi.aggregate not in QUANTILES and both is not None:
            series[name], pairs[name] = kpi, both
    rules = rules_of(plan, primary, pairs)
    trials = np.asarray([record.trial for record in frame.records], np.intp)
    table = _Table(frame, trials, {name: series[name] for name in rules}, pairs)
    count = int(min(SPLITS, max(_FEWEST_SPLITS, _CASES_IN_ALL // max(frame.cases, 1))))
    splits = count if table.repeated.any() and rules else 0
    tally = _Tally(
        outcomes=[table.judge(rules, primary, *draw) for draw in table.draws(splits, seed)],
        whole=[table.judge(rules, primary, *draw) for draw in table.whole()] if splits else [],
    )
    low, high = tally.interval
    return SuiteSelfCheck(
        suite=plan.suite,
        variant=plan.variant,
        cases=frame.cases,
        trials=int(np.unique(trials).size),
        splits=splits,
        false_alarms=tally.alarms / splits if splits else None,
        low=low,
        high=high,
        pairs=len(tally.whole),
        blocked_pairs=tally.blocked,
        kpis=tuple(
            KpiSelfCheck(kpi=name, verdicts=tally.shares(name), rule=_rule(rule, pairs[name]))
            for name, rule in rules.items()
        ),
        reason=tally.tell() if rules else _NO_RULE,
    )


_NO_RULE = "no KPI is judged, so there is no gate that could be wrong"
_NO_TRIALS = "the self-check needs at least two trials of each case: --ftgate-trials=5"


class _Tally(Struct, frozen=True):
    """The verdicts of each random split and of each pair of whole trials."""

    outcomes: Sequence[_Verdicts]
    whole: Sequence[_Verdicts]

    @property
    def alarms(self) -> int:
        return sum("block" in each.values() for each in self.outcomes)

    @property
    def blocked(self) -> int:
        return sum("block" in each.values() for each in self.whole)

    @property
    def interval(self) -> tuple[float, float] | tuple[None, None]:
        return wilson(self.alarms, len(self.outcomes)) if self.outcomes else (None, None)

    def shares(self, name: str) -> dict[str, float]:
        """The share of the splits in which a KPI got each verdict."""
        found = [each[name] for each in self.outcomes]
        return {word: found.count(word) / len(found) for word in _VERDICTS} if found else {}

    def tell(self) -> str:
        """The self-check in a sentence."""
        low, high = self.interval
        if low is None or high is None:
            return _NO_TRIALS
        splits = len(self.outcomes)
        return (
            f"with nothing changed, {100 * self.alarms / splits:.1f} % of "
            f"{counted(splits, 'split')} would be blocked (95 % interval {100 * low:.1f} to "
            f"{100 * high:.1f} %), and {self.blocked:,} of "
            f"{counted(len(self.whole), 'comparison')} of whole trials"
        )


class _Table:
    """The values of each KPI by case and trial, and how to split them."""

    def __init__(
        self,
        frame: Frame,
        trials: Ints,
        series: Mapping[str, Series],
        pairs: Mapping[str, Pair],
    ) -> None:
        self._frame, self._pairs = frame, pairs
        column = np.unique(trials, return_inverse=True)[1] if trials.size else trials
        shape = frame.cases, int(column.max(initial=-1)) + 1
        self._there = np.zeros(shape, np.bool_)
        self._there[frame.case_of_row, column] = True
        self._values: dict[str, Floats] = {}
        for name, kpi in series.items():
            self._values[name] = np.full(shape, np.nan)
            self._values[name][frame.case_of_row, column] = kpi.row_values(worst=True)
        self.repeated = self._there.sum(axis=1) >= 2

    def draws(self, count: int, seed: int) -> Iterator[tuple[Ints, Ints]]:
        """Two different trials of each case, drawn at random."""
        rng = np.random.default_rng(seed)
        for _ in range(count):
            order = np.argsort(np.where(self._there, rng.random(self._there.shape), 2.0), axis=1)
            yield order[:, 0], order[:, 1]

    def whole(self) -> Iterator[tuple[Ints, Ints]]:
        """Each trial against each other one, in both directions."""
        cases, trials = self._there.shape
        for now in range(trials):
            for before in range(trials):
                if now != before:
                    yield np.full(cases, now, np.intp), np.full(cases, before, np.intp)

    def judge(
        self, rules: Mapping[str, Rule], primary: str | None, now: Ints, before: Ints
    ) -> dict[str, DropVerdict]:
        """The verdicts with one trial of each case as the run and another as the baseline."""
        cases = np.arange(self._frame.cases)
        pairs = {}
        for name in rules:
            ours, theirs = self._values[name][cases, now], self._values[name][cases, before]
            present = np.asarray(~np.isnan(ours) & ~np.isnan(theirs) & self.repeated)
            pairs[name] = self._pair(name, ours, theirs, present)
        found = judge_pairs(pairs, rules, primary)
        return {name: finding.verdict for name, finding in found.items()}

    def _pair(self, name: str, now: Floats, before: Floats, present: NDArray[np.bool_]) -> Pair:
        whole = self._pairs[name]
        spread = 0.0 if whole.span is None else whole.span**2
        sample = Sample(
            self._frame,
            present,
            now[present],
            before[present],
            np.ones(int(present.sum())),
            spread,
            whole.sign,
        )
        return Pair(
            name=whole.name,
            unit=whole.unit,
            direction=whole.direction,
            span=whole.span,
            fewest_trials=1,
            seen=sample,
            judged=sample,
        )


def _rule(rule: Rule, both: Pair) -> str:
    loss, side = ("drop", "below") if both.sign > 0 else ("rise", "above")
    level = 100.0 * (1.0 - 2.0 * rule.alpha)
    margin = gap(rule.margin, both.unit)
    return (
        f"blocks a {loss} of at least {margin} whose {level:g} % interval lies {side} 0; "
        f"passes when the interval excludes a {loss} of {margin}"
    )
