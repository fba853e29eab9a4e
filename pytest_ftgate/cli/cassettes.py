"""``pytest-ftgate cassettes``: look at recorded calls, and look after them."""

from __future__ import annotations

import os
import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_ftgate.cli.output import screen, write, write_table
from pytest_ftgate.cli.pack_files import named_packs, paths_argument, short_names
from pytest_ftgate.cli.pruning import prune
from pytest_ftgate.errors import ConfigError, DataError, did_you_mean, shown_path
from pytest_ftgate.reports.numbers import plural
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_ftgate.cli.pack_facts import PackFacts
    from pytest_ftgate.recording.lines import Interaction
    from pytest_ftgate.recording.packs import Pack

EXIT_FOUND = 1
EXIT_BAD_DATA = 4
_PATH = click.Path(path_type=Path)
_PARAMETERS = re.compile(r"\[(.+)\]\Z")
_LABEL = re.compile(r"([A-Za-z0-9._-]{1,64})(?:#([1-9][0-9]{0,8}))?")


@click.group()
def cassettes() -> None:
    """List, show, scan, prune and import cassettes: the packs of recorded calls.

    Without a PATH, commands look below this directory for folders named "cassettes", or what
    [tool.ftgate] calls them. A pack may be called as "list" does: SUITE/VARIANT.jsonl.
    """


cassettes.add_command(prune)


@cassettes.command("list")
@paths_argument
def list_(paths: tuple[Path, ...]) -> int:
    """List packs: what each holds, of which models, and when it was recorded."""
    from pytest_ftgate.cli.pack_facts import describe

    found, code = [], 0
    names = short_names()
    for path in named_packs(paths):
        try:
            found.append(describe(path))
        except DataError as error:
            click.echo(error, err=True)
            code = EXIT_BAD_DATA
    for folder, within in groupby(found, key=lambda facts: facts.path.parent.parent):
        click.echo(shown_path(folder))
        write_table(
            ("pack", "cases", "calls", "size", "recorded", "models"),
            [_row(facts, names) for facts in within],
            right="cases calls size",
            whole="pack",
        )
        click.echo()
    _tell_parts(found)
    return code


@cassettes.command()
@click.argument("pack", type=_PATH)
@click.argument("cases", metavar="[CASE...]", nargs=-1)
@click.option("--full", is_flag=True, help="Show long texts whole.")
def show(pack: Path, cases: tuple[str, ...], full: bool) -> None:
    """Show the recorded calls of cases, or without a CASE which cases PACK holds.

    CASE#2 is the second trial of a case.
    """
    from pytest_ftgate.recording import packs
    from pytest_ftgate.recording.lines import Interaction

    index = packs.read(_one_pack(pack))
    if not cases:
        _list_cases(index)
        return
    from pytest_ftgate.cli.pack_view import LIMIT, render

    entries = [entry for case in cases for entry in _entries_of(index, case)]
    calls = [entry.parse(Interaction) for entry in entries]
    write(render(calls, limit=None if full else LIMIT, **screen()._asdict()))


@cassettes.command()
@paths_argument
def scan(paths: tuple[Path, ...]) -> int:
    """Look for secrets: keys of known shapes, and the values of this environment's secrets.

    Exits with 1 when there is one, and names its place. The secret itself is not shown.
    """
    found = 0
    searched = named_packs(paths)
    for path in searched:
        for place in _secrets(path):
            click.echo(place)
            found += 1
    where = plural(len(searched), "pack")
    if found:
        click.echo(
            f"\n{plural(found, 'place')} in {where}. Revoke what is real, then record the cases "
            "again or delete the lines; what was pushed stays in the history of git.",
            err=True,
        )
        return EXIT_FOUND
    click.echo(f"No secret found in {where}.")
    return 0


