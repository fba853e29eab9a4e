from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.verdicts.matching import match
from tests.runs.making import failed, scored, skipped


def case(name: str, content: str | None = "0", **changes: object):
    return scored(name, content=content, **changes)


def test_cases_match_by_id_and_content() -> None:
    now = [case("a"), case("b", "1"), case("new")]
    found = match(now, [case("gone"), case("b", "2"), case("a")])
    assert found.cases == ("a",)
    assert (found.added, found.removed, found.changed) == (("new",), ("gone",), ("b",))
    assert [record.case for record in found.now] == ["a"]
    assert found.share == pytest.approx(1 / 3)


def test_the_baseline_follows_the_order_of_the_run() -> None:
    now = [case("b"), case("a")]
    before = [case("a", trial=1), case("b"), case("a")]
    found = match(now, before)
    assert [(record.case, record.trial) for record in found.before] == [
        ("b", 0),
        ("a", 0),
        ("a", 1),
    ]


@pytest.mark.parametrize(("ours", "theirs"), [(None, "1"), ("1", None), (None, None)])
def test_unknown_content_is_taken_at_its_ids_word(ours: str | None, theirs: str | None) -> None:
    assert match([case("a", ours)], [case("a", theirs)]).cases == ("a",)


def test_an_error_does_not_hide_that_the_content_changed() -> None:
    now = [failed("a", content=None), case("a", "new", trial=1)]
    assert match(now, [case("a", "old")]).changed == ("a",)


def test_the_share_is_by_weight_and_the_smaller_of_both_sides() -> None:
    now = [case("a", weight=9.0), case("b", weight=1.0)]
    assert match(now, [case("a", weight=9.0)]).share == 0.9
    more = [case("a", weight=9.0), case("b"), case("c", weight=10.0)]
    assert match(now, more).share == 0.5


def test_a_case_that_is_skipped_is_not_there() -> None:
    found = match([skipped("a"), case("b")], [case("a"), skipped("b"), case("b", trial=1)])
    assert (found.cases, found.removed) == (("b",), ("a",))
    assert [record.trial for record in found.before] == [1]


def test_a_partial_run_cannot_tell_what_is_gone() -> None:
    found = match([case("a")], [case("a"), case("b")], partial=True)
    assert (found.removed, found.share) == ((), 1.0)


def test_nothing_in_common() -> None:
    assert match([case("a")], [case("b")]).share == 0.0
    assert match([], []).share == 0.0
    assert match([replace(case("a"), weight=0.0)], [case("a")]).share == 0.0
