# ruff: noqa: RUF001
from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_ftgate.checks.policy import Policy, PolicyStore, Violation, check_policy
from pytest_ftgate.errors import CheckError, DataError
from pytest_ftgate.model import Completion

DOCUMENT = Path(__file__).parents[2] / "docs" / "checks.md"


@pytest.fixture
def make(tmp_path: Path):  # type: ignore[no-untyped-def]
    def policy(text: str) -> Policy:
        path = tmp_path / "policy.toml"
        path.write_text(text, "utf-8")
        return PolicyStore().load(path)

    return policy


@pytest.fixture
def documented(make) -> Policy:  # type: ignore[no-untyped-def]
    """The policy that the documentation shows."""
    found = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert found
    return make(found[1])  # type: ignore[no-any-return]


def broken(policy: Policy, output: object, case_input: object = "Hello?") -> list[str]:
    observation, violations = check_policy(output, policy, case_input)
    blocking = [each.rule for each in violations if each.severity == "block"]
    assert observation.passed is not bool(blocking)
    assert observation.value == float(not blocking)
    assert (observation.check, observation.kind) == ("policy", "policy")
    assert len(observation.reason) < 300
    assert observation.reason.isprintable()
    return list(dict.fromkeys(each.rule for each in violations))


# The rules that the documented policy is there to express, one test each.


def test_at_most_three_sentences(documented: Policy) -> None:
    assert broken(documented, "One. Two e.g. this one! Three costs 3.50 EUR?") == []
    assert broken(documented, "One. Two. Three. Four") == ["short"]


def test_frustration_is_acknowledged_before_solving(documented: Policy) -> None:
    angry = "This is the third time it fails, I am so frustrated!"
    rule = ["acknowledge-frustration"]
    assert broken(documented, "I'm sorry about that. Please restart the app.", angry) == []
    assert broken(documented, "Please restart the app. Sorry!", angry) == rule
    assert broken(documented, "Please restart the app.", angry) == rule
    assert broken(documented, "I understand that this is annoying.", angry) == []
    assert broken(documented, "Please restart the app.", "How do I restart?") == []


def test_product_names_are_spelt_as_listed(documented: Policy) -> None:
    rule = ["product-names"]
    assert broken(documented, "CloudSync Pro and **DataVault** and two PhotoBox Minis") == []
    assert broken(documented, "cloudsync pro") == rule
    assert broken(documented, "Cloud Sync Pro") == rule
    assert broken(documented, "Data-Vault") == rule
    assert broken(documented, "PhotoBocks Mini is nice; PhotoBix Mini is not") == rule


def test_an_unknown_answer_is_handed_over_in_the_agreed_words(documented: Policy) -> None:
    rule = ["hand-over-when-unknown"]
    assert broken(documented, "I don't know. Let me connect you with a specialist.") == []
    assert broken(documented, "I'm not sure about that. Ask somebody else.") == rule
    assert broken(documented, "I do not know. Let me connect you to an expert.") == rule
    assert broken(documented, "It ships on Monday.") == []


def test_competitors_are_never_discussed(documented: Policy) -> None:
    assert broken(documented, "Unlike GLOBEX we ship today.") == ["no-competitors"]
    assert broken(documented, "We ship today.") == []
    assert broken(documented, "The globexian way is ours.") == []


def test_discounts_are_offered_only_when_asked_for(documented: Policy) -> None:
    offer = "You get 10% off today."
    assert broken(documented, offer, "When do you open?") == ["no-unasked-discounts"]
    assert broken(documented, offer, "Any discount for students?") == []


def test_a_reason_names_rule_severity_cause_and_excerpt(documented: Policy) -> None:
    observation, violations = check_policy("Ask Initech. Mail jo@example.com", documented, "hi")
    assert observation.reason == (
        'no-competitors [block]: forbidden text "Initech" (Never discuss competitor products)'
    )
    assert observation.note == 'no-personal-data [warn]: personal data (email) "jo…"'
    assert violations == [
        Violation(
            rule="no-competitors",
            severity="block",
            reason="forbidden text",
            why="Never discuss competitor products",
            excerpt="Initech",
        ),
        Violation(
            rule="no-personal-data",
            severity="warn",
            reason="personal data (email)",
            excerpt="jo…",
        ),
    ]


