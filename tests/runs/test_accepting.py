from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pytest_ftgate.errors import DataError, FtgateError, NoBaseline, StoreError
from pytest_ftgate.model import KpiResult, Record, Run
from pytest_ftgate.runs.accepting import accept, prepare
from pytest_ftgate.runs.baseline import anchor_path, history_path, read
from pytest_ftgate.runs.history import read_history
from tests.full_disk import output_of
from tests.killing import kill_during
from tests.runs.making import end_of, failed, held, manifest_of, missed, plan_of, scored, skipped

NOW = "2026-10-02T08:00:00Z"
RATE = KpiResult(
    name="format_valid", value=0.9, low=0.8, high=0.95, n=40, verdict="pass", reason=""
)


def run_named(run_id: str, *records: Record, **plan_changes: Any) -> Run:
    plan = plan_of(*records, **plan_changes)
    return Run(manifest=manifest_of(plan, run=run_id), records=records, end=end_of(len(records)))


def cases(*names: str, **changes: Any) -> list[Record]:
    return [scored(name, held(), **changes) for name in names]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "baselines" / "triage.jsonl"


def accept_all(path: Path, *runs: Run, **options: Any) -> None:
    for run in runs:
        accept(run, "triage", path=path, now=NOW, **options)


def files_of(path: Path) -> dict[str, bytes]:
    if not path.parent.exists():
        return {}
    return {file.name: file.read_bytes() for file in sorted(path.parent.iterdir())}


class TestAccepting:
    def test_the_first_baseline(self, path: Path) -> None:
        records = [*cases("c1"), scored("c2", missed(), trial=1), *cases("c2"), skipped("c3")]
        run = run_named("r1", *records, dataset_hash="ab", variant="v1")
        run = replace(run, manifest=replace(run.manifest, git_commit="fe"))
        accepted = accept(run, "triage", path=path, now=NOW)
        baseline = read(path)
        header = baseline.header
        assert header == accepted.baseline.header
        assert (header.suite, header.run, header.variant, header.split) == (
            "triage",
            "r1",
            "v1",
            "dev",
        )
        assert (header.accepted_at, header.git_commit, header.dataset_hash) == (NOW, "fe", "ab")
        assert header.models == ("gpt-4.1-mini",)
        assert (header.cases, header.trials) == (3, 2)
        assert header.counts == {"passed": 2, "missed": 1, "failed": 0, "error": 0, "skipped": 1}
        assert header.components == run.manifest.plans[0].components
        keys = [(record.case, record.trial, record.outcome) for record in baseline.records]
        assert keys == [
            ("c1", 0, "passed"),
            ("c2", 0, "passed"),
            ("c2", 1, "missed"),
            ("c3", 0, "skipped"),
        ]
        assert (accepted.previous, accepted.anchor) == (None, "none")
        assert list(files_of(path)) == ["triage.history.jsonl", "triage.jsonl"]

    def test_nothing_is_written_before_it_is_asked_for(self, path: Path) -> None:
        prepared = prepare(run_named("r1", *cases("c1")), "triage", path=path, now=NOW)
        assert files_of(path) == {}
        prepared.write()
        assert read(path).header.run == "r1"

    def test_outputs_only_when_asked_for(self, path: Path) -> None:
        run = run_named("r1", scored("c1", missed(reason="got “no”")))
        accept_all(path, run)
        assert b"answer" not in path.read_bytes()
        assert "“no”".encode() not in path.read_bytes()
        accept_all(path, run, with_outputs=True)
        assert read(path).records[0].output == "answer of c1"
        assert read(path).records[0].observations[0].reason == "got “no”"

    def test_only_the_suites_own_records(self, path: Path) -> None:
        ours, theirs = cases("c1"), cases("x1", suite="other")
        run = Run(
            manifest=manifest_of(plan_of(*theirs), plan_of(*ours)),
            records=(*theirs, *ours),
            end=end_of(2),
        )
        accept_all(path, run)
        assert [record.case for record in read(path).records] == ["c1"]

    def test_the_current_of_several_variants(self, path: Path) -> None:
        old, new = cases("c1", variant="v1"), cases("c1", variant="v2")
        plans = plan_of(*old, current=False), plan_of(*new)
        run = Run(manifest=manifest_of(*plans), records=(*old, *new), end=end_of(2))
        accept_all(path, run)
        assert read(path).header.variant == "v2"

    def test_what_changes_is_told(self, path: Path) -> None:
        accept_all(path, run_named("r1", *cases("c1", "c2")))
        changed = scored("c2", held(), content="f" * 32)
        told = prepare(
            run_named("r2", *cases("c1"), changed, *cases("c9")), "triage", path=path, now=NOW
        )
        assert (told.added, told.dropped, told.changed) == (("c9",), (), ("c2",))
        assert told.previous == read(path)

    @given(order=st.permutations([*cases("a", "b"), *cases("a", trial=1), skipped("c")]))
    def test_the_order_of_records_does_not_matter(
        self, tmp_path_factory: pytest.TempPathFactory, order: list[Record]
    ) -> None:
        path = tmp_path_factory.mktemp("baselines") / "triage.jsonl"
        accept_all(path, run_named("r1", *order))
        there = path.read_bytes()
        accept_all(path, run_named("r1", *sorted(order, key=lambda record: record.case)))
        assert path.read_bytes() == there


