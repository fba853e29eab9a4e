"""What must hold for any ladder: order and names never matter, better is never a plateau."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pytest_ftgate.iterations import SaturationResult
from pytest_ftgate.model import Run
from pytest_ftgate.reports import ladder as report
from pytest_ftgate.reports import ladder_words as words
from tests.verdicts.ladder.making import Floats, chain, judged, ladder_run, simulated

SLOW = settings(max_examples=25, deadline=None)


@st.composite
def scores(draw: st.DrawFn, least: int = 2, most: int = 14) -> Floats:
    """Outcomes of a ladder that rises, falls, stands still or wanders."""
    count = draw(st.integers(least, most))
    cases = draw(st.sampled_from([8, 40, 120]))
    start, end = draw(st.floats(0.2, 0.95)), draw(st.floats(0.2, 0.95))
    means = np.linspace(start, end, count)
    if draw(st.booleans()):
        means[draw(st.integers(0, count - 1))] = 0.05
    return simulated(np.random.default_rng(draw(st.integers(0, 9999))), cases, means.tolist())


@st.composite
def facts(draw: st.DrawFn, count: int) -> list[dict[str, Any]]:
    """Steps of which some are confounded or change nothing."""
    found = chain(count)
    for at in range(1, count):
        kind = draw(st.integers(0, 9))
        if kind == 0:
            extra = f"e{at}"
            for later in found[at:]:
                later["components"] = {**later["components"], "examples": extra}
        elif kind == 1:
            found[at]["components"] = found[at - 1]["components"]
    return found


def shuffled(run: Run, seed: int) -> Run:
    order = random.Random(seed)
    records = list(run.records)
    order.shuffle(records)
    plans = []
    for plan in run.manifest.plans:
        selected = list(plan.selected)
        order.shuffle(selected)
        plans.append(replace(plan, selected=tuple(selected)))
    return replace(run, records=tuple(records), manifest=replace(run.manifest, plans=tuple(plans)))


@SLOW
@given(st.data(), st.integers(0, 999))
def test_the_order_of_cases_and_records_does_not_matter(data: st.DataObject, seed: int) -> None:
    x = data.draw(scores())
    run = ladder_run(x, facts=data.draw(facts(len(x))))
    assert judged(shuffled(run, seed)) == judged(run)


@SLOW
@given(st.data())
def test_names_of_variants_do_not_matter(data: st.DataObject) -> None:
    x = data.draw(scores())
    plain = data.draw(facts(len(x)))
    letters = data.draw(st.permutations([f"{chr(97 + at)}x" for at in range(len(x))]))
    names = {fact["variant"]: name for fact, name in zip(plain, letters, strict=True)}
    renamed = [
        {**fact, "variant": names[fact["variant"]], "parent": names.get(fact["parent"])}
        for fact in plain
    ]
    first, second = judged(ladder_run(x, facts=plain)), judged(ladder_run(x, facts=renamed))
    for field in ("verdict", "trend", "best_gain", "reason", "persistent_cases", "n", "settle"):
        assert getattr(first, field) == getattr(second, field)
    assert [line.counted for line in first.log] == [line.counted for line in second.log]
    assert [names[each] for each in first.bad] == list(second.bad)


@SLOW
@given(st.data())
def test_a_clearly_better_run_never_turns_improving_into_plateau(data: st.DataObject) -> None:
    count = data.draw(st.integers(10, 14))
    start = data.draw(st.floats(0.2, 0.5))
    means = np.linspace(start, start + data.draw(st.floats(0.1, 0.3)), count)
    rng = np.random.default_rng(data.draw(st.integers(0, 9999)))
    x = simulated(rng, data.draw(st.sampled_from([60, 120, 200])), means.tolist())
    assume(judged(ladder_run(x)).verdict == "improving")
    # better than the best so far by an eighth of the cases
    better = x[x.mean(axis=1).argmax()].copy()
    better[rng.choice(np.flatnonzero(better == 0), x.shape[1] // 8, replace=False)] = 1.0
    assert judged(ladder_run(np.vstack([x, better]))).verdict != "plateau"


@SLOW
@given(st.data())
def test_what_does_not_count_changes_no_verdict(data: st.DataObject) -> None:
    x = data.draw(scores(least=10))
    plain = chain(len(x))
    extra = {
        "variant": "tidy",
        "parent": "v1",
        "components": {**plain[0]["components"], "examples": "e", "instructions": "i"},
    }
    at = data.draw(st.integers(1, len(x)))
    with_extra = [*plain[:at], extra, *plain[at:]]
    row = data.draw(st.sampled_from([0.0, 1.0]))
    more = np.insert(x, at, row, axis=0)
    first = judged(ladder_run(x))
    second = judged(ladder_run(more, facts=with_extra))
    assert second.confounded == ("tidy",)
    for field in ("verdict", "trend", "best_gain", "reason", "persistent_cases", "disciplined"):
        assert getattr(first, field) == getattr(second, field)


@SLOW
@given(st.data())
def test_every_sentence_agrees_with_the_document(data: st.DataObject) -> None:
    x = data.draw(scores())
    result = judged(ladder_run(x, facts=data.draw(facts(len(x)))))
    _check_reason(result)
    assert result.iterations == len(result.log)
    assert result.disciplined == sum(line.counted for line in result.log)
    assert all(bool(line.why_not) != line.counted for line in result.log)
    assert result.confounded == tuple(
        line.variant for line in result.log if line.kind == "confounded"
    )
    text = " ".join(report.render([result], width=100, color=False).split())
    assert " ".join(words.reason(result).split()) in text
    assert words.verdict(result).upper() in text
    for line in result.log:
        value = line.kpis[0].value
        assert value is None or f"{100 * value:.1f} %" in text or value in (0.0, 1.0)
    if result.failures is not None:
        assert len(result.persistent_cases) == result.failures.observed
        grouped = [case for group in result.failures.groups for case in group.cases]
        assert sorted(grouped) == list(result.persistent_cases)


def _check_reason(result: SaturationResult) -> None:
    """Numbers, interval, margin and word of the sentence against the fields."""
    text = result.reason
    if result.verdict == "too_few_iterations":
        needed = 2 * result.window
        assert re.match(rf"{result.disciplined} disciplined iterations? so far", text)
        assert f"needs {needed}: {needed - result.disciplined} more" in text
        assert result.settle is not None
        assert result.settle.iterations == needed - result.disciplined
        return
    basis = result.trend if result.basis == "trend" else result.best_gain
    assert basis is not None
    assert (result.basis is None) == (result.verdict == "not_enough_evidence")
    told = re.search(r"([+-]?[\d.]+) points .*\(90 % CI ([+-]?[\d.]+) to ([+-]?[\d.]+)\)", text)
    assert told is not None
    for said, meant in zip(told.groups(), (basis.gain, basis.low, basis.high), strict=True):
        assert meant is not None
        assert abs(float(said) - 100 * meant) <= 0.0501
    gain, low, high = (float(said) / 100 for said in told.groups())
    assert low <= gain <= high
    match result.verdict:
        case "plateau":
            assert text.endswith(f"below {100 * result.margin:g} points: plateau")
            assert high < result.margin
        case "improving":
            assert text.endswith("above 0: improving")
            assert low > 0
        case "regressing":
            assert text.endswith("below 0: regressing")
            assert high < 0
        case _:
            assert low <= 0
            assert high >= result.margin
            assert result.settle is not None
            assert f"{result.settle.iterations} further iteration" in text
            if result.settle.cases is not None:
                assert f"about {result.settle.cases:,} cases" in text
                assert result.settle.cases > result.n
            if result.settle.trials is not None:
                assert f"{result.settle.trials} trials" in text