def test_a_warning_alone_is_no_miss(documented: Policy) -> None:
    observation, violations = check_policy("Call 415-555-0123.", documented, "hi")
    assert observation.passed
    assert observation.reason == ""
    assert "personal data (phone)" in observation.note
    assert [each.severity for each in violations] == ["warn"]


def test_the_interfaces_example_reads(make) -> None:  # type: ignore[no-untyped-def]
    policy = make(r"""
        [[rule]]
        id = "no-competitors"
        forbid = ['\b(Globex|Initech)\b']
        unless_input = 'competitor'
        severity = "block"
        why = "Never discuss competitor products"
    """)
    assert broken(policy, "Globex does that.") == ["no-competitors"]
    assert broken(policy, "Globex does that.", "Is there a competitor?") == []
    assert broken(policy, "Globex does that.", None) == ["no-competitors"]


@pytest.mark.parametrize(
    ("case_input", "applies"),
    [
        ("give me a deal", True),
        ({"message": "a deal?", "id": 7}, True),
        ({"deal": "only a key"}, False),
        ([{"role": "user", "content": "a deal?"}], True),
        ([{"role": "system", "content": "never a deal"}, {"role": "user", "content": "hi"}], False),
        ([{"role": "assistant", "content": "a deal?"}], False),
        ([{"role": "user", "content": [{"type": "text", "text": "a deal"}]}], True),
        ({"messages": [{"role": "user", "content": "deal"}], "locale": "en"}, True),
        ({"nested": {"text": ["x", {"y": "deal"}]}}, True),
        ({"content": "deal"}, True),
        ({"code": 5}, False),
        ("", False),
    ],
)
def test_the_input_is_what_the_user_said(make, case_input: object, applies: bool) -> None:  # type: ignore[no-untyped-def]
    policy = make("""
        [[rule]]
        id = "r"
        forbid = "no"
        only_if_input = "deal"
    """)
    assert broken(policy, "no", case_input) == (["r"] if applies else [])


def test_a_rule_that_needs_the_input_cannot_be_judged_without_one(make) -> None:  # type: ignore[no-untyped-def]
    policy = make('[[rule]]\nid = "r"\nforbid = "x"\nonly_if_input = "y"')
    with pytest.raises(CheckError, match=r"rule 'r' depends on the input .* pass input="):
        check_policy("a", policy)


def test_conditions_on_the_output(make) -> None:  # type: ignore[no-untyped-def]
    policy = make("""
        [[rule]]
        id = "only"
        only_if_output = ["refund", "return"]
        require = "14 days"
        [[rule]]
        id = "unless"
        unless_output = "for example"
        max_words = 3
    """)
    assert broken(policy, "A refund takes time, for example") == ["only"]
    assert broken(policy, "A refund within 14 days, for example") == []
    assert broken(policy, "One two three four") == ["unless"]


@pytest.mark.parametrize(
    ("rule", "output", "reason"),
    [
        ("max_sentences = 1", "A b. C d.", "got 2 sentences, allowed: at most 1"),
        ("max_words = 2", "one two - three", "got 3 words, allowed: at most 2"),
        ("max_chars = 3", "  abcd\n", "got 4 characters, allowed: at most 3"),
        ("max_words = 0", "a", "got 1 word, allowed: at most 0"),
        ("require = 'a\\d'", "b", r"required text is missing: a\d"),
        ("require = 'sorry'\nbefore = ['try', 'open']", "open it, try it, sorry", '"open" comes before the required "sorry"'),  # noqa: E501
        ("starts_with = [\"I'm sorry\", 'Thank you']", "Hello there", 'must start with "I\'m sorry" or "Thank you", got "Hello there"'),  # noqa: E501
        ("allowed_terms = 'DataVault'", "Data vault", 'a name must be spelt "DataVault", got "Data vault"'),  # noqa: E501
        ("pii = 'iban'", "DE89 3704 0044 0532 0130 00", 'personal data (iban) "DE…"'),
        ("forbid = 'x.*'", "x\x1b[31m", r'forbidden text "x\u001b[31m"'),
    ],
)  # fmt: skip
def test_every_condition_has_its_words(make, rule: str, output: str, reason: str) -> None:  # type: ignore[no-untyped-def]
    policy = make(f'[[rule]]\nid = "r"\n{rule}')
    assert check_policy(output, policy)[0].reason == f"r [block]: {reason}"


