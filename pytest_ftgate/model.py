"""The nouns of pytest-ftgate: frozen, typed, and free of behaviour that needs another room.

Everything that is written to disk or sent between processes is one of these structures encoded
as JSON. Numbers are finite (NaN and Infinity are rejected when read and when written), unknown
values are ``None`` and never zero, times are seconds, money is US dollars, instants are ISO 8601
strings in UTC.

``gc=False`` marks what a run holds by the hundred thousand and what cannot refer to itself: the
cyclic garbage collector need not visit it.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from pytest_ftgate.iterations import SaturationResult, SaturationRules

SCHEMA_VERSION = 1

Split = Literal["train", "dev", "holdout"]
Outcome = Literal["passed", "missed", "failed", "error", "skipped"]
CheckKind = Literal["format", "policy", "label", "text", "score", "escalation", "rubric", "assert"]
Direction = Literal["higher", "lower"]
GateMode = Literal["observed", "confident", "proven"]
KpiVerdict = Literal["pass", "warn", "block", "inconclusive", "partial", "none"]
RunVerdict = Literal["pass", "warn", "block", "inconclusive", "error"]

COMPONENTS = ("instructions", "examples", "schema", "tools", "retrieval", "model", "params")
"""The named parts of a variant's fingerprint, in the order in which they are shown."""


