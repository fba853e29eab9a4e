"""One KPI on both sides of a comparison: the same cases now and in the baseline.

A case without a value in the baseline says nothing of a change and is left out. Where an error
hides a value now, it counts as the worst possible one in the sample that a gate judges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec import Struct

from pytest_ftgate.stats.flips import Flips, count_flips
from pytest_ftgate.verdicts.labels import MacroF1
from pytest_ftgate.verdicts.measures import QUANTILES, Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_ftgate.model import Direction
    from pytest_ftgate.stats.design import Design
    from pytest_ftgate.verdicts.frame import CaseValues, Frame
    from pytest_ftgate.verdicts.measures import Kpi, Unit

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


class Sample(Struct, frozen=True, eq=False):
    """The case values of both sides.

    Attributes:
        frame: the cases.
        present: which of them have a value on both sides; the other arrays are of these.
        now: the run's value of each case, the mean over its trials.
        before: the baseline's.
        per_trial: the mean of 1 / trials of the two sides.
        spread: squared deviation of the pseudo-case at one trial a side; 0 for none.
        sign: 1 where higher values are better, else -1.
    """

    frame: Frame
    present: Flags
    now: Floats
    before: Floats
    per_trial: Floats
    spread: float
    sign: int

    @property
    def differences(self) -> Floats:
        """Now minus before, turned so that higher is better."""
        return self.sign * (self.now - self.before)

    @property
    def e2(self) -> float:
        """Squared deviation of the pseudo-case."""
        return self.spread * float(self.per_trial.mean()) if self.per_trial.size else self.spread

    @property
    def design(self) -> Design:
        """Weights, strata and clusters of the cases."""
        return self.frame.design(self.present)

    @property
    def means(self) -> tuple[float, float]:
        """The KPI now and before, of these cases."""
        now, before = self.design.mean(np.column_stack([self.now, self.before])).tolist()
        return now, before

    def within(self, cases: Flags) -> Sample:
        """The sample of those of the frame's cases that are given."""
        kept = cases[self.present]
        return Sample(
            self.frame,
            self.present & cases,
            self.now[kept],
            self.before[kept],
            self.per_trial[kept],
            self.spread,
            self.sign,
        )


class Repetitions(NamedTuple):
    """A percentile over all trials and in each trial; ``worst`` with hidden values at the worst."""

    now: float
    worst: float
    before: float
    trials_now: Floats
    trials_before: Floats
    cases: int


class Pair(Struct, frozen=True, eq=False, kw_only=True):
    """What a comparison of one KPI rests on.

    Attributes:
        name: the KPI's own name.
        unit: how values are shown.
        direction: whether higher or lower values are better.
        span: highest minus lowest possible value, ``None`` for an unbounded KPI.
        fewest_trials: the fewest trials of any case on either side.
        seen: the cases with values, for a KPI that is a mean over cases.
        judged: the same with every hidden value at its worst; ``seen`` itself without any.
        hidden: the number of values that an error hides now.
        lost: part of the weight of the baseline's cases of which there is no value now.
        binary: whether every single value is 0 or 1, so that cases flip.
        linear: whether the case values are only shares in a whole (macro F1).
        repetitions: the percentile, for a KPI that is one.
    """

    name: str
    unit: Unit
    direction: Direction
    span: float | None
    fewest_trials: int
    seen: Sample | None = None
    judged: Sample | None = None
    hidden: int = 0
    lost: float = 0.0
    binary: bool = False
    linear: bool = False
    repetitions: Repetitions | None = None

    @property
    def sign(self) -> int:
        """1 where higher values are better, else -1."""
        return 1 if self.direction == "higher" else -1


def pair(now: Kpi, before: Kpi) -> Pair | None:
    """Put one KPI's two sides together; ``None`` where the baseline has no value of it.

    Args:
        now: the KPI of the matched records of the run.
        before: that of the baseline's records of the same cases in the same order.
    """
    if isinstance(now, MacroF1) and isinstance(before, MacroF1):
        return _pair_f1(now, before)
    if not (isinstance(now, Series) and isinstance(before, Series)):
        return None
    return _pair_quantile(now, before) if now.aggregate in QUANTILES else _pair_mean(now, before)


def flips(sample: Sample) -> Flips:
    """The cells of a binary KPI; of several trials the majority counts, a tie as a pass."""
    now, before = (
        (values if sample.sign > 0 else 1.0 - values) >= 0.5
        for values in (sample.now, sample.before)
    )
    return count_flips(now, before)


