"""What a session set out to do, what it received, and what it is compared with."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from pytest_ftgate.iterations import SaturationRules
from pytest_ftgate.model.results import Record
from pytest_ftgate.model.vocabulary import SCHEMA_VERSION, GateMode


class Gate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A KPI's threshold and regression rule, as configured.

    ``min`` and ``max`` are in the KPI's unit; ``max_drop`` is the tolerated loss against the
    baseline in the KPI's unit, ``alpha`` the one-sided error of the regression gate.
    """

    kpi: str
    min: float | None = None
    max: float | None = None
    mode: GateMode = "observed"
    max_drop: float | None = None
    alpha: float = 0.05
    protect_slices: tuple[str, ...] = ()


class SuitePlan(Struct, frozen=True, kw_only=True):
    """What a session was going to do for one suite and variant, fixed before the first case ran.

    ``selected`` holds every (case id, trial) that was to run, in file order; ``available`` is the
    number of (case, trial) of the split, so ``len(selected) < available`` is a partial run.
    ``file`` is the test file that gate reports are shown under. ``kind`` is that of the variant,
    ``order`` the experiment's variants in the order of its file, ``shipped`` the one it calls
    current.
    """

    suite: str
    variant: str
    split: str
    file: str
    selected: tuple[tuple[str, int], ...]
    available: int
    trials: int = 1
    dataset: str | None = None
    dataset_hash: str | None = None
    experiment: str | None = None
    primary_kpi: str | None = None
    current: bool = True
    parent: str | None = None
    change: str | None = None
    components: dict[str, str] = field(default_factory=dict)
    gates: tuple[Gate, ...] = ()
    prices: dict[str, tuple[float, float]] = field(default_factory=dict)
    kind: str = "prompt"
    order: tuple[str, ...] = ()
    shipped: str | None = None
    saturation: SaturationRules = SaturationRules()


class Rules(Struct, frozen=True, kw_only=True):
    """The project-wide rules a verdict was reached under; stored so that it can be repeated."""

    max_errors: int = 0
    on_partial: Literal["warn", "fail"] = "warn"
    on_inconclusive: Literal["pass", "fail"] = "pass"
    missing_baseline: Literal["warn", "fail"] = "warn"
    gate: bool = True


class Manifest(Struct, frozen=True, kw_only=True):
    """What a run is: written when it starts, so that a killed run can still be read."""

    run: str
    created_at: str
    plans: tuple[SuitePlan, ...]
    rules: Rules = Rules()
    record_mode: str = "none"
    origin: Literal["pytest", "import", "merge"] = "pytest"
    versions: dict[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    ci: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    shard: tuple[int, int] | None = None
    schema_version: int = SCHEMA_VERSION


class RunEnd(Struct, frozen=True, kw_only=True):
    """The end marker: its absence makes a run incomplete."""

    ended_at: str
    received: int
    wall_s: float


class BaselineHeader(Struct, frozen=True, kw_only=True):
    """What a baseline was accepted from.

    ``counts`` are the outcomes of its records, ``models`` the resolved models that answered,
    ``components`` the variant's fingerprint, ``trials`` the most trials of a case.
    """

    suite: str
    run: str
    variant: str
    split: str = "dev"
    accepted_at: str | None = None
    models: tuple[str, ...] = ()
    dataset_hash: str | None = None
    cases: int = 0
    trials: int = 1
    counts: dict[str, int] = field(default_factory=dict)
    components: dict[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    schema_version: int = SCHEMA_VERSION


class Baseline(Struct, frozen=True, kw_only=True):
    """The accepted results of one suite, which later runs are compared with.

    Its records may lack what a comparison does not need: outputs, reasons, components.
    """

    header: BaselineHeader
    records: tuple[Record, ...]


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """One line of a suite's accepted history: when its baseline moved, and where its KPI stood.

    ``kpi`` is the primary KPI's name, ``unit`` how it is shown; ``low`` and ``high`` are its
    two-sided 95 % interval.
    """

    accepted_at: str
    run: str
    variant: str
    models: tuple[str, ...] = ()
    dataset_hash: str | None = None
    cases: int = 0
    kpi: str | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: Literal["rate", "score", "seconds", "tokens", "usd", "count"] = "rate"
    schema_version: int = SCHEMA_VERSION


class Run(Struct, frozen=True, kw_only=True):
    """A stored run: its manifest, its records in plan order, and its end marker if it has one.

    ``baselines`` and ``anchors`` are, by suite, what the run was compared with, and ``histories``
    what was accepted before: they are kept with it, so that the same verdict can be reached again.
    """

    manifest: Manifest
    records: tuple[Record, ...]
    end: RunEnd | None = None
    baselines: dict[str, Baseline] = field(default_factory=dict)
    anchors: dict[str, Baseline] = field(default_factory=dict)
    histories: dict[str, tuple[HistoryEntry, ...]] = field(default_factory=dict)
