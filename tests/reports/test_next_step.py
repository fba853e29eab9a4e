from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import GateResult
from pytest_ftgate.reports.next_step import differences, next_step, reproduce
from tests.reports.ladders import plateau
from tests.reports.samples import (
    RUN_ID,
    SAMPLES,
    compared_suite,
    kpi,
    passing_suite,
    suite,
    unscored_suite,
    verdict,
)


def test_commands_name_a_store_that_is_not_the_projects():
    blocked = verdict(suite())
    assert next_step(blocked, "a b").command == f"pytest-ftgate show {RUN_ID} --store 'a b'"
    recorded = SAMPLES["errors"]()
    assert next_step(recorded, "ci") == next_step(recorded)


def test_no_command_is_told_for_a_run_that_was_not_stored():
    assert next_step(verdict(suite()), None) is None
    assert next_step(SAMPLES["errors"](), None) == next_step(SAMPLES["errors"]())


def test_missing_recordings_come_first():
    assert next_step(SAMPLES["errors"]()).command == (
        "pytest evals/test_tickets.py --ftgate-variant=v3 --ftgate-record=new_episodes"
    )


@pytest.mark.parametrize(
    ("suites", "command"),
    [
        ([suite(counts={"error": 1})], f"pytest-ftgate show {RUN_ID}"),
        ([suite(received=190)], "pytest evals/test_tickets.py --ftgate-variant=v3"),
        ([suite(), passing_suite()], f"pytest-ftgate show {RUN_ID}"),
        (
            [passing_suite(partial="3 of 600"), passing_suite(variant="v 2", partial="3 of 600")],
            "pytest evals/test_orders.py --ftgate-variant=v12 '--ftgate-variant=v 2'",
        ),
        (
            [passing_suite(selected=0)],
            "pytest evals/test_orders.py --ftgate-variant=v12 --collect-only",
        ),
        ([passing_suite()], f"pytest-ftgate baseline accept {RUN_ID}"),
        ([compared_suite(verdict="warn")], f"pytest-ftgate show {RUN_ID}"),
        (
            [passing_suite(kpis=(kpi("pass_rate", 1.0),))],
            "give the experiment a [kpi.pass_rate] with min = ...",
        ),
        (
            [
                passing_suite(
                    verdict="warn",
                    kpis=(kpi("pass_rate", 1.0),),
                    gates=(GateResult(name="baseline", verdict="warn", reason="there is none"),),
                )
            ],
            f"pytest-ftgate baseline accept {RUN_ID}",
        ),
    ],
)
def test_the_most_urgent_thing_is_said(suites, command):
    assert next_step(verdict(*suites)).command == command


def test_where_nobody_answers_recording_is_no_help():
    step = next_step(SAMPLES["unscored"]())
    assert step.command == "start the server, or check the address that it is asked at"
    placed = unscored_suite(experiment="evals/tickets/experiment.toml")
    assert next_step(verdict(placed)).command == (
        "start the server, or check the base_url in evals/tickets/experiment.toml"
    )


@pytest.mark.parametrize("kind", ["not_replayable", "key_refused", "other"])
def test_what_recording_cannot_mend_is_looked_at(kind):
    (cause,) = unscored_suite().errors
    judged = replace(unscored_suite(), errors=(replace(cause, kind=kind),))
    assert next_step(verdict(judged)).command == f"pytest-ftgate show {RUN_ID}"


def test_a_suite_without_an_experiment_has_no_variant_to_name():
    bare = replace(passing_suite(), variant="default", partial="1 of 2", received=1)
    assert next_step(verdict(bare)).command == "pytest evals/test_orders.py"
    named = replace(bare, experiment="evals/orders/experiment.toml")
    assert next_step(verdict(named)).command.endswith("--ftgate-variant=default")


def test_an_unfinished_run_is_run_again():
    judged = verdict(passing_suite())
    judged = replace(judged, run=replace(judged.run, complete=False))
    assert next_step(judged).command == "pytest evals/test_orders.py --ftgate-variant=v12"


def test_a_clean_run_with_a_baseline_needs_nothing():
    assert next_step(verdict(compared_suite(verdict="pass", misses=()))) is None


def test_a_holdout_is_never_offered_as_a_baseline():
    assert next_step(verdict(passing_suite(split="holdout"))) is None


def test_how_turned_cases_differ_is_a_command_where_there_are_some_and_a_run():
    turned = verdict(compared_suite())
    assert differences(turned).command == f"pytest-ftgate show {RUN_ID} --diff"
    assert differences(turned, "a b").command.endswith("--diff --store 'a b'")
    assert differences(turned, None) is None
    assert differences(verdict(passing_suite())) is None


def test_reproducing_names_the_split():
    holdout = passing_suite(split="holdout")
    train = passing_suite(split="train", file="evals/a b.py")
    assert reproduce(verdict(holdout)) == (
        "pytest evals/test_orders.py --ftgate-variant=v12 --ftgate-holdout",
    )
    assert reproduce(verdict(train)) == (
        "pytest 'evals/a b.py' --ftgate-variant=v12 --ftgate-split=train",
    )


def test_a_command_names_no_variant_that_another_file_would_run_too():
    suites = [
        suite(),
        suite(variant="v4"),
        passing_suite(),
        suite(suite="more", file="evals/test_more.py"),
        suite(suite="more", file="evals/test_more.py", variant="v4"),
    ]
    assert reproduce(verdict(*suites)) == (
        "pytest evals/test_tickets.py evals/test_more.py --ftgate-variant=v3 --ftgate-variant=v4",
        "pytest evals/test_orders.py --ftgate-variant=v12",
    )
    lost = [replace(each, received=1) for each in suites]
    step = next_step(verdict(*lost))
    assert step.command == reproduce(verdict(*suites))[0]
    assert step.why == "runs every case again; then the other suites"


def test_no_command_carries_control_characters():
    odd = passing_suite(file="evals/\x1b[2J\n.py", variant="\u202e")
    assert all(map(str.isprintable, reproduce(verdict(odd))))


def test_several_variants_are_read_as_a_log():
    ladder = plateau()
    runs = [passing_suite(suite=ladder.suite, variant=name) for name in ("v1", "v2")]
    both = replace(verdict(*runs), saturation=(ladder,))
    assert next_step(both).command == "pytest-ftgate saturation"
    one = replace(verdict(runs[0]), saturation=(ladder,))
    assert next_step(one).command == f"pytest-ftgate baseline accept {RUN_ID}"


def test_a_gate_that_is_switched_off_need_not_be_made():
    off = passing_suite(
        kpis=(kpi("pass_rate", 1.0),),
        gates=(GateResult(name="pass_rate", verdict="none", reason="gating is switched off"),),
    )
    assert next_step(verdict(off)).command == f"pytest-ftgate baseline accept {RUN_ID}"
