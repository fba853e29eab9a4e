"""The words that records and verdicts share: one name for each thing, everywhere."""

from __future__ import annotations

from typing import Literal

SCHEMA_VERSION = 1

Split = Literal["train", "dev", "holdout"]
Outcome = Literal["passed", "missed", "failed", "error", "skipped"]
CheckKind = Literal["format", "policy", "label", "text", "score", "escalation", "rubric", "assert"]
Direction = Literal["higher", "lower"]
GateMode = Literal["observed", "confident", "proven"]
KpiVerdict = Literal["pass", "warn", "block", "inconclusive", "partial", "none"]
CauseKind = Literal["not_recorded", "not_replayable", "unreachable", "key_refused", "other"]
RunVerdict = Literal["pass", "warn", "block", "inconclusive", "error"]

COMPONENTS = ("instructions", "examples", "schema", "tools", "retrieval", "model", "params")
"""The named parts of a variant's fingerprint, in the order in which they are shown."""
