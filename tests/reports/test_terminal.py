from __future__ import annotations

import re
import unicodedata

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from pytest_ftgate.model import GateResult, Miss, SliceResult
from pytest_ftgate.reports.terminal import render
from tests.reports.ladders import plateau
from tests.reports.samples import (
    SAMPLES,
    compared_suite,
    erroring_suite,
    kpi,
    passing_suite,
    suite,
    unscored_suite,
    verdict,
)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", SAMPLES)
def test_golden(name, width, golden):
    golden(f"terminal-{name}-{width}.txt", render(SAMPLES[name](), width=width, color=False))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["mixed", "baseline", "incomplete"])
def test_golden_in_colour(name, width, golden):
    golden(f"terminal-{name}-{width}-colour.txt", render(SAMPLES[name](), width=width, color=True))


@pytest.mark.parametrize(
    ("label", "options"),
    [
        ("verbose", {"verbosity": 1}),
        ("verbose-120", {"verbosity": 1, "width": 120}),
        ("quiet", {"verbosity": -1}),
        ("ascii", {"unicode": False}),
        ("narrow", {"width": 40}),
    ],
)
@pytest.mark.parametrize("name", ["mixed", "baseline"])
def test_golden_of_the_variations(name, label, options, golden):
    text = render(SAMPLES[name](), **{"width": 80, "color": False, **options})
    golden(f"terminal-{name}-{label}.txt", text)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_quiet_cuts_gates_and_never_a_number(width):
    gates = tuple(
        GateResult(name=f"a_gate_with_a_name_{at}", verdict="block", reason="x") for at in range(3)
    )
    judged = verdict(suite(gates=gates, counts={"passed": 9_000, "missed": 1_234, "error": 5}))
    text = render(judged, width=width, color=False, verbosity=-1)
    assert " ".join(text.split()).startswith(
        "BLOCK 9,000 passed · 1,234 missed · 5 errors tickets [v3]"
    )
    assert ("a_gate" in text) == (width > 60)
    assert all(cell_len(line) <= width for line in text.splitlines())


def test_quiet_colours_the_verdict_alone():
    text = render(verdict(suite()), width=80, color=True, verbosity=-1)
    assert text.startswith("\x1b[1;31mBLOCK\x1b[0m  52 passed")


def test_very_quiet_is_silent():
    assert render(SAMPLES["mixed"](), width=80, color=True, verbosity=-2) == ""


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_lines_fit_and_end_without_spaces(name, width):
    lines = render(SAMPLES[name](), width=width, color=False).splitlines()
    for line in lines:
        assert line == line.rstrip()
        # A command is never broken, so that it survives copying.
        assert cell_len(line) <= width or line.startswith("next: ")


def test_colour_adds_nothing_but_colour():
    for name in SAMPLES:
        plain, coloured = (
            render(SAMPLES[name](), width=80, color=color, verbosity=1) for color in (False, True)
        )
        without = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
        assert [line.rstrip() for line in without.splitlines()] == plain.splitlines()


