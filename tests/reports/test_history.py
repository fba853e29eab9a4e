from __future__ import annotations

from typing import Any

from pytest_ftgate.model import HistoryEntry
from pytest_ftgate.reports.history import of_suite, trend
from pytest_ftgate.reports.terminal import render
from tests.reports.samples import SAMPLES, compared_suite, suite, verdict


def entry(value: float | None, **changes: Any) -> HistoryEntry:
    facts: dict[str, Any] = {"kpi": "format_valid", "value": value, **changes}
    return HistoryEntry(accepted_at="2026-10-01T08:00:00Z", run="r", variant="v1", **facts)


def test_values_and_the_change_in_all() -> None:
    assert trend([entry(0.9), entry(0.925), entry(0.95)]) == (
        "format_valid, accepted 3 times: 90.0 % → 92.5 % → 95.0 %, +5.0 pts in all"
    )


def test_once() -> None:
    assert trend([entry(0.9)]) == "format_valid, accepted 1 time: 90.0 %"


def test_the_oldest_give_way() -> None:
    assert trend([entry(number / 10) for number in range(1, 9)]) == (
        "format_valid, accepted 8 times: … → 30.0 % → 40.0 % → 50.0 % → 60.0 % → 70.0 % → 80.0 %, "
        "+70.0 pts in all"
    )


def test_in_the_kpis_unit() -> None:
    entries = [entry(1.2, kpi="p50", unit="seconds"), entry(0.9, kpi="p50", unit="seconds")]
    assert trend(entries) == "p50, accepted 2 times: 1.2 s → 0.90 s, −0.30 s in all"


def test_only_the_newest_kpi_and_what_is_known() -> None:
    entries = [entry(0.5, kpi="other"), entry(None), entry(0.9), entry(0.4, kpi=None)]
    assert trend(entries) == "format_valid, accepted 1 time: 90.0 %"


def test_nothing_known() -> None:
    assert trend([]) == ""
    assert trend([entry(None), entry(0.3, kpi=None)]) == ""


def test_a_hostile_name_is_shown_escaped() -> None:
    assert trend([entry(0.5, kpi="a\x1b[31m")]).startswith("a\\u001b[31m, accepted")


def test_a_suite_tells_how_it_went_up_to_now() -> None:
    assert of_suite(compared_suite()) == ("format_valid 90.0 % → 95.5 % → 99.0 %, now 95.0 %")
    assert of_suite(suite()) == ""
    assert of_suite(suite(history=(entry(0.9),))) == ""
    assert of_suite(suite(history=(entry(None), entry(None)))) == ""
    gone = suite(history=(entry(0.9, kpi="gone"), entry(0.95, kpi="gone")))
    assert of_suite(gone) == "gone 90.0 % → 95.0 %"


def test_the_terminal_shows_it_where_there_is_one() -> None:
    text = render(SAMPLES["baseline"](), width=120, color=False)
    assert "  accepted       format_valid 90.0 % → 95.5 % → 99.0 %, now 95.0 %\n" in text
    assert "accepted" not in render(verdict(suite()), width=120, color=False)
