"""The ``[saturation]`` table."""

from __future__ import annotations

import pytest

from pytest_ftgate.iterations import SaturationRules

MINIMAL = '[[variant]]\nname = "v1"\n'


def test_defaults(load) -> None:
    assert load(MINIMAL).saturation == SaturationRules(window=5, margin=0.03, calls_per_month=None)


def test_everything(load) -> None:
    table = "[saturation]\nwindow = 4\nmargin = 0.02\ncalls_per_month = 100_000\n"
    assert load(MINIMAL + table).saturation == SaturationRules(
        window=4, margin=0.02, calls_per_month=100_000
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("window = 1", "window must be at least 2, got 1. "
         "Write the number of iterations that a gain is measured over."),
        ("window = 2.5", "window must be a whole number of at least 0, got 2.5. "
         "Write a number without quotes."),
        ("margin = 3", "margin must be above 0 and below 1, got 3. "
         "Write the gain that would still be worth having as a share: 0.03 is 3 points."),
        ("margin = 0", "margin must be above 0 and below 1, got 0. "
         "Write the gain that would still be worth having as a share: 0.03 is 3 points."),
        ("calls_per_month = 0", "calls_per_month must be above 0, got 0. Write your volume."),
        ("margins = 0.02", "unknown key 'margins'; did you mean 'margin'? Correct or remove it."),
    ],
)  # fmt: skip
def test_what_is_wrong(problems, line: str, message: str) -> None:
    assert problems(f"{MINIMAL}[saturation]\n{line}\n") == [
        f"experiment.toml:4: saturation: {message}"
    ]
