"""Which records stand for which variant: runs at different times, in part, edited, grown."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from pytest_ftgate.iterations import SaturationRules
from pytest_ftgate.model import Gate, Record, Run
from pytest_ftgate.verdicts.ladder import Declared, Outline, assemble, suites_of
from pytest_ftgate.verdicts.ladder.history import Entry
from tests.runs.making import failed, held, missed, scored, skipped
from tests.verdicts.ladder.making import SUITE, chain, hashes, records_of, run_with

V1, V2, V3 = chain(3)


def entry(variant: str, *runs: Run, outline: Outline | None = None) -> Entry:
    found = assemble(runs, SUITE, outline).find(variant)
    assert found is not None
    return found


def outcomes(found: Entry) -> dict[tuple[str, int], str]:
    return {(record.case, record.trial): record.outcome for record in found.records}


def names(*runs: Run, outline: Outline | None = None) -> list[str]:
    return [each.variant.name for each in assemble(runs, SUITE, outline).entries]


def notes(*runs: Run, outline: Outline | None = None) -> tuple[str, ...]:
    return assemble(runs, SUITE, outline).notes


def outline(*facts: dict[str, Any], **changes: Any) -> Outline:
    return Outline(
        tuple(
            Declared(fact["variant"], fact["parent"], components=fact["components"])
            for fact in facts
        ),
        **changes,
    )


class TestOrder:
    def test_the_experiment_orders_what_records_alone_cannot(self) -> None:
        late = run_with((V1, records_of("v1", [1])), number=2)
        early = run_with((V2, records_of("v2", [1])), number=1)
        assert names(late, early) == ["v2", "v1"]
        assert names(late, early, outline=outline(V1, V2)) == ["v1", "v2"]

    def test_the_newest_plan_knows_the_experiment(self) -> None:
        late = run_with((V1, records_of("v1", [1])), number=2, order=("v1", "v2"))
        early = run_with((V2, records_of("v2", [1])), number=1, order=("v2",))
        assert names(late, early) == ["v1", "v2"]

    def test_a_run_without_an_order_takes_that_of_an_older_one(self) -> None:
        early = run_with(
            (V1, records_of("v1", [1])), (V2, records_of("v2", [1])), order=("v2", "v1")
        )
        late = run_with((V1, records_of("v1", [0])), number=2)
        assert names(early, late) == ["v2", "v1"]

    def test_removed_variants_come_last_and_say_so(self) -> None:
        run = run_with((V1, records_of("v1", [1])), (V2, records_of("v2", [1])))
        found = assemble([run], SUITE, outline(V2))
        assert [(each.variant.name, each.removed) for each in found.entries] == [
            ("v2", False),
            ("v1", True),
        ]

    def test_variants_that_were_never_run_are_named(self) -> None:
        run = run_with((V2, records_of("v2", [1])), order=("v1", "v2", "v3"))
        assert notes(run) == ("never run, so not in the log: v1 and v3",)

    def test_the_order_of_runs_and_records_does_not_matter(self) -> None:
        first = run_with((V1, records_of("v1", [1, 0, 1])), number=1)
        second = run_with((V1, records_of("v1", [0])), number=2)
        turned = replace(first, records=first.records[::-1])
        assert outcomes(entry("v1", first, second)) == outcomes(entry("v1", second, turned))


class TestLatest:
    def test_a_partial_rerun_replaces_what_it_reran(self) -> None:
        first = run_with((V1, records_of("v1", [1, 1, 0])))
        second = run_with((V1, records_of("v1", [0])), number=2, available=3)
        assert outcomes(entry("v1", first, second)) == {
            ("c000", 0): "missed",
            ("c001", 0): "passed",
            ("c002", 0): "missed",
        }

    def test_an_error_hides_no_earlier_answer(self) -> None:
        first = run_with((V1, records_of("v1", [1])))
        second = run_with((V1, (failed("c000", suite=SUITE),)), number=2)
        third = run_with((V1, (skipped("c000", suite=SUITE),)), number=3)
        assert outcomes(entry("v1", first, second, third)) == {("c000", 0): "passed"}

    def test_a_later_answer_replaces_an_error(self) -> None:
        first = run_with((V1, (failed("c000", suite=SUITE),)))
        assert entry("v1", first).errors == {"c000"}
        second = run_with((V1, records_of("v1", [1])), number=2)
        assert entry("v1", first, second).errors == frozenset()

    def test_trials_are_kept_apart(self) -> None:
        def trials(*values: bool) -> tuple[Record, ...]:
            return tuple(
                scored("c000", held() if value else missed(), suite=SUITE, trial=at)
                for at, value in enumerate(values)
            )

        first = run_with((V1, trials(True, True, True)), trials=3, available=3)
        second = run_with((V1, trials(False)), number=2)
        found = entry("v1", first, second)
        assert list(outcomes(found).values()) == ["missed", "passed", "passed"]
        assert found.trials == 3
        assert entry("v1", second).trials == 1
        assert entry("v1", first).available == 1

    def test_a_run_without_an_end_does_not_count(self) -> None:
        first = run_with((V1, records_of("v1", [1])))
        cut = replace(run_with((V1, records_of("v1", [0])), number=2), end=None)
        assert outcomes(entry("v1", first, cut)) == {("c000", 0): "passed"}
        assert notes(first, cut) == ("1 run without an end left out",)

    def test_a_run_given_twice_counts_once(self) -> None:
        run = run_with((V1, records_of("v1", [1])))
        assert len(entry("v1", run, run).records) == 1


class TestEdited:
    EDITED = {**V1, "components": hashes(instructions="other")}  # noqa: RUF012

    def test_versions_of_a_variant_are_not_mixed(self) -> None:
        old = run_with((V1, records_of("v1", [1, 1])))
        new = run_with((self.EDITED, records_of("v1", [0])), number=2)
        assert outcomes(entry("v1", old, new)) == {("c000", 0): "missed"}
        assert notes(old, new) == ("v1 was edited: 1 run of its other version left out",)

    def test_the_version_of_the_experiment_counts(self) -> None:
        old = run_with((V1, records_of("v1", [1, 1])))
        new = run_with((self.EDITED, records_of("v1", [0])), number=2)
        back = outline(V1)
        assert len(entry("v1", old, new, outline=back).records) == 2
        assert notes(old, new, outline=back) == (
            "v1 was edited: 1 run of its other version left out",
        )

    def test_a_version_that_was_not_run_yet(self) -> None:
        run = run_with((V1, records_of("v1", [1])))
        edited = outline(self.EDITED)
        found = entry("v1", run, outline=edited)
        assert found.variant.components == V1["components"]
        assert notes(run, outline=edited) == ("v1 has been edited since it was run: run it again",)

    def test_imported_results_take_the_fingerprint_of_the_experiment(self) -> None:
        run = run_with(({"variant": "v1"}, records_of("v1", [1])))
        found = entry("v1", run, outline=outline(V1))
        assert found.variant.components == V1["components"]
        assert notes(run, outline=outline(V1)) == ()

    def test_an_edited_case_is_another_case(self) -> None:
        old = run_with((V1, records_of("v1", [1, 1])), (V2, records_of("v2", [1, 1])))
        edited = tuple(
            replace(record, content="f" * 32) if record.case == "c000" else record
            for record in records_of("v1", [0, 0])
        )
        new = run_with((V1, edited), number=2)
        found = assemble([old, new], SUITE)
        assert [len(each.records) for each in found.entries] == [2, 1]
        assert [each.changed for each in found.entries] == [0, 1]

    def test_an_unknown_content_fits_any(self) -> None:
        old = run_with((V1, records_of("v1", [1], content=None)))
        new = run_with((V2, records_of("v2", [1])), number=2)
        assert [len(each.records) for each in assemble([old, new], SUITE).entries] == [1, 1]


class TestSplits:
    def test_the_holdout_is_no_part_of_a_ladder(self) -> None:
        dev = run_with((V1, records_of("v1", [1])))
        holdout = run_with((V2, records_of("v2", [1])), number=2, split="holdout")
        assert names(dev, holdout) == ["v1"]
        assert names(holdout) == []

    def test_dev_goes_before_train(self) -> None:
        dev = run_with((V1, records_of("v1", [1])))
        train = run_with((V2, records_of("v2", [1])), number=2, split="train")
        assert assemble([dev, train], SUITE).split == "dev"
        assert assemble([train], SUITE).split == "train"


def test_an_outline_from_the_newest_plans() -> None:
    rules = SaturationRules(window=4)
    old = run_with((V1, records_of("v1", [1])), order=("v1",))
    new = run_with(
        ({**V2, "change": "shorter"}, records_of("v2", [1])),
        number=2,
        order=("v1", "v2", "v3"),
        shipped="v2",
        saturation=rules,
        gates=(Gate(kpi="echo", min=0.5),),
        prices={"m": (1.0, 2.0)},
        kind="prompt",
    )
    assert assemble([old, new], SUITE).outline == Outline(
        variants=(
            Declared("v1", components=V1["components"]),
            Declared("v2", "v1", "shorter", components=V2["components"]),
            Declared("v3"),
        ),
        shipped="v2",
        primary_kpi="echo",
        kpis=("echo",),
        rules=rules,
        prices={"m": (1.0, 2.0)},
    )


def test_suites_in_their_order() -> None:
    run = run_with((V1, records_of("v1", [1])))
    other = replace(run, manifest=replace(run.manifest, plans=()))
    assert suites_of([other, run, run]) == (SUITE,)
    assert suites_of([]) == ()


@pytest.mark.parametrize("runs", [(), (run_with((V1, records_of("v1", [1]))),)])
def test_a_suite_that_nobody_ran(runs) -> None:
    found = assemble(runs, "other")
    assert (found.entries, found.cases, found.notes) == ((), {}, ())
    assert found.find("v1") is None
