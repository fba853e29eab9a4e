"""The verdict document (``--ftgate-json``): KPIs, gates, slices and the cases behind them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from pytest_ftgate.iterations import SaturationResult
from pytest_ftgate.model.results import Usage
from pytest_ftgate.model.runs import BaselineHeader, HistoryEntry
from pytest_ftgate.model.vocabulary import (
    SCHEMA_VERSION,
    CauseKind,
    Direction,
    GateMode,
    KpiVerdict,
    Outcome,
    RunVerdict,
)


class StratumValue(Struct, frozen=True, kw_only=True):
    """A KPI within one stratum."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class KpiResult(Struct, frozen=True, kw_only=True):
    """One KPI of one suite and variant: its value, its interval and its verdict.

    ``low`` and ``high`` are the two-sided 95 % interval, ``delta_low`` and ``delta_high`` the
    one-sided 95 % bounds, ``p`` the one-sided p of a drop, ``b`` and ``c`` the flips (passed
    before and fails now; the reverse), ``mde`` the smallest drop that would have been seen in
    80 % of such runs. ``tolerance`` is the loss against the baseline that the gate tolerates.
    For one trial a case, ``mcnemar_p`` is the two-sided mid-p of the flips, and ``newcombe_low``
    and ``newcombe_high`` are Newcombe's 95 % interval of the difference: both are shown and do
    not decide.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    verdict: KpiVerdict
    reason: str
    unit: Literal["rate", "score", "seconds", "tokens", "usd", "count"] = "rate"
    direction: Direction = "higher"
    min: float | None = None
    max: float | None = None
    mode: GateMode = "observed"
    baseline: float | None = None
    delta: float | None = None
    delta_low: float | None = None
    delta_high: float | None = None
    b: int | None = None
    c: int | None = None
    p: float | None = None
    mde: float | None = None
    cases_needed: int | None = None
    tolerance: float | None = None
    mcnemar_p: float | None = None
    newcombe_low: float | None = None
    newcombe_high: float | None = None
    strata: dict[str, StratumValue] = field(default_factory=dict)


class SliceResult(Struct, frozen=True, kw_only=True):
    """A KPI's change within one slice (``stratum:hard``, ``tag:refund``)."""

    slice: str
    kpi: str
    n: int
    value: float | None
    baseline: float | None = None
    delta: float | None = None
    b: int | None = None
    c: int | None = None
    p: float | None = None
    p_adjusted: float | None = None
    flag: Literal["none", "descriptive", "warn", "block"] = "none"


class LabelTable(Struct, frozen=True, kw_only=True):
    """The confusion of one label check.

    ``counts[i][j]`` is the number of cases with expected ``labels[i]`` and predicted
    ``labels[j]``; the last label may be ``None`` for predictions that could not be made or that
    are no label any case expects. The macro measures are unweighted means over the classes, in
    which a class that nothing was predicted to be has the precision 0.
    """

    check: str
    labels: tuple[str | None, ...]
    counts: tuple[tuple[int, ...], ...]
    precision: dict[str, float | None]
    recall: dict[str, float | None]
    f1: dict[str, float | None]
    accuracy: float
    macro_f1: float
    macro_precision: float | None = None
    macro_recall: float | None = None


class GateResult(Struct, frozen=True, kw_only=True):
    """One gate of a suite, as reported to pytest: a KPI's gate or one that guards the whole suite.

    Integrity gates are ``complete`` (every selected case was received), ``errors`` (no more errors
    than allowed) and, only where it blocks, ``scored`` (results came, and no case was scored: the
    gates that would say the same of it have the verdict ``none``). ``must_pass`` is there only
    where it blocks (a check missed that must hold), ``baseline`` where there is none to compare
    with, and ``<kpi> vs anchor`` compares with the older anchor.
    """

    name: str
    verdict: KpiVerdict
    reason: str


class Miss(Struct, frozen=True, kw_only=True):
    """A case worth looking at: a miss, a must-pass failure or an error, with its reasons."""

    case: str
    trial: int
    outcome: Outcome
    reasons: tuple[str, ...]
    source: str | None = None
    output: str | None = None


class ErrorCause(Struct, frozen=True, kw_only=True):
    """What many errors have in common.

    ``count`` is the number of results, ``cases`` names the first few (``id``, and ``id#2`` for the
    second trial). In ``message`` the case's id and trial are left out where there are several.
    ``kind`` says what can be done.
    """

    kind: CauseKind
    type: str
    message: str
    count: int
    cases: tuple[str, ...]


class Provenance(Struct, frozen=True, kw_only=True):
    """Where the answers came from."""

    live: int = 0
    replayed: int = 0
    none: int = 0
    recorded_from: str | None = None
    recorded_to: str | None = None
    models: tuple[str, ...] = ()


class SuiteResult(Struct, frozen=True, kw_only=True):
    """The verdict on one suite and variant.

    ``baseline`` and ``anchor`` say what it was compared with, ``warnings`` what makes the
    comparison less than like with like, a sentence each. ``matched`` is the number of cases that
    both have; ``newly_failing`` and ``newly_fixed`` are those of them whose outcome turned.
    ``errors`` are the causes of its errors, the commonest first, ``history`` is what was accepted
    as its baseline so far, oldest first. ``experiment`` is the experiment's file if it has one.
    """

    suite: str
    variant: str
    split: str
    file: str
    verdict: RunVerdict
    cases: int
    trials: int
    selected: int
    received: int
    available: int
    counts: dict[str, int]
    kpis: tuple[KpiResult, ...]
    gates: tuple[GateResult, ...]
    partial: str | None = None
    slices: tuple[SliceResult, ...] = ()
    labels: tuple[LabelTable, ...] = ()
    misses: tuple[Miss, ...] = ()
    provenance: Provenance = Provenance()
    usage: Usage = Usage()
    cost: float | None = None
    matched: int | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    newly_failing: tuple[str, ...] = ()
    newly_fixed: tuple[str, ...] = ()
    baseline: BaselineHeader | None = None
    anchor: BaselineHeader | None = None
    warnings: tuple[str, ...] = ()
    errors: tuple[ErrorCause, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    experiment: str | None = None


class RunFacts(Struct, frozen=True, kw_only=True):
    """The run that a verdict speaks of.

    ``stale_calls`` is the number of recorded calls that a full replay did not play. ``stopped``
    says why a session did not reach its end, where that is known: ``was interrupted``.
    """

    id: str
    complete: bool
    selected: int
    received: int
    live: int
    replayed: int
    stale_calls: int = 0
    stopped: str | None = None


class Verdict(Struct, frozen=True, kw_only=True):
    """The verdict document. ``exit_code`` is that of the ``pytest-ftgate`` command."""

    verdict: RunVerdict
    exit_code: int
    run: RunFacts
    suites: tuple[SuiteResult, ...]
    saturation: tuple[SaturationResult, ...] = ()
    schema_version: int = SCHEMA_VERSION
