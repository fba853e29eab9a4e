"""The nouns of pytest-ftgate: frozen, typed, and free of behaviour that needs another room.

Everything that is written to disk or sent between processes is one of these structures encoded
as JSON. Numbers are finite (NaN and Infinity are rejected when read and when written), unknown
values are ``None`` and never zero, times are seconds, money is US dollars, instants are ISO 8601
strings in UTC.

``gc=False`` marks what a run holds by the hundred thousand and what cannot refer to itself: the
cyclic garbage collector need not visit it.
"""

from __future__ import annotations

from pytest_ftgate.model.inputs import Case, Variant
from pytest_ftgate.model.results import CaseError, Completion, Observation, Record, Usage
from pytest_ftgate.model.runs import (
    Baseline,
    BaselineHeader,
    Gate,
    HistoryEntry,
    Manifest,
    Rules,
    Run,
    RunEnd,
    SuitePlan,
)
from pytest_ftgate.model.verdicts import (
    ErrorCause,
    GateResult,
    KpiResult,
    LabelTable,
    Miss,
    Provenance,
    RunFacts,
    SliceResult,
    StratumValue,
    SuiteResult,
    Verdict,
)
from pytest_ftgate.model.vocabulary import (
    COMPONENTS,
    SCHEMA_VERSION,
    CauseKind,
    CheckKind,
    Direction,
    GateMode,
    KpiVerdict,
    Outcome,
    RunVerdict,
    Split,
)

__all__ = [
    "COMPONENTS",
    "SCHEMA_VERSION",
    "Baseline",
    "BaselineHeader",
    "Case",
    "CaseError",
    "CauseKind",
    "CheckKind",
    "Completion",
    "Direction",
    "ErrorCause",
    "Gate",
    "GateMode",
    "GateResult",
    "HistoryEntry",
    "KpiResult",
    "KpiVerdict",
    "LabelTable",
    "Manifest",
    "Miss",
    "Observation",
    "Outcome",
    "Provenance",
    "Record",
    "Rules",
    "Run",
    "RunEnd",
    "RunFacts",
    "RunVerdict",
    "SliceResult",
    "Split",
    "StratumValue",
    "SuitePlan",
    "SuiteResult",
    "Usage",
    "Variant",
    "Verdict",
]
