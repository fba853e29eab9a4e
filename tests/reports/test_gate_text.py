from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import GateResult, Miss, Observation
from pytest_ftgate.reports import gate_text
from tests.reports.samples import RUN_ID, SAMPLES, compared_suite, suite, verdict


@pytest.mark.parametrize("name", ["mixed", "baseline", "errors", "unscored", "hostile"])
def test_golden(name, golden):
    judged = SAMPLES[name]()
    texts = [gate_text.longrepr(judged.suites[0], gate, judged) for gate in judged.suites[0].gates]
    golden(f"gates-{name}.txt", "\n-----\n".join(texts) + "\n")


def test_a_gate_shows_the_misses_of_its_own_check():
    judged = SAMPLES["mixed"]()
    gate = next(gate for gate in judged.suites[0].gates if gate.name == "format_valid")
    text = gate_text.longrepr(judged.suites[0], gate, judged)
    assert "ticket-001  missed  format_valid: line 1, column 1" in text
    assert "queue:" not in text


def test_a_gate_on_time_has_no_misses_to_show():
    judged = SAMPLES["baseline"]()
    gate = next(gate for gate in judged.suites[0].gates if gate.name.startswith("time"))
    assert "ticket-" not in gate_text.longrepr(judged.suites[0], gate, judged)


@pytest.mark.parametrize(
    ("gate", "shown"),
    [
        ("queue_macro_f1", ["m-1", "m-3"]),
        ("accuracy", ["m-1", "m-3"]),
        ("queue vs anchor", ["m-1", "m-3"]),
        ("policy_violation_rate", ["m-2", "m-3"]),
        ("pass_rate", ["m-1", "m-2", "m-3"]),
        ("error_rate", ["m-3"]),
        ("escalation_rate", ["m-3"]),
        ("time_to_output_p50", []),
    ],
)
def test_a_gate_shows_only_the_cases_behind_it(gate, shown):
    told = (
        ("m-1", "missed", "queue: expected a, got b"),
        ("m-2", "missed", "policy: short [block]"),
        ("m-3", "error", "TimeoutError"),
    )
    misses = tuple(
        Miss(case=case, trial=0, outcome=outcome, reasons=(reason,))
        for case, outcome, reason in told
    )
    mixed = SAMPLES["mixed"]().suites[0]
    unit = "seconds" if gate.startswith("time") else "rate"
    row = replace(mixed.kpis[0], name=gate.removesuffix(" vs anchor"), unit=unit)
    judged = verdict(replace(mixed, misses=misses, kpis=(row,)))
    assert {table.check for table in judged.suites[0].labels} == {"queue"}
    text = gate_text.longrepr(
        judged.suites[0], GateResult(name=gate, verdict="block", reason="bad"), judged
    )
    assert [case for case, _, _ in told if case in text] == shown


def test_the_first_line_ends_where_the_threshold_is_told():
    reason = "80.0 % is below the minimum of 90.0 %; against the baseline: " + "dropped " * 20
    gate = GateResult(name="tone", verdict="block", reason=reason.strip())
    lines = gate_text.longrepr(suite(), gate, verdict(suite())).splitlines()
    assert lines[0] == "80.0 % is below the minimum of 90.0 %;"
    assert lines[1].startswith("against the baseline: dropped dropped")


def test_the_text_says_how_to_look():
    judged = verdict(suite())
    gate = GateResult(name="complete", verdict="block", reason="lost")
    assert gate_text.longrepr(judged.suites[0], gate, judged).splitlines() == [
        "lost.",
        "",
        "gate complete of tickets [v3] (dev · 200 cases × 1 trial)",
        "",
        f"look at it: pytest-ftgate show {RUN_ID}",
    ]


def test_every_line_fits_where_pytest_prints_it_and_cases_are_aligned():
    many = replace(suite().misses[0], case="t-1"), suite().misses[1]
    judged = verdict(compared_suite(misses=many))
    gates = judged.suites[0].gates
    texts = [gate_text.longrepr(judged.suites[0], gate, judged) for gate in gates]
    assert max(len(line) for text in texts for line in text.splitlines()) <= 79
    assert "  t-1         missed  format_valid: " in texts[0]
    assert "  ticket-002  missed  format_valid: " in texts[0]
    assert "  difference     −4.0 pts (90 % interval −7.0 to −1.0)\n" in texts[0]


def test_a_kpi_that_no_case_measured_has_no_interval():
    judged = SAMPLES["unscored"]()
    (gate,) = (gate for gate in judged.suites[0].gates if gate.name == "accuracy")
    text = gate_text.longrepr(judged.suites[0], gate, judged)
    assert "  value          no case measured\n  threshold      min 40.0 %\n" in text
    assert "interval" not in text


def test_must_pass_misses_come_first():
    seen = [
        Observation(check="queue", kind="label", value=0, passed=False, reason="got x"),
        Observation(
            check="policy", kind="policy", value=0, passed=False, reason="promised", must_pass=True
        ),
    ]
    assert gate_text.must_pass(seen) == "must pass: policy: promised.\nmissed: queue: got x."


def test_reasons_are_one_printable_line():
    seen = [Observation(check="a\x1b", kind="text", value=0, passed=False, reason="x\n\x1b[31my")]
    assert gate_text.missed(seen) == "a\\u001b: x ⏎ \\u001b[31my"
    gate = GateResult(name="g", verdict="partial", reason="12 of\n40")
    assert gate_text.junit_reason(gate) == "partial: 12 of ⏎ 40."


def test_a_miss_without_a_reason_still_has_a_sentence():
    seen = [Observation(check="q", kind="text", value=0, passed=False)]
    assert gate_text.missed(seen) == "q: the check does not hold"
