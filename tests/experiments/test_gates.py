from __future__ import annotations

import pytest

from pytest_ftgate.model import Gate


def test_names_with_dots_need_no_quotes(load) -> None:
    experiment = load(
        "[kpi.queue.accuracy]\nmin = 0.5\n[kpi.queue.macro_f1]\nmin = 1\n"
        '[prices]\ngpt-4.1 = [2, 8.0]\n"gpt-4.1-mini" = { input = 0.4, output = 1.6 }\n'
    )

    assert experiment.gates == (
        Gate(kpi="queue.accuracy", min=0.5),
        Gate(kpi="queue.macro_f1", min=1.0),
    )
    assert experiment.prices == {"gpt-4.1": (2.0, 8.0), "gpt-4.1-mini": (0.4, 1.6)}


def test_an_empty_gate_is_a_regression_gate_with_defaults(load) -> None:
    assert load("[kpi.pass_rate]\n").gates == (Gate(kpi="pass_rate"),)


def test_the_bounds_of_the_ranges_are_allowed(load) -> None:
    (gate,) = load("[kpi.x]\nmin = 1\nmax = 1\nmax_drop = 0\nalpha = 0.5\n").gates

    assert (gate.min, gate.max, gate.max_drop, gate.alpha) == (1.0, 1.0, 0.0, 0.5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("mn = 1", "unknown key 'mn'; did you mean 'min'? Correct or remove it."),
        ('min = "0.9"', "min must be a finite number, got '0.9'. Write a number without quotes."),
        ("min = true", "min must be a finite number, got True. Write a number without quotes."),
        ("max = inf", "max must be a finite number, got inf. Write a number without quotes."),
        (f"max = {'9' * 400}", f"max must be a finite number, got {'9' * 57}... "
         "Write a number without quotes."),
        ("min = 0.9\nmax = 0.1", "min 0.9 is above max 0.1, so no value passes. Swap them."),
        ("max_drop = -0.1", "max_drop must be at least 0, got -0.1. "
         "Write the tolerated loss as a positive number."),
        ("alpha = 0", "alpha must be above 0 and at most 0.5, got 0. Use 0.05 or so."),
        ("alpha = 0.51", "alpha must be above 0 and at most 0.5, got 0.51. Use 0.05 or so."),
        ('min = 1\nmode = "confidence"', "mode is 'confidence'; did you mean 'confident'? "
         "Use one of: observed, confident, proven."),
        ('mode = "proven"', "mode speaks of min or max, and neither is given. Add one of them."),
        ('protect_slices = "safety"', "protect_slices must be a list of text, got 'safety'. "
         'Write protect_slices = ["..."].'),
        ('protect_slices = [1]', "protect_slices must be a list of text, got [1]. "
         'Write protect_slices = ["..."].'),
    ],
)  # fmt: skip
def test_wrong_gates(problems, line: str, message: str) -> None:
    (problem,) = problems(f"[kpi.x]\n{line}\n")

    assert problem.partition("kpi 'x': ")[2] == message
    assert problem.startswith(("experiment.toml:2: ", "experiment.toml:3: "))


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("pass_rate", "min = 1.5", "min is 1.5, and pass_rate lies between 0 and 1. "
         "Write a share: 95 % is 0.95."),
        ("error_rate", "max = -0.01", "max is -0.01, and error_rate lies between 0 and 1. "
         "Write a share: 95 % is 0.95."),
        ("format_valid", "min = 95", "min is 95, and format_valid lies between 0 and 1. "
         "Write a share: 95 % is 0.95."),
        ("time_to_output_p95", "max = -2", "max is -2, and time_to_output_p95 is never below 0. "
         "Write the amount without a sign."),
        ("policy", "max_drop = 2", "max_drop is 2, and a rate cannot drop by more than 1. "
         "Write points as a share: 2 points are 0.02."),
    ],
)  # fmt: skip
def test_a_threshold_that_the_kpi_cannot_reach_or_miss(
    problems, name: str, line: str, message: str
) -> None:
    assert problems(f"[kpi.{name}]\n{line}\n") == [f"experiment.toml:2: kpi {name!r}: {message}"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("pass_rate", "min = 0\nmax = 1\nmax_drop = 1"),
        ("tokens_in_per_task", "max = 2000\nmax_drop = 100"),
        ("stars", "min = 4.5\nmax_drop = 2"),
        ("accuracy", "min = 4.5"),
    ],
)
def test_thresholds_within_the_range_or_of_scores_are_taken(load, name: str, line: str) -> None:
    assert load(f"[kpi.{name}]\n{line}\n").gates[0].kpi == name


def test_a_kpi_must_be_a_table(problems) -> None:
    assert problems("[kpi]\nformat_valid = 0.9\n") == [
        "experiment.toml:2: kpi 'format_valid' must be a table, got 0.9. "
        "Write [kpi.format_valid] and below it min, max or max_drop."
    ]


@pytest.mark.parametrize(
    "value", ["[1]", "[1, -1]", "[1, nan]", '["1", 2]', "3", "{ input = 1 }", "[1, true]", "{}"]
)
def test_wrong_prices(problems, value: str) -> None:
    (problem,) = problems(f"[prices]\nsmall = {value}\n")

    assert problem.startswith(
        "experiment.toml:2: the price of 'small' must be two amounts of at least 0, got "
    )
    assert problem.endswith(
        'Write "small" = [0.15, 0.60]: US dollars per million input and output tokens.'
    )
