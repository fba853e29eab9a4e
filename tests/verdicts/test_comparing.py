from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.errors import ConfigError, StoreError
from pytest_ftgate.model import Run
from pytest_ftgate.verdicts.comparing import baseline_of, compare
from tests.runs.making import COMPONENT_HASHES, end_of, manifest_of, plan_of
from tests.verdicts.arms import ECHO, gate, judged, kpi, paired, records, run_of

BEFORE, NOW = (records(side) for side in paired(160, 15, 3, 22))


def ladder() -> Run:
    """Two variants in one run; v2 is the current one."""
    sides = {"v1": BEFORE, "v2": NOW}
    plans, every = [], []
    for name, side in sides.items():
        own = tuple(replace(record, variant=name) for record in side)
        plans.append(plan_of(*own, gates=(ECHO,), primary_kpi="echo", current=name == "v2"))
        every += own
    return Run(manifest=manifest_of(*plans), records=tuple(every), end=end_of(len(every)))


def test_two_runs_compare_as_a_run_with_its_baseline() -> None:
    before, now = run_of(BEFORE), run_of(NOW)
    verdict = compare(before, now)
    assert verdict.suites[0].kpis == judged(now, BEFORE).suites[0].kpis
    assert (verdict.verdict, verdict.exit_code) == ("block", 1)


def test_two_variants_of_one_run() -> None:
    run = ladder()
    (suite,) = compare(run, run, variants=("v1", "v2")).suites
    assert (suite.variant, gate(suite)[0]) == ("v2", "block")
    (suite,) = compare(run, run, variants=("v2", "v1")).suites
    assert (suite.variant, gate(suite)[0]) == ("v1", "pass"), "the named one is judged"
    assert kpi(suite).delta == pytest.approx(0.06)


def test_the_current_variant_is_the_default() -> None:
    (suite,) = compare(ladder(), run_of(NOW)).suites
    assert kpi(suite).delta == 0.0


def test_the_header_tells_where_it_is_from() -> None:
    header = baseline_of(run_of(records([[1.0, 0.0]] * 10)), "triage").header
    assert (header.variant, header.cases, header.trials) == ("v1", 10, 2)
    assert header.counts == {"passed": 10, "missed": 10, "failed": 0, "error": 0, "skipped": 0}
    assert (header.models, header.components) == (("gpt-4.1-mini",), COMPONENT_HASHES)
    assert header.accepted_at is None


@pytest.mark.parametrize("damage", ["end", "records"])
def test_a_run_that_lost_results_is_no_baseline(damage: str) -> None:
    broken = run_of(BEFORE)
    broken = replace(broken, end=None) if damage == "end" else replace(broken, records=BEFORE[1:])
    with pytest.raises(StoreError, match=r"cannot be compared with: \d+ of 200 results"):
        compare(broken, run_of(NOW))


def test_a_run_that_lost_results_is_an_error_on_the_other_side() -> None:
    broken = replace(run_of(NOW), records=NOW[1:])
    assert compare(run_of(BEFORE), broken).verdict == "error"


class TestNames:
    def test_no_suite_in_common(self) -> None:
        other = run_of([replace(record, suite="orders") for record in NOW])
        with pytest.raises(ConfigError, match="share no suite: the first has triage, the second"):
            compare(run_of(BEFORE), other)

    def test_an_unknown_suite(self) -> None:
        with pytest.raises(ConfigError, match="has no suite 'triages'; did you mean 'triage'"):
            compare(run_of(BEFORE), run_of(NOW), suites=["triages"])

    def test_an_unknown_variant(self) -> None:
        with pytest.raises(ConfigError, match="has no variant 'v9' of suite 'triage'; allowed: v1"):
            compare(ladder(), run_of(NOW), variants=("v9", None))

    def test_several_variants_and_none_is_current(self) -> None:
        run = ladder()
        plans = tuple(replace(plan, current=False) for plan in run.manifest.plans)
        run = replace(run, manifest=replace(run.manifest, plans=plans))
        with pytest.raises(ConfigError, match="several variants of suite 'triage'; name one: v1"):
            compare(run, run_of(NOW))
