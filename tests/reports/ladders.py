"""Ladders as the verdict document tells them: what the golden files of reports show."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from pytest_ftgate.iterations import (
    BestScore,
    EarlyStop,
    ErrorMode,
    FailureExample,
    FailureGroup,
    Failures,
    Gain,
    Growth,
    LoggedIteration,
    LoggedKpi,
    NextFix,
    PromptCost,
    SaturationResult,
    Settle,
    StratumScore,
)
from tests.reports.samples import HOSTILE

SCORES = (0.31, 0.34, 0.38, 0.44, 0.47, 0.52, 0.55, 0.545, 0.555, 0.56, 0.55, 0.565)


def entry(at: int, score: float, **changes: Any) -> LoggedIteration:
    logged = LoggedIteration(
        variant=f"v{at + 1}",
        parent=f"v{at}" if at else None,
        kind="disciplined" if at else "root",
        counted=True,
        components=(("examples",) if at % 3 == 0 else ("instructions",)) if at else (),
        change=f"change number {at + 1}, told at some length",
        kpis=(
            LoggedKpi(
                name="fields",
                value=score,
                low=score - 0.068,
                high=score + 0.066,
                n=220,
                delta=score - SCORES[at - 1] if at else None,
                delta_low=score - SCORES[at - 1] - 0.035 if at else None,
                delta_high=score - SCORES[at - 1] + 0.035 if at else None,
            ),
            LoggedKpi(name="format_valid", value=0.955, low=0.919, high=0.975, n=220),
        ),
        cases=220,
        tokens_in=100.0 + 45 * at,
        tokens_out=24.5,
        latency_s=0.8 + 0.1 * at,
        cost=0.00002 * (at + 5),
        cost_per_month=2.0 * (at + 5),
        models=("smollm2-135m-instruct",),
        recorded_from="2026-11-21T08:12:00Z",
        recorded_to="2026-11-21T08:31:00Z",
    )
    return replace(logged, **changes)


def log() -> tuple[LoggedIteration, ...]:
    entries = [entry(at, score) for at, score in enumerate(SCORES)]
    confounded = entry(
        11,
        0.49,
        variant="tidy",
        parent="v12",
        kind="confounded",
        counted=False,
        components=("instructions", "examples"),
        why_not="changed instructions and examples at once",
    )
    unmeasured = entry(
        11,
        0.0,
        variant="v13",
        parent="v12",
        counted=False,
        why_not="has no result: 220 cases ended in an error",
        kpis=(LoggedKpi(name="fields", value=None, low=None, high=None, n=0),),
        tokens_in=None,
        tokens_out=None,
        latency_s=None,
        cost=None,
        cost_per_month=None,
        errors=220,
    )
    return (*entries, confounded, unmeasured)


def failures() -> Failures:
    return Failures(
        runs=10,
        observed=48,
        expected=3.24,
        p=0.0,
        share=0.614,
        modes=(
            ErrorMode(
                name="tag:letter-id", n=30, persistent=22, p=0.0001, p_adjusted=0.0004,
                systematic=True,
            ),
            ErrorMode(
                name="stratum:hard", n=70, persistent=30, p=0.004, p_adjusted=0.012,
                systematic=True,
            ),
            ErrorMode(
                name="tag:late", n=9, persistent=3, p=0.4, p_adjusted=0.8, systematic=False
            ),
        ),
        groups=(
            FailureGroup(
                name="urgency: medium as high",
                kind="behaviour",
                cases=tuple(f"or-{number:03d}" for number in range(1, 32)),
                examples=(
                    FailureExample(
                        case="or-001",
                        reason="urgency: expected \"medium\", got \"high\"",
                        source="evals/orders/dataset.jsonl:1",
                    ),
                    FailureExample(
                        case="or-002", reason="urgency: expected \"medium\", got \"high\""
                    ),
                ),
                evidence="the same wrong label in at least 80 % of their answers",
            ),
            FailureGroup(
                name="product",
                kind="unknown",
                cases=tuple(f"or-{number:03d}" for number in range(100, 117)),
                examples=(FailureExample(case="or-100", reason="product: expected \"lamp\""),),
                evidence="nothing tells whether a fact was missing",
            ),
        ),
    )  # fmt: skip


def plateau(**changes: Any) -> SaturationResult:
    result = SaturationResult(
        suite="orders",
        kpi="fields",
        verdict="plateau",
        iterations=14,
        disciplined=12,
        confounded=("tidy",),
        trend=Gain(gain=0.021, low=0.002, high=0.041),
        best_gain=Gain(gain=0.004, low=-0.011, high=0.019),
        persistent_cases=tuple(f"or-{number:03d}" for number in (*range(1, 32), *range(100, 117))),
        reason="the best of the last 5 iterations gains +0.4 points on the best before (90 % CI "
        "-1.1 to +1.9), below 3 points: plateau",
        n=220,
        basis="best_gain",
        best=BestScore(variant="v12", value=0.565, inflation=0.021),
        notes=(
            "the best score on these cases, 56.5 % (v12), was picked among 12, so it overstates "
            "itself by about 2.1 points; what prompting reaches is measured on the holdout",
            'v8: the log says "one more example", and instructions changed, not examples: is that '
            "what was meant?",
        ),
        growth=(
            Growth(measure="prompt tokens", unit="tokens", before=280.0, now=505.0, ratio=1.803571),
            Growth(measure="latency", unit="seconds", before=1.2, now=1.24, ratio=1.0333),
            Growth(measure="cost", unit="usd", before=0.00018, now=0.00028, ratio=1.5556),
        ),
        prompt_cost=PromptCost(
            calls_per_month=100_000,
            variant="v12",
            per_month=32.0,
            prompt_per_month=18.9,
            first="v1",
            first_per_month=10.0,
            tokens_per_month=50_500_000,
            first_tokens_per_month=9_800_000,
        ),
        early_stop=EarlyStop(
            variant="v12",
            met=False,
            value=0.565,
            low=0.499,
            high=0.629,
            n=220,
            strata={"easy": StratumScore(value=0.7, low=0.6, high=0.8, n=110)},
            reason="v12 reaches 56.5 % (95 % interval 49.9 % to 62.9 %) on 220 cases, not above "
            "the 90 % at which prompting is sufficient",
        ),
        failures=failures(),
        next_fix=NextFix(
            rung="fine_tuning",
            reason="31 of 48 persistent failures are of behaviour and outlived 10 iterations, "
            "examples included: this is what fine-tuning may fix; its other gates still have to "
            "be passed",
        ),
        log=log(),
    )
    return replace(result, **changes)


def short() -> SaturationResult:
    """A ladder that is too short, of a KPI with a unit of its own, and nothing else known."""
    return SaturationResult(
        suite="tickets",
        kpi="queue_macro_f1",
        verdict="too_few_iterations",
        iterations=2,
        disciplined=2,
        confounded=(),
        trend=None,
        best_gain=None,
        persistent_cases=(),
        reason="2 disciplined iterations so far, and a verdict needs 10: 8 more",
        n=0,
        unit="score",
        best=None,
        settle=Settle(iterations=8),
        log=tuple(
            LoggedIteration(
                variant=name,
                parent=None,
                kind="unknown",
                counted=True,
                kpis=(
                    LoggedKpi(
                        name="queue_macro_f1", value=0.512, low=0.44, high=0.58, n=60, unit="score"
                    ),
                ),
            )
            for name in ("gpt-a", "gpt-b")
        ),
    )


def hostile() -> SaturationResult:
    """A ladder whose every text is foreign and evil."""
    bad = LoggedIteration(
        variant=HOSTILE,
        parent=HOSTILE,
        kind="disciplined",
        counted=False,
        components=("instructions",),
        change=HOSTILE,
        why_not=HOSTILE,
        question=HOSTILE,
        kpis=(LoggedKpi(name=HOSTILE, value=0.5, low=0.4, high=0.6, n=10),),
    )
    group = FailureGroup(
        name=HOSTILE,
        kind="unknown",
        cases=(HOSTILE,),
        examples=(FailureExample(case=HOSTILE, reason=HOSTILE, source=HOSTILE),),
        evidence=HOSTILE,
    )
    mode = ErrorMode(name=HOSTILE, n=5, persistent=5, p=0.0, p_adjusted=0.0, systematic=True)
    return plateau(
        suite=HOSTILE,
        kpi=HOSTILE,
        split=HOSTILE,
        reason=HOSTILE,
        notes=(HOSTILE,),
        log=(bad,),
        failures=replace(failures(), modes=(mode,), groups=(group,)),
        next_fix=NextFix(rung="clarify", reason=HOSTILE),
    )


LADDERS = {"plateau": plateau, "short": short, "hostile": hostile}
"""Every ladder that the golden files show, by name."""