@cassettes.command("import")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=_PATH)
@click.option(
    "--into", "pack", metavar="PACK", required=True, type=_PATH, help="The pack to add to."
)
@click.option(
    "--case", metavar="ID", help="The case that made the calls; ID#2 is its second trial."
)
def import_(sources: tuple[Path, ...], pack: Path, case: str | None) -> None:
    """Take over cassettes that vcrpy or pytest-recording wrote, as YAML or JSON.

    Packs lie in cassettes/SUITE/VARIANT.jsonl beside the test file. Without --case a cassette
    belongs to the case of its file name: to "refund-1" if it is called refund-1.yaml or
    test_triage[v1-refund-1].yaml, where v1 is the variant of the pack.
    """
    from pytest_ftgate.recording.importing import import_vcr

    if case is not None and len(sources) > 1:
        raise ConfigError(f"--case {case}: names one case for {len(sources)} cassettes.")
    if pack.suffix != ".jsonl":
        raise ConfigError(f"--into {shown_path(pack)}: packs are called NAME.jsonl.")
    for source in sources:
        name, trial = _case_of(source, pack, case)
        count = import_vcr(source, pack, case=name, trial=trial)
        label = name if trial == 0 else f"{name}#{trial + 1}"
        click.echo(f"{shown_path(source)}: {plural(count, 'call')} of case {label}")


def _case_of(source: Path, pack: Path, label: str | None) -> tuple[str, int]:
    """The case and the trial, counted from 0, that a cassette belongs to.

    Raises:
        ConfigError: what stands for a case is no case id.
    """
    text = label
    if text is None:
        parameters = _PARAMETERS.search(source.stem)
        text = parameters[1].removeprefix(f"{pack.stem}-") if parameters else source.stem
    found = _LABEL.fullmatch(text)
    if found is None:
        raise ConfigError(
            f"{shown_path(source)}: {shown(text, 80)!r} is no case id. "
            "Name the case that made the calls: --case ID"
        )
    return found[1], int(found[2] or 1) - 1


def _one_pack(path: Path) -> Path:
    found = named_packs((path,))
    if len(found) > 1:
        raise ConfigError(
            f"{shown_path(path)}: holds {len(found)} packs, name one: "
            f"{', '.join(map(shown_path, found[:5]))}{' ...' if len(found) > 5 else ''}"
        )
    return found[0]


def _row(facts: PackFacts, names: Mapping[Path, str]) -> tuple[str, ...]:
    recorded = "unknown"
    if facts.recorded is not None:
        first, last = (shown(day, 10) for day in facts.recorded)
        recorded = first if first == last else f"{first} to {last}"
    return (
        names.get(facts.path.resolve(), shown_path(facts.path)),
        f"{facts.cases:,}",
        f"{facts.calls:,}",
        _size(facts.size),
        recorded,
        ", ".join(shown(model, 60) for model in facts.models),
    )


def _tell_parts(found: list[PackFacts]) -> None:
    parts = [part for facts in found for part in facts.parts]
    if parts:
        click.echo(
            f"{plural(len(parts), 'part file')} of sessions that record or were killed; what is "
            "in it is replayed, and the next recording of the suite folds it in:"
        )
    for part in parts:
        click.echo(f"  {shown_path(part)}")


def _list_cases(index: Pack) -> None:
    from pytest_ftgate.reports.wording import case_label

    rows = [
        (case_label(case, number), f"{len(trial.entries):,}")
        for (case, number), trial in sorted(index.trials.items())
        if trial.entries
    ]
    write_table(("case", "calls"), rows, right="calls")


def _entries_of(index: Pack, case: str) -> Iterator[Any]:
    """The recorded calls of a case, or of one of its trials.

    Raises:
        ConfigError: there are none.
    """
    from pytest_ftgate.reports.wording import case_label

    found = [
        entry
        for (name, number), trial in sorted(index.trials.items())
        if case in (name, case_label(name, number), f"{name}#{number + 1}")
        for entry in trial.entries
    ]
    if not found:
        known = sorted({name for (name, _), trial in index.trials.items() if trial.entries})
        near = did_you_mean(case, known)
        hint = near if near.startswith("did") else f"it holds {plural(len(known), 'case')}."
        raise ConfigError(f"{shown_path(index.path)}: has no case {case!r}; {hint}")
    return iter(found)


def _secrets(path: Path) -> Iterator[str]:
    from pytest_ftgate.recording import packs
    from pytest_ftgate.recording.lines import Interaction
    from pytest_ftgate.recording.scrub import Scrubber

    scrubber = Scrubber(os.environ)
    for entry in packs.read(path):
        line: Interaction = entry.parse(Interaction)
        for place, what in scrubber.remains(line):
            yield (
                f"{shown_path(path)}: case {shown(line.case, 64)}, trial {line.trial + 1}, "
                f"call {line.seq + 1}: {shown(place, 120)}: {what}"
            )


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB"):
        if size < 1000:
            return f"{size:,.0f} {unit}"
        size /= 1000
    return f"{size:,.1f} MB"
