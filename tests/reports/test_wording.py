from __future__ import annotations

import pytest

from pytest_ftgate.model import BaselineHeader, CaseError, Observation, Provenance, Record, Usage
from pytest_ftgate.reports import wording
from tests.reports.samples import compared_suite, kpi, suite


@pytest.mark.parametrize(
    ("provenance", "text"),
    [
        (
            Provenance(
                replayed=1,
                recorded_from="2026-11-20T23:59:00Z",
                recorded_to="2026-11-21T00:01:00Z",
                models=("a", "b"),
            ),
            "replayed 1 answer recorded 2026-11-20 to 2026-11-21 · models a, b · no network",
        ),
        (
            Provenance(replayed=3, live=2, none=1, recorded_from="2026-11-21T00:01:00Z"),
            "replayed 3 answers recorded 2026-11-21 · 2 live answers · 1 without a provider call",
        ),
        (Provenance(live=2, models=("a",)), "2 live answers · model a"),
        (Provenance(none=4), "no provider calls"),
        (Provenance(), ""),
    ],
)
def test_provenance_claims_no_network_only_when_all_was_replayed(provenance, text):
    assert " · ".join(wording.provenance(suite(provenance=provenance))) == text


def test_spending_keeps_unknown_apart_from_zero():
    free = suite(usage=Usage(input_tokens=0, output_tokens=None), cost=0.0)
    assert wording.spending(free) == ("0 tokens in, unknown out", "cost $0.00")
    assert wording.spending(suite(provenance=Provenance(none=3))) == ()


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-11-21T08:00:00Z", "2026-11-21"),
        ("2026-11-21", "2026-11-21"),
        ("2026-11-213", None),
        ("\x1b[31m", None),
        (None, None),
    ],
)
def test_days(instant, day):
    assert wording.day(instant) == day


def test_lists_say_how_many_more_there_are():
    assert wording.listed(("a", "b", "c"), 2) == "a, b and 1 more"
    assert wording.listed(("a", "b"), 2) == "a, b"


def test_mcnemar_speaks_where_cases_flipped():
    found = {"mcnemar_p": 0.0117, "newcombe_low": -0.0802, "newcombe_high": -0.0051}
    assert wording.paired(kpi("a", 0.5, b=9, c=1, **found)) == (
        "mid-p 0.012, Newcombe's 95 % interval −8.0 to −0.5 pts"
    )
    assert wording.paired(kpi("a", 0.5, b=0, c=0, **found)) == ""
    assert wording.paired(kpi("a", 0.5, b=9, c=1)) == ""


def test_comparability_counts_what_does_not_match():
    assert wording.comparability(compared_suite(changed=("x",))) == (
        "matched 190 cases with the baseline · 10 added · 1 removed · 1 changed"
    )
    assert wording.comparability(suite()) == ""
    header = BaselineHeader(
        suite="tickets", run="r", variant="v2", accepted_at="2026-08-01T08:00:00Z"
    )
    named = wording.comparability(compared_suite(baseline=header, added=(), removed=()))
    assert named == "matched 190 cases with the baseline [v2] accepted 2026-08-01"


def test_sensitivity_is_said_for_gated_kpis_only():
    kpis = (
        kpi("a", 0.5, mde=0.08, verdict="pass"),
        kpi("b", 0.5, mde=0.01),
        kpi("c", 1.0, unit="seconds", mde=0.25, verdict="warn"),
        kpi("d", 0.5, mde=0.08, verdict="block"),
    )
    assert wording.sensitivity(suite(kpis=kpis)) == (
        "drops under 8.0 pts of a and d, or 0.25 s of c would go unseen"
    )
    assert wording.could_not_see(kpis[0]) == "drops under 8.0 pts would go unseen"
    assert wording.could_not_see(kpi("d", 0.5)) == ""


def test_a_records_reasons_are_its_misses_and_its_error():
    record = Record(
        suite="s",
        variant="v",
        case="c",
        trial=0,
        status="error",
        observations=(
            Observation(check="a", kind="text", value=0, passed=False, reason="no\nway"),
            Observation(check="b", kind="text", value=1, passed=True),
            Observation(check="c", kind="text", value=0, passed=False),
        ),
        error=CaseError(type="KeyError", message="'x'", when="setup"),
    )
    assert wording.record_reasons(record) == (
        "a: no ⏎ way",
        "c: the check does not hold",
        "KeyError (setup): 'x'",
    )


def test_outcomes_are_counted_in_reading_order():
    counted = suite(counts={"error": 1, "passed": 1200, "skipped": 2})
    assert wording.counts_text(counted) == (
        "1,200 passed · 0 missed · 0 failed · 1 error · 2 skipped"
    )
