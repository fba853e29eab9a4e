"""A pack at a glance: how much it holds, of which models, and when it was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from pytest_ftgate.recording import packs
from pytest_ftgate.recording.lines import Interaction
from pytest_ftgate.recording.parts import parts_of


class PackFacts(NamedTuple):
    """What ``cassettes list`` tells of a pack.

    ``size`` is in bytes, that of the parts included; ``recorded`` is the first and the last day;
    ``parts`` are the part files that a recording or a killed session left beside it.
    """

    path: Path
    cases: int
    calls: int
    size: int
    models: tuple[str, ...]
    recorded: tuple[str, str] | None
    parts: tuple[Path, ...]


class _Named(msgspec.Struct):
    """A request's body, of which only the model is looked at."""

    model: str | None = None


def describe(path: Path) -> PackFacts:
    """Read a pack and the parts beside it.

    Raises:
        DataError: a line is damaged.
    """
    pack = packs.read(path)
    calls, models, instants = 0, set(), []
    for entry in pack:
        line: Interaction = entry.parse(Interaction)
        calls += 1
        models.add(_model_of(line))
        if line.recorded_at is not None:
            instants.append(line.recorded_at)
    parts = tuple(parts_of(path))
    return PackFacts(
        path=path,
        cases=sum(bool(trial.entries) for trial in pack.trials.values()),
        calls=calls,
        size=sum(file.stat().st_size for file in (path, *parts) if file.exists()),
        models=tuple(sorted(models - {""})),
        recorded=(min(instants)[:10], max(instants)[:10]) if instants else None,
        parts=parts,
    )


def _model_of(line: Interaction) -> str:
    body = line.request.body
    if body is None or body.json is UNSET:
        return ""
    try:
        return msgspec.json.decode(bytes(body.json), type=_Named).model or ""
    except msgspec.MsgspecError:  # a list, or a "model" that is no text
        return ""
