"""The one-change rule: fingerprints decide, written changes are only asked about."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytest_ftgate.iterations import LoggedIteration, SaturationResult
from pytest_ftgate.model import COMPONENTS
from pytest_ftgate.verdicts.ladder import Declared, Outline
from pytest_ftgate.verdicts.ladder.wording_check import question
from tests.verdicts.ladder.making import (
    chain,
    hashes,
    judged,
    ladder_of,
    ladder_run,
    records_of,
    run_with,
)

ONES = np.ones((4, 6))


def log(*facts: dict[str, Any], **changes: Any) -> list[LoggedIteration]:
    return list(result(*facts, **changes).log)


def result(*facts: dict[str, Any], **changes: Any) -> SaturationResult:
    return judged(ladder_run(ONES[: len(facts)], facts=list(facts), **changes))


def fact(variant: str, parent: str | None = None, **components: str) -> dict[str, Any]:
    return {"variant": variant, "parent": parent, "components": hashes(**components)}


class TestKinds:
    def test_root_disciplined_confounded_unchanged(self) -> None:
        found = log(
            fact("a", instructions="1"),
            fact("b", "a", instructions="2"),
            fact("c", "b", instructions="3", examples="3"),
            fact("d", "c", instructions="3", examples="3"),
        )
        assert [(each.kind, each.counted, each.components) for each in found] == [
            ("root", True, ()),
            ("disciplined", True, ("instructions",)),
            ("confounded", False, ("instructions", "examples")),
            ("unchanged", False, ()),
        ]
        assert [each.why_not for each in found] == [
            "",
            "",
            "changed instructions and examples at once",
            "differs in nothing from c",
        ]
        assert (
            result(
                fact("a", instructions="1"), fact("b", "a", instructions="2", examples="3")
            ).confounded
        ) == ("b",)

    def test_every_component_counts(self) -> None:
        facts = [fact("root")]
        facts += [fact(f"v-{name}", "root", **{name: "x"}) for name in COMPONENTS[:3]]
        assert [each.components for each in log(*facts)] == [
            (),
            *((name,) for name in COMPONENTS[:3]),
        ]

    def test_a_second_root_is_no_step(self) -> None:
        found = log(fact("a", instructions="1"), fact("b", instructions="2"))
        assert found[1].kind == "root"
        assert found[1].why_not == (
            "has no parent, so nobody can tell what it changed: add parent = ..."
        )

    def test_a_parent_that_never_ran_and_is_not_declared(self) -> None:
        found = log(fact("a", instructions="1"), fact("c", "b", instructions="2"))
        assert (found[1].kind, found[1].counted) == ("unknown", False)
        assert found[1].why_not == "the fingerprint of b is not known: run that variant"

    def test_a_parent_that_never_ran_and_is_declared(self) -> None:
        facts = [fact("a", instructions="1"), fact("c", "b", instructions="3")]
        outline = Outline(
            tuple(
                Declared(each["variant"], each["parent"], components=each["components"])
                for each in (facts[0], fact("b", "a", instructions="2"), facts[1])
            )
        )
        run = ladder_run(ONES[:2], facts=facts)
        found = ladder_of(run, outline=outline).judge("echo").log
        assert (found[1].kind, found[1].counted) == ("disciplined", True)

    def test_the_first_iteration_is_the_start_whatever_its_parent(self) -> None:
        found = log(fact("b", "a", instructions="2"), fact("c", "b", instructions="3"))
        assert [(each.kind, each.counted) for each in found] == [
            ("unknown", True),
            ("disciplined", True),
        ]

    @pytest.mark.parametrize(
        ("kind", "why"),
        [
            ("fine-tuned", "is fine-tuned: the ladder is about prompting"),
            ("base", "is a base model: the ladder is about prompting"),
            ("human", "is the work of people: the ladder is about prompting"),
            ("other", "is of kind 'other'"),
        ],
    )
    def test_only_prompts_count(self, kind: str, why: str) -> None:
        found = log(
            {**fact("ft", instructions="1"), "kind": kind}, fact("a", "ft", instructions="2")
        )
        assert (found[0].counted, found[0].why_not) == (False, why)
        assert found[1].counted  # the first prompt is the start

    def test_a_removed_variant_is_shown_and_not_counted(self) -> None:
        run = ladder_run(ONES[:3], order=("v1", "v3"))
        found = judged(run).log
        assert [each.variant for each in found] == ["v1", "v3", "v2"]
        assert found[2].why_not == "is no longer in the experiment"
        assert found[1].kind == "disciplined"  # its parent's fingerprint is still known

    def test_without_any_fingerprint_all_count_with_a_word(self) -> None:
        found = result({"variant": "a"}, {"variant": "b"}, {"variant": "c"})
        assert [(each.kind, each.counted) for each in found.log] == [("unknown", True)] * 3
        assert (
            "there are no fingerprints, so each iteration is taken to have changed one thing"
            in (found.notes)
        )

    def test_one_without_a_fingerprint_among_others(self) -> None:
        found = log(fact("a", instructions="1"), {"variant": "b", "parent": "a"})
        assert (found[1].kind, found[1].counted) == ("unknown", False)


class TestModels:
    def test_the_ladder_is_that_of_the_current_model(self) -> None:
        facts = [
            fact("a", model="old", instructions="1"),
            fact("b", "a", model="old", instructions="2"),
            fact("c", "b", model="new", instructions="2"),
            fact("d", "c", model="new", instructions="3"),
        ]
        found = result(*facts)
        assert [each.counted for each in found.log] == [False, False, True, True]
        assert found.log[0].why_not == "ran on another model"
        assert any(
            note.startswith("the model changes within the ladder: a and b ran on another one")
            for note in found.notes
        )
        shipped = judged(ladder_run(ONES, facts=facts, shipped="b"))
        assert [each.counted for each in shipped.log] == [True, True, False, False]

    def test_an_answering_model_that_changed_breaks_the_comparison(self) -> None:
        facts = chain(3)
        parts = [
            (each, records_of(each["variant"], np.ones(4), model=model))
            for each, model in zip(facts, ("m-05", "m-05", "m-08"), strict=True)
        ]
        found = judged(run_with(*parts))
        assert [each.counted for each in found.log] == [False, False, True]
        assert found.log[0].why_not == "ran on m-05, not on m-08"
        assert found.log[0].models == ("m-05",)

    def test_a_current_variant_that_is_fine_tuned_says_nothing_of_prompts(self) -> None:
        facts = [
            fact("a", instructions="1"),
            fact("b", "a", instructions="2"),
            {**fact("ft", "b", instructions="2", model="ft"), "kind": "fine-tuned"},
        ]
        found = judged(ladder_run(ONES[:3], facts=facts, shipped="ft"))
        assert [each.counted for each in found.log] == [True, True, False]


@pytest.mark.parametrize(
    ("change", "components", "asked"),
    [
        ("one more example", ("examples",), False),
        ("one more example", ("instructions",), True),
        ("three shots", ("params",), True),
        ("few-shot", ("examples",), False),
        ("explicit schema, respond with JSON only", ("instructions",), False),
        ("explicit schema", ("schema",), True),
        ("JSON schema of the answer", ("schema",), False),
        ("decoding constrained to the schema", ("params",), False),
        ("temperature 0.2", ("params",), False),
        ("temperature 0.2", ("instructions",), True),
        ("gpt-4.1 instead of gpt-4o", ("model",), False),
        ("a bigger model", ("instructions",), True),
        ("adds a lookup tool", ("tools",), False),
        ("retrieves three passages", ("examples",), True),
        ("a penalty on words, against ids copied from the examples", ("params",), False),
        ("shorter", ("examples",), False),
        ("", ("examples",), False),
        (None, ("examples",), False),
        ("a longer instruction", ("instructions", "examples"), False),
    ],
)
def test_words_that_disagree_are_asked_about(change, components, asked: bool) -> None:
    assert bool(question(change, components)) == asked


def test_the_question() -> None:
    assert question("one more example", ("instructions", "params")) == (
        'the log says "one more example", and instructions and params changed, not examples: '
        "is that what was meant?"
    )
    assert question("a bigger model and more shots", ("instructions",)) == (
        'the log says "a bigger model and more shots", and instructions changed, not examples or '
        "model: is that what was meant?"
    )
    assert question("shorter", ()) == (
        'the log says "shorter", and nothing differs from the parent: was it saved?'
    )


def test_a_question_stands_in_the_log_and_among_the_notes() -> None:
    found = result(
        fact("a", instructions="1"),
        {**fact("b", "a", instructions="2"), "change": "one more example"},
    )
    assert found.log[1].question.endswith("is that what was meant?")
    assert f"b: {found.log[1].question}" in found.notes


def test_no_question_about_what_nobody_can_know() -> None:
    found = log({**fact("a", instructions="1"), "change": "basic instructions + one example"})
    assert found[0].question == ""
