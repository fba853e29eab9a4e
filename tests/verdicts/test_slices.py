"""Strata and tags: a drop behind a total that stands is seen, and chance is not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Record, SliceResult, SuiteResult
from pytest_ftgate.verdicts.slices import MOST_SLICES, slices_of
from pytest_ftgate.verdicts.telling import tell_slices
from tests.runs.making import scored
from tests.verdicts.arms import ECHO, gate, judged, kpi, paired, records, run_of, slice_of


def placed(found: tuple[Record, ...], stratum: str, start: int, **changes: object) -> list[Record]:
    return [
        replace(record, case=f"c{start + n}", stratum=stratum, **changes)
        for n, record in enumerate(found)
    ]


def two_strata(
    hard: tuple[int, int, int, int], easy: tuple[int, int, int, int], protect: tuple[str, ...] = ()
) -> SuiteResult:
    sides = []
    for first, second in zip(paired(*hard), paired(*easy), strict=True):
        sides.append(
            placed(records(first), "hard", 0, tags=("slow", "safety"))
            + placed(records(second), "easy", len(first), tags=("quick",))
        )
    before, now = sides
    run = run_of(now, gates=[replace(ECHO, protect_slices=protect)])
    (suite,) = judged(run, before).suites
    return suite


MASKED = (60, 20, 1, 19), (100, 1, 40, 59)


def test_a_slice_warns_behind_a_total_that_rose() -> None:
    suite = two_strata(*MASKED)
    assert kpi(suite).delta == pytest.approx(20 / 300)
    found = slice_of(suite, "stratum:hard")
    assert (found.n, found.b, found.c, found.flag) == (100, 20, 1, "warn")
    assert (found.baseline, found.value) == (0.8, 0.61)
    assert found.delta == pytest.approx(-0.19)
    assert found.p_adjusted is not None
    assert found.p is not None
    assert found.p < found.p_adjusted < 0.001
    verdict, reason = gate(suite)
    assert (verdict, suite.verdict) == ("warn", "warn")
    assert reason.endswith(
        "; worse in slices stratum:hard -19.0, tag:safety -19.0, tag:slow -19.0 points"
    )


def test_a_protected_slice_blocks() -> None:
    suite = two_strata(*MASKED, protect=("safety",))
    assert slice_of(suite, "tag:safety").flag == "block"
    assert slice_of(suite, "stratum:hard").flag == "warn"
    verdict, reason = gate(suite)
    assert (verdict, suite.verdict) == ("block", "block")
    assert "; worse in protected slices tag:safety -19.0 points; worse in slices" in reason


@pytest.mark.parametrize("name", ["stratum:hard", "hard"])
def test_a_stratum_is_protected_by_its_name_with_or_without_its_kind(name: str) -> None:
    suite = two_strata(*MASKED, protect=(name,))
    assert slice_of(suite, "stratum:hard").flag == "block"


def test_a_drop_within_the_tolerance_is_no_flag() -> None:
    suite = two_strata((940, 15, 0, 45), (100, 0, 0, 100))
    found = slice_of(suite, "stratum:hard")
    assert found.p is not None
    assert found.p < 0.001
    assert (found.delta, found.flag) == (pytest.approx(-0.015), "none")


def test_few_cases_are_described_and_not_judged() -> None:
    suite = two_strata((5, 13, 0, 1), (200, 0, 0, 5))
    found = slice_of(suite, "stratum:hard")
    assert (found.n, found.flag, found.p_adjusted) == (19, "descriptive", None)


@pytest.mark.parametrize(
    ("protect", "cases"), [(("safety",), "19 cases"), (("nowhere",), "0 cases")]
)
def test_a_protected_slice_that_cannot_be_guarded_says_so(
    protect: tuple[str, ...], cases: str
) -> None:
    suite = two_strata((19, 0, 0, 0), (300, 0, 0, 5), protect=protect)
    verdict, reason = gate(suite)
    assert verdict == "warn"
    assert reason.endswith(
        f"; the protected slice {protect[0]!r} has {cases}, at least 20 are needed to guard it"
    )


def test_a_protected_slice_may_be_all_cases() -> None:
    found = [replace(record, tags=("all",)) for record in records([1.0] * 100)]
    run = run_of(found, gates=[replace(ECHO, protect_slices=("all",))])
    (suite,) = judged(run, found).suites
    assert slice_of(suite, "tag:all").n == 100
    assert gate(suite)[0] == "pass"


def test_many_slices_are_corrected_for() -> None:
    """One of 40 tags has p = .03: alone it would warn, among 40 it is what chance gives."""
    before, now = paired(10, 8, 2, 20)
    alone = [replace(r, tags=("t0",)) for r in records(before)]
    alone_now = [replace(r, tags=("t0",)) for r in records(now)]
    others = [
        replace(r, case=f"o{tag}-{n}", tags=(f"t{tag}",))
        for tag in range(1, 40)
        for n, r in enumerate(records([1.0] * 20 + [0.0] * 20))
    ]
    (suite,) = judged(run_of(alone_now + others), alone + others).suites
    found = slice_of(suite, "tag:t0")
    assert found.p is not None
    assert found.p < 0.05
    assert found.flag == "none"


def test_slices_are_bounded_and_sorted() -> None:
    found = [scored(f"c{n}", tags=(f"t{n // 5:03}", "common"), stratum="all") for n in range(1500)]
    names = list(slices_of(found))
    assert len(names) == MOST_SLICES
    assert names == sorted(names)
    assert "stratum:all" not in names, "what holds of all cases is no slice"
    assert "tag:common" not in names
    assert "tag:t299" in slices_of(found, ["t299"])


def test_a_case_is_in_a_slice_once() -> None:
    found = [
        scored(f"c{n}", tags=("a", "a") if n < 6 else (), trial=t) for n in range(9) for t in (0, 1)
    ]
    (flags,) = slices_of(found).values()
    assert (flags.size, flags.sum()) == (9, 6)


def test_of_many_slices_the_worst_three_are_named() -> None:
    slices = [
        SliceResult(slice=f"tag:{at}", kpi="k", n=30, value=0.5, delta=-at / 100, flag="warn")
        for at in (1, 2, 3, 4, 5)
    ]
    told = "worse in slices tag:5 -5.0, tag:4 -4.0, tag:3 -3.0 points, and 2 more"
    assert tell_slices(slices, "rate") == told
