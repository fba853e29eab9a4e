from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pytest_ftgate.errors import StoreError
from pytest_ftgate.model import Gate, Manifest, Record, Rules, Run, RunEnd, SuitePlan
from pytest_ftgate.runs.codec import encode_record
from pytest_ftgate.runs.merge import merge
from pytest_ftgate.runs.shards import select_shard
from pytest_ftgate.runs.store import RunStore
from pytest_ftgate.verdicts.decide import decide
from tests.runs.making import failed, held, missed, plan_of, run_of, scored
from tests.runs.test_baseline import baseline_of

ORDER = ("v2", "v1")
VERSIONS = {"pytest-ftgate": "1.0", "jsonschema": "4.23", "numpy": "2.0"}
CI = {"system": "GITHUB_ACTIONS", "GITHUB_RUN_ID": "7"}


def whole_run() -> Run:
    """What one machine stores: two suites, two variants, three trials, cases not in id order."""
    plans, records = [], []
    for suite, names in (("orders", ["z", "a"]), ("triage", [f"c{n}" for n in range(12, 0, -1)])):
        for variant in ORDER if suite == "triage" else ("v1",):
            found = [
                scored(
                    name,
                    held() if (line + trial) % 3 else missed(),
                    suite=suite,
                    variant=variant,
                    trial=trial,
                    stratum="hard" if line % 4 == 0 else "easy",
                    source=f"evals/{suite}.jsonl:{line}",
                    run="whole",
                )
                for line, name in enumerate(names, start=9)
                for trial in range(3)
            ]
            plans.append(
                plan_of(
                    *found,
                    file=f"evals/test_{suite}.py",
                    trials=3,
                    dataset_hash=f"hash of {suite}",
                    order=ORDER,
                    current=variant == "v1",
                    gates=(Gate(kpi="echo", min=0.5),),
                )
            )
            records += found
    manifest = Manifest(
        run="whole",
        created_at="2026-10-01T08:00:00Z",
        plans=tuple(plans),
        versions=VERSIONS,
        git_commit="fe" * 20,
        ci=CI,
        command=("pytest", "evals"),
    )
    end = RunEnd(ended_at="2026-10-01T08:00:09Z", received=len(records), wall_s=9.0)
    return Run(manifest=manifest, records=tuple(records), end=end)


def key_of(record: Record) -> tuple[str, str, str, int]:
    return record.suite, record.variant, record.case, record.trial


def shard_of(run: Run, index: int, count: int) -> Run:
    """What one of several machines stores of the same session."""
    chosen = select_shard([(key_of(each), each.stratum) for each in run.records], index, count)
    run_id = f"20261001T08000{index}000Z-{index:08x}"
    plans = []
    for plan in run.manifest.plans:
        kept = [key for key in plan.selected if (plan.suite, plan.variant, *key) in chosen]
        if kept:
            plans.append(replace(plan, selected=tuple(kept)))
    records = [replace(each, run=run_id) for each in run.records if key_of(each) in chosen]
    manifest = replace(
        run.manifest,
        run=run_id,
        created_at=f"2026-10-01T08:00:0{index}Z",
        plans=tuple(plans),
        shard=(index, count),
        command=(*run.manifest.command, f"--ftgate-shard={index}/{count}"),
    )
    end = RunEnd(ended_at=f"2026-10-01T08:01:0{index}Z", received=len(records), wall_s=float(index))
    return Run(manifest=manifest, records=tuple(reversed(records)), end=end)


def shards_of(run: Run, count: int) -> list[Run]:
    return [shard_of(run, index, count) for index in range(1, count + 1)]


def changed(whole: Run, /, **manifest_changes: Any) -> Run:
    return replace(whole, manifest=replace(whole.manifest, **manifest_changes))


def with_plans(run: Run, **plan_changes: Any) -> Run:
    return changed(run, plans=tuple(replace(plan, **plan_changes) for plan in run.manifest.plans))


def refusal(runs: Sequence[Run]) -> str:
    with pytest.raises(StoreError) as caught:
        merge(runs)
    return str(caught.value)


