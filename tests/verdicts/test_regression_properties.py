"""What must hold of any comparison: worse never looks better, and order never matters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pytest_ftgate.model import (
    Baseline,
    CaseError,
    Gate,
    Observation,
    Record,
    Rules,
    Run,
    SuiteResult,
    Verdict,
)
from pytest_ftgate.runs.merge import merge
from pytest_ftgate.verdicts.decide import decide
from tests.runs.making import scored
from tests.runs.test_merge import shards_of
from tests.verdicts.arms import baseline, check_document, run_of
from tests.verdicts.test_properties import RUN_RANK, break_down, flip_check, holds, slow_down

GATE_RANK = ("pass", "inconclusive", "warn", "block")
EXIT_RANK = (0, 7, 1)
MARGINS = st.sampled_from([0.0, 0.02, 0.1])


@dataclass(frozen=True, repr=False)  # thousands of lines, which hypothesis would print
class Pairing:
    """A run and what it is compared with."""

    run: Run
    baseline: Baseline
    anchor: Baseline

    def verdict(self) -> Verdict:
        return decide(
            self.run, baselines={"triage": self.baseline}, anchors={"triage": self.anchor}
        )


def record(chance: Random, case: dict[str, Any], trial: int, luck: float) -> Record:
    def passes() -> bool:
        return chance.random() < luck

    tone = Observation(check="tone", kind="score", value=chance.choice([0.2, 0.8, 1.0]))
    made = scored(
        case["id"],
        holds("echo", passes()),
        holds("policy", passes()),
        tone,
        trial=trial,
        latency_s=chance.choice([0.5, 1.0]),
        **{key: value for key, value in case.items() if key != "id"},
    )
    return break_down(made) if chance.random() < 0.05 else made


@st.composite
def pairings(draw: st.DrawFn) -> Pairing:
    """20 to 40 cases, 1 to 3 trials a side, with weights, strata, tags and clusters at times.

    What each case does comes from one seed: thousands of draws would take longer than the tests.
    """
    weighted, clustered, tagged = (draw(st.booleans()) for _ in range(3))
    chance = Random(draw(st.integers(0, 2**32)))
    cases = [
        {
            "id": f"c{number}",
            "stratum": chance.choice(["easy", "hard"]),
            "tags": ("safety",) if tagged and number < 22 else (),
            "weight": chance.choice([1.0, 3.0]) if weighted else 1.0,
            "cluster": chance.choice([None, "k1", "k2"]) if clustered else None,
        }
        for number in range(draw(st.integers(20, 40)))
    ]
    sides = []
    for luck in draw(st.sampled_from([(0.8, 0.8, 0.8), (0.95, 0.95, 1.0), (0.5, 0.7, 0.95)])):
        trials = draw(st.integers(1, 3))
        sides.append([record(chance, case, t, luck) for case in cases for t in range(trials)])
    now, before, older = sides
    gates = (
        Gate(kpi="echo", max_drop=draw(MARGINS), protect_slices=("safety",)),
        Gate(kpi="policy_violation_rate", max_drop=draw(MARGINS), max=0.5),
        Gate(kpi="tone", max_drop=draw(MARGINS)),
        Gate(kpi="time_to_output_p50", max_drop=0.2),
    )
    rules = Rules(max_errors=100, on_inconclusive=draw(st.sampled_from(["pass", "fail"])))
    return Pairing(
        run_of(now, gates=gates, rules=rules, primary_kpi="pass_rate"),
        baseline(before),
        baseline(older, run="older"),
    )


def lower_score(found: Record) -> Record:
    return replace(
        found,
        observations=tuple(
            replace(seen, value=0.0) if seen.check == "tone" else seen
            for seen in found.observations
        ),
    )


WORSE = (flip_check, lower_score, break_down, slow_down)


def ranks(verdict: Verdict) -> dict[str, int]:
    return {
        gate.name: GATE_RANK.index(gate.verdict)
        for gate in verdict.suites[0].gates
        if gate.verdict in GATE_RANK
    }


@given(
    pairing=pairings(), places=st.lists(st.integers(0, 200), min_size=1, max_size=5), data=st.data()
)
@settings(max_examples=150)
def test_making_cases_worse_never_improves_a_verdict(
    pairing: Pairing, places: Sequence[int], data: st.DataObject
) -> None:
    changed = list(pairing.run.records)
    how: Callable[[Record], Record] = data.draw(st.sampled_from(WORSE))
    for place in places:
        changed[place % len(changed)] = how(changed[place % len(changed)])
    old = pairing.verdict()
    new = replace_run(pairing, records=tuple(changed)).verdict()
    was, seen = ranks(old), ranks(new)
    assert was.keys() <= seen.keys()
    for name, rank in was.items():
        assert seen[name] >= rank, name
    assert RUN_RANK.index(new.verdict) >= RUN_RANK.index(old.verdict)
    assert EXIT_RANK.index(new.exit_code) >= EXIT_RANK.index(old.exit_code)


@given(pairing=pairings())
@settings(max_examples=30)
def test_every_comparison_makes_a_valid_document(pairing: Pairing) -> None:
    verdict = pairing.verdict()
    check_document(verdict)
    for kpi in verdict.suites[0].kpis:
        if kpi.verdict == "inconclusive":
            assert kpi.mde is not None
        if kpi.delta is not None and kpi.delta_low is not None and kpi.delta_high is not None:
            assert kpi.delta_low <= kpi.delta <= kpi.delta_high


@given(pairing=pairings(), random=st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_in_which_records_arrive_never_matters(pairing: Pairing, random: Any) -> None:
    """Shards are records in another order."""
    now, before = list(pairing.run.records), list(pairing.baseline.records)
    random.shuffle(now)
    random.shuffle(before)
    mixed = replace_run(pairing, records=tuple(now))
    mixed = Pairing(mixed.run, replace(pairing.baseline, records=tuple(before)), pairing.anchor)
    assert mixed.verdict() == pairing.verdict()


@given(pairing=pairings(), random=st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_neither_does_that_of_cases_and_trials(pairing: Pairing, random: Any) -> None:
    (plan,) = pairing.run.manifest.plans
    selected = list(plan.selected)
    random.shuffle(selected)
    turned = max(trial for _, trial in selected)
    plans = (replace(plan, selected=tuple((case, turned - t) for case, t in selected)),)
    mixed = replace_run(
        pairing,
        records=tuple(replace(r, trial=turned - r.trial) for r in pairing.run.records),
        manifest=replace(pairing.run.manifest, plans=plans),
    )
    first, second = (each.verdict().suites[0] for each in (pairing, mixed))
    assert words(first) == words(second)
    for one, other in zip(first.kpis, second.kpis, strict=True):
        for field in ("delta", "delta_low", "delta_high", "p", "mde", "baseline"):
            assert getattr(one, field) == pytest.approx(getattr(other, field), abs=1e-9), field
    assert set(first.newly_failing) == set(second.newly_failing)


@given(pairing=pairings(), left_out=st.integers(1, 50))
@settings(max_examples=40)
def test_a_partial_run_never_passes_in_silence(pairing: Pairing, left_out: int) -> None:
    (plan,) = pairing.run.manifest.plans
    part = replace(plan, available=len(plan.selected) + left_out)
    cut = replace_run(pairing, manifest=replace(pairing.run.manifest, plans=(part,)))
    (suite,) = cut.verdict().suites
    assert suite.partial is not None
    assert suite.verdict == "inconclusive"
    assert {gate.verdict for gate in suite.gates[2:]} == {"partial"}


@given(pairing=pairings(), kept=st.integers(0, 100), on_partial=st.sampled_from(["warn", "fail"]))
@settings(max_examples=60)
def test_a_part_never_passes_what_the_whole_fails(
    pairing: Pairing, kept: int, on_partial: Any
) -> None:
    """Whichever cases are left out, the gate either fails too or says that it saw only a part."""
    (plan,) = pairing.run.manifest.plans
    cases = list(dict.fromkeys(case for case, _ in plan.selected))
    chosen = set(cases[: max(1, len(cases) * kept // 101)])
    selected = tuple(key for key in plan.selected if key[0] in chosen)
    rules = replace(pairing.run.manifest.rules, on_partial=on_partial)
    part = replace_run(
        pairing,
        manifest=replace(
            pairing.run.manifest, plans=(replace(plan, selected=selected),), rules=rules
        ),
        records=tuple(each for each in pairing.run.records if each.case in chosen),
    )
    verdict = part.verdict()
    (suite,) = verdict.suites
    assert (suite.partial or "").startswith(f"{len(selected)} of {len(plan.selected)} results w")
    assert verdict.verdict in ("block", "error", "inconclusive")
    for gate in suite.gates:
        if gate.name not in ("complete", "errors"):
            assert gate.verdict in ("partial", "block", "none")
            assert suite.partial in gate.reason or gate.verdict in ("block", "none")
    if on_partial == "fail":
        assert verdict.exit_code == 1


@given(pairing=pairings(), count=st.integers(1, 6), random=st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_neither_do_shards_and_their_order(pairing: Pairing, count: int, random: Any) -> None:
    compared = {"triage": pairing.baseline}
    whole = replace(pairing.run, baselines=compared)
    shards = [replace(each, baselines=compared) for each in shards_of(whole, count)]
    merged = decide(merge(shards))
    alone = decide(whole)
    # Without places in a dataset the merged cases are in the order of their ids.
    assert words(merged.suites[0]) == words(alone.suites[0])
    assert (merged.verdict, merged.exit_code) == (alone.verdict, alone.exit_code)
    random.shuffle(shards)
    assert decide(merge(shards)) == merged


def test_an_error_in_a_case_is_never_better_than_its_worst_answer() -> None:
    error = CaseError(type="E", message="m")
    good = [scored(f"c{n}", holds("echo", True)) for n in range(60)]
    bad = [replace(r, observations=(holds("echo", False),)) for r in good[:9]] + good[9:]
    lost = [replace(r, status="error", error=error, observations=()) for r in good[:9]] + good[9:]
    rules = Rules(max_errors=100)
    verdicts = [
        decide(run_of(side, rules=rules), baselines={"triage": baseline(good)}).suites[0]
        for side in (bad, lost)
    ]
    assert [{g.name: g.verdict for g in v.gates}["echo"] for v in verdicts] == ["block", "block"]


def replace_run(pairing: Pairing, **changes: Any) -> Pairing:
    return Pairing(replace(pairing.run, **changes), pairing.baseline, pairing.anchor)


def words(suite: SuiteResult) -> list[tuple[str, str]]:
    flags = [(f"{each.slice} {each.kpi}", each.flag) for each in suite.slices]
    return [*((gate.name, gate.verdict) for gate in suite.gates), *flags]
