"""The arguments of ``@pytest.mark.llm_eval``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    import pytest

ARGUMENTS = ("dataset", "experiment", "suite", "split", "trials", "task", "must_pass")


def read_arguments(marker: pytest.Mark) -> dict[str, Any]:
    """The arguments that were given, each checked for what it may be.

    Raises:
        ConfigError: an argument is unknown, positional, or of the wrong kind.
    """
    if marker.args:
        raise ConfigError(
            f"got the positional argument {marker.args[0]!r}; all arguments are keywords: "
            f"{', '.join(ARGUMENTS)}"
        )
    for name in marker.kwargs:
        if name not in ARGUMENTS:
            raise ConfigError(
                f"unknown argument {name!r}; {did_you_mean(name, ARGUMENTS)} "
                f"(allowed: {', '.join(ARGUMENTS)})"
            )
    arguments = dict(marker.kwargs)
    trials = arguments.get("trials")
    if trials is not None and (not isinstance(trials, int) or trials < 1):
        raise ConfigError(f"trials: got {trials!r}, allowed: a whole number of at least 1")
    split = arguments.get("split")
    if split not in (None, "dev", "train", "holdout"):
        raise ConfigError(f"split: got {split!r}, allowed: dev, train, holdout")
    task = arguments.get("task")
    if task is not None and not callable(task):
        raise ConfigError(f"task: got {task!r}, allowed: a callable (case, variant) -> output")
    if isinstance(arguments.get("must_pass"), str):
        arguments["must_pass"] = (arguments["must_pass"],)
    return arguments
