from __future__ import annotations

import json

import msgspec
import pytest
from jsonschema import Draft202012Validator

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.model import Verdict
from pytest_ftgate.reports import json_report
from tests.reports.samples import SAMPLES, kpi, suite, verdict


@pytest.mark.parametrize("name", SAMPLES)
def test_the_document_reads_back_and_fits_its_schema(name):
    judged = SAMPLES[name]()
    data = json_report.encode(judged)
    assert msgspec.json.decode(data, type=Verdict) == judged
    schema = json.loads(json_report.SCHEMA_PATH.read_bytes())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(data))


def test_the_shipped_schema_is_that_of_the_model(golden):
    """Regenerate with ``pytest tests/reports --update-golden``."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pytest-ftgate verdict",
        **msgspec.json.schema(Verdict),
    }
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    golden("verdict.schema.json", text, path=json_report.SCHEMA_PATH)


def test_golden(golden):
    golden("verdict-baseline.json", json_report.encode(SAMPLES["baseline"]()).decode())


def test_unknown_is_null_and_lines_are_indented():
    text = json_report.encode(verdict(suite(kpis=(kpi("cost_per_task", None),)))).decode()
    assert '\n          "value": null,\n' in text
    assert text.endswith("}\n")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_refused(number):
    broken = verdict(suite(kpis=(kpi("accuracy", number),)))
    with pytest.raises(FtgateError, match=r"verdict\.suites\[0\]\.kpis\[0\]\.value is -?(nan|inf)"):
        json_report.encode(broken)


def test_control_characters_are_escaped_in_the_file():
    data = json_report.encode(SAMPLES["hostile"]())
    assert b"\x1b" not in data
    assert b"\x07" not in data
