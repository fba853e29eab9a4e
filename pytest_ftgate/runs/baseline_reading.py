"""Reading a baseline: strict, with the line of every fault, fast for a hundred thousand lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET
from msgspec.structs import asdict

from pytest_ftgate.errors import DataError
from pytest_ftgate.model import SCHEMA_VERSION, Baseline, BaselineHeader, Observation, Record, Usage
from pytest_ftgate.runs.baseline_lines import (
    HIGH,
    LOW,
    WEIGHT,
    Header,
    Line,
    Seen,
    count_outcomes,
    order,
    said,
    usual_model,
)
from pytest_ftgate.runs.codec import damaged, implausible, too_new

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from pytest_ftgate.runs.baseline_lines import Form, Tokens

ADVICE = "Restore the file, or remove it and accept a run: pytest-ftgate baseline accept"

_BOM = b"\xef\xbb\xbf"
_CONFLICT = (b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>")
_RESOLVE = "Take one side as a whole, or remove it and accept a run: pytest-ftgate baseline accept"
_HEADER_DECODER = msgspec.json.Decoder(Header)
_LINE_DECODER = msgspec.json.Decoder(Line)


def decode_baseline(data: bytes, path: str | os.PathLike[str]) -> Baseline:
    """A baseline from the bytes of its file.

    Args:
        data: the content.
        path: where it is from, for messages.

    Raises:
        DataError: a line is damaged, a case and trial stand twice, or the header does not count
            what the lines hold.
    """
    lines = _lines(data.removeprefix(_BOM), path)
    number, first = next(lines, (1, b""))
    header = _decode_header(first, path, number)
    reader = _Reader(header, path)
    records = tuple(sorted((reader.read(line, at) for at, line in lines), key=order))
    counts = {outcome: count for outcome, count in count_outcomes(records).items() if count}
    if counts != {outcome: count for outcome, count in header.counts.items() if count}:
        raise DataError(
            path,
            f"the header counts {_counted(header.counts)}, and the lines hold {_counted(counts)}",
            ADVICE,
            line=number,
        )
    fields = asdict(header)
    del fields["checks"]
    return Baseline(header=BaselineHeader(**fields), records=records)


class _Reader:
    """Reads the lines of one baseline."""

    def __init__(self, header: Header, path: str | os.PathLike[str]) -> None:
        self._header = header
        self._path = path
        self._places: dict[tuple[str, int], int] = {}
        # Most results are one of a few: one object serves all lines that say the same.
        self._seen: dict[tuple[str, Form, type], Observation] = {}

    def read(self, data: bytes, number: int) -> Record:
        """The record of a line.

        Raises:
            DataError: it is damaged, or its case and trial have stood on an earlier line.
        """
        try:
            line = _LINE_DECODER.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise damaged(error, self._path, number, ADVICE) from None
        record = self._record(line, number)
        problem = implausible(record)
        if problem:
            raise DataError(self._path, problem, ADVICE, line=number)
        first = self._places.setdefault((line.case, line.trial), number)
        if first != number:
            reason = (
                f"trial {line.trial + 1} of the case {line.case!r} stands on line {first} already"
            )
            raise DataError(self._path, reason, ADVICE, line=number)
        return record

    def _record(self, line: Line, number: int) -> Record:
        header = self._header
        return Record(
            suite=header.suite,
            variant=header.variant,
            case=line.case,
            trial=line.trial,
            status=line.status,
            run=header.run,
            components=header.components,
            content=line.content,
            stratum=line.stratum,
            tags=line.tags,
            split=header.split,
            weight=said(line.weight, WEIGHT),
            cluster=line.cluster,
            observations=tuple(self._observations(line, number)),
            usage=_usage(line.tokens),
            cost=line.cost,
            latency_s=line.latency_s,
            attempts=line.attempts,
            retries=line.retries,
            provenance=line.provenance,
            recorded_at=line.recorded_at,
            model=said(line.model, usual_model(header, line.provenance)),
            output=line.output,
            output_hash=line.output_hash,
        )

    def _observations(self, line: Line, number: int) -> Iterator[Observation]:
        for name, forms in line.checks.items():
            for form in forms if isinstance(forms, list) else (forms,):
                # The type tells true from 1.
                key = (name, form, type(form))
                seen = self._seen.get(key)
                if seen is None:
                    seen = self._seen[key] = self._observation(name, form, number)
                yield seen

    def _observation(self, name: str, form: Form, number: int) -> Observation:
        known = self._header.checks.get(name)
        if known is None:
            reason = f"the header does not know the check {name!r}"
            raise DataError(self._path, reason, ADVICE, line=number)
        if isinstance(form, bool):
            form = Seen(passed=form)
        elif isinstance(form, float):
            form = Seen(value=form)
        if form.value is UNSET and form.passed is None:
            reason = f"the check {name!r} has neither passed nor a value"
            raise DataError(self._path, reason, ADVICE, line=number)
        return Observation(
            check=name,
            kind=said(form.kind, known.kind),
            value=float(form.passed or False) if form.value is UNSET else form.value,
            low=said(form.low, said(known.low, LOW)),
            high=said(form.high, said(known.high, HIGH)),
            passed=form.passed,
            reason=form.reason,
            note=form.note,
            expected=form.expected,
            predicted=form.predicted,
            must_pass=said(form.must_pass, known.must_pass),
            judge=said(form.judge, known.judge),
        )


def _usage(tokens: Tokens | None) -> Usage | None:
    if tokens is None:
        return None
    return Usage(input_tokens=tokens.into, output_tokens=tokens.out, cached_tokens=tokens.cached)


def _decode_header(data: bytes, path: str | os.PathLike[str], number: int) -> Header:
    try:
        header = _HEADER_DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise damaged(error, path, number, ADVICE) from None
    if header.schema_version > SCHEMA_VERSION:
        raise DataError(path, too_new(header.schema_version), "Upgrade pytest-ftgate", line=number)
    return header


def _lines(data: bytes, path: str | os.PathLike[str]) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.startswith(_CONFLICT):
            raise DataError(path, "this is an unresolved merge conflict", _RESOLVE, line=number)
        if line.strip():
            yield number, line


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or "none"
