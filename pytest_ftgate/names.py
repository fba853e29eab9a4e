"""Names that the light and the heavy half of the pytest layer share."""

from __future__ import annotations

MARKER = "llm_eval"

# Attributes of a report. Only strings: xdist sends reports as plain data.
PLAN_ATTRIBUTE = "_ftgate_plan"
RECORD_ATTRIBUTE = "_ftgate_record"
OUTCOME_ATTRIBUTE = "_ftgate_outcome"

# What an xdist worker tells at its end, beside its reports: a string as well.
CLOSING_OUTPUT = "ftgate_closing"
