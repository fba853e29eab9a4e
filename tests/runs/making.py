"""Runs for tests: small, complete, and with every kind of record."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from pytest_ftgate.model import (
    COMPONENTS,
    CaseError,
    Gate,
    Manifest,
    Observation,
    Record,
    Run,
    RunEnd,
    SuitePlan,
    Usage,
)

COMPONENT_HASHES = {name: f"{index:032x}" for index, name in enumerate(COMPONENTS)}


def held(check: str = "echo", **changes: Any) -> Observation:
    return replace(Observation(check=check, kind="text", value=1.0, passed=True), **changes)


def missed(check: str = "echo", **changes: Any) -> Observation:
    seen = Observation(check=check, kind="text", value=0.0, passed=False, reason=f"no {check}")
    return replace(seen, **changes)


def scored(case: str, *observations: Observation, **changes: Any) -> Record:
    record = Record(
        suite="triage",
        variant="v1",
        case=case,
        trial=0,
        status="scored",
        components=COMPONENT_HASHES,
        content="0" * 32,
        observations=observations,
        usage=Usage(input_tokens=100, output_tokens=20),
        latency_s=0.5,
        attempts=1,
        retries=0,
        provenance="replayed",
        recorded_at="2026-10-01T08:00:00Z",
        model="gpt-4.1-mini",
        output=f"answer of {case}",
    )
    return replace(record, **changes)


def failed(case: str, **changes: Any) -> Record:
    error = CaseError(type="CassetteMiss", message="no recorded call")
    record = Record(suite="triage", variant="v1", case=case, trial=0, status="error", error=error)
    return replace(record, **changes)


def skipped(case: str, **changes: Any) -> Record:
    record = Record(suite="triage", variant="v1", case=case, trial=0, status="skipped")
    return replace(record, **changes)


def plan_of(*records: Record, **changes: Any) -> SuitePlan:
    plan = SuitePlan(
        suite=records[0].suite if records else "triage",
        variant=records[0].variant if records else "v1",
        split="dev",
        file="evals/test_triage.py",
        selected=tuple((record.case, record.trial) for record in records),
        available=len(records),
        components=COMPONENT_HASHES,
    )
    return replace(plan, **changes)


def manifest_of(*plans: SuitePlan, **changes: Any) -> Manifest:
    manifest = Manifest(
        run="20261001T080000000Z-0123abcd", created_at="2026-10-01T08:00:00Z", plans=plans
    )
    return replace(manifest, **changes)


def run_of(*records: Record, gates: tuple[Gate, ...] = (), **plan_changes: Any) -> Run:
    """A complete run of one suite that selected exactly these records."""
    plan = plan_of(*records, gates=gates, **plan_changes)
    return Run(manifest=manifest_of(plan), records=records, end=end_of(len(records)))


def end_of(received: int) -> RunEnd:
    return RunEnd(ended_at="2026-10-01T08:00:09Z", received=received, wall_s=9.0)
