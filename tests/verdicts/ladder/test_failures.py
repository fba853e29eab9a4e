"""Systematic failures: persistent cases, what they share, and what kind of failure they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from pytest_ftgate.iterations import FailureGroup, Failures
from pytest_ftgate.model import Case, Observation, Record, Run
from pytest_ftgate.stats.systematic import persistent_cases
from tests.runs.making import held, missed, scored
from tests.verdicts.ladder.making import (
    SUITE,
    chain,
    hashes,
    judged,
    ladder_run,
    run_with,
    simulated,
)
from tests.verdicts.observed import label

COUNT, CASES = 10, 40
Seen = Callable[[int, int], tuple[Observation, ...]]


def ladder(seen: Seen, *, facts: list[dict[str, Any]] | None = None, **changes: Any) -> Run:
    """Ten iterations on 40 cases; ``seen(iteration, case)`` are the observations."""
    parts = []
    for at, fact in enumerate(facts or chain(COUNT)):
        records: list[Record] = []
        for case in range(CASES):
            record = scored(
                f"c{case:02d}", *seen(at, case), suite=SUITE, source=f"cases.jsonl:{case + 1}"
            )
            records.append(replace(record, **{name: make(case) for name, make in changes.items()}))
        parts.append((fact, records))
    return run_with(*parts, order=tuple(fact["variant"] for fact in facts or chain(COUNT)))


def failures(run: Run, kpi: str = "echo", **changes: Any) -> Failures:
    found = judged(run, kpi=kpi, **changes).failures
    assert found is not None
    return found


def groups(run: Run, kpi: str = "echo", **changes: Any) -> dict[str, FailureGroup]:
    return {group.name: group for group in failures(run, kpi, **changes).groups}


def first_eight(_: int, case: int) -> tuple[Observation, ...]:
    return (missed() if case < 8 else held(),)


class TestPersistence:
    def test_as_the_statistics_say(self) -> None:
        rng = np.random.default_rng(7)
        scores = simulated(rng, 60, [0.7] * 12)
        result = judged(ladder_run(scores))
        found = result.failures
        want = persistent_cases(1.0 - scores[-10:])
        assert found is not None
        assert (found.runs, found.observed) == (10, want.observed)
        assert (found.expected, found.p, found.share) == (want.expected, want.p, want.share)
        assert result.persistent_cases == tuple(f"c{at:03d}" for at in want.cases)

    def test_only_iterations_that_count(self) -> None:
        facts = chain(11)
        facts[10]["components"] = hashes(instructions="i10", examples="also")
        scores = np.ones((11, 20))
        scores[:10, :5] = 0.0
        result = judged(ladder_run(scores, facts=facts))
        assert len(result.persistent_cases) == 5

    def test_fewer_than_five_iterations_say_nothing(self) -> None:
        assert judged(ladder_run(np.zeros((4, 9)))).failures is None
        assert judged(ladder_run(np.zeros((5, 9)))).failures is not None

    def test_no_failures(self) -> None:
        found = failures(ladder(lambda *_: (held(),)))
        assert (found.observed, found.share, found.groups, found.modes) == (0, None, (), ())

    def test_a_score_fails_where_its_case_does(self) -> None:
        def seen(_: int, case: int) -> tuple[Observation, ...]:
            score = Observation(check="tone", kind="score", value=0.5)
            return score, (missed() if case < 3 else held())

        assert failures(ladder(seen), "tone").observed == 3

    def test_a_rate_that_should_be_low_fails_where_it_is_high(self) -> None:
        def seen(_: int, case: int) -> tuple[Observation, ...]:
            return ((missed if case < 3 else held)("policy", kind="policy"),)

        found = groups(ladder(seen), "policy_violation_rate")
        assert {name: (group.kind, len(group.cases)) for name, group in found.items()} == {
            "policy_violation_rate": ("policy", 3)
        }


class TestModes:
    def test_tags_and_strata_that_gather_failures(self) -> None:
        run = ladder(
            first_eight,
            tags=lambda case: ("refund",) if case < 10 else ("other",),
            stratum=lambda case: "hard" if case % 2 else "easy",
        )
        found = {mode.name: mode for mode in failures(run).modes}
        assert (found["tag:refund"].n, found["tag:refund"].persistent) == (10, 8)
        assert found["tag:refund"].systematic
        assert not found["stratum:hard"].systematic
        assert "tag:other" not in found  # no persistent case has it

    def test_failed_checks_that_explain_the_kpi(self) -> None:
        def seen(_: int, case: int) -> tuple[Observation, ...]:
            parts = [
                (missed if case < 6 else held)("id"),
                (missed if 4 <= case < 8 else held)("name"),
            ]
            stray = (missed if case > 20 else held)("stray")
            return (first_eight(0, case)[0], *parts, stray)

        run = ladder(seen)
        assert {mode.name for mode in failures(run).modes} == {"check:id", "check:name"}
        assert {name: group.cases for name, group in groups(run).items()} == {
            "id": ("c00", "c01", "c02", "c03", "c04", "c05"),
            "name": ("c06", "c07"),
        }

    def test_confused_labels(self) -> None:
        def seen(at: int, case: int) -> tuple[Observation, ...]:
            if case < 4:
                return (label("billing", "shipping"),)
            if case < 6:
                return (label("billing", "shipping" if at % 2 else None),)
            if case == 6:
                return (label("other", None),)
            return (label("billing", "billing"),)

        run = ladder(seen)
        found = groups(run, "queue")
        assert {name: len(group.cases) for name, group in found.items()} == {
            "queue: billing as shipping": 4,
            "queue: various wrong labels": 2,
            "queue: other as no label": 1,
        }
        assert [group.kind for group in found.values()] == ["behaviour", "unknown", "behaviour"]
        assert found["queue: billing as shipping"].evidence == (
            "the same wrong label in at least 80 % of their answers"
        )
        assert {mode.name for mode in failures(run, "queue").modes} == set(found)
        assert groups(run, "macro_f1") == found

    def test_a_broken_format_explains_all_that_follows_from_it(self) -> None:
        def seen(_: int, case: int) -> tuple[Observation, ...]:
            form = (missed if case < 3 else held)("format_valid", kind="format")
            rule = (missed if 3 <= case < 5 else held)("policy", kind="policy")
            return (form, rule, first_eight(0, case)[0], (missed if case < 8 else held)("id"))

        found = groups(ladder(seen))
        assert {name: (group.kind, len(group.cases)) for name, group in found.items()} == {
            "format_valid": ("format", 3),
            "id": ("unknown", 3),
            "policy_violation_rate": ("policy", 2),
        }

    def test_what_no_check_explains_has_the_name_of_the_kpi(self) -> None:
        (group,) = failures(ladder(first_eight)).groups
        assert (group.name, group.kind, len(group.cases)) == ("echo", "unknown", 8)
        assert [each.case for each in group.examples] == ["c00", "c01", "c02"]
        assert group.examples[0].reason == "echo: no echo"
        assert group.examples[0].source == "cases.jsonl:1"

    def test_examples_speak_of_the_check_of_their_group(self) -> None:
        def seen(_: int, case: int) -> tuple[Observation, ...]:
            rule = (missed if case < 8 else held)("policy", kind="policy", reason="says never")
            return (first_eight(0, case)[0], rule)

        found = groups(ladder(seen))["policy_violation_rate"]
        assert found.examples[0].reason == "policy: says never"

    def test_an_example_is_the_latest_miss_of_that_check(self) -> None:
        def seen(at: int, case: int) -> tuple[Observation, ...]:
            bad = case < 8 and at < COUNT - 1
            rule = (missed if bad else held)("policy", kind="policy", reason=f"in {at}")
            return (first_eight(0, case)[0], rule)

        found = groups(ladder(seen))["policy_violation_rate"]
        assert found.examples[0].reason == f"policy: in {COUNT - 2}"

    def test_long_reasons_are_cut(self) -> None:
        def seen(_: int, case: int) -> tuple[Observation, ...]:
            return (missed(reason="x" * 999) if case < 8 else held(),)

        (group,) = failures(ladder(seen)).groups
        assert len(group.examples[0].reason) == 200


class TestKinds:
    @staticmethod
    def given(**inputs: Any) -> dict[str, Case]:
        return {
            f"c{at:02d}": Case(id=f"c{at:02d}", input=inputs["input"], expected=inputs["expected"])
            for at in range(CASES)
        }

    def test_the_fact_stands_in_the_input(self) -> None:
        run = ladder(lambda _, case: ((missed if case < 8 else held)("id"),))
        expected = {"id": "ORD-17", "name": "Zoe"}
        given = self.given(input={"message": ["Order  ord-17!"]}, expected=expected)
        (group,) = failures(run, "id", given=given).groups
        assert group.kind == "behaviour"
        (group,) = failures(ladder(first_eight), given=given).groups
        assert group.kind == "unknown"  # no part of the expectation has the name of the check
        with_part = ladder(
            lambda _, case: (first_eight(0, case)[0], (missed if case < 8 else held)("id"))
        )
        found = groups(with_part, given=given)["id"]
        assert (found.kind, found.evidence) == (
            "behaviour",
            "8 of 8 cases have the expected text in their input and fail all the same",
        )
        absent = self.given(input="Where is it?", expected={"id": "ORD-17"})
        assert groups(with_part, given=absent)["id"].kind == "unknown"
        empty = self.given(input="Where is it?", expected={"id": ""})
        assert groups(with_part, given=empty)["id"].kind == "unknown"
        text = self.given(input=["It is blue", 7], expected="blue")
        assert groups(ladder(first_eight), given=text)["echo"].kind == "behaviour"

    @pytest.mark.parametrize(
        ("expected", "text", "kind"),
        [
            ("no", "I know nothing.", "unknown"),
            ("no", "Is it (no)?", "behaviour"),
            ("120", "order 31204", "unknown"),
            ("C++", "in c++, please", "behaviour"),
            ("退款", "我要退款谢谢", "behaviour"),
        ],
    )
    def test_the_fact_stands_there_as_words(self, expected: str, text: str, kind: str) -> None:
        given = self.given(input=text, expected=expected)
        (group,) = failures(ladder(first_eight), given=given).groups
        assert group.kind == kind

    def test_the_tag_says_that_the_fact_is_there(self) -> None:
        run = ladder(first_eight, tags=lambda case: ("fact-in-input",) if case < 7 else ())
        (group,) = failures(run).groups
        assert (group.kind, group.evidence) == (
            "behaviour",
            "7 of 8 cases are tagged fact-in-input and fail all the same",
        )
        few = ladder(first_eight, tags=lambda case: ("fact-in-input",) if case < 6 else ())
        assert failures(few).groups[0].kind == "unknown"

    def test_a_case_of_the_same_cluster_with_the_fact_passes(self) -> None:
        def partners(case: int) -> str | None:
            return f"k{case % 8}" if case < 16 else None

        run = ladder(
            first_eight,
            cluster=partners,
            tags=lambda case: ("fact-in-input",) if 8 <= case < 16 else (),
        )
        (group,) = failures(run).groups
        assert (group.kind, group.evidence) == (
            "knowledge",
            "8 of 8 cases pass in a case of the same cluster that has the fact in its input",
        )

    def test_a_case_of_the_same_cluster_with_the_fact_fails_as_well(self) -> None:
        run = ladder(
            lambda _, case: (missed() if case < 16 else held(),),
            cluster=lambda case: f"k{case % 8}" if case < 16 else None,
            tags=lambda case: ("fact-in-input",) if 10 <= case < 16 else (),
        )
        (group,) = failures(run).groups
        assert group.kind == "unknown"  # 6 of 16 speak, and that is not most
        run = ladder(
            lambda _, case: (missed() if case < 10 else held(),),
            cluster=lambda case: "k" if case < 10 else None,
            tags=lambda case: ("fact-in-input",) if case < 2 else (),
        )
        (group,) = failures(run).groups
        assert (group.kind, group.evidence) == (
            "behaviour",
            "8 of 10 cases fail as well in a case of the same cluster that has the fact in its "
            "input",
        )

    def test_an_iteration_that_supplied_the_fact(self) -> None:
        facts = chain(COUNT)
        facts[3]["components"] = {**facts[2]["components"], "retrieval": "handbook"}
        for fact in facts[4:]:
            fact["parent"] = "v3"
        run = ladder(lambda at, case: (missed() if case < 8 and at != 3 else held(),), facts=facts)
        (group,) = failures(run).groups
        assert (group.kind, group.evidence) == (
            "knowledge",
            "8 of 8 cases pass in v4, which changed retrieval alone",
        )
        still = ladder(first_eight, facts=facts)
        assert failures(still).groups[0].kind == "unknown"
