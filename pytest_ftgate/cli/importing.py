"""``pytest-ftgate runs import``: results that were produced elsewhere become runs."""

from __future__ import annotations

import math
import re
from pathlib import Path

import click

from pytest_ftgate.cli.project import open_store, store_option
from pytest_ftgate.errors import ConfigError

_SUITE = re.compile(r"[A-Za-z0-9._-]{1,64}")


@click.command("import")
@click.argument("results", metavar="RESULTS.jsonl", type=click.Path(path_type=Path))
@click.option("--suite", metavar="NAME", required=True, help="The suite they are results of.")
@click.option(
    "--range",
    "ranges",
    metavar="NAME=LOW,HIGH",
    multiple=True,
    help="The range of a score that does not lie in 0 to 1. Repeatable.",
)
@store_option
def import_(results: Path, suite: str, ranges: tuple[str, ...], store: Path | None) -> None:
    """Store the results of RESULTS.jsonl as one run a variant, and print 'variant run-id' a line.

    A line is {"case": "c1", "variant": "v1", "scores": {"correct": 1}}, and may have "trial",
    "stratum", "tags", "latency_s" and "cost". A score of null with "error": "why" is an error.
    Scores of 0 and 1 are checks that miss or hold, unless --range is given or the score has other
    values. Cases match those of other imports by their id.
    """
    from pytest_ftgate import environment
    from pytest_ftgate.runs.importing import import_results, to_run

    if not _SUITE.fullmatch(suite):
        raise ConfigError(
            f"--suite {suite!r}: use 1 to 64 of the characters A-Z a-z 0-9 . _ - for a name."
        )
    imported = import_results(results, suite, ranges=dict(map(_range, ranges)))
    target = open_store(store)
    versions = environment.versions()
    run_id = ""
    for each in imported:
        run_id = _later_id(run_id)
        target.save(to_run(each, run_id, environment.utc_now(), versions=versions))
        click.echo(f"{each.plan.variant} {run_id}")


def _later_id(before: str) -> str:
    """A run id of a later millisecond: the order of variants is the order of their runs."""
    from pytest_ftgate.runs.store import new_run_id

    while True:
        run_id = new_run_id()
        if run_id.partition("-")[0] > before.partition("-")[0]:
            return run_id


def _range(text: str) -> tuple[str, tuple[float, float]]:
    name, equals, ends = text.rpartition("=")
    low, comma, high = ends.partition(",")
    try:
        bounds = float(low), float(high)
    except ValueError:
        bounds = math.nan, math.nan
    if not (
        name and equals and comma and bounds[0] < bounds[1] and all(map(math.isfinite, bounds))
    ):
        raise ConfigError(f"--range {text}: write NAME=LOW,HIGH, like stars=1,5.")
    return name, bounds