class TestRefusals:
    """What no baseline is made of."""

    GOOD = run_named("r1", *cases("c1", "c2"))

    def refusal(self, run: Run, path: Path, suite: str = "triage", **options: Any) -> str:
        before = files_of(path)
        with pytest.raises(StoreError) as caught:
            accept(run, suite, path=path, now=NOW, **options)
        assert files_of(path) == before
        return str(caught.value)

    def test_an_incomplete_run(self, path: Path) -> None:
        assert self.refusal(replace(self.GOOD, end=None), path) == (
            "Run r1 cannot become the baseline of the suite 'triage': it did not reach its end. "
            "Run pytest on the whole suite again."
        )

    def test_a_part_of_the_suite(self, path: Path) -> None:
        assert self.refusal(run_named("r1", *cases("c1", "c2"), available=40), path) == (
            "Run r1 cannot become the baseline of the suite 'triage': it ran 2 of 40 results. "
            "Run pytest without -k, --lf, -x and --ftgate-limit."
        )

    def test_a_shard(self, path: Path) -> None:
        manifest = replace(self.GOOD.manifest, shard=(1, 3))
        assert self.refusal(replace(self.GOOD, manifest=manifest), path) == (
            "Run r1 cannot become the baseline of the suite 'triage': it is shard 1 of 3. "
            "Put them together: pytest-ftgate merge."
        )

    def test_the_holdout(self, path: Path) -> None:
        run = run_named("r1", *cases("c1"), split="holdout")
        assert "it ran the holdout. Accept a run of the dev split" in self.refusal(run, path)

    def test_errors(self, path: Path) -> None:
        run = run_named("r1", *cases("c1"), failed("c2"), failed("c3", trial=1))
        assert self.refusal(run, path) == (
            "Run r1 cannot become the baseline of the suite 'triage': it has 2 errors: c2, c3#2. "
            "Mend what failed and run pytest again."
        )

    def test_lost_results(self, path: Path) -> None:
        run = replace(self.GOOD, records=self.GOOD.records[:1], end=end_of(1))
        assert "it lost 1 result: c2. Run pytest on the whole" in self.refusal(run, path)

    def test_results_that_nobody_selected(self, path: Path) -> None:
        run = replace(self.GOOD, records=(*self.GOOD.records, *cases("c9")), end=end_of(3))
        assert "it has 1 result that it never selected: c9. " in self.refusal(run, path)

    @pytest.mark.parametrize("records", [(), (skipped("c1"), skipped("c2"))])
    def test_nothing_scored(self, path: Path, records: tuple[Record, ...]) -> None:
        assert "none of its cases was scored. " in self.refusal(run_named("r1", *records), path)

    def test_another_variant_than_the_current(self, path: Path) -> None:
        run = run_named("r1", *cases("c1"), current=False)
        assert self.refusal(run, path) == (
            "Run r1 cannot become the baseline of the suite 'triage': it evaluated v1, and the "
            "experiment's current variant is another. Make it current in the experiment and run "
            "pytest without --ftgate-variant."
        )

    def test_an_unknown_suite(self, path: Path) -> None:
        said = self.refusal(self.GOOD, path, suite="triag")
        assert said == "Run r1 has no suite 'triag'; did you mean 'triage'?"

    def test_a_run_without_suites(self, path: Path) -> None:
        run = Run(manifest=manifest_of(run="r1"), records=(), end=end_of(0))
        assert self.refusal(run, path) == "Run r1 has no suite 'triage'; it has none."

    @pytest.mark.parametrize("name", ["triage.jsonl", "triage.anchor.jsonl"])
    def test_a_file_of_another_suite(self, path: Path, name: str) -> None:
        other = run_named("r0", *cases("c1", suite="other"))
        accept(other, "other", path=path.with_name(name), now=NOW)
        assert self.refusal(self.GOOD, path) == (
            f"baselines/{name}: is of the suite 'other', not of 'triage'. Rename one of the "
            "suites, or name another file."
        )

    @pytest.mark.parametrize(
        "name", ["triage.jsonl", "triage.anchor.jsonl", "triage.history.jsonl"]
    )
    def test_a_damaged_file_is_not_overwritten(self, path: Path, name: str) -> None:
        accept_all(path, run_named("r0", *cases("c1")), run_named("r1", *cases("c1")))
        path.with_name(name).write_text("<<<<<<< HEAD\n")
        before = files_of(path)
        with pytest.raises(DataError, match=rf"^baselines/{name}:1"):
            accept(run_named("r2", *cases("c1")), "triage", path=path, now=NOW, replace=True)
        assert files_of(path) == before


