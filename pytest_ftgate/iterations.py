"""The nouns of the iteration log: what was tried, and whether prompting still helps.

Part of the verdict document (:mod:`pytest_ftgate.model`): frozen, finite, ``None`` for what is not
known. A gain is positive when the KPI became better, whichever way the KPI points.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

SaturationVerdict = Literal[
    "improving", "plateau", "regressing", "not_enough_evidence", "too_few_iterations"
]
IterationKind = Literal["root", "disciplined", "confounded", "unchanged", "unknown"]
FailureKind = Literal["format", "policy", "knowledge", "behaviour", "unknown"]
Rung = Literal["stop", "evidence", "clarify", "prompt", "tools", "retrieval", "fine_tuning"]


class SaturationRules(Struct, frozen=True, kw_only=True):
    """The ``[saturation]`` table of an experiment.

    ``window`` is the number of iterations that a gain is measured over; twice as many are needed
    for a verdict. ``margin`` is the gain that would still be worth having, as a share of the KPI's
    range: 0.03 is 3 points of a rate. ``calls_per_month`` is the user's volume.
    """

    window: int = 5
    margin: float = 0.03
    calls_per_month: float | None = None


class Gain(Struct, frozen=True, kw_only=True):
    """A gain in the KPI's unit with its one-sided 95 % bounds, together a 90 % interval."""

    gain: float | None
    low: float | None
    high: float | None


class LoggedKpi(Struct, frozen=True, kw_only=True):
    """A KPI of one iteration.

    ``low`` and ``high`` are the two-sided 95 % interval. ``delta`` is the difference to the parent
    on the cases that both have, in the KPI's unit and sign, with one-sided 95 % bounds.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str = "rate"
    direction: Literal["higher", "lower"] = "higher"
    delta: float | None = None
    delta_low: float | None = None
    delta_high: float | None = None


class LoggedIteration(Struct, frozen=True, kw_only=True):
    """One line of the iteration log.

    ``components`` are those whose fingerprint differs from the parent's. ``counted`` says whether
    the verdict rests on this iteration, ``why_not`` why it does not. ``question`` is asked where
    the written change and the fingerprint disagree. Tokens and cost are means a case, ``latency_s``
    is the median.
    """

    variant: str
    parent: str | None
    kind: IterationKind
    counted: bool
    components: tuple[str, ...] = ()
    change: str | None = None
    why_not: str = ""
    question: str = ""
    kpis: tuple[LoggedKpi, ...] = ()
    cases: int = 0
    trials: int = 1
    errors: int = 0
    tokens_in: float | None = None
    tokens_out: float | None = None
    latency_s: float | None = None
    cost: float | None = None
    cost_per_month: float | None = None
    models: tuple[str, ...] = ()
    recorded_from: str | None = None
    recorded_to: str | None = None


class BestScore(Struct, frozen=True, kw_only=True):
    """The best score seen on these cases. It was picked, so it overstates itself.

    ``inflation`` estimates by how much, in the KPI's unit. The score is no measure of what
    prompting reaches: that is measured on the holdout.
    """

    variant: str
    value: float
    inflation: float | None


class Settle(Struct, frozen=True, kw_only=True):
    """What would settle an open verdict: any one of these, where known.

    ``iterations`` are further disciplined iterations, ``cases`` the cases needed in all,
    ``trials`` the trials of each present case needed in all.
    """

    iterations: int | None = None
    cases: int | None = None
    trials: int | None = None


class Growth(Struct, frozen=True, kw_only=True):
    """What the iterations cost: the mean over the last window against the window before it.

    ``ratio`` is ``now / before``.
    """

    measure: Literal["prompt tokens", "latency", "cost"]
    unit: Literal["tokens", "seconds", "usd"]
    before: float
    now: float
    ratio: float


class PromptCost(Struct, frozen=True, kw_only=True):
    """What a variant costs at the user's volume, in US dollars a month, beside the first one.

    ``prompt_per_month`` is the part of its prompt tokens, where their price is known; the prompt
    tokens a month are told with and without a price.
    """

    calls_per_month: float
    variant: str
    per_month: float | None
    prompt_per_month: float | None
    first: str
    first_per_month: float | None
    tokens_per_month: float | None = None
    first_tokens_per_month: float | None = None


class StratumScore(Struct, frozen=True, kw_only=True):
    """A KPI within one stratum, with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


