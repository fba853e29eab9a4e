from __future__ import annotations

import contextlib
import errno
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pytest_ftgate.errors import DataError, FtgateError, StoreError
from pytest_ftgate.model import Manifest, Record, Run
from pytest_ftgate.runs.store import RunStore, RunWriter, new_run_id
from tests.full_disk import output_of
from tests.killing import in_parallel, kill_during
from tests.runs.making import (
    end_of,
    failed,
    held,
    manifest_of,
    missed,
    plan_of,
    run_of,
    scored,
    skipped,
)

RECORDS = (
    scored("c1", held(), held("label", kind="label", expected="a", predicted="a")),
    scored("c2", missed(reason="got “nö”\nand more", must_pass=True), tags=("x", "y")),
    failed("c3"),
    skipped("c4", stratum="hard"),
)


def stored(root: Path, run: Run, *, order: slice = slice(None)) -> Path:
    writer = RunStore(root).create(run.manifest)
    for record in run.records[order]:
        writer.append(record)
    if run.end is None:
        writer.abort()
    else:
        writer.finish(run.end)
    return writer.directory


def named(run_id: str) -> Manifest:
    return manifest_of(plan_of(*RECORDS), run=run_id)


class TestRoundTrip:
    def test_a_complete_run_comes_back_as_it_was(self, tmp_path: Path) -> None:
        run = run_of(*RECORDS)
        stored(tmp_path, run)
        assert RunStore(tmp_path).load() == run

    def test_layout(self, tmp_path: Path) -> None:
        run = run_of(*RECORDS)
        directory = stored(tmp_path / "store", run)
        assert directory == tmp_path / "store" / "runs" / run.manifest.run
        assert sorted(path.name for path in directory.iterdir()) == [
            "end.json",
            "manifest.json",
            "records.jsonl",
        ]
        assert (tmp_path / "store" / ".gitignore").read_text() == "*\n"
        assert (directory / "records.jsonl").read_bytes().count(b"\n") == len(RECORDS)

    def test_records_come_in_plan_order(self, tmp_path: Path) -> None:
        run = run_of(*RECORDS)
        stored(tmp_path, run, order=slice(None, None, -1))
        assert RunStore(tmp_path).load().records == RECORDS

    def test_plans_in_order_then_trials_then_the_unplanned(self, tmp_path: Path) -> None:
        first = [scored("z", trial=trial, variant="v2") for trial in (0, 1)]
        second = [scored("a")]
        stray = scored("b", suite="other")
        run = Run(
            manifest=manifest_of(plan_of(*first), plan_of(*second)),
            records=(stray, *second, first[1], first[0]),
            end=end_of(4),
        )
        stored(tmp_path, run)
        assert RunStore(tmp_path).load().records == (*first, *second, stray)

    def test_a_rerun_replaces_the_earlier_attempt(self, tmp_path: Path) -> None:
        first, again = scored("c1", missed()), scored("c1", held())
        writer = RunStore(tmp_path).create(manifest_of(plan_of(first)))
        writer.append(first)
        writer.append(again)
        writer.finish(end_of(1))
        assert RunStore(tmp_path).load().records == (again,)

    def test_a_run_without_records(self, tmp_path: Path) -> None:
        run = run_of()
        stored(tmp_path, run)
        assert RunStore(tmp_path).load() == run

    def test_lone_surrogates_are_stored_as_their_escape(self, tmp_path: Path) -> None:
        record = scored("c1", missed(reason="half \ud83d"), output="\udc80")
        stored(tmp_path, run_of(record))
        back = RunStore(tmp_path).load().records[0]
        assert back.output == "\\udc80"
        assert back.observations[0].reason == "half \\ud83d"

    @given(
        text=st.text(st.characters(exclude_categories=["Cs"])),
        value=st.floats(0, 1),
        cost=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        trial=st.integers(0, 2**40),
        label=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_any_record(
        self,
        tmp_path: Path,
        text: str,
        value: float,
        cost: float | None,
        trial: int,
        label: str | None,
    ) -> None:
        seen = held(text, value=value, reason=text, expected=label, predicted=label)
        record = scored(text, seen, trial=trial, cost=cost, output=text, tags=(text, text))
        run = run_of(record)
        run = replace(run, manifest=replace(run.manifest, run=new_run_id()))
        directory = stored(tmp_path, run)
        assert RunStore(tmp_path).load(directory) == run


class TestKillsAndCuts:
    def test_cut_at_every_byte_an_incomplete_run_is_a_prefix(self, tmp_path: Path) -> None:
        run = replace(run_of(*RECORDS), end=None)
        log = stored(tmp_path, run) / "records.jsonl"
        whole = log.read_bytes()
        for size in range(len(whole) + 1):
            log.write_bytes(whole[:size])
            back = RunStore(tmp_path).load()
            # A line that lacks nothing but its newline is whole.
            assert back.records == RECORDS[: whole[: size + 1].count(b"\n")]
            assert back.end is None

    def test_cut_at_every_byte_a_complete_run_is_damaged(self, tmp_path: Path) -> None:
        log = stored(tmp_path, run_of(*RECORDS)) / "records.jsonl"
        whole = log.read_bytes()
        for size in range(len(whole) - 1):
            log.write_bytes(whole[:size])
            with pytest.raises(DataError, match=r"records\.jsonl:"):
                RunStore(tmp_path).load()

    def test_a_damaged_line_in_the_middle(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        run = replace(run_of(*RECORDS), end=None)
        log = stored(tmp_path, run) / "records.jsonl"
        lines = log.read_bytes().splitlines(keepends=True)
        log.write_bytes(lines[0] + lines[1][:50] + b"\n" + lines[2])
        with pytest.raises(DataError) as caught:
            RunStore(tmp_path).load()
        assert str(caught.value) == (
            f"runs/{run.manifest.run}/records.jsonl:2:51: JSON is malformed: invalid character. "
            "Restore the file, or remove the run and evaluate again."
        )

    def test_a_torn_line_is_the_last_one_only_without_its_newline(self, tmp_path: Path) -> None:
        log = stored(tmp_path, replace(run_of(*RECORDS), end=None)) / "records.jsonl"
        with log.open("ab") as file:
            file.write(b'{"suite":"tri')
        assert RunStore(tmp_path).load().records == RECORDS
        with log.open("ab") as file:
            file.write(b"\n")
        with pytest.raises(DataError, match=r"records\.jsonl:5:14: "):
            RunStore(tmp_path).load()

    def test_killed_200_times(self, tmp_path: Path) -> None:
        manifest = manifest_of(plan_of(*RECORDS))

        def evaluate(root: Path) -> None:
            run = Run(
                manifest=replace(manifest, run=new_run_id()),
                records=RECORDS,
                end=end_of(len(RECORDS)),
            )
            stored(root, run)

        incomplete = 0
        for round_ in range(200):
            root = tmp_path / str(round_)
            kill_during(lambda root=root: evaluate(root), delay_s=round_ * 1e-5)  # type: ignore[misc]
            store = RunStore(root)
            for info in store.list():
                if info.problem is not None:  # killed before there was a manifest
                    assert [path.name for path in info.path.glob("[!.]*")] == []
                    continue
                run = store.load(info.id)
                assert run.records == RECORDS[: len(run.records)]
                assert info.complete == (run.end is not None)
                if info.complete:
                    assert run.records == RECORDS
                else:
                    incomplete += 1
        assert incomplete > 0, "no kill fell into a run"

    def test_20_processes_at_once_lose_nothing(self, tmp_path: Path) -> None:
        def session(index: int) -> None:
            records = [scored(f"c{number}", held(), variant=f"v{index}") for number in range(30)]
            manifest = manifest_of(plan_of(*records), run=new_run_id())
            stored(tmp_path, Run(manifest=manifest, records=tuple(records), end=end_of(30)))

        in_parallel(20, session)
        store = RunStore(tmp_path)
        runs = [store.load(info.id) for info in store.list()]
        assert sorted(run.records[0].variant for run in runs) == sorted(
            f"v{index}" for index in range(20)
        )
        assert all(len(run.records) == 30 and run.end for run in runs)
        assert (tmp_path / ".gitignore").read_text() == "*\n"


class TestRefusals:
    @pytest.mark.parametrize(
        ("record", "what"),
        [
            (scored("c1", cost=float("nan")), "cost is nan"),
            (scored("c1", latency_s=float("inf")), "latency_s is inf"),
            (scored("c1", weight=float("-inf")), "weight is -inf"),
            (scored("c1", held(value=float("nan"))), "the value of check 'echo' is nan"),
            (scored("c1", held(low=float("-inf"))), "the lower end of check 'echo' is -inf"),
            (scored("c1", held(high=float("inf"))), "the upper end of check 'echo' is inf"),
        ],
    )
    def test_non_finite_numbers_are_not_written(
        self, tmp_path: Path, record: Record, what: str
    ) -> None:
        writer = RunStore(tmp_path).create(manifest_of(plan_of(record)))
        with pytest.raises(StoreError) as caught:
            writer.append(record)
        writer.abort()
        assert str(caught.value) == (
            "The record of case 'c1' (suite triage, variant v1, trial 1) cannot be stored: "
            f"{what}. Numbers must be finite; leave out what is not known."
        )
        assert (writer.directory / "records.jsonl").read_bytes() == b""

    @pytest.mark.parametrize(
        ("field", "said"),
        [
            ('"cost":NaN', "JSON is malformed: invalid character"),
            ('"cost":Infinity', "JSON is malformed: invalid character"),
            ('"cost":1e999', "cost: Number out of range"),
            ('"trial":-1', "trial is -1, expected 0 or more"),
            ('"weight":0', "weight is 0.0, expected a number above 0"),
            ('"status":"fine"', "status: Invalid enum value 'fine'"),
            ('"schema_version":2', "the format is version 2, and this release reads up to 1"),
            (
                '"observations":[{"check":"a","kind":"text","value":2}]',
                "the value of check 'a' is 2.0, expected 0.0 to 1.0",
            ),
            ('"output":"\xff"', "the text is not UTF-8: invalid start byte"),
            ('"x":' + "[" * 5000 + "]" * 5000, "JSON is nested too deeply"),
        ],
    )
    def test_damaged_records_are_not_read(self, tmp_path: Path, field: str, said: str) -> None:
        log = stored(tmp_path, run_of(scored("c1"))) / "records.jsonl"
        line = '{"suite":"triage","variant":"v1","case":"c1","trial":0,"status":"scored",' + field
        log.write_bytes(line.encode("latin-1") + b"}\n")
        with pytest.raises(DataError, match=r"records\.jsonl:1(:\d+)?: ") as caught:
            RunStore(tmp_path).load()
        assert said in str(caught.value)

    @given(place=st.floats(0, 1), byte=st.integers(0, 255), cut=st.integers(0, 3))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_any_damage_is_an_error_of_ours(
        self, tmp_path: Path, place: float, byte: int, cut: int
    ) -> None:
        run = run_of(*RECORDS)
        run = replace(run, manifest=replace(run.manifest, run=new_run_id()))
        directory = stored(tmp_path, run)
        for name in ("manifest.json", "records.jsonl", "end.json"):
            whole = (directory / name).read_bytes()
            at = int(place * len(whole))
            (directory / name).write_bytes(whole[:at] + bytes([byte]) + whole[at + cut :])
            with contextlib.suppress(FtgateError):
                RunStore(tmp_path).load(directory)
            (directory / name).write_bytes(whole)

    def test_a_manifest_of_a_later_version(self, tmp_path: Path) -> None:
        stored(tmp_path, run_of(*RECORDS))
        directory = RunStore(tmp_path).find("latest")
        manifest = directory / "manifest.json"
        manifest.write_text(manifest.read_text().replace('_version": 1', '_version": 9'))
        with pytest.raises(DataError, match=r"reads up to 1\. Upgrade pytest-ftgate\."):
            RunStore(tmp_path).load()

    def test_a_run_is_written_once(self, tmp_path: Path) -> None:
        run = run_of(*RECORDS)
        stored(tmp_path, run)
        with pytest.raises(StoreError, match="exists already"):
            RunStore(tmp_path).create(run.manifest)

    def test_nothing_after_the_end(self, tmp_path: Path) -> None:
        writer = RunStore(tmp_path).create(manifest_of(plan_of(*RECORDS)))
        writer.finish(end_of(0))
        with pytest.raises(StoreError, match="has ended already"):
            writer.append(RECORDS[0])
        with pytest.raises(StoreError, match="has ended already"):
            writer.finish(end_of(0))
        writer.abort()

    @pytest.mark.parametrize("run_id", ["", "../x", "a/b", ".x", "x" * 129])
    def test_an_unsafe_run_id(self, tmp_path: Path, run_id: str) -> None:
        with pytest.raises(StoreError, match="is no run id"):
            RunStore(tmp_path).create(named(run_id))
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("name", ["manifest.json", "end.json", "records.jsonl"])
    def test_a_directory_where_a_file_should_be(self, tmp_path: Path, name: str) -> None:
        directory = stored(tmp_path, run_of(*RECORDS))
        (directory / name).unlink()
        (directory / name).mkdir()
        with pytest.raises(DataError, match=rf"{name}: cannot be read: Is a directory"):
            RunStore(tmp_path).load()

    def test_a_store_that_cannot_be_listed(self, tmp_path: Path) -> None:
        (tmp_path / "runs").symlink_to(tmp_path / "runs")
        with pytest.raises(StoreError, match=r"cannot be read: Too many levels of symbolic links"):
            RunStore(tmp_path).list()

    def test_two_writers_of_one_run(self, tmp_path: Path) -> None:
        directory = stored(tmp_path, run_of(*RECORDS))
        with pytest.raises(StoreError, match=r"records\.jsonl: cannot be written: File exists"):
            RunWriter(directory)


class TestUnwritable:
    def test_records_that_do_not_reach_the_disk_have_no_end_marker(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(fd: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        writer = RunStore(tmp_path).create(manifest_of(plan_of(*RECORDS)))
        monkeypatch.setattr(os, "fsync", broken)
        with pytest.raises(StoreError, match="Input/output error"):
            writer.finish(end_of(0))
        monkeypatch.undo()
        assert RunStore(tmp_path).load().end is None

    def test_says_what_to_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        Path(".ftgate").write_text("a file in the way")
        with pytest.raises(StoreError) as caught:
            RunStore(tmp_path / ".ftgate").create(named("r1"))
        assert str(caught.value) == (
            "The run store .ftgate cannot be written: Not a directory. Choose a writable directory "
            "with --ftgate-store=DIR, or go on without keeping the run by --ftgate-no-gate."
        )

    def test_a_read_only_file_system(self) -> None:
        with pytest.raises(StoreError, match="with --ftgate-store=DIR"):
            RunStore(Path("/proc/ftgate")).create(named("r1"))

    def test_a_full_disk_keeps_the_records_so_far(self, tmp_path: Path) -> None:
        script = (
            "import sys\n"
            "from pathlib import Path\n"
            "from pytest_ftgate.errors import StoreError\n"
            "from pytest_ftgate.runs.store import RunStore\n"
            "from tests.runs.making import *\n"
            "records = [scored(f'c{n}', held()) for n in range(100)]\n"
            "writer = RunStore(Path(sys.argv[1])).create(manifest_of(plan_of(*records)))\n"
            "try:\n"
            "    for record in records:\n"
            "        writer.append(record)\n"
            "except StoreError as error:\n"
            "    print(error)\n"
        )
        printed = output_of(script, tmp_path, size=20_000)
        assert "records.jsonl: cannot be written: " in printed
        run = RunStore(tmp_path).load()
        assert 10 < len(run.records) < 100
        assert [record.case for record in run.records] == [f"c{n}" for n in range(len(run.records))]
        log = RunStore(tmp_path).find("latest") / "records.jsonl"
        assert log.read_bytes().endswith(b"}\n")


class TestFinding:
    IDS = (
        "20261001T080000000Z-aaaa1111",
        "20261001T080000001Z-bbbb2222",
        "20261002T000000000Z-aaab3333",
    )

    @pytest.fixture
    def store(self, tmp_path: Path) -> RunStore:
        for run_id in self.IDS:
            stored(tmp_path, replace(run_of(*RECORDS), manifest=named(run_id)))
        return RunStore(tmp_path)

    def test_newest_first(self, store: RunStore) -> None:
        assert [info.id for info in store.list()] == [*reversed(self.IDS)]

    @pytest.mark.parametrize(
        ("which", "index"),
        [
            ("latest", 2),
            (IDS[0], 0),
            ("20261002", 2),
            ("20261001T080000001", 1),
            ("bbbb", 1),
            ("aaaa", 0),
        ],
    )
    def test_by_name(self, store: RunStore, which: str, index: int) -> None:
        assert store.load(which).manifest.run == self.IDS[index]

    def test_by_path(self, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(store.runs)
        assert store.load(store.runs / self.IDS[0]).manifest.run == self.IDS[0]
        assert store.load(f"./{self.IDS[1]}").manifest.run == self.IDS[1]
        assert RunStore(Path("elsewhere")).load(self.IDS[1]).manifest.run == self.IDS[1]

    def test_ambiguous(self, store: RunStore) -> None:
        with pytest.raises(StoreError) as caught:
            store.load("aaa")
        assert str(caught.value).endswith(f": {self.IDS[2]}, {self.IDS[0]}. Give more characters.")

    @pytest.mark.parametrize(
        ("which", "hint"),
        [
            ("20261001T080000000Z-aaaa1112", "did you mean '20261001T080000000Z-aaaa1111'?"),
            ("v1", "the newest are 20261002T000000000Z-aaab3333, "),
            ("", "the newest are "),
        ],
    )
    def test_unknown(self, store: RunStore, which: str, hint: str) -> None:
        with pytest.raises(StoreError, match=re.escape(hint)):
            store.load(which)

    def test_no_such_path(self, store: RunStore, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"none: holds no run: it has no manifest\.json"):
            store.load(tmp_path / "none")

    def test_empty_store(self, tmp_path: Path) -> None:
        assert RunStore(tmp_path / "none").list() == []
        with pytest.raises(StoreError, match="holds no run"):
            RunStore(tmp_path / "none").load()

    def test_what_a_list_says(self, tmp_path: Path) -> None:
        stored(tmp_path, replace(run_of(*RECORDS), end=None))
        (info,) = RunStore(tmp_path).list()
        assert (info.complete, info.selected, info.received) == (False, 4, 4)
        assert info.manifest == run_of(*RECORDS).manifest

    def test_a_damaged_run_is_listed_with_its_problem(self, store: RunStore) -> None:
        (store.runs / self.IDS[1] / "manifest.json").write_text("{")
        (store.runs / self.IDS[0] / "end.json").write_text("{}")
        infos = {info.id: info for info in store.list()}
        assert infos[self.IDS[2]].problem is None
        for index, said in ((1, "manifest.json: Input data"), (0, "end.json: Object missing")):
            info = infos[self.IDS[index]]
            assert info.problem is not None
            assert said in info.problem
            assert (info.manifest, info.complete) == (None, False)


def test_run_ids_sort_by_time_and_differ() -> None:
    ids = [new_run_id() for _ in range(200)]
    assert len(set(ids)) == 200
    assert [run_id[:19] for run_id in ids] == sorted(run_id[:19] for run_id in ids)
    assert re.fullmatch(r"\d{8}T\d{9}Z-[0-9a-f]{8}", ids[0])
    assert os.path.normcase(ids[0])
