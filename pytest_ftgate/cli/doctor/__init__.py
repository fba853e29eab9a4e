"""``pytest-ftgate doctor``: what is wrong with an environment, and what to do about it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from pytest_ftgate.reports.numbers import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_ftgate.cli.doctor.findings import Finding

_STYLES = {"ok": "green", "info": "dim", "note": "yellow", "problem": "bold red"}


@click.command()
def doctor() -> int:
    """Check versions, keys, interception, the run store and the cassettes below this directory.

    Exits with 1 when there is a problem. Keys are never shown, and nothing is changed.
    """
    from rich.text import Text

    from pytest_ftgate.cli.output import write_table

    found = list(_examine())
    write_table(
        ("", "", ""),
        [
            (Text(each.status, style=_STYLES[each.status]), Text(each.what), Text(each.text))
            for each in found
        ],
    )
    counts = Counter(each.status for each in found)
    amounts = [plural(counts[status], status) for status in ("problem", "note") if counts[status]]
    click.echo(f"\n{', '.join(amounts) or 'nothing to mend'}.")
    return 1 if counts["problem"] else 0


def _examine() -> Iterator[Finding]:
    from pytest_ftgate.cli.doctor import environment, project

    yield from environment.examine()
    yield from project.examine()
