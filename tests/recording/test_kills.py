"""Killed at any moment, a recording leaves a pack that loads, and loses nothing that was told."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from pytest_ftgate.recording import Recorder, packs
from pytest_ftgate.recording.lines import TASK, Answer
from pytest_ftgate.recording.parts import PartWriter
from tests.recording.conftest import scope_of
from tests.recording.test_packs import interaction
from tests.servers import FakeProvider

KILLS = 200
SMALL, LARGE = "x" * 10, "y" * 20_000


def fork_and_kill(work: object, delay_s: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside xdist's threads
        pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(delay_s)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_killed_while_appending_and_merging(tmp_path: Path) -> None:
    """Every line that a process finished writing is there for ever, whatever is killed when."""
    path = tmp_path / "v1.jsonl"
    told, telling = os.pipe()
    os.set_blocking(told, False)
    choose = random.Random(1)
    number = 0

    def record() -> None:
        at = number
        while True:
            writer = PartWriter(path, "gw0")
            for _ in range(3):
                text = LARGE if at % 3 == 0 else SMALL
                writer.append([interaction(f"c{at:06}", text=text)])
                os.write(telling, b"%d\n" % at)
                at += 1
            writer.close()
            packs.merge_parts(path)

    promised: set[str] = set()
    for _ in range(KILLS):
        fork_and_kill(record, choose.uniform(0.0, 0.012))
        try:
            finished = [int(line) for line in os.read(told, 1 << 20).split()]
        except BlockingIOError:
            finished = []
        promised.update(f"c{at:06}" for at in finished)
        number = max([number, *finished]) + 1
        found = [entry.head.case for entry in packs.read(path)]
        assert found == sorted(set(found))
        assert promised <= set(found)
    assert len(promised) > 20
    packs.merge_parts(path)
    for entry in packs.read(path):
        entry.parse(Answer)
    assert [entry.name for entry in tmp_path.iterdir()] == ["v1.jsonl"]


RECORD = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
import httpx2
from pytest_ftgate.recording import Recorder
with Recorder({mode!r}) as recorder:
    for number in range(1000):
        with recorder.scope(Path({pack!r}), "s", "v", f"c{{number % 7}}", 0) as scope, scope.task():
            httpx2.get({url!r} + f"/{{number % 7}}/a")
            httpx2.get({url!r} + f"/{{number % 7}}/b")
        print(number, flush=True)
"""


@pytest.mark.parametrize("mode", ["new_episodes", "all"])
def test_killed_sessions_leave_packs_that_replay(
    mode: str, pack: Path, provider: FakeProvider
) -> None:
    root = str(Path(__file__).parents[2])
    code = RECORD.format(root=root, mode=mode, pack=str(pack), url=provider.url)
    for kill_after in (3, 9):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(kill_after):
            assert child.stdout.readline(), "the child failed before it was killed"
        child.kill()
        child.stdout.close()
        child.wait()
        with Recorder("none") as recorder:
            for case in range(min(kill_after, 7)):
                with scope_of(recorder, pack, f"c{case}") as scope:
                    import httpx2

                    httpx2.get(f"{provider.url}/{case}/a")
                    httpx2.get(f"{provider.url}/{case}/b")
                assert scope.provenance == "replayed"
                assert scope.task_elapsed_s is not None
    index = packs.read(pack)
    for trial in index.trials.values():
        assert len(trial.entries) in (1, 2)
        assert trial.task is None or trial.task.head.key == TASK


def test_a_forked_child_records_into_a_part_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "v1.jsonl"
    writer = PartWriter(path, "gw0")
    writer.append([interaction("parent")])

    def child() -> None:
        writer.append([interaction("child")])
        writer.close()

    fork_and_kill(child, 0.3)
    assert len(list(tmp_path.iterdir())) == 2
    writer.append([interaction("parent again")])
    writer.close()
    packs.merge_parts(path)
    assert [entry.head.case for entry in packs.read(path)] == ["child", "parent", "parent again"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["v1.jsonl"]


def test_processes_that_merge_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "v1.jsonl"

    def work(name: int) -> None:
        for number in range(10):
            writer = PartWriter(path, f"gw{name}")
            writer.append([interaction(f"c{name}-{number}")])
            writer.close()
            packs.merge_parts(path)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        children = []
        for name in range(4):
            pid = os.fork()
            if pid == 0:
                try:
                    work(name)
                finally:
                    os._exit(0)
            children.append(pid)
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0
    packs.merge_parts(path)
    assert len(list(packs.read(path))) == 40
    assert [entry.name for entry in tmp_path.iterdir()] == ["v1.jsonl"]
