"""What must hold for any run: order never matters, and getting worse never looks better."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pytest_ftgate.model import CaseError, Gate, GateMode, Observation, Record, Rules, Run
from pytest_ftgate.runs.codec import decode_record, encode_record
from pytest_ftgate.verdicts.decide import decide
from tests.runs.making import end_of, manifest_of, plan_of, scored
from tests.verdicts.checked import decided

GATE_RANK = ("pass", "warn", "block")
RUN_RANK = ("pass", "inconclusive", "warn", "block", "error")
CHECKS = ("echo", "policy")
BOUNDED = ("echo", "policy_violation_rate", "tone", "pass_rate", "queue", "escalation_rate")


def holds(check: str, held: bool, must_pass: bool = False) -> Observation:
    kind = "policy" if check == "policy" else "text"
    reason = "" if held else "a miss"
    return Observation(
        check=check, kind=kind, value=float(held), passed=held, reason=reason, must_pass=must_pass
    )


def label(expected: str, predicted: str | None) -> Observation:
    held = expected == predicted
    return Observation(
        check="queue",
        kind="label",
        value=float(held),
        passed=held,
        expected=expected,
        predicted=predicted,
    )


@st.composite
def records(draw: st.DrawFn, number: int, trial: int = 0, **fixed: object) -> Record:
    observations = [holds(check, draw(st.booleans())) for check in CHECKS]
    observations.append(
        Observation(check="tone", kind="score", value=draw(st.sampled_from([0.0, 0.4, 1.0])))
    )
    # Each class is expected by several cases, so that no single case can take it away.
    observations.append(
        label("abab"[number % 4], draw(st.sampled_from(["a", "b", None, "invented"])))
    )
    observations.append(
        Observation(check="escalated", kind="escalation", value=draw(st.sampled_from([0.0, 1.0])))
    )
    record = scored(
        f"c{number}",
        *observations,
        trial=trial,
        latency_s=draw(st.sampled_from([0.5, 1.0, 2.0])),
        stratum=draw(st.sampled_from(["easy", "hard", None])),
    )
    if draw(st.integers(0, 7)) == 0:
        error = CaseError(type="E", message="m")
        record = replace(record, status="error", error=error, observations=())
    return replace(record, **fixed)


@st.composite
def runs(draw: st.DrawFn, *, plain: bool = False, mode: GateMode = "observed") -> Run:
    """A run of 4 to 12 cases with gates on every bounded KPI and on the median time."""
    size = draw(st.integers(4, 12))
    trials = 1 if plain else draw(st.integers(1, 2))
    made: list[Record] = []
    for number in range(size):
        fixed: dict[str, object] = {}
        if not plain:
            fixed["weight"] = draw(st.sampled_from([0.5, 1.0, 3.0]))
            fixed["cluster"] = draw(st.sampled_from([None, "k1", "k2"]))
        made += [draw(records(number, trial, **fixed)) for trial in range(trials)]
    level = st.floats(0.05, 0.95)
    gates = [
        Gate(kpi=name, max=draw(level), mode=mode)
        if name in ("policy_violation_rate", "escalation_rate")
        else Gate(kpi=name, min=draw(level), mode=mode)
        for name in BOUNDED
        if not (plain and name == "tone")
    ]
    if mode == "observed":
        gates.append(Gate(kpi="queue_macro_f1", min=draw(level)))
        gates.append(Gate(kpi="time_to_output_p50", max=draw(st.sampled_from([0.7, 1.0, 1.5]))))
    rules = Rules(max_errors=draw(st.sampled_from([0, 3])))
    plan = plan_of(*made, gates=tuple(gates), trials=trials)
    return Run(manifest=manifest_of(plan, rules=rules), records=tuple(made), end=end_of(len(made)))


def flip_check(record: Record) -> Record:
    return observed(record, lambda seen: holds(seen.check, False) if seen.check in CHECKS else seen)


def must_miss(record: Record) -> Record:
    return observed(
        record, lambda seen: holds("echo", False, True) if seen.check == "echo" else seen
    )


def lower_score(record: Record) -> Record:
    return observed(record, lambda seen: replace(seen, value=0.0) if seen.kind == "score" else seen)


def mislabel(record: Record) -> Record:
    def wrong(seen: Observation) -> Observation:
        if seen.kind != "label" or seen.passed is False or seen.expected is None:
            return seen
        return label(seen.expected, None)

    return observed(record, wrong)


def escalate(record: Record) -> Record:
    return observed(
        record, lambda seen: replace(seen, value=1.0) if seen.kind == "escalation" else seen
    )


def slow_down(record: Record) -> Record:
    return replace(record, latency_s=9.0)


def break_down(record: Record) -> Record:
    error = CaseError(type="E", message="m")
    return replace(record, status="error", error=error, observations=())


def observed(record: Record, change: Callable[[Observation], Observation]) -> Record:
    return replace(record, observations=tuple(change(seen) for seen in record.observations))


WORSE = (flip_check, must_miss, lower_score, mislabel, escalate, slow_down, break_down)


def worsened(run: Run, place: int, how: Callable[[Record], Record]) -> Run:
    changed = list(run.records)
    changed[place % len(changed)] = how(changed[place % len(changed)])
    return replace(run, records=tuple(changed))


def assert_never_better(before: Run, after: Run) -> None:
    old, new = decide(before), decide(after)
    gates = {gate.name: gate.verdict for gate in new.suites[0].gates}
    for gate in old.suites[0].gates:
        if "scored" not in gates:  # where nothing is left to judge, that gate blocks for all
            assert GATE_RANK.index(gates[gate.name]) >= GATE_RANK.index(gate.verdict), gate.name
    assert RUN_RANK.index(new.verdict) >= RUN_RANK.index(old.verdict)
    assert new.exit_code >= old.exit_code


@given(run=runs(), place=st.integers(0, 30), how=st.sampled_from(WORSE))
@settings(max_examples=150)
def test_making_a_record_worse_never_improves_a_verdict(
    run: Run, place: int, how: Callable[[Record], Record]
) -> None:
    after = worsened(run, place, how)
    # What the only scored case of a class would have said is not known once it breaks.
    assume(classes(run) == classes(after))
    assert_never_better(run, after)


@given(
    data=st.data(),
    mode=st.sampled_from(["confident", "proven"]),
    place=st.integers(0, 30),
    how=st.sampled_from(WORSE),
)
@settings(max_examples=100)
def test_nor_in_the_other_modes_for_rates_of_single_trials(
    data: st.DataObject, mode: GateMode, place: int, how: Callable[[Record], Record]
) -> None:
    run = data.draw(runs(plain=True, mode=mode))
    assert_never_better(run, worsened(run, place, how))


@given(run=runs(), place=st.integers(0, 30))
@settings(max_examples=50)
def test_losing_a_record_is_always_an_error(run: Run, place: int) -> None:
    kept = list(run.records)
    del kept[place % len(kept)]
    verdict = decide(replace(run, records=tuple(kept)))
    assert (verdict.verdict, verdict.exit_code) == ("error", 1)


@given(run=runs(), random=st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_records_never_matters(run: Run, random: object) -> None:
    shuffled = list(run.records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(replace(run, records=tuple(shuffled))) == decide(run)


@given(run=runs())
@settings(max_examples=60)
def test_stored_and_read_back_a_run_has_the_same_valid_verdict(run: Run) -> None:
    back = tuple(
        decode_record(encode_record(record), "records.jsonl", number)
        for number, record in enumerate(run.records, 1)
    )
    assert decided(replace(run, records=back)) == decided(run)


@given(run=runs(), available=st.integers(1, 20))
@settings(max_examples=40)
def test_a_partial_run_neither_passes_nor_fails_a_kpi_gate(run: Run, available: int) -> None:
    (plan,) = run.manifest.plans
    whole = replace(plan, available=len(plan.selected) + available)
    suite = decided(replace(run, manifest=replace(run.manifest, plans=(whole,)))).suites[0]
    own = [gate for gate in suite.gates if gate.name not in ("complete", "errors", "scored")]
    unscored = all(record.status != "scored" for record in run.records)
    assert {gate.verdict for gate in own} == {"none" if unscored else "partial"}
    assert suite.partial is not None
    assert suite.verdict in ("inconclusive", "error")


def classes(run: Run) -> set[str | None]:
    return {
        seen.expected
        for record in run.records
        if record.status == "scored"
        for seen in record.observations
        if seen.kind == "label"
    }
