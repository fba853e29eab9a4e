"""What many errors have in common, and what can be done about it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import CaseError, ErrorCause, Record
from pytest_ftgate.verdicts.causes import MOST_CAUSES, advice, causes, summary
from tests.runs.making import failed, held, plan_of, run_of, scored, skipped
from tests.verdicts.checked import suite_of

MISS = (
    "No recording answers a call of suite triage, variant v1, case {case}, trial {trial}:\n"
    "  POST http://127.0.0.1/v1/messages\n"
    "  It was never recorded.\n"
    "  The one recorded call of the case differs in:\n"
    "    messages[0]: {case} says hello\n"
    "  Cassette: evals/cassettes/triage/v1.jsonl\n"
    "  To record it: pytest evals --ftgate-record=new_episodes"
)


def broken(case: str, message: str, kind: str = "E", **more: int) -> Record:
    return failed(case, error=CaseError(type=kind, message=message), **more)


def miss(case: str, trial: int = 0) -> Record:
    return broken(case, MISS.format(case=case, trial=trial + 1), "CassetteMiss", trial=trial)


def test_messages_that_differ_in_their_case_alone_are_one_cause() -> None:
    records = [miss("or-026"), miss("or-026", 1), miss("or-027"), broken("or-028", "boom")]
    first, second = causes(records)
    assert (first.count, first.cases, first.kind) == (
        3,
        ("or-026", "or-026#2", "or-027"),
        "not_recorded",
    )
    assert first.message == MISS.format(case="…", trial="…")
    assert (second.type, second.message, second.count) == ("E", "boom", 1)


def test_the_only_one_of_its_kind_keeps_its_words() -> None:
    (only,) = causes([miss("or-026")])
    assert only.message == MISS.format(case="or-026", trial=1)


def test_a_short_id_is_left_out_only_where_it_is_called_a_case() -> None:
    (cause,) = causes([broken("1", "case 1: step 1 failed"), broken("2", "case 2: step 1 failed")])
    assert cause.message == "case …: step 1 failed"
    (cause,) = causes([broken("c.1", "c.1, xc.1, c.1-b"), broken("c+2", "c+2, xc.1, c.1-b")])
    assert cause.message == "…, xc.1, c.1-b"


def test_only_errors_have_causes_and_the_commonest_come_first() -> None:
    several = [broken(f"x{at}", f"m{at}") for at in range(MOST_CAUSES + 5)]
    found = causes([scored("a", held()), skipped("b"), *several, broken("y1", "m"), miss("or-1")])
    assert len(found) == MOST_CAUSES
    again = causes([*several, broken("y1", "m7")])
    assert (again[0].message, again[0].cases) == ("m7", ("x7", "y1"))


def test_a_verdict_carries_them() -> None:
    suite = suite_of(run_of(scored("a", held()), miss("or-1"), miss("or-2")))
    assert [(cause.count, cause.cases) for cause in suite.errors] == [(2, ("or-1", "or-2"))]


@pytest.mark.parametrize(
    ("kind", "message", "expected", "what"),
    [
        ("CassetteMiss", "x\n  To record it: p", "not_recorded", "--ftgate-record=new_episodes"),
        ("CassetteMiss", "it opens its own sockets", "not_replayable", "passthrough_hosts"),
        ("APIConnectionError", "Connection error.", "unreachable", "check base_url"),
        ("OSError", "[Errno 111] Connection refused", "unreachable", "start the server"),
        ("AuthenticationError", "401", "key_refused", "check the API key"),
        ("ValueError", "bad", "other", "pytest-ftgate show"),
    ],
)
def test_each_kind_has_its_own_advice(kind: str, message: str, expected: str, what: str) -> None:
    (cause,) = causes([broken("a", message, kind)])
    assert cause.kind == expected
    plan = plan_of(scored("a", held()), file="evals/test a.py")
    assert what in advice(cause, plan)
    if expected == "not_recorded":
        command = "record the calls: pytest 'evals/test a.py' --ftgate-record=new_episodes"
        assert advice(cause, plan) == command
        other = replace(plan, current=False, variant="v 2")
        assert advice(cause, other) == f"{command} --ftgate-variant='v 2'"


def test_a_summary_is_one_short_line() -> None:
    (cause,) = causes([miss("or-026")])
    assert summary(cause) == "CassetteMiss: It was never recorded"
    (cause,) = causes([broken("a", "one\n  two\nthree\nfour")])
    assert summary(cause) == "E: one two three"
    hostile = ErrorCause(kind="other", type="E", message="\x1b[2J" + "x" * 9_999, count=1, cases=())
    assert len(summary(hostile)) < 300
    assert summary(hostile).isprintable()
    assert summary(ErrorCause(kind="other", type="E", message="", count=1, cases=())) == "E"
