"""Does the reader find order id, product and urgency in a message?"""

from __future__ import annotations

import pytest
from order_checks import check_order


@pytest.mark.llm_eval(dataset="orders/dataset.jsonl", experiment="orders/experiment.toml")
def test_orders(eval_case, eval_output, grade):
    check_order(eval_case, eval_output, grade)
