from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.reports import safe

INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error file=a::b", ": :error file=a::b"),
        ("x ::SET-OUTPUT name=a::b", "x : :SET-OUTPUT name=a::b"),
        ("::add-mask::secret", ": :add-mask::secret"),
        ("::stop-commands::t", ": :stop-commands::t"),
        ("##[group]x", "# #[group]x"),
        ("##vso[task.complete]", "# #vso[task.complete]"),
        ("tests/test_a.py::test_b[v1]::gate[c]", "tests/test_a.py::test_b[v1]::gate[c]"),
        ("std::string", "std::string"),
    ],
)
def test_workflow_commands_are_broken_and_nothing_else(text, shown):
    assert safe.line(text) == shown


@given(st.text(max_size=300), st.integers(2, 100))
def test_a_line_is_printable_and_bounded(text, limit):
    shown = safe.line(text, limit)
    assert len(shown) <= limit
    assert INVISIBLE.isdisjoint(unicodedata.category(char) for char in shown)


@given(st.text(max_size=300), st.integers(2, 100))
def test_a_block_keeps_only_line_feeds(text, limit):
    shown = safe.block(text, limit)
    assert len(shown) <= limit
    categories = {unicodedata.category(char) for char in shown.replace("\n", "")}
    assert INVISIBLE.isdisjoint(categories)


def test_windows_line_ends_are_line_ends():
    assert safe.block("a\r\nb\rc", 100) == "a\nb\\rc"