def test_starting_texts_forgive_quotes_and_on_request_case(make) -> None:  # type: ignore[no-untyped-def]
    policy = make('[[rule]]\nid = "r"\nstarts_with = "I\'m sorry"')
    assert broken(policy, "\n I’m sorry to hear that") == []
    assert broken(policy, "I'M SORRY") == ["r"]
    policy = make('[[rule]]\nid = "r"\nstarts_with = "I\'m sorry"\nignore_case = true')
    assert broken(policy, "I’M SORRY") == []


def test_everything_that_a_rule_names_must_hold(make) -> None:  # type: ignore[no-untyped-def]
    policy = make('[[rule]]\nid = "r"\nforbid = ["a", "b"]\nmax_words = 1\nrequire = "z"')
    _, violations = check_policy("b a", policy)
    assert [each.reason for each in violations] == [
        "forbidden text",
        "forbidden text",
        "required text is missing: z",
        "got 2 words, allowed: at most 1",
    ]


def test_outputs_of_every_kind_are_read(make) -> None:  # type: ignore[no-untyped-def]
    policy = make('[[rule]]\nid = "r"\nforbid = "Globex"')
    assert broken(policy, Completion(text="Globex")) == ["r"]
    assert broken(policy, {"reply": "Globex"}) == ["r"]
    assert broken(policy, None) == []
    with pytest.raises(CheckError, match="of type object"):
        check_policy(object(), policy)


def test_no_output_breaks_what_is_required_and_nothing_else(make) -> None:  # type: ignore[no-untyped-def]
    policy = make("""
        [[rule]]
        id = "required"
        require = "bye"
        [[rule]]
        id = "start"
        starts_with = "Hi"
        [[rule]]
        id = "forbidden"
        forbid = "x"
    """)
    assert broken(policy, None) == ["required", "start"]


@pytest.mark.parametrize("key", ["forbid", "require", "only_if_output", "unless_input"])
def test_a_pattern_that_runs_too_long_is_an_error_not_a_pass(make, key: str) -> None:  # type: ignore[no-untyped-def]
    policy = make(f"[[rule]]\nid = 'fine'\nforbid = 'x'\n\n[[rule]]\nid = 'slow'\n"
                  f"max_words = 99\n{key} = '^(a|aa)+$'")  # fmt: skip
    bait = "a" * 64 + "!"
    with pytest.raises(DataError, match=r"policy\.toml:5: rule 'slow': the pattern .* took longer"):
        check_policy(bait, policy, bait)


def test_many_violations_make_one_short_reason(make) -> None:  # type: ignore[no-untyped-def]
    policy = make("".join(f'[[rule]]\nid = "rule-number-{n}"\nforbid = "a"\n' for n in range(99)))
    observation, violations = check_policy("a", policy)
    assert len(violations) == 99
    assert observation.reason.endswith("more")
    assert len(observation.reason) < 300


def test_finds_of_one_rule_are_bounded(make) -> None:  # type: ignore[no-untyped-def]
    policy = make('[[rule]]\nid = "r"\npii = "email"')
    text = " ".join(f"user{n}@example.com" for n in range(1000))
    assert len(check_policy(text, policy)[1]) == 20


def test_a_megabyte_is_judged_in_full(make) -> None:  # type: ignore[no-untyped-def]
    policy = make("""
        [[rule]]
        id = "all"
        forbid = "Globex"
        max_words = 5
        allowed_terms = ["CloudSync Pro"]
        pii = ["email", "phone", "card", "iban"]
    """)
    assert broken(policy, "some words of an answer that never ends " * 26_000) == ["all"]
