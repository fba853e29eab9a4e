from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.checks import text
from pytest_ftgate.errors import CheckError, MissingExtra
from pytest_ftgate.model import Completion


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("a", "a"),
        ("a", Completion(text="a")),
        (1, 1.0),
        ({"a": 1, "b": [1, 2]}, {"b": (1, 2), "a": 1.0}),
        (None, None),
        (pytest.approx(0.3), 0.1 + 0.2),
        ([pytest.approx(1)], [1.0000001]),
    ],
)
def test_equal_values(expected: object, actual: object) -> None:
    seen = text.equal("echo", expected, actual)
    assert (seen.check, seen.kind, seen.value, seen.passed, seen.reason) == (
        "echo",
        "text",
        1.0,
        True,
        "",
    )


@pytest.mark.parametrize(
    ("expected", "actual", "reason"),
    [
        ("a", "b", 'expected "a", got "b"'),
        ("Yes", "yes", 'expected "Yes", got "yes" (only upper and lower case differ)'),
        ("a b", "a  b\n", 'expected "a b", got "a  b\\n" (only whitespace differs)'),
        ("a", None, 'expected "a", got null'),
        (1, True, "expected 1, got true"),
        (1, "1", 'expected 1, got "1"'),
        (0, False, "expected 0, got false"),
        ({"a": 1}, {"a": 2, "b": 3}, "$.a: expected 1, got 2; $.b: not expected, got 3"),
        ({"a": {"b": [1]}}, {"a": {"b": [1, 2]}}, "$.a.b: expected 1 items, got 2"),
        ({"a": 1}, {}, "$.a: missing, expected 1"),
        ([1, 2, 3, 4], [0, 0, 0, 0], "$[0]: expected 1, got 0; $[1]: expected 2, got 0; $[2]: expected 3, got 0"),  # noqa: E501
        ([], {}, "expected [], got {}"),
        ("x" * 90 + "a", "x" * 90 + "b", 'differs at character 91: expected "…xxxxxxxxxxxxa", got "…xxxxxxxxxxxxb"'),  # noqa: E501
        ("a" + "x" * 90, "b" + "x" * 90, 'differs at character 1: expected "axxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…", got "bxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"'),  # noqa: E501
        ("safe", "\x1b[31msafe", r'expected "safe", got "\u001b[31msafe"'),
    ],
)  # fmt: skip
def test_different_values_show_where(expected: object, actual: object, reason: str) -> None:
    seen = text.equal("echo", expected, actual)
    assert (seen.value, seen.passed, seen.reason) == (0.0, False, reason)


def test_equal_survives_depth_and_size() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    other: list[object] = [1]
    for _ in range(100_000):
        other = [other]
    assert text.equal("a", deep, other).reason == "nested too deeply to be compared"
    assert len(text.equal("a", "x" * 10_000_000, "x" * 9_999_999 + "y").reason) < 300


@given(st.text(max_size=30), st.text(max_size=30))
def test_equal_agrees_with_python_on_texts(left: str, right: str) -> None:
    assert text.equal("a", left, right).passed is (left == right)


@pytest.mark.parametrize(
    ("expected", "actual", "ignore_case", "reason"),
    [
        ("ship", "We ship today", False, ""),
        ("SHIP", "We ship today", True, ""),
        (["We", "today"], Completion(text="We ship today"), False, ""),
        ("SHIP", "We ship", False, 'does not contain "SHIP": "We ship"'),
        (["We", "x", "y"], "We ship", False, 'does not contain "x", "y": "We ship"'),
        ("a", None, False, "there is no output (None)"),
        ('"a": 1', {"a": 1}, False, ""),
    ],
)
def test_contains(expected: object, actual: object, ignore_case: bool, reason: str) -> None:
    seen = text.contains("c", expected, actual, ignore_case=ignore_case)  # type: ignore[arg-type]
    assert (seen.passed, seen.reason) == (not reason, reason)


@pytest.mark.parametrize("expected", ["", [], ["a", ""], [1]])
def test_contains_refuses_what_every_text_contains(expected: object) -> None:
    with pytest.raises(CheckError, match="a text or a list of texts, none of them empty"):
        text.contains("c", expected, "a")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "actual", "reason"),
    [
        (r"\bA\d{4}\b", "order A1042.", ""),
        (r"^A\d+$", "order", r'no match for ^A\d+$ in "order"'),
        ("a", None, "there is no output (None)"),
    ],
)
def test_regex(pattern: str, actual: object, reason: str) -> None:
    seen = text.regex("r", pattern, actual)
    assert (seen.passed, seen.reason) == (not reason, reason)


