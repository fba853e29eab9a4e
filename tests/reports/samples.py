"""Verdicts as a session would give them: the view models of the report tests."""

from __future__ import annotations

from msgspec.structs import replace

from pytest_ftgate.model import (
    CaseError,
    ErrorCause,
    GateResult,
    HistoryEntry,
    KpiResult,
    LabelTable,
    Manifest,
    Miss,
    Observation,
    Provenance,
    Record,
    Run,
    RunFacts,
    SliceResult,
    StratumValue,
    SuitePlan,
    SuiteResult,
    Usage,
    Verdict,
)

HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \u202egnp.exe\u202c zero\u200bwidth "
    "[bold]x[/bold] ``` `tick` @octocat #1 ![i](http://evil/x.png) <!-- c --> "
    "</script><script>alert(1)</script> ::error file=x::y ##[endgroup] \r\n::set-output name=a::b"
)
RUN_ID = "20261121T093012Z-4f1d2a"


def kpi(name: str, value: float | None, low=None, high=None, **fields) -> KpiResult:
    fields.setdefault("n", 200)
    fields.setdefault("verdict", "none")
    fields.setdefault("reason", "")
    return KpiResult(name=name, value=value, low=low, high=high, **fields)


def ticket_kpis() -> tuple[KpiResult, ...]:
    return (
        kpi(
            "accuracy",
            0.275,
            0.2178,
            0.3407,
            min=0.4,
            verdict="block",
            reason="27.5 % is below the minimum of 40.0 %",
            strata={
                "easy": StratumValue(value=0.4, low=0.29, high=0.52, n=70),
                "typical": StratumValue(value=0.25, low=0.16, high=0.36, n=70),
                "hard": StratumValue(value=0.15, low=0.08, high=0.26, n=60),
            },
        ),
        kpi("cost_per_task", None, n=0, unit="usd", direction="lower"),
        kpi("error_rate", 0.0, 0.0, 0.0188, direction="lower"),
        kpi("format_valid", 0.95, 0.9104, 0.9726, min=0.9, verdict="pass", reason="held"),
        kpi("macro_f1", 0.2213, 0.1752, 0.2691, unit="score"),
        kpi("pass_rate", 0.26, 0.2041, 0.3248),
        kpi(
            "policy_violation_rate",
            0.005,
            0.0009,
            0.0278,
            max=0.01,
            direction="lower",
            verdict="pass",
            reason="held",
        ),
        kpi("retries_per_task", 0.05, 0.02, 0.08, unit="count", direction="lower"),
        kpi(
            "time_to_output_p50",
            1.214,
            1.131,
            1.409,
            unit="seconds",
            direction="lower",
            max=2.0,
            verdict="pass",
            reason="held",
        ),
        kpi("tokens_in_per_task", 189.0, 185.2, 193.0, unit="tokens", direction="lower"),
        kpi("tokens_out_per_task", 11.5, 10.9, 12.2, unit="tokens", direction="lower"),
    )


def suite(**fields) -> SuiteResult:
    base = SuiteResult(
        suite="tickets",
        variant="v3",
        split="dev",
        file="evals/test_tickets.py",
        verdict="block",
        cases=200,
        trials=1,
        selected=200,
        received=200,
        available=200,
        counts={"passed": 52, "missed": 148, "failed": 0, "error": 0, "skipped": 0},
        kpis=ticket_kpis(),
        gates=(
            GateResult(name="complete", verdict="pass", reason="all 200 results arrived"),
            GateResult(name="errors", verdict="pass", reason="no errors"),
            GateResult(
                name="accuracy",
                verdict="block",
                reason="27.5 % is below the minimum of 40.0 % (95 % interval 21.8 to 34.1 %)",
            ),
            GateResult(name="format_valid", verdict="pass", reason="95.0 % reaches 90.0 %"),
        ),
        misses=tuple(
            Miss(
                case=f"ticket-{number:03d}",
                trial=0,
                outcome="missed",
                reasons=(
                    f"queue: expected 'billing', predicted '{predicted}'",
                    "format_valid: line 1, column 1: the output starts with prose, not with JSON; "
                    "it would pass after stripping the fence",
                ),
                source=f"evals/tickets/dataset.jsonl:{number}",
                output='Sure! Here is the JSON:\n```json\n{"queue": "shipping"}\n```',
            )
            for number, predicted in enumerate(
                ("shipping", "account", "shipping", "other", "technical", "account", "other"), 1
            )
        ),
        labels=(
            LabelTable(
                check="queue",
                labels=("account", "billing", "shipping", None),
                counts=((12, 3, 20, 1), (8, 15, 21, 0), (5, 9, 28, 2), (0, 0, 0, 0)),
                precision={"account": 0.48, "billing": 0.5556, "shipping": 0.4058},
                recall={"account": 0.3333, "billing": 0.3409, "shipping": 0.6364},
                f1={"account": 0.3934, "billing": 0.4225, "shipping": 0.4956},
                accuracy=0.275,
                macro_f1=0.4372,
                macro_precision=0.4805,
                macro_recall=0.4369,
            ),
        ),
        provenance=Provenance(
            replayed=200,
            recorded_from="2026-11-21T08:12:00Z",
            recorded_to="2026-11-21T08:31:00Z",
            models=("smollm2-135m-instruct",),
        ),
        usage=Usage(input_tokens=37_800, output_tokens=2_300),
    )
    return replace(base, **fields)


