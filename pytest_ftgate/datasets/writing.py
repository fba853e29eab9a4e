"""Writing datasets: JSON Lines, CSV for spreadsheets, and chats for fine-tuning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.canonical import escape_surrogates
from pytest_ftgate.datasets.cases import SPLITS, plain
from pytest_ftgate.datasets.locks import refuse_change
from pytest_ftgate.datasets.reading import from_objects, load
from pytest_ftgate.datasets.splits import RATIOS, split_cases
from pytest_ftgate.datasets.summary import Summary, summarize
from pytest_ftgate.errors import ConfigError, DataError, did_you_mean, shown_path
from pytest_ftgate.files import write_atomic

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    from pytest_ftgate.model import Case

    ToMessages = Callable[[Case], list[dict[str, Any]]]

FORMATS = ("jsonl", "csv", "chat")


def dump(cases: Iterable[Case], path: str | os.PathLike[str]) -> None:
    """Write cases to a dataset file, as a whole or not at all.

    The suffix decides: ``.jsonl`` or ``.ndjson``, or ``.csv``. :func:`pytest_ftgate.datasets.load`
    reads back equal cases. Absent and default values are left out, except the split.

    Raises:
        DataErrors: a case is wrong.
        ConfigError: the suffix is another one.
        StoreError: the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in {".jsonl", ".ndjson", ".csv"}:
        got = repr(suffix) if suffix else "no suffix"
        raise ConfigError(f"{shown_path(path)}: datasets are written as .jsonl or .csv, got {got}")
    _write(from_objects(cases, shown_path(path)), path, "csv" if suffix == ".csv" else "jsonl")


def split_file(
    path: str | os.PathLike[str],
    target: str | os.PathLike[str] | None = None,
    *,
    ratios: Sequence[float] = RATIOS,
    seed: int = 0,
) -> Summary:
    """Split a dataset file and write it, in place unless a target is given.

    Returns:
        The counts and shares that were achieved.

    Raises:
        DataErrors: the dataset is wrong.
        DataError: the holdout of the target is locked and would change.
        ConfigError: the ratios or the target's suffix are wrong.
        StoreError: the target cannot be written.
    """
    target = path if target is None else target
    cases = split_cases(load(path), ratios=ratios, seed=seed)
    refuse_change(target, cases)
    dump(cases, target)
    return summarize(cases)


def export(
    cases: Sequence[Case],
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    splits: Sequence[str] | None = None,
    to_messages: ToMessages | None = None,
) -> int:
    """Write cases for another tool.

    ``jsonl`` and ``csv`` hold whole cases and can be read back. ``chat`` holds training data for
    fine-tuning: ``{"messages": [...]}`` with the expected answer as the last message. It takes
    the train split unless told otherwise, and never the holdout.

    Args:
        cases: the cases.
        path: the file to write.
        format: one of ``FORMATS``; by default what the suffix says.
        splits: only cases of these splits.
        to_messages: renders a case's input as chat messages, for ``chat``; by default text is one
            user message and a list is taken as it is.

    Returns:
        The number of cases written.

    Raises:
        ConfigError: the format or a split is wrong, or no case is left to write.
        DataError: a case has no expected answer, or its input needs ``to_messages``.
        StoreError: the file cannot be written.
    """
    format = format or ("csv" if Path(path).suffix.lower() == ".csv" else "jsonl")
    if format not in FORMATS:
        raise ConfigError(f"format: got {format!r}; {did_you_mean(format, FORMATS)}")
    chosen = tuple(splits) if splits else (("train",) if format == "chat" else SPLITS)
    for split in chosen:
        if split not in SPLITS:
            raise ConfigError(f"split: got {split!r}; {did_you_mean(split, SPLITS)}")
    if format == "chat" and "holdout" in chosen:
        raise ConfigError(
            "holdout cases are not exported as training data: they could prove nothing afterwards"
        )
    picked = tuple(case for case in cases if case.split in chosen)
    if not picked:
        raise ConfigError(f"there is no case of the split {' or '.join(chosen)} to export")
    if format == "chat":
        write_atomic(path, _lines(_chat(case, to_messages) for case in picked))
    else:
        _write(picked, path, format)
    return len(picked)


def _write(cases: Sequence[Case], path: str | os.PathLike[str], format: str) -> None:
    rows = [plain(case) for case in cases]
    if format == "csv":
        from pytest_ftgate.datasets.csv_rows import write_csv

        write_atomic(path, write_csv(rows))
    else:
        write_atomic(path, _lines(rows))


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join(
        escape_surrogates(json.dumps(row, ensure_ascii=False, allow_nan=False)) + "\n"
        for row in rows
    ).encode("utf-8")


def _chat(case: Case, to_messages: ToMessages | None) -> dict[str, Any]:
    if case.expected is None:
        raise _unfit(case, "has no expected answer to train on", 'Add "expected"')
    if to_messages is not None:
        messages = to_messages(case)
    elif isinstance(case.input, str):
        messages = [{"role": "user", "content": case.input}]
    elif isinstance(case.input, (list, tuple)):
        messages = list(case.input)
    else:
        raise _unfit(case, "has an object as its input", "Name the variant whose prompt renders it")
    answer = case.expected
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return {"messages": [*messages, {"role": "assistant", "content": text}]}


def _unfit(case: Case, reason: str, advice: str) -> DataError:
    return DataError(case.source or "the dataset", f"case {case.id!r} {reason}", advice)