def test_regex_ignores_case_on_request() -> None:
    assert text.regex("r", "a", "A", ignore_case=True).passed
    assert not text.regex("r", "a", "A").passed


def test_a_regex_that_cannot_be_judged_is_an_error() -> None:
    with pytest.raises(CheckError, match=r"regex 'r': .* is not a regular expression"):
        text.regex("r", "(", "a")
    with pytest.raises(CheckError, match=r"regex 'r': the pattern .* took longer than"):
        text.regex("r", "^(a|aa)+$", "a" * 64 + "!")


def test_similarity_is_graded_and_judged_only_with_a_threshold() -> None:
    free = text.similarity("s", "hello world", "hello there")
    assert (free.kind, free.passed, free.low, free.high) == ("score", None, 0.0, 1.0)
    assert free.value == pytest.approx(7 * 2 / 22)
    held = text.similarity("s", "hello", "hello", min=1)
    assert (held.value, held.passed, held.reason) == (1.0, True, "")
    missed = text.similarity("s", "hello world", "hello there", min=0.9)
    assert missed.passed is False
    assert missed.value == free.value
    assert missed.reason == 'similarity to "hello world": got 0.636, allowed: at least 0.9'
    assert text.similarity("s", "hello", None, min=0.1).passed is False


def test_bleu_is_that_of_sacrebleu() -> None:
    from sacrebleu import sentence_bleu

    reference, output = "the cat sat on the mat", "the cat sat on a mat"
    seen = text.bleu("b", reference, output)
    assert seen.value == pytest.approx(sentence_bleu(output, [reference]).score / 100)
    assert text.bleu("b", [output, reference], reference, min=0.99).passed
    assert text.bleu("b", reference, "", min=0.1).value == 0.0


def test_rouge_is_the_f_measure() -> None:
    seen = text.rouge("r", "the cat sat", Completion(text="the cat"))
    assert seen.value == pytest.approx(0.8)
    assert text.rouge("r", "a b c d", "d c b a", kind="rouge1").value == 1.0
    assert text.rouge("r", "a b c d", "d c b a", kind="rouge2", min=0.5).reason == (
        'rouge2 against "a b c d": got 0, allowed: at least 0.5'
    )
    with pytest.raises(CheckError, match='kind is "rougeX"'):
        text.rouge("r", "a", "a", kind="rougeX")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("check", "package"),
    [("similarity", "rapidfuzz"), ("bleu", "sacrebleu.metrics.bleu"),
     ("rouge", "rouge_score.rouge_scorer")],
)  # fmt: skip
def test_a_missing_package_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, check: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"grade\.{check} .* 'pytest-ftgate\[text\]'"):
        getattr(text, check)("s", "a", "b")


@pytest.mark.parametrize("check", ["similarity", "bleu", "rouge"])
def test_a_reference_or_threshold_that_is_none_is_refused(check: str) -> None:
    with pytest.raises(CheckError, match=r"min is 1\.5, allowed: 0 to 1"):
        getattr(text, check)("s", "a", "b", min=1.5)
    with pytest.raises(CheckError, match=r"'s': expected is .*allowed: a text"):
        getattr(text, check)("s", [5], "b")


def test_bleu_needs_a_reference() -> None:
    with pytest.raises(CheckError, match="'s': there is no reference text"):
        text.bleu("s", [], "b")


def test_data_that_is_no_json_cannot_be_read_as_text() -> None:
    cyclic: list[object] = []
    cyclic.append(cyclic)
    with pytest.raises(CheckError, match="the output cannot be written as JSON"):
        text.contains("c", "a", cyclic)
    with pytest.raises(CheckError, match="cannot read an output of type bytes"):
        text.regex("r", "a", b"a")


def test_equal_texts_have_a_bleu_of_one_and_not_more() -> None:
    for words in range(1, 30):
        sentence = " ".join(f"word{number}" for number in range(words))
        assert text.bleu("b", sentence, sentence).value <= 1.0