class TestShrinking:
    @pytest.fixture(autouse=True)
    def present(self, path: Path) -> None:
        accept_all(path, run_named("r1", *cases("c1", "c2", "c3"), *cases("c3", trial=1)))

    def test_dropped_cases_are_named_and_refused(self, path: Path) -> None:
        with pytest.raises(StoreError) as caught:
            accept_all(path, run_named("r2", *cases("c2", "c3"), *cases("c3", trial=1)))
        assert str(caught.value) == (
            "Run r2 cannot become the baseline of the suite 'triage': it lacks 1 scored case of "
            "the present one: c1. Evaluate them too, or drop them by --replace."
        )
        assert read(path).header.run == "r1"

    def test_fewer_trials_are_refused(self, path: Path) -> None:
        with pytest.raises(StoreError, match=r"it lacks trials of 1 case: c3\. Evaluate them"):
            accept_all(path, run_named("r2", *cases("c1", "c2", "c3")))

    def test_a_case_that_is_skipped_now_is_dropped(self, path: Path) -> None:
        records = [skipped("c1"), *cases("c2", "c3"), *cases("c3", trial=1)]
        with pytest.raises(StoreError, match="it lacks 1 scored case of the present one: c1"):
            accept_all(path, run_named("r2", *records))

    def test_replacing_names_what_is_dropped(self, path: Path) -> None:
        run = run_named("r2", *cases("c2", "c3", "c4"))
        accepted = accept(run, "triage", path=path, now=NOW, replace=True)
        assert (accepted.dropped, accepted.fewer_trials, accepted.added) == (
            ("c1",),
            ("c3",),
            ("c4",),
        )
        assert [record.case for record in read(path).records] == ["c2", "c3", "c4"]

    def test_long_lists_are_cut(self, path: Path) -> None:
        many = run_named("r2", *cases("c1", "c2", "c3", *(f"x{n:02d}" for n in range(30))))
        accept_all(path, many, replace=True)
        with pytest.raises(StoreError, match=r"30 scored cases .*: x00, .*, x19 and 10 more\."):
            accept_all(path, run_named("r3", *cases("c1", "c2", "c3")))


class TestAnchor:
    """The oldest accepted baseline shows slow erosion."""

    RUNS = tuple(run_named(f"r{number}", *cases("c1")) for number in range(1, 5))

    def test_it_is_the_oldest_and_stays(self, path: Path) -> None:
        accept_all(path, self.RUNS[0])
        first = path.read_bytes()
        accept_all(path, *self.RUNS[1:])
        assert read(path).header.run == "r4"
        assert anchor_path(path).read_bytes() == first

    def test_what_becomes_of_it_is_told(self, path: Path) -> None:
        told = [accept(run, "triage", path=path, now=NOW).anchor for run in self.RUNS[:3]]
        told.append(accept(self.RUNS[3], "triage", path=path, now=NOW, move_anchor=True).anchor)
        assert told == ["none", "made", "kept", "moved"]

    def test_it_moves_to_the_present_baseline_on_request(self, path: Path) -> None:
        accept_all(path, *self.RUNS[:3])
        accept_all(path, self.RUNS[3], move_anchor=True)
        assert read(anchor_path(path)).header.run == "r3"

    def test_the_same_run_again_moves_nothing(self, path: Path) -> None:
        accept_all(path, self.RUNS[0], self.RUNS[0])
        assert list(files_of(path)) == ["triage.history.jsonl", "triage.jsonl"]
        accept_all(path, *self.RUNS[1:3])
        before = files_of(path)
        accept_all(path, self.RUNS[2])
        assert files_of(path) == before

    def test_the_same_run_again_moves_it_on_request_and_no_more(self, path: Path) -> None:
        accept_all(path, *self.RUNS[:3])
        before = files_of(path)
        accept_all(path, self.RUNS[2], move_anchor=True)
        assert read(anchor_path(path)).header.run == "r3"
        changed = {name for name, text in files_of(path).items() if before[name] != text}
        assert changed == {"triage.anchor.jsonl"}
        assert accept(self.RUNS[2], "triage", path=path, now=NOW, move_anchor=True).anchor == "kept"


