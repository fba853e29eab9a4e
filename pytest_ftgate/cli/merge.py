"""``pytest-ftgate merge``: the shards of a session become one run, judged as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_ftgate.cli.gate import gate
from pytest_ftgate.cli.plugins import plugin_option
from pytest_ftgate.cli.project import open_store, store_option
from pytest_ftgate.cli.reporting import json_option, markdown_option

if TYPE_CHECKING:
    from pytest_ftgate.model import Run
    from pytest_ftgate.runs.store import RunStore


@click.command()
@click.argument("shards", metavar="RUN_DIR...", nargs=-1, required=True)
@json_option
@markdown_option
@click.option("-v", "--verbose", count=True, help="More of the summary, as in pytest.")
@plugin_option
@store_option
@click.pass_context
def merge(
    ctx: click.Context,
    *,
    shards: tuple[str, ...],
    json_path: str | None,
    markdown_path: str | None,
    verbose: int,
    plugins: tuple[str, ...],
    store: Path | None,
) -> int:
    """Put the shards of a session together, store the whole run, and judge it.

    RUN_DIR is the directory of a run, or a run store as a machine left it, of which the newest run
    counts; a run id names a run of the store. All shards of pytest --ftgate-shard=i/n are needed,
    in any order. Exits as gate does, and with 4 when the shards do not belong together.
    """
    from pytest_ftgate.runs.merge import merge as put_together

    target = open_store(store)
    run = put_together([_load(shard, target) for shard in shards])
    directory = target.save(run)
    click.echo(
        f"pytest-ftgate: {len(shards)} shards with {len(run.records):,} results are now the run "
        f"{run.manifest.run}.",
        err=True,
    )
    code: int = ctx.invoke(
        gate,
        run=str(directory.absolute()),
        json_path=json_path,
        markdown_path=markdown_path,
        verbose=verbose,
        plugins=plugins,
        store=store,
    )
    return code


def _load(shard: str, store: RunStore) -> Run:
    if (Path(shard) / "runs").is_dir():
        from pytest_ftgate.runs.store import RunStore as Store

        return Store(Path(shard)).load()
    return store.load(shard)
