from __future__ import annotations

import re

import pytest

from pytest_ftgate.model import Miss
from pytest_ftgate.reports import github
from tests.reports.samples import SAMPLES, suite, verdict

COMMAND = re.compile(r"::(error|warning) file=([^:,\n]*),line=(\d+),title=([^:,\n]*)::([^\n\r]*)")


def miss(number, outcome="missed", reason="queue: no", source="evals/data.jsonl"):
    place = f"{source}:{number}" if source else None
    return Miss(case=f"c{number}", trial=0, outcome=outcome, reasons=(reason,), source=place)


def test_annotations_point_at_dataset_lines():
    assert github.annotate(SAMPLES["errors"]()) == (
        "::error file=evals/tickets/dataset.jsonl,line=7,title=tickets [v3] ticket-007 error"
        "::CassetteMiss: tickets[v3] ticket-007: never recorded",
        "::error file=evals/tickets/dataset.jsonl,line=9,title=tickets [v3] ticket-009#2 failed"
        "::policy: promises a refund without approval",
    )


def test_at_most_ten_and_the_most_urgent_first():
    missed = [miss(n) for n in range(1, 30)]
    misses = (*missed, miss(40, "failed"), miss(41, "error"))
    lines = github.annotate(verdict(suite(misses=misses, newly_failing=("c20",))))
    assert len(lines) == 10
    assert [COMMAND.fullmatch(line)[3] for line in lines[:4]] == ["41", "40", "20", "1"]


@pytest.mark.parametrize("source", [None, "made in code", "evals/data.jsonl:0", "data:x"])
def test_a_case_without_a_line_is_not_annotated(source):
    case = Miss(case="c", trial=0, outcome="missed", reasons=("no",), source=source)
    assert github.annotate(verdict(suite(misses=(case,)))) == ()


def test_text_cannot_leave_its_annotation():
    hostile = "100%\r\n::error::x,y:z ##[group]"
    case = miss(3, reason=hostile, source="a,b:c\n::error::%.jsonl")
    (line,) = github.annotate(verdict(suite(variant="v:1,2%", misses=(case,))))
    assert COMMAND.fullmatch(line)
    assert line == (
        r"::warning file=a%2Cb%3Ac\n%3A %3Aerror%3A%3A%25.jsonl,line=3"
        r",title=tickets [v%3A1%2C2%25] c3 missed"
        r"::100%25%0A: :error::x,y:z # #[group]"
    )


def test_outputs_hold_verdict_numbers_and_paths_only():
    assert github.outputs(SAMPLES["errors"](), {"json": "out/v.json"}) == (
        "verdict=error\nexit_code=1\ncomplete=1\nselected=200\nreceived=198\n"
        "passed=50\nmissed=146\nfailed=1\nerror=3\nskipped=2\njson=out/v.json\n"
    )


def test_a_path_cannot_forge_an_output():
    text = github.outputs(SAMPLES["errors"](), {"html": "a\nverdict=pass", "x=y\nz": "b"})
    assert text.count("\n") == 10
    assert "html" not in text


def test_the_summary_fits_a_step():
    huge = "x" * 1_000_000
    suites = [suite(misses=(miss(1, reason=huge),) * 10, variant=f"v{n}") for n in range(400)]
    assert len(github.step_summary(verdict(*suites)).encode()) < 900 * 1024