def passing_suite(**fields) -> SuiteResult:
    defaults = {
        "suite": "orders",
        "variant": "v12",
        "file": "evals/test_orders.py",
        "verdict": "pass",
        "trials": 3,
        "selected": 600,
        "received": 600,
        "available": 600,
        "counts": {"passed": 588, "missed": 12, "failed": 0, "error": 0},
        "kpis": (kpi("format_valid", 0.98, 0.9582, 0.9906, min=0.95, verdict="pass"),),
        "gates": (GateResult(name="format_valid", verdict="pass", reason="98.0 % reaches 95.0 %"),),
        "misses": (),
        "labels": (),
        "usage": Usage(input_tokens=476_000, output_tokens=19_200),
        "cost": 0.0832,
    }
    return suite(**(defaults | fields))


def compared_suite(**fields) -> SuiteResult:
    kpis = (
        kpi(
            "format_valid",
            0.9496,
            0.9094,
            0.9724,
            n=190,
            min=0.95,
            verdict="block",
            reason="94.96 % is below the minimum of 95.0 %",
            baseline=0.9895,
            delta=-0.0399,
            delta_low=-0.0702,
            delta_high=-0.0096,
            b=9,
            c=1,
            p=0.0107,
            mde=0.041,
            mcnemar_p=0.0117,
            newcombe_low=-0.0802,
            newcombe_high=-0.0051,
        ),
        kpi(
            "pass_rate",
            0.26,
            0.2041,
            0.3248,
            n=190,
            min=0.2,
            verdict="inconclusive",
            reason="a drop of 2 points can neither be shown nor ruled out",
            baseline=0.2632,
            delta=-0.0003,
            delta_low=-0.0445,
            delta_high=0.0439,
            b=7,
            c=7,
            p=0.5,
            mde=0.062,
            cases_needed=1210,
        ),
        kpi(
            "time_to_output_p50",
            1.214,
            1.131,
            1.409,
            n=190,
            unit="seconds",
            direction="lower",
            max=2.0,
            verdict="warn",
            reason="0.31 s slower than the baseline; one run cannot tell load from change",
            baseline=0.904,
            delta=0.31,
            delta_low=0.22,
            delta_high=0.4,
        ),
        kpi("tokens_in_per_task", 189.0, 185.2, 193.0, n=190, unit="tokens", direction="lower"),
    )
    defaults = {
        "kpis": kpis,
        "gates": tuple(
            GateResult(name=k.name, verdict=k.verdict, reason=k.reason) for k in kpis[:3]
        ),
        "slices": (
            SliceResult(
                slice="stratum:hard",
                kpi="format_valid",
                n=60,
                baseline=0.9833,
                value=0.8833,
                delta=-0.1,
                b=6,
                c=0,
                p=0.0078,
                p_adjusted=0.0156,
                flag="warn",
            ),
            SliceResult(
                slice="tag:refund", kpi="format_valid", n=11, value=0.9, flag="descriptive"
            ),
        ),
        "history": tuple(
            HistoryEntry(
                accepted_at=f"2026-0{month}-01T08:00:00Z",
                run=f"run-{month}",
                variant="v1",
                kpi="format_valid",
                value=value,
            )
            for month, value in ((3, 0.9), (5, 0.955), (8, 0.9895))
        ),
        "matched": 190,
        "added": tuple(f"new-{number}" for number in range(10)),
        "removed": ("ticket-199",),
        "warnings": (
            "the prompt changed since the baseline: instructions",
            "the dataset changed: 10 cases added, 1 case removed; only 190 cases that stayed are "
            "compared",
        ),
        "newly_failing": tuple(f"ticket-{number:03d}" for number in range(1, 10)),
        "newly_fixed": ("ticket-150",),
    }
    return suite(**(defaults | fields))