class Case(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a dataset.

    ``source`` is where it was read (``path:line``); it is no part of the case's content.
    """

    id: str
    input: Any
    expected: Any = None
    tags: tuple[str, ...] = ()
    stratum: str | None = None
    split: str = "dev"
    weight: float = 1.0
    cluster: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    source: str | None = None


class Variant(Struct, frozen=True, kw_only=True):
    """One version of the feature under test: prompt, model, parameters and what changed.

    ``prompt`` is the template's text, ``examples`` the few-shot pairs, ``schema`` the JSON Schema
    of the answer, ``constrain`` whether it is sent along so that the provider enforces it,
    ``retries`` the repair re-asks after a format failure. ``components`` maps each name of
    :data:`COMPONENTS` to a hash of its content; an absent component has the hash of nothing.
    """

    name: str
    parent: str | None = None
    kind: str = "prompt"
    provider: str | None = None
    api: str = "chat"
    base_url: str | None = None
    model: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    prompt: str | None = None
    prompt_path: str | None = None
    examples: tuple[dict[str, Any], ...] = ()
    schema: dict[str, Any] | None = None
    schema_path: str | None = None
    constrain: bool = False
    tools: tuple[dict[str, Any], ...] = ()
    retrieval: str | None = None
    change: str | None = None
    retries: int = 0
    components: dict[str, str] = field(default_factory=dict)


class Usage(Struct, frozen=True, kw_only=True, gc=False):
    """Tokens of one or more provider calls; ``None`` where the provider did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None


class Completion(Struct, frozen=True, kw_only=True):
    """A provider's answer.

    ``latency_s`` is the call's duration when it was recorded, ``attempts`` the number of requests
    that it took (1 = no retry), ``raw`` the response as the SDK parsed it, as plain data.
    ``first_text`` is the first answer when a repair loop asked again: format validity is measured
    on it, everything else on ``text``.
    """

    text: str
    first_text: str | None = None
    parsed: Any = None
    usage: Usage = Usage()
    latency_s: float | None = None
    attempts: int = 1
    finish_reason: str | None = None
    model: str | None = None
    raw: Any = None


class Observation(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one check saw in one output.

    ``value`` lies in ``[low, high]``; for a pass/fail check it is 1 for a hold and 0 for a miss.
    ``passed`` is ``None`` for a score without a threshold. ``reason`` is a sentence that a person
    can act on; it is empty when the check holds. ``note`` adds what is worth knowing either way.
    Labels carry what was expected and predicted; a prediction that could not be made is ``None``.
    ``judge`` is the fingerprint of the judge that gave a rubric's score: its model and its rubric.
    """

    check: str
    kind: CheckKind
    value: float
    low: float = 0.0
    high: float = 1.0
    passed: bool | None = None
    reason: str = ""
    note: str = ""
    expected: str | None = None
    predicted: str | None = None
    must_pass: bool = False
    judge: str | None = None


class CaseError(Struct, frozen=True, kw_only=True):
    """Why a case has no score: the exception's type, its message, and the stage it came from."""

    type: str
    message: str
    when: Literal["setup", "call", "teardown", "collect", "lost"] = "call"


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The result of one (variant, case, trial): one line of a run's records.

    ``content`` is the hash of the case's input and expectation. ``latency_s`` is the wall time of
    the whole task at recording, ``attempts`` the requests sent, ``retries`` the repair re-asks.
    ``output`` is the text up to a cap; ``output_hash`` is always that of the whole text.
    """

    suite: str
    variant: str
    case: str
    trial: int
    status: Literal["scored", "error", "skipped"]
    run: str = ""
    components: dict[str, str] = field(default_factory=dict)
    content: str | None = None
    stratum: str | None = None
    tags: tuple[str, ...] = ()
    split: str = "dev"
    weight: float = 1.0
    cluster: str | None = None
    source: str | None = None
    observations: tuple[Observation, ...] = ()
    error: CaseError | None = None
    usage: Usage | None = None
    cost: float | None = None
    latency_s: float | None = None
    attempts: int | None = None
    retries: int | None = None
    provenance: Literal["live", "replayed"] | None = None
    recorded_at: str | None = None
    model: str | None = None
    output: str | None = None
    output_hash: str | None = None
    schema_version: int = SCHEMA_VERSION

    @property
    def outcome(self) -> Outcome:
        """How the case is counted; a miss of a must-pass check is ``failed``."""
        if self.status != "scored":
            return self.status
        outcome: Outcome = "passed"
        for seen in self.observations:
            if seen.passed is False:
                if seen.must_pass:
                    return "failed"
                outcome = "missed"
        return outcome


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


class Run(Struct, frozen=True, kw_only=True):
    """A stored run: its manifest, its records in plan order, and its end marker if it has one.

    ``baselines`` and ``anchors`` are, by suite, what the run was compared with: they are kept with
    it, so that the same verdict can be reached again.
    """

    manifest: Manifest
    records: tuple[Record, ...]
    end: RunEnd | None = None
    baselines: dict[str, Baseline] = field(default_factory=dict)
    anchors: dict[str, Baseline] = field(default_factory=dict)


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


# --- the verdict document (INTERFACES: --ftgate-json) --------------------------------------------


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


class StratumValue(Struct, frozen=True, kw_only=True):
    """A KPI within one stratum."""

    value: float | None
    low: float | None
    high: float | None
    n: int


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
    are no label any case expects.
    """

    check: str
    labels: tuple[str | None, ...]
    counts: tuple[tuple[int, ...], ...]
    precision: dict[str, float | None]
    recall: dict[str, float | None]
    f1: dict[str, float | None]
    accuracy: float
    macro_f1: float


class GateResult(Struct, frozen=True, kw_only=True):
    """One gate of a suite, as reported to pytest: a KPI's gate or one that guards the whole suite.

    Integrity gates are ``complete`` (every selected case was received), ``errors`` (no more errors
    than allowed) and, only where it blocks, ``scored`` (no case was scored at all). ``must_pass``
    is there only where it blocks (a check missed that must hold), ``baseline`` where there is
    none to compare with, and ``<kpi> vs anchor`` compares with the older anchor.
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


class RunFacts(Struct, frozen=True, kw_only=True):
    """The run that a verdict speaks of."""

    id: str
    complete: bool
    selected: int
    received: int
    live: int
    replayed: int


class Verdict(Struct, frozen=True, kw_only=True):
    """The verdict document. ``exit_code`` is that of the ``pytest-ftgate`` command."""

    verdict: RunVerdict
    exit_code: int
    run: RunFacts
    suites: tuple[SuiteResult, ...]
    saturation: tuple[SaturationResult, ...] = ()
    schema_version: int = SCHEMA_VERSION