def _pair_mean(now: Series, before: Series) -> Pair | None:
    old = before.case_values()
    if not old.present.any():
        return None
    span = _span(now, before)
    sign = 1 if now.direction == "higher" else -1
    spread = 0.0 if span is None else span * span
    seen = _sample(now.frame, now.case_values(), old, spread, sign)
    judged = seen
    if now.hidden:
        judged = _sample(now.frame, now.case_values(worst=True), old, spread, sign)
    return Pair(
        name=now.name,
        unit=now.unit,
        direction=now.direction,
        span=span,
        fewest_trials=_fewest(now.case_values(worst=True), old),
        seen=seen,
        judged=judged,
        hidden=int((now.lost & old.present[now.frame.case_of_row]).sum()) if now.hidden else 0,
        lost=_lost(now.frame, old.present, judged.present),
        binary=span == 1.0 and _is_binary(now.values) and _is_binary(before.values),
    )


def _pair_f1(now: MacroF1, before: MacroF1) -> Pair | None:
    first, second = now.case_values(), before.case_values()
    both = first.present & second.present
    if not second.present.any():
        return None
    new, new_e2 = now.linearised(both)
    old, old_e2 = before.linearised(both)
    per_trial = np.ones(int(both.sum()))
    sample = Sample(now.frame, both, new.values, old.values, per_trial, (new_e2 + old_e2) / 2.0, 1)
    judged = sample
    if now.hidden:
        drop = now.measure().value - now.measure(worst=True).value
        judged = Sample(now.frame, both, new.values - drop, old.values, per_trial, sample.spread, 1)
    return Pair(
        name=now.name,
        unit=now.unit,
        direction=now.direction,
        span=1.0,
        fewest_trials=_fewest(first, second),
        seen=sample,
        judged=judged,
        hidden=now.hidden,
        lost=_lost(now.frame, second.present, first.present),
        linear=True,
    )


def _pair_quantile(now: Series, before: Series) -> Pair | None:
    seen, judged, old = now.case_values(), now.case_values(worst=True), before.case_values()
    if not old.present.any():
        return None
    q = QUANTILES[now.aggregate]
    shared = judged.present & old.present
    return Pair(
        name=now.name,
        unit=now.unit,
        direction=now.direction,
        span=None,
        fewest_trials=_fewest(judged, old),
        hidden=now.hidden,
        lost=_lost(now.frame, old.present, judged.present),
        repetitions=Repetitions(
            now=_quantile(seen, old.present, q),
            worst=_quantile(judged, old.present, q),
            before=_quantile(old, judged.present, q),
            trials_now=_by_trial(now, shared, q),
            trials_before=_by_trial(before, shared, q),
            cases=int(shared.sum()),
        ),
    )


def _quantile(side: CaseValues, cases: Flags, q: float) -> float:
    values = side.values[cases[side.present]]
    return float(np.quantile(values, q)) if values.size else np.nan


def _sample(frame: Frame, now: CaseValues, before: CaseValues, spread: float, sign: int) -> Sample:
    both = now.present & before.present
    ours, theirs = both[now.present], both[before.present]
    per_trial = (1.0 / now.trials[ours] + 1.0 / before.trials[theirs]) / 2.0
    return Sample(frame, both, now.values[ours], before.values[theirs], per_trial, spread, sign)


def _by_trial(series: Series, cases: Flags, q: float) -> Floats:
    """The quantile of each trial's values, in the order of trials."""
    values = series.row_values(worst=True)
    known = ~np.isnan(values) & cases[series.frame.case_of_row]
    trials = np.asarray([record.trial for record in series.frame.records], np.intp)[known]
    values = values[known]
    return np.asarray(
        [np.quantile(values[trials == trial], q) for trial in np.unique(trials)], np.float64
    )


def _span(now: Series, before: Series) -> float | None:
    if now.span is None or before.span is None:
        return None
    low, high = (pick(now.span[i], before.span[i]) for i, pick in ((0, min), (1, max)))
    return high - low


def _fewest(now: CaseValues, before: CaseValues) -> int:
    return min(int(side.trials.min()) if side.trials.size else 0 for side in (now, before))


def _lost(frame: Frame, before: Flags, now: Flags) -> float:
    whole = frame.weight_of(before)
    return frame.weight_of(before & ~now) / whole if whole > 0 else 0.0


def _is_binary(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return bool(((known == 0.0) | (known == 1.0)).all())
