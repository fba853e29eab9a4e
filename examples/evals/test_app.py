"""The application as a whole: its prompt, its parsing and its rules, with its own client."""

from __future__ import annotations

import pytest
from app.triage import QUEUES, triage


def run_triage(case, variant):
    return triage(case.input["message"])


@pytest.mark.llm_eval(
    dataset="app/dataset.jsonl",
    experiment="app/experiment.toml",
    task=run_triage,
    must_pass=["answered"],
)
def test_app(eval_case, eval_output, grade):
    grade.equal("answered", True, eval_output["queue"] in QUEUES)
    grade.label("queue", expected=eval_case.expected["queue"], predicted=eval_output["queue"])
    grade.escalated(eval_output["escalate"])
