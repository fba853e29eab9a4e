"""Reading one run: strict but for the last line of its records, which a kill may have torn."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import force_setattr

from pytest_ftgate.errors import DataError
from pytest_ftgate.model import Manifest, Record, RunEnd
from pytest_ftgate.runs.codec import decode_document, decode_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pytest_ftgate.model import SuitePlan

_Document = TypeVar("_Document", Manifest, RunEnd)
_Key = tuple[str, str, str, int]
_CHUNK = 1 << 20


def read_document(path: Path, kind: type[_Document]) -> _Document:
    """A run's manifest or end marker.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(path, "the file is missing", "Remove the run and evaluate again") from None
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror}", "Check the path") from error
    return decode_document(data, kind, path)


def read_records(path: Path, manifest: Manifest, end: RunEnd | None) -> tuple[Record, ...]:
    """The records of a run in plan order.

    Of several records of one case and trial the last one counts (a rerun). In a run without end
    marker the file may be missing or end in the middle of a line, which is left out. Records that
    no plan selected come last.

    Raises:
        DataError: a line is damaged, or a complete run has lost records.
    """
    plans = {(plan.suite, plan.variant): plan for plan in manifest.plans}
    memo: dict[str, str] = {}
    found: dict[_Key, Record] = {}
    try:
        for record in _decode_lines(path, torn_end=end is None):
            _share(record, plans, memo)
            found[record.suite, record.variant, record.case, record.trial] = record
    except FileNotFoundError:
        pass  # no record came, or the count below tells
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror}", "Check the path") from error
    if end is not None and len(found) != end.received:
        raise DataError(
            path,
            f"the file holds {len(found)} records and the end marker counts {end.received}",
            "Restore the file, or remove the run and evaluate again",
        )
    return tuple(in_plan_order(found, manifest.plans))


def count_lines(path: Path) -> int:
    """The number of whole lines of a file; 0 when it is missing."""
    lines = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                lines += chunk.count(b"\n")
    except FileNotFoundError:
        pass
    return lines


def _decode_lines(path: Path, *, torn_end: bool) -> Iterator[Record]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield decode_record(line, path, number)
            except DataError:
                # Only the last line can lack its newline.
                if torn_end and not line.endswith(b"\n"):
                    return
                raise


def _share(record: Record, plans: dict[tuple[str, str], SuitePlan], memo: dict[str, str]) -> None:
    """Let equal texts of many records be one object: a record costs a third of the memory."""
    plan = plans.get((record.suite, record.variant))
    if plan is not None and plan.components == record.components:
        force_setattr(record, "components", plan.components)
    for name in _REPEATED:
        text = getattr(record, name)
        if text is not None:
            force_setattr(record, name, memo.setdefault(text, text))
    for seen in record.observations:
        force_setattr(seen, "check", memo.setdefault(seen.check, seen.check))


_REPEATED = ("run", "suite", "variant", "split", "stratum", "model", "recorded_at")


def in_plan_order(found: dict[_Key, Record], plans: Iterable[SuitePlan]) -> Iterator[Record]:
    """The records in the order in which the plans select them, the unplanned ones last.

    Args:
        found: the records by suite, variant, case and trial; it is emptied.
        plans: the plans of a run.
    """
    for plan in plans:
        for case, trial in plan.selected:
            record = found.pop((plan.suite, plan.variant, case, trial), None)
            if record is not None:
                yield record
    for key in sorted(found):
        yield found.pop(key)
