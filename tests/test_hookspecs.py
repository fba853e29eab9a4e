"""The examples of the hooks' docstrings are plugins that work."""

from __future__ import annotations

import inspect
import textwrap
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate import (
    Case,
    Completion,
    KpiDefinition,
    Observation,
    Provider,
    Record,
    datasets,
    hookspecs,
    providers,
)
from pytest_ftgate.checks.grader import Grader
from pytest_ftgate.model import Variant

if TYPE_CHECKING:
    from pathlib import Path

HOOKS = [name for name in vars(hookspecs) if name.startswith("pytest_ftgate_")]


def example(hook: str) -> str:
    """The code of a hook's docstring."""
    documented = inspect.getdoc(getattr(hookspecs, hook)) or ""
    lines = documented.partition("Example::\n")[2].splitlines()
    code = []
    for line in lines:
        if line and not line.startswith(" "):
            break
        code.append(line)
    return textwrap.dedent("\n".join(code))


def plugin(hook: str) -> Any:
    """The hook caller with the docstring's example registered, as pytest would register it."""
    manager = pytest.PytestPluginManager()
    manager.add_hookspecs(hookspecs)
    module = ModuleType("example")
    exec(example(hook), vars(module))
    manager.register(module, "example")
    manager.check_pending()
    return getattr(manager.hook, hook)


def test_the_hooks_are_those_that_are_announced() -> None:
    assert sorted(HOOKS) == [
        "pytest_ftgate_checks",
        "pytest_ftgate_dataset_loaders",
        "pytest_ftgate_kpis",
        "pytest_ftgate_providers",
        "pytest_ftgate_redact_interaction",
        "pytest_ftgate_redact_record",
    ]


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_has_an_example(hook: str) -> None:
    assert f"def {hook}(" in example(hook)
    plugin(hook)


def test_a_plugins_provider_answers() -> None:
    [factories] = plugin("pytest_ftgate_providers")()
    provider = providers.get("echo", replaying=True, extra=factories)
    assert isinstance(provider, Provider)
    answer = provider.complete([{"role": "user", "content": "hi"}], Variant(name="v1"))
    assert answer == Completion(text="hi")
    provider.close()


def test_a_plugins_check_is_graded(tmp_path: Path) -> None:
    [checks] = plugin("pytest_ftgate_checks")()
    grader = Grader(tmp_path, extra=checks, must_pass=["polite"])
    grader.polite(Completion(text="Please wait."))
    grader.polite(Completion(text="Wait."))
    assert [seen.passed for seen in grader.observations] == [True, False]
    assert grader.observations[1] == Observation(
        check="polite",
        kind="text",
        value=0.0,
        passed=False,
        reason="the answer never says please",
        must_pass=True,
    )


def test_a_plugins_loader_gives_cases(tmp_path: Path) -> None:
    [loaders] = plugin("pytest_ftgate_dataset_loaders")()
    path = tmp_path / "cases.txt"
    path.write_text("one\ntwo\n", "utf-8")
    cases = datasets.from_objects(loaders[".txt"](path), str(path))
    assert cases[1] == Case(id="line-2", input="two", source=f"{path}:2")


def test_a_plugins_kpi_is_a_number_of_a_record() -> None:
    [[kpi]] = plugin("pytest_ftgate_kpis")()
    assert isinstance(kpi, KpiDefinition)
    assert (kpi.name, kpi.direction, kpi.unit) == ("words", "lower", "count")
    record = Record(suite="s", variant="v", case="c", trial=0, status="scored", output="a b")
    assert kpi.value(record) == 2.0
    assert kpi.value(Record(suite="s", variant="v", case="c", trial=0, status="error")) is None


def test_a_plugin_redacts_records() -> None:
    record = Record(suite="s", variant="v", case="c", trial=0, status="scored", output="a b")
    [redacted] = plugin("pytest_ftgate_redact_record")(record=record)
    assert redacted.output is None
    assert redacted.case == "c"


def test_a_plugin_redacts_interactions() -> None:
    interaction = {"request": {"body": {"json": {"user": "jane", "model": "m"}}}}
    [redacted] = plugin("pytest_ftgate_redact_interaction")(interaction=interaction)
    assert redacted == {"request": {"body": {"json": {"model": "m"}}}}