class TestMerging:
    @pytest.mark.parametrize("count", [1, 2, 3, 7])
    def test_it_is_what_one_machine_would_have_stored(self, count: int) -> None:
        whole = whole_run()
        merged = merge(shards_of(whole, count))
        run_id = merged.manifest.run
        assert merged.records == tuple(replace(each, run=run_id) for each in whole.records)
        assert merged.manifest == replace(whole.manifest, run=run_id, origin="merge",
            created_at="2026-10-01T08:00:01Z")  # fmt: skip
        assert merged.end == RunEnd(
            ended_at=f"2026-10-01T08:01:0{count}Z",
            received=len(whole.records),
            wall_s=float(count),
        )

    def test_it_is_judged_as_a_whole(self) -> None:
        whole = whole_run()
        one, shards = decide(whole), shards_of(whole, 3)
        merged = decide(merge(shards))
        assert merged.suites == one.suites
        assert (merged.verdict, merged.exit_code) == (one.verdict, one.exit_code)
        assert all(suite.partial is None for suite in merged.suites)
        assert all(suite.partial for shard in shards for suite in decide(shard).suites)

    @given(st.permutations(range(4)))
    def test_the_order_of_shards_does_not_matter(self, order: list[int]) -> None:
        shards = shards_of(whole_run(), 4)
        merged = merge([shards[index] for index in order])
        expected = merge(shards)
        assert list(map(encode_record, merged.records)) == list(
            map(encode_record, expected.records)
        )
        assert merged == expected

    def test_the_bytes_on_disk_do_not_depend_on_the_order(self, tmp_path: Path) -> None:
        shards = shards_of(whole_run(), 3)
        one = RunStore(tmp_path / "one").save(merge(shards))
        other = RunStore(tmp_path / "other").save(merge(shards[::-1]))
        for name in ("manifest.json", "records.jsonl", "end.json"):
            assert (one / name).read_bytes() == (other / name).read_bytes()
        assert one.name == other.name

    def test_it_is_compared_with_what_its_shards_were(self, tmp_path: Path) -> None:
        whole = whole_run()
        before = baseline_of(replace(whole.records[-1], observations=(held(),)))
        anchor = replace(before, header=replace(before.header, run="older"))
        shards = [
            replace(each, baselines={"triage": before}, anchors={"triage": anchor})
            for each in shards_of(whole, 3)
        ]
        merged = merge(shards)
        assert (merged.baselines, merged.anchors) == ({"triage": before}, {"triage": anchor})
        RunStore(tmp_path).save(merged)
        loaded = RunStore(tmp_path).load()
        assert decide(loaded) == decide(merged)
        assert loaded.baselines.keys() == loaded.anchors.keys() == {"triage"}

    def test_it_is_newer_than_its_shards(self, tmp_path: Path) -> None:
        store = RunStore(tmp_path)
        shards = shards_of(whole_run(), 3)
        for shard in shards:
            store.save(shard)
        merged = merge(shards)
        store.save(merged)
        assert store.load("latest") == merged
        assert store.load(merged.manifest.run.split("-")[-1]) == merged
        assert [store.load(shard.manifest.run).manifest for shard in shards] == [
            shard.manifest for shard in shards
        ]

    def test_without_places_in_the_dataset_cases_are_sorted(self) -> None:
        records = [scored(case, held(), trial=trial) for case in ("b", "a") for trial in (0, 1)]
        merged = merge(shards_of(run_of(*records), 2))
        assert merged.manifest.plans[0].selected == (("a", 0), ("a", 1), ("b", 0), ("b", 1))

    def test_a_suite_that_a_shard_has_nothing_of(self) -> None:
        whole = run_of(scored("c1", held(), source="d:1"))
        shards = shards_of(whole, 2)
        assert [len(shard.manifest.plans) for shard in shards] == [1, 0]
        assert merge(shards).manifest.plans == whole.manifest.plans

    def test_lost_results_are_still_missed(self) -> None:
        one, two = shards_of(whole_run(), 2)
        lost = replace(one, records=one.records[1:], end=replace(one.end, received=0))  # type: ignore[type-var]
        verdict = decide(merge([lost, two]))
        assert verdict.verdict == "error"
        assert any("1 result was lost" in gate.reason
                   for suite in verdict.suites for gate in suite.gates)  # fmt: skip

    def test_stray_records_are_kept_and_seen(self) -> None:
        one, two = shards_of(whole_run(), 2)
        stray = failed("stray", run=one.manifest.run)
        merged = merge([replace(one, records=(stray, *one.records)), two])
        assert merged.records[-1].case == "stray"
        assert decide(merged).verdict == "error"

    def test_a_part_of_the_suite_stays_a_part(self) -> None:
        whole = with_plans(whole_run(), available=1000)
        assert all(suite.partial for suite in decide(merge(shards_of(whole, 3))).suites)

    @pytest.mark.parametrize("option", [("--ftgate-shard", "1/2"), ("--ftgate-shard=1/2",)])
    def test_the_command_names_no_shard(self, option: tuple[str, ...]) -> None:
        one, two = shards_of(whole_run(), 2)
        one = changed(one, command=("pytest", *option, "-x", "evals"))
        assert merge([one, two]).manifest.command == ("pytest", "-x", "evals")

    def test_facts_that_machines_differ_in_are_left_out(self) -> None:
        one, two = shards_of(whole_run(), 2)
        two = changed(two, versions={**VERSIONS, "numpy": "2.1"}, ci={**CI, "node": "b"})
        manifest = merge([one, two]).manifest
        assert manifest.versions == {"pytest-ftgate": "1.0", "jsonschema": "4.23"}
        assert manifest.ci == CI

    @pytest.mark.parametrize(
        ("one", "two", "merged"),
        [
            ("fe", "fe-dirty", "fe-dirty"),
            ("fe", None, "fe"),
            (None, "fe", "fe"),
            (None, None, None),
        ],
    )
    def test_the_commit(self, one: str | None, two: str | None, merged: str | None) -> None:
        first, second = shards_of(whole_run(), 2)
        runs = [changed(first, git_commit=one), changed(second, git_commit=two)]
        assert merge(runs).manifest.git_commit == merged


