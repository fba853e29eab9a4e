"""``pytest-ftgate variant``: the next iteration of an experiment, and what two differ in."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_ftgate.cli.output import screen, write
from pytest_ftgate.cli.project import project_root
from pytest_ftgate.errors import ConfigError, did_you_mean, shown_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    from pytest_ftgate.experiments import Experiment
    from pytest_ftgate.model import Variant

    _Command = TypeVar("_Command", bound=Callable[..., Any])

_COMPONENTS = ("instructions", "examples", "schema", "tools", "retrieval", "model", "params")
_SKIPPED = {"node_modules", "site-packages", "__pycache__", "build", "dist"}
_COLORS = {"+": "green", "-": "red", "@": "cyan"}


@click.group()
def variant() -> None:
    """Start the next iteration of an experiment, or show what two of them differ in."""


def _experiment_option(command: _Command) -> _Command:
    return click.option(
        "--experiment",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The experiment; needed where several have such a variant.",
    )(command)


@variant.command("new")
@click.argument("parent")
@click.argument("name")
@click.option(
    "--change", metavar="TEXT", help="The one change, in your words; asked for if absent."
)
@click.option(
    "--component",
    type=click.Choice(_COMPONENTS),
    default="instructions",
    show_default=True,
    help="What is going to change; its file is copied.",
)
@_experiment_option
def new(
    *, parent: str, name: str, change: str | None, component: str, experiment: Path | None
) -> None:
    """Scaffold the variant NAME from PARENT: copy its prompt, and append it to the experiment."""
    from pytest_ftgate.experiments.scaffolding import add_variant

    path = _find(experiment, parent)
    added = add_variant(path, parent, name, change or _ask(), component)
    click.echo(f"Appended to {shown_path(path)}:\n\n{added.block}")
    where = shown_path(added.copied or path)
    click.echo(f"Now change one thing, and nothing else: {where}")
    option = "" if experiment is None else f" --experiment {shown_path(path)}"
    click.echo(f"What it is then:  pytest-ftgate variant diff {parent} {name}{option}")
    click.echo(f"Evaluate it:      pytest --ftgate-variant={name} --ftgate-record=new_episodes")


@variant.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@_experiment_option
def diff(*, before: str, after: str, experiment: Path | None) -> None:
    """Show by component what changed from variant A to variant B."""
    from pytest_ftgate import experiments

    found = experiments.load(_find(experiment, before, after))
    old, new = (_variant(found, name) for name in (before, after))
    color = screen().color
    lines = (click.style(text, fg=style) if color else text for text, style in _told(old, new))
    # A line of a diff must survive copying, so lines are never wrapped by us.
    write("".join(f"{line}\n" for line in lines))


def _told(old: Variant, new: Variant) -> Iterator[tuple[str, str | None]]:
    """Lines and their colours."""
    from pytest_ftgate.experiments.differences import differences
    from pytest_ftgate.reports.safe import line, name
    from pytest_ftgate.text import shown

    changed = differences(old, new)
    between = f"{name(old.name)} to {name(new.name)}"
    if not changed:
        yield f"{between}: nothing differs", None
        return
    names = ", ".join(each.component for each in changed)
    kind = "one change" if len(changed) == 1 else f"{len(changed)} changes at once"
    yield f"{between}: {kind}: {names}", None
    if new.change:
        yield f"as written: {line(new.change)}", None
    for each in changed:
        yield "", None
        if each.remark:
            yield f"{each.component}: {each.remark}", None
        for text in each.lines:
            heading = text.startswith(("+++", "---"))
            yield shown(text), None if heading else _COLORS.get(text[:1])


def _ask() -> str:
    """The one change, from whoever runs the command.

    Raises:
        ConfigError: nobody answers.
    """
    try:
        answer: str = click.prompt("The one change")
    except click.Abort:
        if sys.stdin.isatty():  # interrupted, not deaf
            raise
        raise ConfigError("Say what is going to change: --change TEXT.") from None
    return answer


def _variant(experiment: Experiment, name: str) -> Variant:
    if name not in experiment.variants:
        hint = did_you_mean(name, experiment.variants)
        raise ConfigError(f"{shown_path(experiment.path)}: there is no variant {name!r}; {hint}")
    return experiment.variants[name]


def _find(named: Path | None, *variants: str) -> Path:
    """The experiment: the one that is named, or the only one of the project with the variants.

    Raises:
        ConfigError: there is none, or there are several.
        DataErrors: the only experiment is wrong.
    """
    from pytest_ftgate import experiments
    from pytest_ftgate.errors import FtgateError

    if named is not None:
        return named
    paths = sorted(_experiments(project_root()))
    if len(paths) == 1:
        return paths[0]
    found = []
    for path in paths:
        try:
            experiment = experiments.load(path)
        except FtgateError:
            continue
        if all(name in experiment.variants for name in variants):
            found.append(path)
    if len(found) == 1:
        return found[0]
    wanted = " and ".join(variants)
    if found:
        files = ", ".join(shown_path(path) for path in found)
        raise ConfigError(
            f"{len(found)} experiments have {wanted}: {files}. Name one: --experiment FILE"
        )
    what = f"No experiment has {wanted}" if paths else "There is no experiment.toml here"
    raise ConfigError(f"{what}. Name the file: --experiment FILE")


def _experiments(root: Path) -> Iterator[Path]:
    """Every ``experiment.toml`` below a directory, hidden and installed ones apart."""
    for directory, names, files in os.walk(root):
        names[:] = [name for name in names if not name.startswith(".") and name not in _SKIPPED]
        if "experiment.toml" in files:
            yield Path(directory) / "experiment.toml"
