"""``pytest-ftgate init``: a small suite that works at once, as a place to start from.

The templates are a suite as a user would write it. Its cassette was recorded from a real model,
so the first session replays real answers, some of them wrong.
"""

from __future__ import annotations

import importlib.util
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_ftgate.errors import ConfigError, shown_path
from pytest_ftgate.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

# Keeps tools that look for Python files, pytest among them, away from a template.
_SUFFIX = ".tmpl"

_NEXT = """\
Replay it, offline and without a key:
  pytest {suite}

Then make it yours:
  1. Change the prompt, {suite}/bookings/prompts/v1.md. A replay now says what has
     no recording: an old answer is never given to a new prompt.
  2. Say in {suite}/bookings/experiment.toml who is to answer: remove base_url and
     name a model of OpenAI, or give base_url the address and port of your server.
  3. Record the answers, and commit them:
       OPENAI_API_KEY=... pytest {suite} --ftgate-record=new_episodes
       git add {suite}
"""


@click.command()
@click.argument("directory", metavar="[DIR]", default="evals", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
def init(directory: Path, force: bool) -> None:
    """Write a small working suite into DIR ("evals" by default).

    It has a dataset, an experiment with one prompt, a schema, a policy, a test, and recorded
    answers: `pytest DIR` replays them offline, without a key.
    """
    suite = dict(_templates(files("pytest_ftgate.cli") / "templates" / "suite"))
    _refuse_existing(directory, [name for name in suite if (directory / name).exists()], force)
    for name, content in suite.items():
        write_atomic(directory / name, content, root=directory)
    click.echo(f"Written to {shown_path(directory)}:")
    for name in suite:
        click.echo(f"  {name}")
    click.echo()
    if importlib.util.find_spec("openai") is None:
        click.echo("The suite calls its model through the OpenAI SDK, which is not installed:")
        click.echo("  pip install 'pytest-ftgate[openai]'\n")
    click.echo(_NEXT.format(suite=shown_path(directory)), nl=False)


def _refuse_existing(directory: Path, names: list[str], force: bool) -> None:
    if names and not force:
        listed = "".join(f"\n  {shown_path(directory / name)}" for name in names)
        raise ConfigError(
            f"{shown_path(directory)}: nothing was written, since these files exist:{listed}\n"
            "Name another directory, or overwrite them by --force."
        )


def _templates(directory: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """The files below a directory of the package: their names in a suite, and their content."""
    for entry in sorted(directory.iterdir(), key=lambda entry: (entry.is_dir(), entry.name)):
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _templates(entry, f"{name}/")
        else:
            yield name.removesuffix(_SUFFIX), entry.read_bytes()