class EarlyStop(Struct, frozen=True, kw_only=True):
    """Whether one variant is good enough to stop: over 90 % on 50 representative cases.

    ``met`` is ``None`` where the number would do and nobody can tell whether the cases are
    representative.
    """

    variant: str
    met: bool | None
    value: float
    low: float
    high: float
    n: int
    strata: dict[str, StratumScore]
    reason: str


class ErrorMode(Struct, frozen=True, kw_only=True):
    """A tag, stratum, failed check or label confusion, and whether failures gather in it.

    ``persistent`` of its ``n`` cases are persistent; ``p`` is Fisher's one-sided p, ``p_adjusted``
    Holm's over all modes.
    """

    name: str
    n: int
    persistent: int
    p: float
    p_adjusted: float
    systematic: bool


class FailureExample(Struct, frozen=True, kw_only=True):
    """A persistent case: where it stands and what its latest failure said."""

    case: str
    reason: str
    source: str | None = None


class FailureGroup(Struct, frozen=True, kw_only=True):
    """Persistent cases that fail alike.

    ``kind`` is what the evidence allows to say, ``evidence`` that evidence in a sentence.
    """

    name: str
    kind: FailureKind
    cases: tuple[str, ...]
    examples: tuple[FailureExample, ...]
    evidence: str


class Failures(Struct, frozen=True, kw_only=True):
    """Cases that fail in at least 80 % of the last ``runs`` iterations, against chance.

    ``expected`` is how many there would be if failures fell on the cases at random, ``p`` the
    chance of as many or more then, ``share`` their part of all failures.
    """

    runs: int
    observed: int
    expected: float
    p: float
    share: float | None
    modes: tuple[ErrorMode, ...] = ()
    groups: tuple[FailureGroup, ...] = ()


class NextFix(Struct, frozen=True, kw_only=True):
    """What the hierarchy of fixes suggests next, and the evidence for it."""

    rung: Rung
    reason: str


class SaturationResult(Struct, frozen=True, kw_only=True):
    """Whether prompting still helps one KPI of one suite, with all that the verdict rests on.

    ``iterations`` counts the whole log, ``disciplined`` the iterations that the verdict rests on,
    the first one included; ``confounded`` names those that changed several components at once.
    ``trend`` is the gain over a window by a straight line through the last two windows,
    ``best_gain`` that of the best recent iteration over the best earlier one; ``basis`` names the
    one that decided. ``n`` cases are compared. ``bad`` names recent iterations that were clearly
    bad tries.
    """

    suite: str
    kpi: str
    verdict: SaturationVerdict
    iterations: int
    disciplined: int
    confounded: tuple[str, ...]
    trend: Gain | None
    best_gain: Gain | None
    persistent_cases: tuple[str, ...]
    reason: str
    split: str = "dev"
    n: int = 0
    window: int = 5
    margin: float = 0.03
    unit: str = "rate"
    direction: Literal["higher", "lower"] = "higher"
    basis: Literal["trend", "best_gain"] | None = None
    bad: tuple[str, ...] = ()
    best: BestScore | None = None
    settle: Settle | None = None
    notes: tuple[str, ...] = ()
    growth: tuple[Growth, ...] = ()
    prompt_cost: PromptCost | None = None
    early_stop: EarlyStop | None = None
    failures: Failures | None = None
    next_fix: NextFix | None = None
    log: tuple[LoggedIteration, ...] = ()
