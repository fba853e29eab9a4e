"""Does the classifier put a support message into the right queue?"""

from __future__ import annotations

import pytest


@pytest.mark.llm_eval(dataset="tickets/dataset.jsonl", experiment="tickets/experiment.toml")
def test_tickets(eval_case, eval_output, grade):
    ticket = grade.format(eval_output, "tickets/ticket.schema.json")
    grade.label(
        "label",
        expected=eval_case.expected["label"],
        predicted=ticket and ticket["label"],
    )