class TestHistory:
    def test_a_line_each_time_the_baseline_moves(self, path: Path) -> None:
        first = run_named("r1", *cases("c1"), dataset_hash="ab")
        accept_all(path, first, primary=RATE)
        accept_all(path, run_named("r2", *cases("c1", "c2", model="m2")))
        lines = history_path(path).read_text().splitlines()
        assert lines[0] == (
            '{"accepted_at":"2026-10-02T08:00:00Z","run":"r1","variant":"v1",'
            '"models":["gpt-4.1-mini"],"dataset_hash":"ab","cases":1,"kpi":"format_valid",'
            '"value":0.9,"low":0.8,"high":0.95,"unit":"rate","schema_version":1}'
        )
        first_entry, second = read_history(history_path(path))
        assert (first_entry.run, first_entry.value) == ("r1", 0.9)
        assert (second.run, second.models, second.cases, second.kpi, second.value) == (
            "r2",
            ("m2",),
            2,
            None,
            None,
        )

    def test_there_may_be_none(self, path: Path) -> None:
        assert read_history(history_path(path)) == ()

    def test_damage_is_named_with_its_line(self, path: Path) -> None:
        accept_all(path, run_named("r1", *cases("c1")))
        history = history_path(path)
        good = history.read_text()
        for damage, said in (
            ("{", "2: Input data was truncated. Restore the file, or remove the line."),
            ('{"run":"r"}', "2: Object missing required field `accepted_at`."),
            (good.replace('_version":1', '_version":2'), "2: the format is version 2, and "),
        ):
            history.write_text(good + damage)
            with pytest.raises(DataError) as caught:
                read_history(history)
            assert str(caught.value).startswith(f"baselines/triage.history.jsonl:{said}")

    def test_a_directory(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="cannot be read: Is a directory"):
            read_history(tmp_path)


class TestAllOrNothing:
    def test_a_full_disk_changes_no_file(self, path: Path) -> None:
        accept_all(path, run_named("r1", *cases("c1")))
        before = files_of(path)
        script = (
            "import sys\n"
            "from pathlib import Path\n"
            "from pytest_ftgate.errors import StoreError\n"
            "from tests.runs.test_accepting import *\n"
            "run = run_named('r2', *cases(*(f'c{number}' for number in range(200))))\n"
            "try:\n"
            "    accept(run, 'triage', path=Path(sys.argv[1]), now=NOW)\n"
            "except StoreError as error:\n"
            "    print(error)\n"
        )
        printed = output_of(script, path, size=20_000)
        assert "triage.jsonl: cannot be written: " in printed
        assert "What was there is unchanged." in printed
        assert files_of(path) == before

    def test_a_read_only_place(self) -> None:
        run = run_named("r1", *cases("c1"))
        with pytest.raises(StoreError, match="cannot be written: "):
            accept(run, "triage", path=Path("/proc/ftgate/triage.jsonl"), now=NOW)

    def test_a_kill_leaves_every_file_old_or_new(self, path: Path) -> None:
        accept_all(path, run_named("r0", *cases("c1")))
        for round_ in range(25):
            turn = itertools.count(1000 * (round_ + 1))

            def work(turn: itertools.count[int] = turn) -> None:
                accept_all(path, run_named(f"r{next(turn)}", *cases("c1", "c2")))

            kill_during(work, delay_s=round_ * 1e-4)
            header = read(path).header
            assert header.cases in (1, 2)
            runs = [entry.run for entry in read_history(history_path(path))]
            assert header.run in runs
            assert len(runs) == len(set(runs))
            assert read(anchor_path(path)).header.run == "r0"

    def test_accepting_completes_what_a_kill_cut_short(self, path: Path) -> None:
        accept_all(path, run_named("r1", *cases("c1")))
        prepared = prepare(run_named("r2", *cases("c1")), "triage", path=path, now=NOW)
        expected = {file.name: data for file, data in prepared.files}
        for cut in range(1, len(prepared.files)):
            for file, data in prepared.files[:cut]:
                file.write_bytes(data)
            accept_all(path, run_named("r2", *cases("c1")))
            assert files_of(path) == expected
            path.write_bytes(expected["triage.anchor.jsonl"])


def test_no_baseline_is_a_kind_of_store_error() -> None:
    assert issubclass(NoBaseline, StoreError)
    assert issubclass(NoBaseline, FtgateError)
