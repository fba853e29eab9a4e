"""``pytest-ftgate cassettes prune``: take out recorded calls that nothing plays any more."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from pytest_ftgate.cli.pack_files import named_packs, paths_argument
from pytest_ftgate.cli.project import open_store, project_root, store_option
from pytest_ftgate.errors import ConfigError, shown_path
from pytest_ftgate.reports.numbers import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pytest_ftgate.cli.stale import Place


@click.command()
@paths_argument
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@store_option
def prune(paths: tuple[Path, ...], dry_run: bool, store: Path | None) -> None:
    """Remove recorded calls that the last full run did not play, and list them.

    A run is full when it was complete and ran every case of its suites. What was recorded since
    is kept. Pruned packs are best committed before and compared after.
    """
    from pytest_ftgate.cli import stale
    from pytest_ftgate.recording import maintenance

    found = stale.newest(open_store(store), project_root())
    if found is None:
        raise ConfigError(
            "no stored run tells what is stale: run pytest on all cases of a suite first."
        )
    wanted = {path.resolve() for path in named_packs(paths)} if paths else None
    held = {
        path: places
        for path, places in stale.held(found).items()
        if wanted is None or path.resolve() in wanted
    }
    for path, places in held.items():
        gone = places
        if not dry_run:
            gone = maintenance.prune(path, places, recorded_before=found.created_at)
        verb = "would be removed" if dry_run else "removed"
        click.echo(f"{shown_path(path)}: {plural(len(gone), 'call')} {verb}")
        for line in _lines(gone):
            click.echo(f"  {line}")
    if not held:
        click.echo(f"Nothing is stale: run {found.run} played every recorded call.")


def _lines(places: Iterable[Place]) -> Iterator[str]:
    """A line a case and trial, with its calls as ``cassettes show`` counts them."""
    from pytest_ftgate.reports.wording import case_label

    for (case, trial), calls in groupby(sorted(places), key=lambda place: place[:2]):
        numbers = [str(seq + 1) for _, _, seq in calls]
        word = "call" if len(numbers) == 1 else "calls"
        yield f"{case_label(case, trial)}  {word} {', '.join(numbers)}"
