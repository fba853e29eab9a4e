from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.checks.patterns import Pattern, PatternError, PatternTimeout, end_only_at_end


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a$", r"a\Z"),
        (r"a\$", r"a\$"),
        (r"a\\$", r"a\\\Z"),
        ("[$]", "[$]"),
        ("[^]$]$", r"[^]$]\Z"),
        ("[]$]$", r"[]$]\Z"),
        (r"[\]$]$", r"[\]$]\Z"),
        ("(a|b$)c", r"(a|b\Z)c"),
        ("a\\", "a\\"),
        ("", ""),
    ],
)
def test_only_anchors_are_rewritten(source: str, expected: str) -> None:
    assert end_only_at_end(source) == expected


@given(st.text("ab$^.[]\\()|*", max_size=8), st.text("ab$\n", max_size=6))
def test_rewriting_changes_nothing_but_the_closing_line_feed(source: str, text: str) -> None:
    try:
        plain, anchored = Pattern(source), Pattern(source, anchored_end=True)
    except PatternError:
        return
    if not text.endswith("\n"):
        assert bool(anchored.search(text)) == bool(plain.search(text))


def test_case_can_be_ignored() -> None:
    assert Pattern("sorry", ignore_case=True).search("SORRY")
    assert not Pattern("sorry").search("SORRY")


def test_a_pattern_that_does_not_compile_says_why() -> None:
    with pytest.raises(PatternError, match=r"missing \)"):
        Pattern("(")


def test_a_search_that_runs_too_long_is_stopped() -> None:
    with pytest.raises(PatternTimeout, match="took longer than"):
        Pattern("^(a|aa)+$").search("a" * 64 + "!", timeout=0.05)
