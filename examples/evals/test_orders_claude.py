"""The order reader through the Anthropic SDK, on every fifth case of the orders."""

from __future__ import annotations

from pathlib import Path

import pytest
from order_checks import check_order

from pytest_ftgate import datasets


def every_fifth_order():
    """Enough cases to see that the other provider works, and no second dataset to keep."""
    cases = datasets.load(Path(__file__).parent / "orders" / "dataset.jsonl")
    return [case for case in cases if case.split == "dev"][::5]


@pytest.mark.llm_eval(dataset=every_fifth_order, experiment="orders_claude/experiment.toml")
def test_orders_claude(eval_case, eval_output, grade):
    check_order(eval_case, eval_output, grade)
