"""Checks of text: equal, contains, regex, and graded likeness by optional packages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pytest_ftgate.checks.compare import differences
from pytest_ftgate.checks.outputs import text_of
from pytest_ftgate.checks.patterns import Pattern, PatternError, PatternTimeout
from pytest_ftgate.checks.scores import check_bounds, graded
from pytest_ftgate.errors import CheckError, MissingExtra
from pytest_ftgate.model import Completion, Observation
from pytest_ftgate.text import preview, shown

REASON_LIMIT = 280

RougeType = Literal["rouge1", "rouge2", "rougeL", "rougeLsum"]


def equal(name: str, expected: object, actual: object) -> Observation:
    """Whether two values are equal, as JSON compares them; a completion counts as its text.

    1 and 1.0 are equal, true and 1 are not; lists and tuples are the same. The reason shows the
    first three differences. An expectation such as ``pytest.approx(3)`` is compared by ``==``.
    """
    if isinstance(actual, Completion):
        actual = actual.text
    try:
        found = differences(expected, actual)
    except RecursionError:
        found = ("nested too deeply to be compared",)
    return _judged(name, "; ".join(found))


def contains(
    name: str, expected: str | Sequence[str], actual: object, *, ignore_case: bool = False
) -> Observation:
    """Whether the text holds the expected text, or each of several."""
    wanted = [expected] if isinstance(expected, str) else list(expected)
    if not wanted or not all(isinstance(each, str) and each for each in wanted):
        raise CheckError(
            f"contains {name!r}: expected is {preview(expected)}; "
            "allowed: a text or a list of texts, none of them empty"
        )
    text = text_of(actual)
    if text is None:
        return _judged(name, "there is no output (None)")
    within = text.casefold() if ignore_case else text
    missing = [each for each in wanted if (each.casefold() if ignore_case else each) not in within]
    if not missing:
        return _judged(name, "")
    texts = ", ".join(preview(each, 60) for each in missing)
    return _judged(name, f"does not contain {texts}: {preview(text, 80)}")


def regex(name: str, pattern: str, actual: object, *, ignore_case: bool = False) -> Observation:
    """Whether the pattern is found anywhere in the text, as by :func:`re.search`.

    Raises:
        CheckError: when the pattern is not a regular expression, or takes too long on this text.
    """
    try:
        compiled = Pattern(pattern, ignore_case=ignore_case)
    except PatternError as error:
        raise CheckError(
            f"regex {name!r}: {preview(pattern)} is not a regular expression: {error}"
        ) from None
    text = text_of(actual)
    if text is None:
        return _judged(name, "there is no output (None)")
    try:
        found = compiled.search(text)
    except PatternTimeout as error:
        raise CheckError(shown(f"regex {name!r}: {error} on this output", 250)) from None
    return _judged(
        name,
        "" if found else f"no match for {shown(pattern, 100)} in {preview(text, 100)}",
    )


def similarity(
    name: str, expected: str, actual: object, *, min: float | None = None
) -> Observation:
    """How alike two texts are: 1 minus the normalised indel distance (rapidfuzz ``ratio``).

    Args:
        name: the check's name.
        expected: the reference text.
        actual: the output; no output has the similarity 0.
        min: the least similarity in [0, 1] that holds; without it the value is only recorded.

    Raises:
        MissingExtra: when rapidfuzz is not installed.
    """
    check_bounds(name, min)
    try:
        from rapidfuzz import fuzz
    except ImportError:
        raise MissingExtra("grade.similarity", "text") from None
    value = fuzz.ratio(_reference(name, expected), text_of(actual) or "") / 100
    return graded(name, value, min, f"similarity to {preview(expected, 80)}")


def bleu(
    name: str, expected: str | Sequence[str], actual: object, *, min: float | None = None
) -> Observation:
    """Sentence BLEU of the output against one or more references (sacrebleu), in [0, 1].

    Effective order and exponential smoothing, as sacrebleu advises for single sentences.

    Raises:
        MissingExtra: when sacrebleu is not installed.
    """
    check_bounds(name, min)
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError:
        raise MissingExtra("grade.bleu", "text") from None
    references = [expected] if isinstance(expected, str) else list(expected)
    if not references:
        raise CheckError(f"{name!r}: there is no reference text")
    for each in references:
        _reference(name, each)
    score = BLEU(effective_order=True).sentence_score(text_of(actual) or "", references)
    return graded(name, score.score / 100, min, f"BLEU against {preview(references[0], 80)}")


def rouge(
    name: str,
    expected: str,
    actual: object,
    *,
    min: float | None = None,
    kind: RougeType = "rougeL",
) -> Observation:
    """ROUGE F-measure of the output against a reference (rouge-score), in [0, 1].

    Args:
        name: the check's name.
        expected: the reference text.
        actual: the output; no output has the value 0.
        min: the least value that holds; without it the value is only recorded.
        kind: ``rouge1``, ``rouge2``, ``rougeL`` or ``rougeLsum``; words are not stemmed.

    Raises:
        MissingExtra: when rouge-score is not installed.
    """
    check_bounds(name, min)
    if kind not in ("rouge1", "rouge2", "rougeL", "rougeLsum"):
        raise CheckError(
            f"rouge {name!r}: kind is {preview(kind)}; allowed: rouge1, rouge2, rougeL, rougeLsum"
        )
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError:
        raise MissingExtra("grade.rouge", "text") from None
    scores = RougeScorer([kind]).score(_reference(name, expected), text_of(actual) or "")
    return graded(name, scores[kind].fmeasure, min, f"{kind} against {preview(expected, 80)}")


def _reference(name: str, expected: object) -> str:
    if not isinstance(expected, str):
        raise CheckError(f"{name!r}: expected is {preview(expected)}; allowed: a text")
    return expected


def _judged(name: str, reason: str) -> Observation:
    held = not reason
    return Observation(
        check=name,
        kind="text",
        value=1.0 if held else 0.0,
        passed=held,
        reason=shown(reason, REASON_LIMIT),
    )
