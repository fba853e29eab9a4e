from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ftgate.errors import StoreError
from pytest_ftgate.runs import ledger


def use(run: str) -> ledger.HoldoutUse:
    return ledger.HoldoutUse(
        at="2026-01-01T00:00:00Z", run=run, suite="s", variant="v", cases=3, record_mode="none"
    )


def test_uses_are_appended_and_read_in_order(tmp_path: Path) -> None:
    path = ledger.ledger_path(tmp_path / "baselines", "s")
    assert ledger.read_uses(path) == ()
    ledger.note_use(path, use("one"))
    ledger.note_use(path, use("two"))
    assert ledger.read_uses(path) == (use("one"), use("two"))


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.holdout.jsonl"
    ledger.note_use(path, use("one"))
    path.write_text(path.read_text() + "{torn")
    with pytest.raises(StoreError, match=r"holdout\.jsonl:2: no entry of a holdout ledger"):
        ledger.read_uses(path)


def test_a_ledger_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="ledger"):
        ledger.note_use(tmp_path / "file" / "ledger.jsonl", use("one"))
