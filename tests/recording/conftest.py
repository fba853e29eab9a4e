from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_ftgate.recording import Recorder, Scope
from tests.servers import FakeProvider


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as running:
        yield running


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return tmp_path / "cassettes" / "triage" / "v1.jsonl"


def scope_of(recorder: Recorder, pack: Path, case: str = "c1", trial: int = 0) -> Scope:
    return recorder.scope(
        pack, "triage", "v1", case, trial, rerecord="pytest evals --ftgate-record=new_episodes"
    )


Run = Callable[..., tuple[object, Scope]]


@pytest.fixture
def run(pack: Path) -> Run:
    """Run a function in a scope of its own, recorded or replayed."""

    def run_in_scope(
        mode: str, work: Callable[[], object], case: str = "c1", trial: int = 0, **options: object
    ) -> tuple[object, Scope]:
        with Recorder(mode, **options) as recorder:
            scope = scope_of(recorder, pack, case, trial)
            with scope, scope.task():
                result = work()
        return result, scope

    return run_in_scope
