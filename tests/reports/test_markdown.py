from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_ftgate.model import Miss, SliceResult
from pytest_ftgate.reports import markdown
from pytest_ftgate.reports.fences import code, fence
from tests.reports.ladders import plateau
from tests.reports.samples import HOSTILE, SAMPLES, compared_suite, passing_suite, suite, verdict

OWN_HTML = {"<!-- pytest-ftgate -->", "<details>", "</details>"}
PARSER = MarkdownIt("commonmark").enable("table")


def tokens(text):
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


@pytest.mark.parametrize("name", SAMPLES)
def test_golden(name, golden):
    golden(f"{name}.md", markdown.render(SAMPLES[name]()))


@pytest.mark.parametrize("name", SAMPLES)
def test_foreign_text_is_code_and_nothing_else(name):
    for token in tokens(markdown.render(SAMPLES[name]())):
        assert token.type not in {"link_open", "image", "html_inline"}
        if token.type == "html_block":
            lines = re.sub(r"<summary>[\w ,:]+</summary>", "", token.content).split()
            assert {*" ".join(lines).split(" ")} <= {*" ".join(OWN_HTML).split(" ")}
        elif token.type == "text":
            assert "octocat" not in token.content
            assert "evil" not in token.content
            assert "@" not in token.content


def test_the_hidden_marker_is_the_first_line():
    assert markdown.render(SAMPLES["mixed"]()).startswith(f"{markdown.MARKER}\n## Evals: block")


def test_the_order_is_what_a_reviewer_asks():
    text = markdown.render(SAMPLES["baseline"]())
    parts = (
        "## Evals: block",
        "| KPI |",
        "52 passed",
        "**Newly failing**",
        "**Newly fixed**",
        "**Caution**: `the prompt changed",
        "**Caution**: `the dataset changed",
        "matched 190 cases",
        "recorded 2026-11-21",
        "cost unknown",
        "<details>",
        "Reproduce:",
    )
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_what_newly_fails_is_shown_before_what_failed_already():
    misses = tuple(
        Miss(case=f"c{n}", trial=0, outcome="failed" if n == 3 else "missed", reasons=("r",))
        for n in range(30)
    )
    text = markdown.render(verdict(compared_suite(misses=misses, newly_failing=("c7", "c25"))))
    shown = re.findall(r"^`(c\d+)`: \*\*", text, re.MULTILINE)
    assert shown == ["c3", "c7", "c25", "c0", "c1", "c2", "c4", "c5", "c6", "c8"]


def test_few_slices_the_worst_first():
    slices = tuple(
        SliceResult(
            slice=f"tag:t{n}", kpi="format_valid", n=30, value=0.8, delta=-n / 100, flag="warn"
        )
        for n in range(7)
    )
    text = markdown.render(verdict(compared_suite(slices=slices)))
    assert re.findall(r"\*\*Slice\*\* `(.*?)`", text) == ["tag:t6", "tag:t5", "tag:t4"]
    assert "and 4 more slices (`pytest-ftgate show -v` shows all)" in text


def test_the_worst_suite_comes_first():
    text = markdown.render(verdict(passing_suite(), suite()))
    assert text.index("### `tickets`") < text.index("### `orders`")
    assert "1 of 2 suites blocked." in text


@pytest.mark.parametrize("limit", [markdown.COMMENT_LIMIT, 900 * 1024, 5_000])
def test_whatever_there_is_fits_the_limit(limit):
    huge = "\u20ac" * 10_000_000
    many = [
        suite(
            variant=f"v{number}",
            newly_failing=tuple(f"case-{n}" for n in range(5_000)),
            misses=tuple(
                Miss(case=f"c{n}", trial=0, outcome="missed", reasons=(huge,), output=huge)
                for n in range(30)
            ),
        )
        for number in range(60)
    ]
    text = markdown.render(verdict(*many), limit=limit)
    assert limit / 2 < len(text.encode()) <= limit
    assert "Some sections are left out" in text
    assert text.rstrip().endswith("```")
    assert "Reproduce:" in text


def test_what_fits_is_not_said_to_be_left_out():
    assert "left out" not in markdown.render(SAMPLES["mixed"]())


def test_a_suite_that_does_not_fit_keeps_its_verdict():
    many = [suite(variant=f"v{number}") for number in range(20)]
    text = markdown.render(verdict(*many), limit=8_000)
    assert "- `tickets` `v19`: **block**, 52 passed" in text


def test_workflow_commands_do_not_survive_in_a_log():
    text = markdown.render(SAMPLES["hostile"]())
    assert not re.search(r"^\s*::", text, re.MULTILINE)
    assert "##[" not in text


backticks = st.text(alphabet="`|\\ \nab@<\x1b", max_size=40)


@given(backticks)
@settings(max_examples=300)
def test_a_code_span_holds_its_text_whatever_it_is(text):
    cell = PARSER.parse(f"| a |\n| --- |\n| x{code(text)}y |\n")
    inline = [token for token in cell if token.type == "inline"][1]
    assert [child.type for child in inline.children] == ["text", "code_inline", "text"]
    assert [inline.children[0].content, inline.children[2].content] == ["x", "y"]


@given(backticks)
@settings(max_examples=300)
def test_a_fence_holds_its_text_whatever_it_is(text):
    parsed = PARSER.parse(f"before\n\n{fence(text, 1_000)}\n\nafter\n")
    kinds = [token.type for token in parsed]
    assert kinds == [
        "paragraph_open", "inline", "paragraph_close", "fence",
        "paragraph_open", "inline", "paragraph_close",
    ]  # fmt: skip


def test_hostile_text_is_kept_readable_inside_its_fence():
    fences = [token.content for token in tokens(fence(HOSTILE, 1_000)) if token.type == "fence"]
    assert fences[0].startswith("\\u001b[31mred")
    assert "![i](http://evil/x.png)" in fences[0]


def test_saturation_is_said_in_a_fence():
    text = markdown.render(verdict(passing_suite(), saturation=(plateau(reason="@all flat"),)))
    assert "### Saturation of `orders` `fields`: **plateau**\n\n```text\n@all flat.\n```" in text


def test_an_unfinished_run_says_so_first():
    text = markdown.render(SAMPLES["incomplete"]())
    assert text.index("**Incomplete**: the run did not end") < text.index("### ")


def test_no_suites_is_said():
    assert "No suite was evaluated" in markdown.render(verdict())
