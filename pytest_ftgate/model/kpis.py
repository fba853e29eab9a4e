"""The KPIs whose meaning no test can change: their names, and the values that they can take."""

from __future__ import annotations

import math
import re

Span = tuple[float, float]

_RATE: Span = (0.0, 1.0)
_AMOUNT: Span = (0.0, math.inf)

COMPUTED_KPIS: dict[str, Span] = {
    "pass_rate": _RATE,
    "error_rate": _RATE,
    "policy_violation_rate": _RATE,
    "escalation_rate": _RATE,
    "retries_per_task": _AMOUNT,
    "time_to_output_p50": _AMOUNT,
    "time_to_output_p95": _AMOUNT,
    "tokens_in_per_task": _AMOUNT,
    "tokens_out_per_task": _AMOUNT,
    "cost_per_task": _AMOUNT,
}
"""Computed from all records; a check of that name would collide with them."""

BUILT_IN_KPIS: dict[str, Span] = {
    **COMPUTED_KPIS,
    **dict.fromkeys(("format_valid", "policy", "escalated", "assert"), _RATE),
}
"""Those, and the checks that have a name of their own."""

CHECK_NAME = re.compile(r"[\w.-]{1,64}")
"""What a check may be called, and so its KPI."""
