"""The ``pytest-ftgate`` command: decides and shows from stored records, never by running tests.

Exit codes: 0 pass, 1 a gate failed or no-go, 2 interrupted, 4 bad configuration or data,
7 inconclusive where that was asked to be a failure.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import click

from pytest_ftgate.errors import FtgateError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_INTERRUPTED = 2
EXIT_BAD_INPUT = 4

# Command -> the module of its family: a command loads only what it needs.
_HOMES = {
    "runs": "runs",
    "show": "runs",
    "gate": "verdicts",
    "cassettes": "cassettes",
    "dataset": "dataset",
    "init": "init",
    "doctor": "doctor",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_HOMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        home = _HOMES.get(cmd_name)
        if home is None:
            return None
        module = importlib.import_module(f"pytest_ftgate.cli.{home}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pytest-ftgate")
def commands() -> None:
    """Look at recorded evaluations of LLM features, and judge them again from their records."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    try:
        outcome: Any = commands.main(
            args=arguments, prog_name="pytest-ftgate", standalone_mode=False
        )
    except click.ClickException as error:
        error.show()
        return EXIT_BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except FtgateError as error:
        click.echo(f"pytest-ftgate: {error}", err=True)
        return EXIT_BAD_INPUT
    return outcome if isinstance(outcome, int) else 0
