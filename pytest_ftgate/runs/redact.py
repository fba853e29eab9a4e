"""What is kept of a model's output in a record."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ftgate.model import CaseError, Observation, Record

INLINE_CAP = 20_000
WITHHELD = "withheld (outputs = none)"

OutputRule = Literal["full", "hash", "none"]


def apply(record: Record, outputs: OutputRule, *, cap: int = INLINE_CAP) -> Record:
    """The record with as much of its output as the ``outputs`` setting allows.

    ``full`` keeps the text up to ``cap`` characters and the hash of the whole; ``hash`` keeps the
    hash alone, while reasons of checks still quote what they are about; ``none`` keeps neither,
    and withholds the reasons and notes of checks and the messages of errors as well.

    Args:
        record: with the whole output.
        outputs: the setting.
        cap: the longest text kept, in characters.
    """
    if outputs == "none":
        return replace(
            record,
            output=None,
            output_hash=None,
            observations=tuple(withhold(seen) for seen in record.observations),
            error=_withhold_message(record.error),
        )
    if record.output is None:
        return record
    kept = record.output[:cap] if outputs == "full" else None
    return replace(
        record, output=kept, output_hash=record.output_hash or output_hash(record.output)
    )


def output_hash(output: str) -> str:
    """The BLAKE2b-128 hash of an output's UTF-8 text, as 32 hexadecimal digits."""
    data = output.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def withhold(seen: Observation) -> Observation:
    """The observation without the words that may quote the output."""
    return replace(seen, reason=WITHHELD if seen.reason else "", note=WITHHELD if seen.note else "")


def scrub(seen: Observation, clean: Callable[[str], str]) -> Observation:
    """The observation with its words cleaned, for they may quote an output that holds a secret."""
    predicted = clean(seen.predicted) if seen.predicted is not None else None
    return replace(seen, reason=clean(seen.reason), note=clean(seen.note), predicted=predicted)


def _withhold_message(error: CaseError | None) -> CaseError | None:
    return replace(error, message=WITHHELD) if error else None
