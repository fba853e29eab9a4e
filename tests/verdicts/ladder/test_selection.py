"""What is compared: the same cases in every iteration; what would shrink them is left out."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from pytest_ftgate.iterations import SaturationResult
from tests.runs.making import failed, held
from tests.verdicts.ladder.making import SUITE, chain, judged, ladder_run, records_of, run_with

V1, V2, V3 = chain(3)
ONES = np.ones(20)


def why(result: SaturationResult) -> dict[str, str]:
    return {each.variant: each.why_not for each in result.log if each.why_not}


def test_all_the_same_cases_is_nothing_to_say() -> None:
    result = judged(ladder_run(np.ones((3, 200))))
    assert (result.n, why(result)) == (200, {})
    assert not [note for note in result.notes if "compared on" in note]


def test_added_cases_leave_those_that_all_have() -> None:
    old = run_with((V1, records_of("v1", ONES)), (V2, records_of("v2", ONES)))
    new = run_with((V3, records_of("v3", np.ones(30))), number=2)
    result = judged(old, new)
    assert (result.n, result.disciplined, why(result)) == (20, 3, {})
    assert (
        "compared on the 20 cases that all 3 iterations have; 10 that only some have (added, "
        "removed, edited or in error) left out"
    ) in result.notes
    assert [each.kpis[0].n for each in result.log] == [20, 20, 20]


def test_a_rerun_of_the_old_ones_brings_the_added_cases_in() -> None:
    runs = [
        run_with((V1, records_of("v1", ONES)), (V2, records_of("v2", ONES))),
        run_with((V2, records_of("v2", np.ones(30))), number=2),
        run_with((V1, records_of("v1", np.ones(30))), number=3),
    ]
    assert judged(*runs).n == 30


def test_a_part_of_the_cases_does_not_shrink_the_comparison() -> None:
    runs = [
        run_with((V1, records_of("v1", ONES)), (V2, records_of("v2", ONES))),
        run_with((V3, records_of("v3", np.ones(4))), number=2, available=20),
    ]
    result = judged(*runs)
    assert (result.n, result.disciplined) == (20, 2)
    assert why(result) == {"v3": "has results of 4 of 20 cases: run it on all"}


def test_a_ladder_on_a_part_of_the_split_is_a_ladder() -> None:
    parts = [(each, records_of(each["variant"], ONES)) for each in (V1, V2, V3)]
    result = judged(run_with(*parts, available=200))
    assert (result.n, why(result)) == (20, {})
    assert "every iteration ran on a part of the split's 200 cases" in result.notes


def test_errors_cost_a_case_or_an_iteration() -> None:
    few = (*records_of("v2", np.ones(19)), failed("c019", suite=SUITE))
    result = judged(run_with((V1, records_of("v1", ONES)), (V2, few)))
    assert (result.n, why(result)) == (19, {})
    assert "1 case ended in an error in some iteration" in result.notes
    assert result.log[1].errors == 1

    many = (
        *records_of("v2", np.ones(9)),
        *(failed(f"c{at:03d}", suite=SUITE) for at in range(9, 20)),
    )
    result = judged(
        run_with((V1, records_of("v1", ONES)), (V3, records_of("v3", ONES)), (V2, many))
    )
    assert why(result)["v2"] == (
        "has results of 9 of 20 cases, since 11 ended in an error: run it again"
    )
    none = tuple(failed(f"c{at:03d}", suite=SUITE) for at in range(20))
    result = judged(run_with((V1, records_of("v1", ONES)), (V2, none)))
    assert why(result) == {"v2": "has no result: 20 cases ended in an error"}


def test_edited_cases_cost_an_iteration() -> None:
    edited = tuple(replace(record, content="f" * 32) for record in records_of("v3", np.ones(9)))
    rest = records_of("v3", ONES)[9:]
    old = run_with((V1, records_of("v1", ONES)), (V2, records_of("v2", ONES)))
    new = run_with((V3, (*edited, *rest)), number=2)
    again = run_with((V2, (*edited, *rest)), number=3)
    assert why(judged(old, new, again)) == {
        "v1": "has results of 11 of 20 cases, since 9 were edited: run it again"
    }
    every = tuple(replace(record, content="f" * 32) for record in records_of("v3", ONES))
    assert why(judged(old, run_with((V3, every), number=2))) == {
        "v1": "its cases were edited since it was run: run it again",
        "v2": "its cases were edited since it was run: run it again",
    }


def test_another_dataset_is_another_ladder() -> None:
    other = tuple(replace(record, case=f"d{record.case}") for record in records_of("v3", ONES))
    old = run_with((V1, records_of("v1", ONES)), (V2, records_of("v2", ONES)))
    result = judged(old, run_with((V3, other), number=2))
    assert (result.disciplined, result.n) == (1, 20)
    assert why(result) == {
        "v1": "ran on other cases: 0 of its 20 are those of v3",
        "v2": "ran on other cases: 0 of its 20 are those of v3",
    }
    shipped = judged(old, run_with((V3, other), number=2, shipped="v2"))
    assert set(why(shipped)) == {"v3"}


def test_an_iteration_without_the_check() -> None:
    other = tuple(replace(each, observations=(held("other"),)) for each in records_of("v1", ONES))
    result = judged(run_with((V1, other), (V2, records_of("v2", ONES))))
    assert why(result) == {"v1": "has no result of echo"}
    assert result.log[0].kpis[0].value is None


def test_skipped_cases_are_no_results() -> None:
    skipped = tuple(
        replace(each, status="skipped", observations=()) for each in records_of("v1", ONES)
    )
    result = judged(run_with((V1, skipped), (V2, records_of("v2", ONES))))
    assert why(result) == {"v1": "has no result of echo"}


def test_nothing_that_counts_is_too_few() -> None:
    facts = [{**V1, "kind": "base"}, {**V2, "kind": "fine-tuned"}]
    result = judged(ladder_run(np.ones((2, 5)), facts=facts))
    assert (result.verdict, result.disciplined, result.n) == ("too_few_iterations", 0, 0)
    assert (result.best, result.early_stop, result.failures) == (None, None, None)
    assert result.reason == ("0 disciplined iterations so far, and a verdict needs 10: 10 more")
