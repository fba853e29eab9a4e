"""Reports on ladders: the terminal, the chart, Markdown."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from pytest_ftgate.iterations import LoggedKpi, PromptCost
from pytest_ftgate.reports import json_report, ladder, ladder_chart, ladder_markdown
from pytest_ftgate.reports import ladder_words as words
from pytest_ftgate.reports.wording import saturation
from tests.reports.ladders import LADDERS, entry, failures, plateau, short
from tests.reports.samples import verdict
from tests.reports.test_markdown import OWN_HTML, tokens


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("name", LADDERS)
def test_golden(name, width, golden):
    golden(f"ladder-{name}-{width}.txt", ladder.render([LADDERS[name]()], width=width, color=False))


@pytest.mark.parametrize(
    ("label", "options"),
    [
        ("verbose", {"verbosity": 1}),
        ("ascii", {"unicode": False}),
        ("narrow", {"width": 40}),
        ("colour", {"color": True}),
    ],
)
def test_golden_of_the_variations(label, options, golden):
    text = ladder.render([plateau()], **{"width": 80, "color": False, **options})
    golden(f"ladder-plateau-{label}.txt", text)


@pytest.mark.parametrize("name", LADDERS)
def test_golden_markdown(name, golden):
    golden(f"ladder-{name}.md", ladder_markdown.render([LADDERS[name]()]))


@pytest.mark.parametrize("name", LADDERS)
@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_lines_fit_and_end_without_spaces(name, width):
    for line in ladder.render([LADDERS[name]()], width=width, color=False).splitlines():
        assert line == line.rstrip()
        assert cell_len(line) <= width


def test_colour_adds_nothing_but_colour():
    plain, coloured = (
        ladder.render([plateau()], width=80, color=color, verbosity=1) for color in (False, True)
    )
    without = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in without.splitlines()] == plain.splitlines()


def test_ascii_is_ascii():
    assert ladder.render([plateau()], width=100, color=False, unicode=False, verbosity=1).isascii()


@pytest.mark.parametrize("width", [60, 120])
def test_hostile_text_cannot_reach_the_terminal(width):
    text = ladder.render([LADDERS["hostile"]()], width=width, color=False, verbosity=1)
    assert {unicodedata.category(char) for char in text if char != "\n"}.isdisjoint(
        {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    )


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("name", LADDERS)
def test_foreign_text_is_code_and_nothing_else(name, full):
    for token in tokens(ladder_markdown.section(LADDERS[name](), full=full)):
        assert token.type not in {"link_open", "image", "html_inline"}
        if token.type == "html_block":
            lines = re.sub(r"<summary>[\w ,:]+</summary>", "", token.content).split()
            assert {*lines} <= OWN_HTML
        elif token.type == "text":
            assert "octocat" not in token.content
            assert "evil" not in token.content
            assert "@" not in token.content


def test_a_table_has_as_many_cells_as_headings():
    for make in LADDERS.values():
        rows = [line for line in ladder_markdown.section(make()).splitlines() if line[:1] == "|"]
        counts = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
        assert len(counts) == 1


def test_gated_costs_have_one_column():
    log = tuple(
        replace(
            each,
            kpis=(
                *each.kpis,
                LoggedKpi(name="time_to_output_p50", value=1.5, low=1, high=2, n=9, unit="seconds"),
            ),
        )
        for each in plateau().log
    )
    result = plateau(log=log)
    page = ladder_markdown.section(result, full=True)
    text = ladder.render([result], width=200, color=False)
    for report in (page, text):
        assert "format_valid" in report
        assert " p50 " in report
        assert "time_to_output_p50" not in report


def test_no_log_is_no_table():
    bare = replace(short(), log=())
    assert "|" not in ladder_markdown.section(bare)
    assert "variant" not in ladder.render([bare], width=80, color=False)


class TestChart:
    def test_a_line_a_version_and_the_last_window(self):
        lines = ladder_chart.lines(plateau(), 80)
        names = [line.split()[0] for line in lines]
        assert names[:7] == ["v1", "v2", "v3", "v4", "v5", "v6", "v7"]
        assert "last 5 that count" in lines[7]
        assert names[8:-1] == ["v8", "v9", "v10", "v11", "v12", "tidy"]
        assert lines[-1].split() == ["24.2", "%", "63.1", "%"]

    def test_marks_stand_where_the_values_are(self):
        lines = ladder_chart.lines(plateau(), 80)
        places = {line.split()[0]: line.index("●") for line in lines if "●" in line}
        assert places["v1"] < places["v2"] < places["v3"] < places["v12"]
        (tidy,) = (line for line in lines if line.startswith("tidy"))
        assert "×" in tidy
        assert "●" not in tidy

    def test_the_last_window_is_not_marked_when_it_is_everything(self):
        assert not any("last" in line for line in ladder_chart.lines(short(), 80))

    def test_equal_values_without_intervals_are_points(self):
        kpis = (LoggedKpi(name="fields", value=0.5, low=None, high=None, n=3),)
        lines = ladder_chart.lines(plateau(log=(entry(0, 0.5, kpis=kpis),)), 60)
        assert lines[0].count("●") == 1
        assert "─" not in lines[0]

    def test_values_that_hardly_differ_are_in_one_place(self):
        kpis = (LoggedKpi(name="fields", value=0.0, low=0.0, high=5e-324, n=3),)
        lines = ladder_chart.lines(plateau(log=(entry(0, 0.0, kpis=kpis),)), 60)
        assert lines[0].split() == ["v1", "●", "0.0", "%"]

    @pytest.mark.parametrize("width", [10, 20])
    def test_without_room_there_is_none(self, width):
        assert ladder_chart.lines(plateau(), width) == []

    @given(
        st.lists(
            st.tuples(st.floats(0, 1), st.floats(0, 0.4), st.floats(0, 0.4)), min_size=1, max_size=9
        ),
        st.integers(30, 200),
    )
    def test_any_values_fit_any_width(self, values, width):
        log = tuple(
            entry(
                at,
                0.5,
                kpis=(LoggedKpi(name="x", value=v, low=v - below, high=v + above, n=9),),
            )
            for at, (v, below, above) in enumerate(values)
        )
        lines = ladder_chart.lines(plateau(log=log), width)
        assert all(cell_len(line) <= width for line in lines)
        assert sum("●" in line for line in lines) in (0, len(values))


def test_the_line_of_a_session():
    assert saturation(verdict(saturation=(plateau(),))) == (
        "orders · fields: plateau. The best of the last 5 iterations gains +0.4 points on the best "
        "before (90 % CI -1.1 to +1.9), below 3 points: plateau.",
    )


def test_growth_is_said_of_what_grew():
    assert words.growth(plateau()) == (
        "prompt tokens grew from 280 to 505 (+80 %) over the last 5 iterations while the KPI "
        "stands still.",
        "cost grew from $0.00018 to $0.00028 (+56 %) over the last 5 iterations while the KPI "
        "stands still.",
    )
    assert words.growth(plateau(verdict="improving"))[0].endswith("over the last 5 iterations.")


def test_what_it_costs_a_month():
    assert words.prompt_cost(plateau()) == (
        "at 100,000 calls a month v12 costs $32.00, $18.90 of it for its prompt; v1 cost $10.00."
    )
    assert words.prompt_cost(short()) == ""


def test_the_prompt_at_a_volume_without_a_price():
    cost = PromptCost(
        calls_per_month=100_000,
        variant="v12",
        per_month=None,
        prompt_per_month=None,
        first="v1",
        first_per_month=None,
        tokens_per_month=50_500_000,
        first_tokens_per_month=9_800_000,
    )
    assert words.prompt_cost(plateau(prompt_cost=cost)) == (
        "at 100,000 calls a month v12 sends 50.5 million prompt tokens; v1 sent 9.8 million; what "
        "they cost is not known without a price of the model."
    )
    alone = replace(cost, variant="v1", tokens_per_month=990_000)
    assert words.prompt_cost(plateau(prompt_cost=alone)) == (
        "at 100,000 calls a month v1 sends 990,000 prompt tokens; what they cost is not known "
        "without a price of the model."
    )


@pytest.mark.parametrize(
    ("p", "said"),
    [
        (0.0002, "more than the 10.4 that chance alone gives (p <0.001)"),
        (0.05, "more than the 10.4 that chance alone gives (p = 0.050)"),
        (0.051, "as chance alone may have it (10.4 expected, p = 0.051)"),
    ],
)
def test_persistent_failures_stand_against_chance(p, said):
    found = replace(failures(), observed=12, expected=10.4, p=p, runs=10, share=None)
    assert words.failures(found) == (
        f"12 cases failed in at least 80 % of the last 10 iterations, {said}."
    )


@pytest.mark.parametrize(("count", "said"), [(6, "1 more group"), (7, "2 more groups")])
def test_groups_beyond_five_are_counted(count, said):
    (first, *_) = failures().groups
    found = replace(failures(), groups=tuple(replace(first, name=f"g{at}") for at in range(count)))
    text = ladder.render([plateau(failures=found)], width=80, color=False)
    assert f"and {said} (-v shows all)\n" in text
    assert "more group" not in ladder.render(
        [plateau(failures=found)], width=80, color=False, verbosity=1
    )


def test_a_short_heading_keeps_whole_facts():
    def heading(width):
        text = ladder.render([plateau()], width=width, color=False)
        return text.splitlines()[0]

    full = "── orders · fields · dev · 12 of 14 iterations · 220 cases ─"
    assert heading(80).startswith(full)
    assert heading(70).startswith("── orders · fields · 12 of 14 iterations · 220 cases ─")
    assert heading(50).startswith("── orders · fields · 220 cases ─")
    assert {len(heading(width)) for width in (50, 70, 80)} == {50, 70, 80}


def test_the_document_holds_every_ladder():
    judged = verdict(saturation=tuple(make() for make in LADDERS.values()))
    assert b'"persistent_cases"' in json_report.encode(judged)
