"""What each mode lets out, plays and writes; what a scope knows of its calls."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import openai
import pytest

from pytest_ftgate import files
from pytest_ftgate.errors import ConfigError, DataError, StoreError
from pytest_ftgate.recording import Recorder, packs
from tests import interception
from tests.recording.conftest import Run, scope_of
from tests.servers import FakeProvider, Fault


def get(provider: FakeProvider, path: str = "/a") -> str:
    return httpx2.get(f"{provider.url}{path}").text


def paths(provider: FakeProvider) -> list[str]:
    return [seen.path for seen in provider.seen]


def stored(pack: Path) -> list[str]:
    lines = [json.loads(line) for line in pack.read_text().splitlines()]
    return [line["request"]["uri"].rpartition("/")[2] for line in lines if line["k"] != "task"]


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ConfigError, match="did you mean 'new_episodes'"):
        Recorder("new_episode")


def test_none_lets_nothing_out_and_writes_nothing(
    provider: FakeProvider, pack: Path, run: Run
) -> None:
    with pytest.raises(openai.OpenAIError, match="never recorded"):
        run("none", lambda: get(provider))
    assert provider.seen == []
    assert not pack.parent.exists()


def test_new_episodes_records_what_is_missing(provider: FakeProvider, pack: Path, run: Run) -> None:
    run("new_episodes", lambda: get(provider, "/a"))
    _, scope = run("new_episodes", lambda: (get(provider, "/a"), get(provider, "/b")))
    assert paths(provider) == ["/a", "/b"]
    assert [call.provenance for call in scope.calls] == ["replayed", "live"]
    assert scope.provenance == "live"
    assert stored(pack) == ["a", "b"]
    run("none", lambda: (get(provider, "/a"), get(provider, "/b")))


def test_all_records_everything_again(provider: FakeProvider, pack: Path, run: Run) -> None:
    run("new_episodes", lambda: (get(provider, "/a"), get(provider, "/b")))
    run("new_episodes", lambda: get(provider, "/c"), case="other")
    run("all", lambda: (get(provider, "/b"), get(provider, "/d")))
    assert paths(provider) == ["/a", "/b", "/c", "/b", "/d"]
    assert stored(pack) == ["b", "d", "c"]
    assert pack.read_text().count('"k":"task"') == 2


def test_all_keeps_the_old_recording_of_a_case_that_fails(
    provider: FakeProvider, pack: Path
) -> None:
    def record(mode: str, fail: bool) -> None:
        with Recorder(mode) as recorder, scope_of(recorder, pack) as scope, scope.task():
            get(provider, "/new" if mode == "all" else "/old")
            if fail:
                raise RuntimeError("the task broke")

    record("new_episodes", fail=False)
    before = pack.read_bytes()
    with pytest.raises(RuntimeError):
        record("all", fail=True)
    assert pack.read_bytes() == before
    record("all", fail=False)
    assert stored(pack) == ["new"]


def test_all_forgets_the_calls_of_a_case_that_makes_none_any_more(
    provider: FakeProvider, pack: Path, run: Run
) -> None:
    run("new_episodes", lambda: get(provider))
    run("all", lambda: None)
    assert not pack.exists()


def test_off_lets_everything_out_and_writes_nothing(
    provider: FakeProvider, pack: Path, run: Run
) -> None:
    run("new_episodes", lambda: get(provider))
    before = pack.read_bytes()
    _, scope = run("off", lambda: (get(provider), get(provider, "/b")))
    assert len(provider.seen) == 3
    assert pack.read_bytes() == before
    assert (scope.provenance, scope.attempts) == ("live", 2)
    assert scope.task_elapsed_s is not None
    assert scope.recorded_at is not None


def test_identical_requests_replay_in_their_order(provider: FakeProvider, run: Run) -> None:
    answers = iter(["one", "two", "three"])
    provider.answer = lambda request: next(answers)
    body = {"model": "m", "messages": []}

    def ask() -> list[str]:
        url = f"{provider.url}/v1/chat/completions"
        found = [httpx2.post(url, json=body).json() for _ in range(3)]
        return [answer["choices"][0]["message"]["content"] for answer in found]

    assert run("new_episodes", ask)[0] == ["one", "two", "three"]
    replayed, scope = run("none", ask)
    assert replayed == ["one", "two", "three"]
    assert [call.attempt for call in scope.calls] == [1, 2, 3]
    with pytest.raises(openai.OpenAIError, match="recorded 3 times and already played 3 of 3"):
        run("none", lambda: (ask(), ask()))


def test_trials_and_cases_have_answers_of_their_own(
    provider: FakeProvider, pack: Path, run: Run
) -> None:
    answers = iter("abcd")
    provider.answer = lambda request: next(answers)

    def ask() -> str:
        body = {"model": "m", "messages": []}
        done = httpx2.post(f"{provider.url}/v1/chat/completions", json=body).json()
        return str(done["choices"][0]["message"]["content"])

    places = [("c2", 0), ("c1", 1), ("c1", 0), ("c2", 1)]
    for (case, trial), expected in zip(places, "abcd", strict=True):
        assert run("new_episodes", ask, case=case, trial=trial)[0] == expected
    for (case, trial), expected in zip(reversed(places), "dcba", strict=True):
        assert run("none", ask, case=case, trial=trial)[0] == expected
    order = [(entry.head.case, entry.head.trial) for entry in packs.read(pack)]
    assert order == sorted(places)


def test_concurrent_cases_are_recorded_apart(provider: FakeProvider, pack: Path) -> None:
    provider.delay_s = 0.02

    def record(recorder: Recorder, case: str) -> None:
        with scope_of(recorder, pack, case) as scope, scope.task():
            for number in range(3):
                assert get(provider, f"/{case}/{number}")

    with Recorder("new_episodes") as recorder, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: record(recorder, f"c{number}"), range(16)))
    with Recorder("none") as recorder:
        for number in reversed(range(16)):
            record(recorder, f"c{number}")
    assert len(provider.seen) == 48
    for trial in packs.read(pack).trials.values():
        assert [entry.head.seq for entry in trial.entries] == [0, 1, 2]
        assert trial.task is not None


def test_concurrent_tasks_of_one_loop_are_recorded_apart(
    provider: FakeProvider, pack: Path
) -> None:
    async def record(recorder: Recorder, case: str) -> None:
        async with httpx2.AsyncClient() as client:
            with scope_of(recorder, pack, case) as scope, scope.task():
                await client.get(f"{provider.url}/{case}/a")
                await asyncio.gather(*(client.get(f"{provider.url}/{case}/{n}") for n in "bc"))

    async def session(recorder: Recorder) -> None:
        await asyncio.gather(*(record(recorder, f"c{number}") for number in range(8)))

    for mode in ("new_episodes", "none"):
        with Recorder(mode) as recorder:
            asyncio.run(session(recorder))
    assert len(provider.seen) == 24
    assert all(len(trial.entries) == 3 for trial in packs.read(pack).trials.values())


def test_identical_requests_in_threads_each_get_an_answer_of_their_own(
    provider: FakeProvider, run: Run
) -> None:
    numbers = iter(range(40))
    lock = threading.Lock()

    def answer(request: object) -> str:
        with lock:
            return str(next(numbers))

    provider.answer = answer

    def ask_many() -> list[str]:
        url, body = f"{provider.url}/v1/chat/completions", {"model": "m", "messages": []}
        with ThreadPoolExecutor(8) as pool:
            done = pool.map(lambda _: httpx2.post(url, json=body).json(), range(40))
            return sorted(one["choices"][0]["message"]["content"] for one in done)

    recorded, _ = run("new_episodes", ask_many)
    replayed, scope = run("none", ask_many)
    assert recorded == replayed == sorted(str(number) for number in range(40))
    assert scope.misses == []


def test_the_time_of_a_task_is_that_of_the_recording(provider: FakeProvider, run: Run) -> None:
    def task() -> None:
        get(provider)
        time.sleep(0.25)

    _, live = run("new_episodes", task)
    assert live.task_elapsed_s is not None
    assert live.task_elapsed_s >= 0.25
    _, replayed = run("none", lambda: get(provider))
    assert replayed.task_elapsed_s == pytest.approx(live.task_elapsed_s, abs=1e-6)


def test_a_task_recorded_in_part_counts_the_time_of_what_was_replayed(
    provider: FakeProvider, run: Run
) -> None:
    provider.delay_s = 0.2
    run("new_episodes", lambda: get(provider, "/a"))
    provider.delay_s = 0
    _, mixed = run("new_episodes", lambda: (get(provider, "/a"), get(provider, "/b")))
    assert mixed.task_elapsed_s is not None
    assert mixed.task_elapsed_s >= 0.2
    _, replayed = run("none", lambda: (get(provider, "/a"), get(provider, "/b")))
    assert replayed.task_elapsed_s == pytest.approx(mixed.task_elapsed_s, abs=1e-6)


def test_without_a_timed_task_the_time_is_that_of_the_calls(
    provider: FakeProvider, pack: Path
) -> None:
    for mode in ("new_episodes", "none"):
        with Recorder(mode) as recorder, scope_of(recorder, pack) as scope:
            get(provider, "/a")
            get(provider, "/b")
        assert scope.task_elapsed_s == sum(call.elapsed_s or 0 for call in scope.calls)


def test_a_scope_without_calls_knows_of_nothing(run: Run) -> None:
    for mode in ("new_episodes", "none", "all", "off"):
        _, scope = run(mode, lambda: None)
        assert (scope.provenance, scope.recorded_at, scope.task_elapsed_s) == (None, None, None)
        assert scope.attempts == 0


def test_a_scope_may_be_entered_again(provider: FakeProvider, pack: Path) -> None:
    for mode in ("new_episodes", "all", "none"):
        with Recorder(mode) as recorder:
            scope = scope_of(recorder, pack)
            with scope, scope.task():
                get(provider, "/a")
            scope.enter()
            get(provider, "/b")
            scope.leave()
            scope.leave()
        assert scope.attempts == 2
        assert stored(pack) == ["a", "b"]


def test_an_attempt_repeated_in_one_session_plays_what_the_first_recorded(
    provider: FakeProvider, pack: Path
) -> None:
    with Recorder("new_episodes") as recorder:
        for provenance in ("live", "replayed"):
            with scope_of(recorder, pack) as scope, scope.task():
                get(provider)
            assert scope.provenance == provenance
    assert len(provider.seen) == 1


def test_frozen_clocks_do_not_freeze_recordings(
    provider: FakeProvider, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    _, scope = run("new_episodes", lambda: get(provider))
    assert scope.calls[0].elapsed_s is not None
    assert scope.calls[0].elapsed_s > 0
    assert scope.recorded_at is not None
    assert scope.recorded_at > "2026"


def test_a_damaged_pack_is_told_when_its_scope_is_made(pack: Path) -> None:
    pack.parent.mkdir(parents=True)
    pack.write_text("{}\n")
    with Recorder("none") as recorder, pytest.raises(DataError, match=r"v1\.jsonl:1: "):
        scope_of(recorder, pack)


def test_a_damaged_line_is_told_through_the_client(
    provider: FakeProvider, pack: Path, run: Run
) -> None:
    run("new_episodes", lambda: get(provider))
    pack.write_text(pack.read_text().replace('"code":200', '"code":"x"'))
    with pytest.raises(DataError, match=r"v1\.jsonl:1: the line is damaged") as damaged:
        run("none", lambda: get(provider))
    assert isinstance(damaged.value, openai.OpenAIError)


def test_what_cannot_be_written_is_told(provider: FakeProvider, pack: Path, tmp_path: Path) -> None:
    (tmp_path / "cassettes").write_text("a file where a directory is needed")
    with (
        pytest.raises(StoreError, match="Remove the file that stands where"),
        Recorder("new_episodes") as recorder,
        scope_of(recorder, pack),
    ):
        get(provider)


def test_stale_interactions_are_those_of_the_cases_run_that_were_not_played(
    provider: FakeProvider, pack: Path, run: Run
) -> None:
    run("new_episodes", lambda: (get(provider, "/a"), get(provider, "/b")), case="c1")
    run("new_episodes", lambda: get(provider, "/a"), case="c2")
    with Recorder("none") as recorder:
        with scope_of(recorder, pack, "c1"):
            get(provider, "/b")
        assert recorder.stale() == {pack: 1}
        coverage = json.loads(json.dumps(recorder.coverage()))
    assert coverage == {str(pack): {"scoped": [["c1", 0]], "played": [["c1", 0, 1]]}}


def test_a_failure_is_not_mistaken_for_an_answer(provider: FakeProvider, run: Run) -> None:
    provider.script(Fault(status=404, body=b'{"detail": "no"}'))
    _, live = run("new_episodes", lambda: get(provider))
    _, replayed = run("none", lambda: get(provider))
    assert live.calls[0].status == replayed.calls[0].status == 404
    assert replayed.calls[0].body == b'{"detail":"no"}'


def test_recorders_leave_nothing_behind(provider: FakeProvider, pack: Path) -> None:
    before = interception.replaceable()
    recorder = Recorder("none")
    recorder.start()
    recorder.start()
    scope = scope_of(recorder, pack)
    scope.enter()
    assert interception.changed(before) == list(before)
    recorder.stop()
    recorder.stop()
    assert not interception.changed(before)
    assert get(provider)


@pytest.mark.parametrize("mode", ["new_episodes", "none"])
def test_a_stopped_recorder_lets_go_of_its_packs(
    mode: str, provider: FakeProvider, pack: Path, run: Run
) -> None:
    run("new_episodes", lambda: get(provider, "/a"))
    with Recorder(mode) as recorder:
        with scope_of(recorder, pack) as scope:
            get(provider, "/a" if mode == "none" else "/b")
        held = weakref.ref(scope.pack)
    del scope
    assert held() is None
    assert recorder.coverage() == {
        str(pack): {"scoped": [("c1", 0)], "played": [("c1", 0, 0 if mode == "none" else 1)]}
    }


def test_a_pack_that_cannot_be_written_costs_nothing(
    provider: FakeProvider, pack: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("new_episodes", lambda: get(provider, "/a"))
    before = pack.read_bytes()
    other = pack.with_name("v2.jsonl")

    def full(path: Path, data: bytes) -> None:
        if path == pack:
            raise StoreError("the disk is full")
        write(path, data)

    def record_both() -> None:
        with Recorder("new_episodes") as recorder:
            for path in (pack, other):
                with scope_of(recorder, path):
                    get(provider, "/b")

    write = files.write_atomic
    with monkeypatch.context() as patching:
        patching.setattr(files, "write_atomic", full)
        with pytest.raises(StoreError, match="the disk is full"):
            record_both()
    assert pack.read_bytes() == before
    assert stored(other) == ["b"]
    run("none", lambda: get(provider, "/b"))  # from the part that was left
    run("new_episodes", lambda: get(provider, "/a"))
    assert stored(pack) == ["a", "b"]
    assert sorted(path.name for path in pack.parent.iterdir()) == ["v1.jsonl", "v2.jsonl"]
