"""The ``pytest-ftgate`` command: decides and shows from stored records, never by running tests.

Exit codes: 0 pass, 1 a gate failed or no-go, 2 interrupted, 4 bad configuration or data,
7 inconclusive where that was asked to be a failure.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import click

from pytest_ftgate.errors import DataError, DataErrors, FtgateError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_INTERRUPTED = 2
EXIT_BAD_INPUT = 4

# Command -> the module of its family: a command loads only what it needs.
_HOMES = {
    "runs": "runs",
    "show": "runs",
    "gate": "gate",
    "compare": "compare",
    "baseline": "baseline",
    "merge": "merge",
    "cassettes": "cassettes",
    "saturation": "saturation",
    "variant": "variant",
    "dataset": "dataset",
    "init": "init",
    "doctor": "doctor",
}


class _Commands(click.Group):
    """The commands by name, and the one place where errors become exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_HOMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        home = _HOMES.get(cmd_name)
        if home is None:
            return None
        module = importlib.import_module(f"pytest_ftgate.cli.{home}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            outcome = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            error.show()
            sys.exit(EXIT_BAD_INPUT)
        except (click.Abort, KeyboardInterrupt):
            sys.exit(EXIT_INTERRUPTED)
        except FtgateError as error:
            click.echo(_told(error), err=True)
            sys.exit(EXIT_BAD_INPUT)
        except SystemExit:
            # click ends the process itself when the reader of a pipe has left.
            sys.exit(EXIT_INTERRUPTED)
        sys.exit(outcome if isinstance(outcome, int) else 0)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pytest-ftgate", message="%(package)s %(version)s")
def commands() -> None:
    """Look at recorded evaluations of LLM features, and judge them again from their records.

    Evaluations themselves are run by pytest. Exit codes: 0 pass, 1 a gate failed, 2 interrupted,
    4 bad configuration or data, 7 inconclusive where that was asked to be a failure.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # A message about a file must arrive even where its name cannot be encoded.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    commands(arguments, prog_name="pytest-ftgate")


def _told(error: FtgateError) -> str:
    if isinstance(error, (DataError, DataErrors)):  # begins with a place, as editors like it
        return str(error)
    return f"pytest-ftgate: {error}"
