"""Finding the packs of a project."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import ConfigError, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SKIPPED = {"node_modules", "site-packages", "__pycache__", "build", "dist"}
_PART = re.compile(r"(.+\.jsonl)\.[^/]+\.part\Z")


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
        else:
            raise ConfigError(f"{shown_path(path)}: there is no such file or directory.")
    return sorted(found)


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
