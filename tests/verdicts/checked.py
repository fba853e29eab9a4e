"""Deciding in tests: every verdict made here must also be a valid document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from pytest_ftgate.model import KpiResult, Run, SuiteResult, Verdict
from pytest_ftgate.reports import json_report
from pytest_ftgate.verdicts.decide import decide
from pytest_ftgate.verdicts.kpis import KpiDefinition


@cache
def validator() -> Draft202012Validator:
    schema: dict[str, Any] = json.loads(json_report.SCHEMA_PATH.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def decided(run: Run, extra_kpis: Sequence[KpiDefinition] = ()) -> Verdict:
    verdict = decide(run, extra_kpis=extra_kpis)
    check_document(verdict)
    return verdict


def check_document(verdict: Verdict) -> None:
    validator().validate(json.loads(json_report.encode(verdict)))


def suite_of(run: Run, extra_kpis: Sequence[KpiDefinition] = ()) -> SuiteResult:
    (suite,) = decided(run, extra_kpis).suites
    return suite


def kpi_of(run: Run, name: str, extra_kpis: Sequence[KpiDefinition] = ()) -> KpiResult:
    found = {kpi.name: kpi for kpi in suite_of(run, extra_kpis).kpis}
    assert name in found, f"{name} is not among {', '.join(found)}"
    return found[name]


def gate_of(run: Run, name: str) -> tuple[str, str]:
    found = {gate.name: gate for gate in suite_of(run).gates}
    return found[name].verdict, found[name].reason
