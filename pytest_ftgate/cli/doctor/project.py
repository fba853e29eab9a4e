"""The doctor on the project: its settings, its run store, its cassettes, and git."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.cli import stale
from pytest_ftgate.cli.doctor.findings import info, note, ok, problem
from pytest_ftgate.cli.pack_files import find_packs
from pytest_ftgate.cli.project import project_root
from pytest_ftgate.errors import FtgateError, shown_path
from pytest_ftgate.options import Settings, project_settings
from pytest_ftgate.reports.numbers import plural
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_ftgate.cli.doctor.findings import Finding

_GIT_TIMEOUT_S = 10
_NAMED = 3


def examine() -> Iterator[Finding]:
    """Everything that depends on the directory that the doctor is called in."""
    root = project_root()
    try:
        settings = project_settings(root)
    except FtgateError as error:
        yield problem("settings", str(error))
        settings = Settings(store=root / Settings.store)
    else:
        yield ok("settings", f"project {shown(str(root))}, store {shown_path(settings.store)}")
    yield store(settings.store)
    packs = find_packs([Path.cwd()], settings.cassettes)
    if not packs:
        yield info("cassettes", f"none below {shown(str(Path.cwd()))}: record with --ftgate-record")
        return
    yield from cassettes(packs)
    yield from unplayed(settings.store, root)
    yield from ignored(packs)


def store(path: Path) -> Finding:
    """Whether runs can be stored; nothing is left behind."""
    existing = next(each for each in (path, *path.parents) if each.exists())
    if not existing.is_dir():
        return problem("run store", f"{shown_path(existing)} is a file. Move it away.")
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return problem(
            "run store",
            f"{shown_path(path)} cannot be written: {error.strerror}. Grant write permission, or "
            "choose another directory with --ftgate-store=DIR.",
        )
    from pytest_ftgate.runs.store import RunStore

    try:
        runs = RunStore(path).list()
    except FtgateError as error:
        return problem("run store", str(error))
    damaged = [run.id for run in runs if run.problem]
    if damaged:
        return note(
            "run store",
            f"{len(damaged)} of {plural(len(runs), 'run')} cannot be read: {_listed(damaged)}. "
            "Remove their directories.",
        )
    return ok("run store", f"{shown_path(path)} can be written, {plural(len(runs), 'run')}")


def cassettes(packs: Sequence[Path]) -> Iterator[Finding]:
    """Whether every pack can be read, and whether killed sessions left parts."""
    from pytest_ftgate.recording import packs as reading
    from pytest_ftgate.recording.parts import parts_of

    sound, parts = 0, []
    for path in packs:
        try:
            reading.read(path)
        except FtgateError as error:
            yield problem("cassette", str(error))
        else:
            sound += 1
        parts += parts_of(path)
    if sound:
        yield ok("cassettes", f"{sound} of {len(packs)} can be read")
    if parts:
        yield note(
            "cassettes",
            f"{plural(len(parts), 'part file')} of sessions that record or were killed: "
            f"{_listed([shown_path(part) for part in parts])}. What is in it is replayed; the next "
            "recording of the suite folds it in.",
        )


def unplayed(store_path: Path, root: Path) -> Iterator[Finding]:
    """Whether the newest full run left recordings unplayed."""
    from pytest_ftgate.runs.store import RunStore

    try:
        found = stale.newest(RunStore(store_path), root)
        held = stale.held(found) if found is not None else {}
    except FtgateError as error:
        yield note("stale", str(error))
        return
    places = _listed([shown_path(path) for path in held])
    total = sum(map(len, held.values()))
    if total:
        were, them = ("was", "it") if total == 1 else ("were", "them")
        yield note(
            "stale",
            f"{plural(total, 'recorded call')} {were} not played by the last full run, in "
            f"{places}. Remove {them} by: pytest-ftgate cassettes prune",
        )


def ignored(packs: Sequence[Path]) -> Iterator[Finding]:
    """Whether git would leave cassettes out of the repository."""
    paths = [str(path) for path in packs if path.exists()]
    lines = _git_check_ignore(paths)
    if lines is None or not paths:
        return
    if not lines:
        yield ok("git", "ignores no cassette")
        return
    for line in lines[:_NAMED]:
        rule, _, path = line.partition("\t")
        yield problem(
            "git",
            f"{shown_path(path)} is ignored by {rule}: it would be missing in CI. Take the rule "
            "back, or commit by git add --force.",
        )
    if len(lines) > _NAMED:
        yield problem("git", f"ignores {len(lines) - _NAMED} more cassettes.")


def _git_check_ignore(paths: Sequence[str]) -> list[str] | None:
    """``rule<TAB>path`` of ignored paths that are not committed; ``None`` outside of git."""
    try:
        done = subprocess.run(
            ["git", "-c", "core.quotePath=off", "check-ignore", "--verbose", "--stdin"],
            input="\n".join(paths),
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=_GIT_TIMEOUT_S,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.splitlines() if done.returncode in (0, 1) else None


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    text = ", ".join(names[:_NAMED])
    return f"{text} and {more} more" if more > 0 else text