class TestRefusals:
    """F11: what is not all of one session is not merged, and why is said."""

    A, B, C = (f"20261001T08000{index}000Z-{index:08x}" for index in (1, 2, 3))
    ADVICE = "Evaluate all shards from one commit, with the same options."

    @pytest.fixture
    def shards(self) -> list[Run]:
        return shards_of(whole_run(), 3)

    def test_nothing(self) -> None:
        assert refusal([]) == "There is no run to merge. Name the directories of all shards."

    def test_a_run_that_is_no_shard(self, shards: list[Run]) -> None:
        assert refusal([*shards, whole_run()]) == (
            "Run whole is no shard. Merge the runs of pytest --ftgate-shard=i/n."
        )

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ([0, 2], "Shard 2 of 3 is missing. Give the runs of all 3 shards."),
            ([1], "Shards 1, 3 of 3 are missing. Give the runs of all 3 shards."),
        ],
    )
    def test_a_missing_shard(self, shards: list[Run], given: list[int], said: str) -> None:
        assert refusal([shards[index] for index in given]) == said

    def test_a_shard_twice(self, shards: list[Run]) -> None:
        again = changed(shards[1], run="20261002T080000000Z-00000000")
        assert refusal([*shards, again]) == (
            f"Shard 2 of 3 is given 2 times: {self.B}, 20261002T080000000Z-00000000. "
            "Name each once."
        )

    def test_shards_of_different_sessions(self, shards: list[Run]) -> None:
        assert refusal([*shards[:2], shard_of(whole_run(), 3, 4)]) == (
            "The runs are shards of 3 and 4. Merge the shards of one session."
        )

    def test_an_incomplete_shard(self, shards: list[Run]) -> None:
        assert refusal([*shards[:2], replace(shards[2], end=None)]) == (
            f"Run {self.C}, shard 3 of 3, did not reach its end. Run it again: a merged run "
            "with a part missing proves nothing."
        )

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"record_mode": "off"}, "record mode ('none' and 'off')"),
            ({"git_commit": "ab"}, f"git commit ('{'fe' * 20}' and 'ab')"),
            ({"rules": Rules(max_errors=5)}, "rules"),
            ({"versions": {"pytest-ftgate": "2"}}, "version of pytest-ftgate ('1.0' and '2')"),
            ({"versions": {"jsonschema": "5"}}, "version of jsonschema ('4.23' and '5')"),
        ],
    )
    def test_sessions_that_differ(
        self, shards: list[Run], change: dict[str, Any], said: str
    ) -> None:
        assert refusal([shards[0], changed(shards[1], **change), shards[2]]) == (
            f"The shards do not belong together: shard 1 (run {self.A}) and shard 2 (run {self.B}) "
            f"differ in the {said}. {self.ADVICE}"
        )

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"dataset_hash": "zz"}, "dataset_hash {} ('hash of triage' and 'zz')"),
            ({"gates": ()}, "gates {}"),
            ({"components": {}}, "components {}"),
            ({"available": 7}, "available {} (36 and 7)"),
            ({"trials": 1}, "trials {} (3 and 1)"),
            ({"current": True}, "current {} (False and True)"),
        ],
    )
    def test_suites_that_differ(self, shards: list[Run], change: dict[str, Any], said: str) -> None:
        plans = [
            replace(plan, **change) if plan.variant == "v2" else plan
            for plan in shards[2].manifest.plans
        ]
        assert refusal([*shards[:2], changed(shards[2], plans=tuple(plans))]) == (
            f"The shards do not belong together: shard 1 (run {self.A}) and shard 3 (run {self.C}) "
            f"differ in the {said.format('of the suite triage [v2]')}. {self.ADVICE}"
        )

    @pytest.mark.parametrize("role", ["baseline", "anchor"])
    def test_other_baselines(self, shards: list[Run], role: str) -> None:
        before = baseline_of(scored("c1", held()))
        first = replace(shards[0], **{f"{role}s": {"triage": before}})
        said = refusal([first, *shards[1:]])
        assert f"differ in the {role} of the suite triage ('{before.header.run}' and None)" in said
        changed_too = replace(before, records=())
        others = [replace(each, **{f"{role}s": {"triage": changed_too}}) for each in shards[1:]]
        assert f"differ in the {role} of the suite triage" in refusal([first, *others])

    def test_every_field_of_a_plan_is_compared(self, shards: list[Run]) -> None:
        """A field that is added to the plan later cannot be forgotten."""
        odd: Any = object()
        for name in SuitePlan.__struct_fields__:
            if name in ("suite", "variant", "selected"):
                continue
            text = refusal([*shards[:2], with_plans(shards[2], **{name: odd})])
            assert f"the {name} of the suite " in text

    def test_all_differences_are_named(self, shards: list[Run]) -> None:
        other = changed(with_plans(shards[1], dataset_hash="zz"), record_mode="off")
        text = refusal([shards[0], other, shards[2]])
        assert text.count("the dataset_hash of the suite") >= 2
        assert "differ in the record mode ('none' and 'off')" in text

    def test_overlapping_shards(self, shards: list[Run]) -> None:
        plan = shards[0].manifest.plans[-1]
        record = next(each for each in shards[0].records if each.variant == plan.variant)
        other = shards[1].manifest.plans[-1]
        twice = replace(other, selected=(*other.selected, plan.selected[0]))
        second = changed(shards[1], plans=(*shards[1].manifest.plans[:-1], twice))
        text = refusal([shards[0], replace(second, records=(*second.records, record)), shards[2]])
        case, trial = plan.selected[0]
        name = case if trial == 0 else f"{case}#{trial + 1}"
        assert text == (
            f"The shards overlap: 1 result of the suite triage [v1] in shard 1 (run {self.A}) and "
            f"shard 2 (run {self.B}): {name}. {self.ADVICE}"
        )
