"""Finding the packs of a project."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pytest_ftgate.cli.project import settings
from pytest_ftgate.errors import ConfigError, shown_path
from pytest_ftgate.recording.parts import parts_of
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    _Command = TypeVar("_Command", bound=Callable[..., Any])

_SKIPPED = {"node_modules", "site-packages", "__pycache__", "build", "dist"}
_PART = re.compile(r"(.+\.jsonl)\.[^/]+\.part\Z")


def paths_argument(command: _Command) -> _Command:
    """The argument PATH, which may be left out and repeated."""
    path = click.Path(path_type=Path)
    return click.argument("paths", metavar="[PATH...]", nargs=-1, type=path)(command)


def named_packs(paths: tuple[Path, ...]) -> list[Path]:
    """The packs that a command is to work on; without a path, those below this directory.

    A path that is not there may be the end of one that is, such as ``triage/v1.jsonl``.

    Raises:
        ConfigError: there are none, or a path could mean several.
    """
    folder = settings().cassettes
    found = find_packs([_whole(path, folder) for path in paths] or [Path()], folder)
    if not found:
        where = ", ".join(map(shown_path, paths)) or shown(str(Path.cwd()))
        raise ConfigError(
            f"there is no pack below {where}: packs lie in folders named {folder!r}. "
            "Record one with: pytest --ftgate-record=new_episodes"
        )
    return found


def short_names() -> dict[Path, str]:
    """What the packs below this directory may be called, where two parts name only one."""
    ends: dict[str, list[Path]] = {}
    for path in find_packs([Path()], settings().cassettes):
        ends.setdefault(f"{path.parent.name}/{path.name}", []).append(path)
    names = {paths[0].resolve(): end for end, paths in ends.items() if len(paths) == 1}
    return {path: name for path, name in names.items() if name.isprintable()}


def find_packs(paths: Iterable[Path], folder: str = "cassettes") -> list[Path]:
    """The packs that paths name, sorted.

    A file is a pack. In a directory, packs are looked for in every folder of the name
    ``folder``; if it lies in such a folder itself, all of it is searched. A part file that a
    killed session left counts as its pack, even where that is not there yet.

    Raises:
        ConfigError: a path is not there.
    """
    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found.update(_below(path, folder))
        elif path.is_file():
            found.add(_pack_of(path) or path)
        elif parts_of(path):
            found.add(path)
        else:
            raise ConfigError(f"{shown_path(path)}: there is no such file or directory.")
    return sorted(found)


def _whole(path: Path, folder: str) -> Path:
    """The path, or the pack below this directory whose path ends as it does."""
    if path.exists() or parts_of(path):
        return path
    ends = {path.parts, path.with_name(f"{path.name}.jsonl").parts if path.name else ()}
    found = [
        pack for pack in find_packs([Path()], folder) if pack.parts[-len(path.parts) :] in ends
    ]
    if len(found) > 1:
        raise ConfigError(
            f"{shown_path(path)}: could be any of {', '.join(map(shown_path, found))}. "
            "Name one in full."
        )
    return found[0] if found else path


def _below(top: Path, folder: str) -> Iterator[Path]:
    wanted = Path(folder).parts
    # Of the directories above, those count that "cassettes/suite" would name, and no others: a
    # whole project may lie below a directory of that name.
    above = top.resolve().parts[-len(wanted) - 1 :]
    for where, directories, names in os.walk(top):
        directories[:] = [name for name in directories if not _is_skipped(name)]
        here = Path(where)
        if not _within((*above, *here.relative_to(top).parts), wanted):
            continue
        for name in names:
            pack = _pack_of(here / name)
            if pack is not None:
                yield pack


def _pack_of(path: Path) -> Path | None:
    if path.suffix == ".jsonl":
        return path
    part = _PART.match(path.name)
    return path.with_name(part[1]) if part else None


def _within(parts: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether a directory is, or lies in, one whose path ends with ``wanted``."""
    length = len(wanted)
    return any(parts[at : at + length] == wanted for at in range(len(parts) - length + 1))


def _is_skipped(name: str) -> bool:
    return name in _SKIPPED or name.startswith(".")
