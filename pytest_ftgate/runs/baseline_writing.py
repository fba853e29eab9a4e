"""Writing a baseline, in the shortest form that says all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import asdict

from pytest_ftgate.runs.baseline_lines import (
    HIGH,
    LOW,
    WEIGHT,
    Check,
    Header,
    Line,
    Seen,
    Tokens,
    order,
    said,
    unless,
    usual_model,
)
from pytest_ftgate.runs.codec import encode

if TYPE_CHECKING:
    from msgspec import Struct

    from pytest_ftgate.model import Baseline, BaselineHeader, Observation, Record, Usage
    from pytest_ftgate.runs.baseline_lines import Form


def encode_baseline(baseline: Baseline, *, outputs: bool = False) -> bytes:
    """A baseline as the bytes of its file.

    Args:
        baseline: none of its records is an error.
        outputs: keep outputs, their hashes, and the reasons and notes of checks.
    """
    records = sorted(baseline.records, key=order)
    header = baseline.header
    checks: dict[str, Check] = {}
    for record in records:
        for seen in record.observations:
            if seen.check not in checks:
                checks[seen.check] = Check(
                    kind=seen.kind,
                    low=unless(LOW, seen.low),
                    high=unless(HIGH, seen.high),
                    must_pass=seen.must_pass,
                    judge=seen.judge,
                )
    lines: list[Struct] = [Header(**asdict(header), checks=dict(sorted(checks.items())))]
    lines += [_line(record, header, checks, outputs=outputs) for record in records]
    return b"".join(encode(line) + b"\n" for line in lines)


def _line(
    record: Record, header: BaselineHeader, checks: dict[str, Check], *, outputs: bool
) -> Line:
    forms: dict[str, Form | list[Form]] = {}
    for seen in record.observations:
        form = _form(seen, checks[seen.check], outputs=outputs)
        before = forms.get(seen.check)
        if before is None:
            forms[seen.check] = form
        elif isinstance(before, list):
            before.append(form)
        else:
            forms[seen.check] = [before, form]
    return Line(
        case=record.case,
        trial=record.trial,
        status="skipped" if record.status == "skipped" else "scored",
        checks=forms,
        stratum=record.stratum,
        tags=record.tags,
        cluster=record.cluster,
        weight=unless(WEIGHT, record.weight),
        content=record.content,
        latency_s=record.latency_s,
        cost=record.cost,
        tokens=_tokens(record.usage),
        attempts=record.attempts,
        retries=record.retries,
        model=unless(usual_model(header, record.provenance), record.model),
        provenance=record.provenance,
        recorded_at=record.recorded_at,
        output=record.output if outputs else None,
        output_hash=record.output_hash if outputs else None,
    )


def _tokens(used: Usage | None) -> Tokens | None:
    if used is None:
        return None
    return Tokens(into=used.input_tokens, out=used.output_tokens, cached=used.cached_tokens)


def _form(seen: Observation, known: Check, *, outputs: bool) -> Form:
    word = seen.value if seen.passed is None else seen.passed
    form = Seen(
        passed=seen.passed,
        value=UNSET if seen.passed is not None and seen.value == seen.passed else seen.value,
        expected=seen.expected,
        predicted=seen.predicted,
        kind=unless(known.kind, seen.kind),
        low=unless(said(known.low, LOW), seen.low),
        high=unless(said(known.high, HIGH), seen.high),
        must_pass=unless(known.must_pass, seen.must_pass),
        judge=unless(known.judge, seen.judge),
        reason=seen.reason if outputs else "",
        note=seen.note if outputs else "",
    )
    plain = Seen(passed=seen.passed, value=UNSET if seen.passed is not None else seen.value)
    return word if form == plain else form
