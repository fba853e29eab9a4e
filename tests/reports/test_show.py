from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.reports import show, terminal
from tests.reports.samples import HOSTILE, SAMPLES, sample_run


@pytest.fixture
def judged():
    return SAMPLES["mixed"]()


def test_without_cases_it_is_the_section_without_a_next_step(judged):
    text = show.render(judged, sample_run(judged), width=80, color=False)
    assert terminal.render(judged, width=80, color=False).startswith(text)
    assert "next:" not in text


@pytest.mark.parametrize("width", [80, 120])
def test_golden_of_cases(width, golden, judged):
    cases = ("ticket-001", "ticket-002", "ticket-099", "ticket-404")
    text = show.render(judged, sample_run(judged), cases=cases, width=width, color=False)
    golden(f"show-cases-{width}.txt", text)


def test_a_trial_is_named_as_in_test_ids(judged):
    run = sample_run(judged)
    run = replace(run, records=(*run.records, replace(run.records[0], trial=1)))
    assert [r.trial for r in show.matching(run, "ticket-001")] == [0, 1]
    assert [r.trial for r in show.matching(run, "ticket-001#2")] == [1]
    assert show.matching(run, "ticket-00") == []


def test_outputs_are_escaped_and_bounded(judged):
    run = sample_run(judged)
    hostile = replace(run.records[0], output=HOSTILE + "\n" + "x" * 10_000_000)
    run = replace(run, records=(hostile,))
    text = show.render(judged, run, cases=["ticket-001"], width=100, color=False)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\u001b[31mred" in text
    assert len(text) < 22_000


def test_an_unknown_case_is_said(judged):
    text = show.render(judged, sample_run(judged), cases=["\x1b[2Jx"], width=80, color=False)
    assert text == "The run has no result of case \\u001b[2Jx.\n"