def erroring_suite(**fields) -> SuiteResult:
    defaults = {
        "verdict": "error",
        "counts": {"passed": 50, "missed": 146, "failed": 1, "error": 3, "skipped": 2},
        "gates": (
            GateResult(name="errors", verdict="block", reason="3 errors, allowed are 0"),
            GateResult(name="complete", verdict="block", reason="198 of 200 results arrived"),
        ),
        "received": 198,
        "errors": (
            ErrorCause(
                kind="not_recorded",
                type="CassetteMiss",
                message=(
                    "No recording answers a call of suite tickets, variant v3, case …, trial …:\n"
                    "  POST http://127.0.0.1:8080/v1/chat/completions\n"
                    "  It was never recorded: the cassette has nothing for this case.\n"
                    "  Cassette: evals/cassettes/tickets/v3.jsonl\n"
                    "  To record it: pytest evals/test_tickets.py --ftgate-record=new_episodes"
                ),
                count=2,
                cases=("ticket-007", "ticket-008"),
            ),
            ErrorCause(
                kind="other",
                type="RateLimitError",
                message="Error code: 429",
                count=1,
                cases=("ticket-011",),
            ),
        ),
        "misses": (
            Miss(
                case="ticket-007",
                trial=0,
                outcome="error",
                reasons=("CassetteMiss: tickets[v3] ticket-007: never recorded",),
                source="evals/tickets/dataset.jsonl:7",
            ),
            Miss(
                case="ticket-009",
                trial=1,
                outcome="failed",
                reasons=("policy: promises a refund without approval",),
                source="evals/tickets/dataset.jsonl:9",
            ),
        ),
    }
    return suite(**(defaults | fields))


def unscored_suite(**fields) -> SuiteResult:
    """Every case ended in the same error."""
    cases = tuple(f"ticket-{number:03d}" for number in range(1, 201))
    message = "Connection error."
    return suite(
        verdict="error",
        counts={"passed": 0, "missed": 0, "failed": 0, "error": 200, "skipped": 0},
        kpis=(
            kpi("accuracy", None, n=0, min=0.4, reason="no case was scored"),
            kpi("error_rate", 1.0, 0.98, 1.0, direction="lower"),
        ),
        gates=(
            GateResult(name="complete", verdict="pass", reason="all 200 results arrived"),
            GateResult(
                name="errors",
                verdict="none",
                reason="200 errors, allowed are 0; nothing was scored",
            ),
            GateResult(
                name="scored",
                verdict="block",
                reason="every case ended in an error, all 200 the same: APIConnectionError: "
                "Connection error; start the server, or check base_url",
            ),
            GateResult(name="accuracy", verdict="none", reason="nothing was scored"),
        ),
        errors=(
            ErrorCause(
                kind="unreachable",
                type="APIConnectionError",
                message=message,
                count=200,
                cases=cases[:5],
            ),
        ),
        misses=tuple(
            Miss(case=case, trial=0, outcome="error", reasons=(f"APIConnectionError: {message}",))
            for case in cases[:100]
        ),
        labels=(),
        provenance=Provenance(),
        usage=Usage(),
        **fields,
    )


def hostile_suite(**fields) -> SuiteResult:
    defaults = {
        "suite": "s\x1b[2J|`",
        "variant": "v\u202e1",
        "gates": (GateResult(name="accuracy", verdict="block", reason=HOSTILE),),
        "misses": (
            Miss(
                case="evil-1",
                trial=0,
                outcome="missed",
                reasons=(f"queue: got {HOSTILE}",),
                source="evals/data\n::error::set.jsonl:3",
                output=HOSTILE,
            ),
        ),
        "provenance": Provenance(replayed=1, recorded_from="\x1b[31m", models=(HOSTILE,)),
        "newly_failing": ("evil-1", "a`b|c"),
        "warnings": (f"the model changed: now by {HOSTILE}",),
        "errors": (
            ErrorCause(
                kind="other",
                type=HOSTILE,
                message=f"line\n{HOSTILE}",
                count=9,
                cases=("evil-2", "a`b|c"),
            ),
        ),
        "labels": (),
    }
    return suite(**(defaults | fields))