@pytest.mark.parametrize("verbosity", [-1, 0, 1, 2])
def test_hostile_text_cannot_reach_the_terminal(verbosity):
    text = render(SAMPLES["hostile"](), width=100, color=False, verbosity=verbosity)
    assert {unicodedata.category(char) for char in text if char != "\n"}.isdisjoint(
        {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    )


def test_markup_of_the_table_library_is_plain_text():
    text = render(SAMPLES["hostile"](), width=200, color=False)
    assert "[bold]x[/bold]" in text


def test_ascii_output_is_ascii_whatever_the_model_said():
    odd = suite(misses=(Miss(case="c", trial=0, outcome="missed", reasons=("q: got 'größe €'",)),))
    text = render(verdict(odd), width=80, color=False, unicode=False)
    assert text.isascii()
    assert r"gr\xf6\xdfe \u20ac" in text


def test_a_value_just_below_its_threshold_is_not_shown_as_the_threshold():
    near = passing_suite(kpis=(kpi("accuracy", 0.9496, 0.94, 0.96, min=0.95, verdict="block"),))
    assert "  accuracy  94.96 %    94.0–96.0 %  200  min 95.0 %  block  " in render(
        verdict(near), width=80, color=False
    )


def test_unknown_is_never_zero():
    rows = render(verdict(suite()), width=80, color=False).splitlines()
    assert "  cost_per_task          unknown                   0" in rows
    assert "cost unknown" in "".join(rows)
    assert "$0" not in "".join(rows)


def test_numbers_are_whole_even_where_names_are_not():
    wide = suite(kpis=(kpi("a_very_long_name_of_a_kpi_that_does_not_fit", 0.9496, min=0.95),))
    text = render(verdict(wide), width=40, color=False)
    assert "94.96 %" in text
    assert "a_very_long_" in text


def test_few_misses_unless_asked_for_more():
    misses = tuple(
        Miss(case=f"c{n}", trial=0, outcome="missed", reasons=("q: no",)) for n in range(30)
    )
    shown = {
        verbosity: render(
            verdict(suite(misses=misses, counts={"passed": 170, "missed": 40})),
            width=80,
            color=False,
            verbosity=verbosity,
        )
        for verbosity in (0, 1, 2)
    }
    assert [text.count("q: no") for text in shown.values()] == [5, 20, 30]
    assert "and 35 more (-v shows more)" in shown[0]
    assert "and 20 more (-vv shows more)" in shown[1]


def test_a_huge_output_is_previewed():
    huge = Miss(
        case="c", trial=0, outcome="missed", reasons=("r" * 10_000_000,), output="o" * 10_000_000
    )
    text = render(verdict(suite(misses=(huge,))), width=80, color=False, verbosity=2)
    assert len(text) < 12_000


def test_gates_come_worst_first_and_passing_ones_only_when_asked():
    gates = tuple(
        GateResult(name=name, verdict=name, reason="because")
        for name in ("pass", "warn", "partial", "inconclusive", "block")
    )
    judged = verdict(suite(gates=gates))
    shown = [
        line.split()[0]
        for line in render(judged, width=80, color=False).splitlines()
        if line.endswith("because.")
    ]
    assert shown == ["block", "inconclusive", "partial", "warn"]
    assert "pass: because." in render(judged, width=80, color=False, verbosity=1)


def test_confusion_only_when_asked():
    assert "predicted in columns" not in render(verdict(suite()), width=120, color=False)
    text = render(verdict(suite()), width=120, color=False, verbosity=1)
    assert "queue: expected in rows, predicted in columns" in text
    (macro,) = [line.split() for line in text.splitlines() if line.startswith("  macro ")]
    assert macro == ["macro", "48.0", "%", "43.7", "%", "43.7", "%"]
    narrow = render(verdict(suite()), width=60, color=False, verbosity=1)
    assert "expected billing, predicted shipping" in narrow


def test_classes_keep_their_measures_where_the_confusion_is_too_wide():
    text = render(verdict(suite()), width=60, color=False, verbosity=1)
    assert "predicted in columns" not in text
    start = text.index("queue: by expected label")
    assert [line.split() for line in text[start:].splitlines()[1:6]] == [
        ["n", "precision", "recall", "F1"],
        ["account", "36", "48.0", "%", "33.3", "%", "39.3", "%"],
        ["billing", "44", "55.6", "%", "34.1", "%", "42.2", "%"],
        ["shipping", "44", "40.6", "%", "63.6", "%", "49.6", "%"],
        ["macro", "48.0", "%", "43.7", "%", "43.7", "%"],
    ]


def test_slices_only_where_they_say_something():
    text = render(verdict(compared_suite()), width=80, color=False)
    assert "stratum:hard" in text
    assert "tag:refund" not in text
    assert "tag:refund" in render(verdict(compared_suite()), width=80, color=False, verbosity=1)


def slices_of(*found):
    return tuple(
        SliceResult(
            slice=name, kpi="format_valid", n=30, baseline=0.9, value=0.9 + d, delta=d, flag=flag
        )
        for name, d, flag in found
    )


def test_few_slices_unless_asked_for_more_the_blocking_and_the_worst_first():
    found = [
        *((f"tag:t{n}", -0.1 - n / 100, "warn") for n in range(6)),
        ("tag:safety", -0.05, "block"),
        ("tag:tiny", -0.5, "descriptive"),
        ("tag:calm", -0.4, "none"),
    ]
    judged = verdict(compared_suite(slices=slices_of(*found)))
    few, every = (
        re.findall(r"tag:\w+", render(judged, width=80, color=False, verbosity=v)) for v in (0, 1)
    )
    worst_first = ["tag:safety", "tag:t5", "tag:t4", "tag:t3", "tag:t2", "tag:t1", "tag:t0"]
    assert few == worst_first[:3]
    assert every == [*worst_first, "tag:tiny"]
    assert "and 4 more (-v shows all)\n" in render(judged, width=80, color=False)
    three = replace(judged.suites[0], slices=slices_of(*found[:3]))
    assert "-v shows all" not in render(verdict(three), width=80, color=False)


def test_one_long_interval_takes_no_column_from_the_others():
    kpis = (
        kpi(
            "correct",
            0.511,
            baseline=0.84,
            delta=-0.329,
            delta_low=-0.348,
            delta_high=-0.31,
            b=476,
            c=147,
            verdict="block",
        ),
        kpi(
            "cost_per_task",
            0.00066,
            unit="usd",
            direction="lower",
            baseline=0.00052,
            delta=0.00014,
            delta_low=0.00011,
            delta_high=0.00017,
        ),
    )
    judged = verdict(compared_suite(kpis=kpis))
    narrow, wide = (render(judged, width=width, color=False) for width in (76, 160))
    assert re.search(r"correct .* −32.9 pts \(−34.8 to −31.0\)  −476 \+147\n", narrow)
    assert re.search(r"cost_per_task .* \+\$0.00014 *\n", narrow)
    assert "+$0.00014 (+0.00011 to +0.00017)" in wide


def test_mcnemar_and_newcombe_of_gated_kpis_when_asked():
    few, more = (
        render(verdict(compared_suite()), width=160, color=False, verbosity=v) for v in (0, 1)
    )
    assert "McNemar" not in few
    assert (
        "McNemar            format_valid: 9 passed before and fail now, 1 the reverse; "
        "mid-p 0.012, Newcombe's 95 % interval −8.0 to −0.5 pts\n"
    ) in more


def test_what_makes_a_comparison_unfair_is_told():
    text = render(verdict(compared_suite()), width=120, color=False)
    assert "  caution        the prompt changed since the baseline: instructions.\n" in text
    assert "  caution        the dataset changed: 10 cases added, 1 case removed; only 190" in text


def test_the_bar_needs_room():
    assert "├" in render(verdict(passing_suite()), width=120, color=False)
    assert "├" not in render(verdict(suite()), width=80, color=False)


def test_saturation_is_said_in_one_sentence():
    ladder = plateau(verdict="not_enough_evidence", reason="it could be as large as +4.1 points")
    text = render(verdict(passing_suite(), saturation=(ladder,)), width=120, color=False)
    assert (
        "saturation  orders · fields: not enough evidence. It could be as large as +4.1 points.\n"
    ) in text


def test_an_error_of_many_cases_is_told_once():
    text = render(SAMPLES["unscored"](), width=120, color=False)
    assert "  200 errors  APIConnectionError: Connection error.\n" in text
    assert "ticket-001, ticket-002, ticket-003, ticket-004, ticket-005 and 195 more\n" in text
    assert "no KPIs: no case was scored\n" in text
    assert "worst cases" not in text
    assert text.count("Connection error") == 2


def test_what_stayed_as_it_was_is_compared_where_a_gate_speaks_of_it():
    kpis = (
        kpi("gated", 0.5, baseline=0.5, delta=0.0, verdict="pass"),
        kpi("moved", 0.6, baseline=0.5, delta=0.1),
        kpi("still", 0.5, baseline=0.5, delta=0.0),
    )
    judged = verdict(compared_suite(kpis=kpis))
    shown = [render(judged, width=60, color=False, verbosity=v) for v in (0, 1)]
    assert [text.count("gated ") for text in shown] == [2, 2]
    assert [text.count("moved ") for text in shown] == [2, 2]
    assert [text.count("still ") for text in shown] == [1, 2]


def test_few_errors_unless_asked_for_more():
    first = unscored_suite().errors[0]
    many = tuple(replace(first, message=f"fault {at}") for at in range(7))
    judged = verdict(replace(unscored_suite(), errors=many))
    shown = [render(judged, width=80, color=False, verbosity=v) for v in (0, 1)]
    assert [text.count("fault") for text in shown] == [3, 7]
    assert "and 4 other errors (-v shows more)" in shown[0]
    assert "other error" not in shown[1]


def test_no_suites_is_not_silence():
    empty = replace(verdict(), verdict="error")
    assert render(empty, width=80, color=False) == (
        "No suite was evaluated: there is nothing to judge.\n"
    )


def test_the_banner_of_a_partial_run_speaks_for_its_gates():
    text = render(SAMPLES["partial"](), width=80, color=False)
    assert "PARTIAL  12 of 200 results were selected: its gates neither pass nor fail." in text
    assert "accuracy:" not in text
    assert "accuracy: 12 of 200" in render(SAMPLES["partial"](), width=80, color=False, verbosity=1)
    assert render(SAMPLES["partial"](), width=80, color=False, verbosity=-1) == (
        "INCONCLUSIVE partial  4 passed · 8 missed  tickets [v3]\n"
    )


def test_a_run_that_was_stopped_says_why_and_once():
    judged = SAMPLES["incomplete"]()
    stopped = replace(judged, run=replace(judged.run, stopped="was interrupted"))
    text = render(stopped, width=120, color=False)
    assert "INCOMPLETE  the run was interrupted (198 of 200 results arrived): it can be" in text
    assert text.count("INCOMPLETE") == 1
    assert render(verdict(erroring_suite()), width=120, color=False).count("INCOMPLETE") == 1


def test_where_a_partial_run_fails_its_gates_say_so():
    judged = SAMPLES["partial"]()
    gate = GateResult(name="accuracy", verdict="block", reason="12 of 200 results were selected")
    failed = replace(judged.suites[0], gates=(gate,), verdict="block")
    text = render(replace(judged, suites=(failed,)), width=80, color=False)
    assert "neither pass nor fail" not in text
    assert "block  accuracy: 12 of 200 results were selected." in text


def test_calls_that_were_not_played_are_told_before_the_next_step():
    text = render(SAMPLES["passing"](), width=80, color=False)
    told, _, rest = text.partition(
        "1,203 recorded calls were not played: pytest-ftgate cassettes prune --dry-run\n"
    )
    assert "next: " not in told
    assert rest.startswith("next: ")
    one = verdict(passing_suite())
    one = replace(one, run=replace(one.run, stale_calls=1))
    assert "1 recorded call was not played:" in render(one, width=80, color=False)
    assert "not played" not in render(one, width=80, color=False, verbosity=-1)


def test_the_mode_of_a_threshold_gives_way_before_the_number_of_cases_does() -> None:
    kpis = tuple(
        kpi("policy_violation_rate", 0.0123, 0.0101, 0.0456, n=1200, max=0.05, mode=mode)
        for mode in ("observed", "confident")
    )
    wide, narrow = (
        render(verdict(suite(kpis=kpis, gates=())), width=width, color=False) for width in (100, 76)
    )
    assert "max 5.0 % confident" in wide
    assert "confident" not in narrow
    for text in (wide, narrow):
        assert text.count(" 1,200 ") >= len(kpis)
        assert text.count("max 5.0 %") == len(kpis)