def verdict(*suites: SuiteResult, **fields) -> Verdict:
    order = ("error", "block", "inconclusive", "warn", "pass")
    worst = min((s.verdict for s in suites), key=order.index, default="error")
    run = RunFacts(
        id=RUN_ID,
        complete=True,
        selected=sum(s.selected for s in suites),
        received=sum(s.received for s in suites),
        live=sum(s.provenance.live for s in suites),
        replayed=sum(s.provenance.replayed for s in suites),
    )
    base = Verdict(
        verdict=worst, exit_code=int(worst in ("error", "block")), run=run, suites=suites
    )
    return replace(base, **fields)


def partial() -> Verdict:
    few = suite(
        verdict="inconclusive",
        cases=12,
        selected=12,
        received=12,
        partial="12 of 200 results were selected",
        counts={"passed": 4, "missed": 8, "failed": 0, "error": 0},
        kpis=(kpi("accuracy", 0.3333, 0.138, 0.6094, n=12, min=0.4, verdict="partial"),),
        gates=(
            GateResult(
                name="accuracy",
                verdict="partial",
                reason="12 of 200 results were selected: neither passed nor failed",
            ),
        ),
        labels=(),
        misses=(),
    )
    return verdict(few)


def passing() -> Verdict:
    judged = verdict(passing_suite())
    return replace(judged, run=replace(judged.run, stale_calls=1_203))


def incomplete() -> Verdict:
    cut = erroring_suite()
    facts = replace(verdict(cut).run, complete=False)
    return verdict(cut, run=facts)


SAMPLES = {
    "mixed": lambda: verdict(suite(), passing_suite()),
    "passing": passing,
    "baseline": lambda: verdict(compared_suite()),
    "partial": partial,
    "incomplete": incomplete,
    "errors": lambda: verdict(erroring_suite()),
    "unscored": lambda: verdict(unscored_suite()),
    "hostile": lambda: verdict(hostile_suite()),
    "empty": lambda: verdict(
        passing_suite(
            verdict="error",
            cases=0,
            selected=0,
            received=0,
            counts={},
            kpis=(),
            gates=(GateResult(name="complete", verdict="block", reason="no case was selected"),),
            provenance=Provenance(),
            usage=Usage(),
            cost=None,
        )
    ),
}
"""Every view model that the golden files show, by name."""


def sample_run(judged: Verdict) -> Run:
    """A run whose records fit a verdict's misses, with cases that passed beside them."""
    first = judged.suites[0]
    plan = SuitePlan(
        suite=first.suite,
        variant=first.variant,
        split=first.split,
        file=first.file,
        selected=tuple((f"ticket-{number:03d}", 0) for number in range(1, 4)),
        available=3,
    )
    manifest = Manifest(
        run=RUN_ID,
        created_at="2026-11-21T09:30:12Z",
        plans=(plan,),
        git_commit="0123456789abcdef0123456789abcdef01234567",
    )
    common = {"suite": first.suite, "variant": first.variant, "trial": 0}
    records = (
        Record(
            case="ticket-001",
            status="scored",
            stratum="hard",
            tags=("refund", "angry"),
            source="evals/tickets/dataset.jsonl:1",
            observations=(
                Observation(
                    check="queue",
                    kind="label",
                    value=0,
                    passed=False,
                    reason="expected 'billing', predicted 'shipping'",
                    expected="billing",
                    predicted="shipping",
                ),
                Observation(
                    check="format_valid", kind="format", value=1, passed=True, note="one fence"
                ),
                Observation(check="similarity", kind="score", value=0.734),
            ),
            usage=Usage(input_tokens=189, output_tokens=12),
            cost=0.00031,
            latency_s=1.214,
            retries=1,
            provenance="replayed",
            recorded_at="2026-11-21T08:12:00Z",
            model="smollm2-135m-instruct",
            output='```json\n{"queue": "shipping"}\n```',
            output_hash="00",
            **common,
        ),
        Record(
            case="ticket-002",
            status="error",
            error=CaseError(type="APITimeoutError", message="timed out\nafter 30 s", when="call"),
            **common,
        ),
        Record(
            case="ticket-099",
            status="scored",
            observations=(Observation(check="queue", kind="label", value=1, passed=True),),
            output_hash="ff",
            **common,
        ),
    )
    return Run(manifest=manifest, records=records, end=None)
