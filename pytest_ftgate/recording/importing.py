"""Taking over recordings that vcrpy or pytest-recording made, as YAML or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from vcr.serialize import deserialize
from vcr.serializers import jsonserializer, yamlserializer

from pytest_ftgate import strict_json
from pytest_ftgate.errors import ConfigError, DataError, shown_path
from pytest_ftgate.recording import interactions, packs
from pytest_ftgate.recording.lines import Interaction, Replace, encode
from pytest_ftgate.recording.parts import PartWriter
from pytest_ftgate.recording.sealing import Sealer

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

MAX_BYTES = 100_000_000
MAX_NODES = 2_000_000
"""The most values of a YAML cassette, each use of an alias counted in full."""

_YAML = (".yaml", ".yml")
_NO_CASSETTE = "Give a cassette that vcrpy 1 or later wrote, or record the case again"


def import_vcr(
    source: str | os.PathLike[str],
    pack: str | os.PathLike[str],
    *,
    case: str,
    trial: int = 0,
) -> int:
    """Add the interactions of a vcrpy cassette to a pack, scrubbed as recordings are.

    The cassette says neither when nor how fast it was recorded, so times stay unknown.

    Args:
        source: the cassette; ``.yaml`` and ``.yml`` are read as YAML, other names as JSON.
        pack: the pack of a suite and variant; made when it is not there.
        case: the id of the case that made these calls.
        trial: the case's trial, counted from 0.

    Returns:
        The number of interactions added.

    Raises:
        DataError: the source is no cassette, or too large, or the pack is damaged.
        ConfigError: the pack has recordings of this case and trial.
        SecretFound: an interaction still holds what looks like a secret after scrubbing.
        StoreError: the pack cannot be written.
    """
    target = Path(pack)
    if packs.read(target).trial(case, trial).entries:
        raise ConfigError(
            f"{shown_path(target)}: has recordings of case {case!r}, trial {trial + 1}. "
            "Import into another pack, or remove the case's lines first."
        )
    sealer = Sealer(None)
    lines = []
    for seq, (request, response) in enumerate(_interactions(Path(source))):
        line = _line(Path(source), request, response, (case, trial, seq))
        sealed = sealer.seal(line, request.headers, target)
        if sealed is not None:
            lines.append(sealed)
    writer = PartWriter(target, "import")
    try:
        # As one block: a kill while it is written leaves all of it or nothing.
        writer.append([encode(Replace(case=case, trial=trial, lines=len(lines))), *lines])
    finally:
        writer.close()
    packs.merge_parts(target)
    return len(lines)


def _line(source: Path, request: Any, response: Any, place: packs.Place) -> Interaction:
    case, trial, seq = place
    try:
        stored, _ = interactions.stored_response(_modern(response))
        asked = interactions.stored_request(request, interactions.plain_body(request))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _no_cassette(source, f"interaction {seq + 1}: {error!r}") from None
    return Interaction(k="", case=case, trial=trial, seq=seq, request=asked, response=stored)


def _interactions(source: Path) -> Iterator[tuple[Any, Any]]:
    if source.is_file() and source.stat().st_size > MAX_BYTES:
        size = source.stat().st_size
        raise DataError(
            source,
            f"the file has {size:,} bytes, allowed: {MAX_BYTES:,}",
            "Split the cassette",
        )
    text = strict_json.read_text(source)
    is_yaml = source.suffix.lower() in _YAML
    try:
        if is_yaml:
            _refuse_bombs(source, text)
        found: Sequence[Any] = deserialize(text, yamlserializer if is_yaml else jsonserializer)
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark
        line = mark.line + 1 if mark else None
        raise _no_cassette(source, str(error.problem or error.context), line) from None
    except (
        AttributeError,
        KeyError,
        RecursionError,
        TypeError,
        ValueError,
        yaml.YAMLError,
    ) as error:
        reason = str(error).splitlines() or [type(error).__name__]
        raise _no_cassette(source, reason[0]) from None
    requests, responses = found[0], found[1]
    return zip(requests, responses, strict=True)


def _modern(response: Any) -> dict[str, Any]:
    if "status_code" not in response:
        return dict(response)
    content = response["content"]  # as older versions of vcrpy wrote what httpx received
    return {
        "status": {"code": response["status_code"], "message": ""},
        "headers": response["headers"],
        "body": {"string": content.encode() if isinstance(content, str) else content},
    }


def _refuse_bombs(source: Path, text: str) -> None:
    """Count what the document unfolds to before anything is built."""
    total = depth = 0
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    events: Iterator[Any] = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            total += sizes.get(event.anchor or "", 1)
        elif isinstance(event, yaml.NodeEvent):
            total += 1
            if isinstance(event, yaml.CollectionStartEvent):
                open_nodes.append((event.anchor, total))
            elif event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor:
                sizes[anchor] = total - before + 1
        depth = max(depth, len(open_nodes))
        if total > MAX_NODES or depth > strict_json.MAX_DEPTH:
            raise DataError(
                source,
                f"the document holds more than {MAX_NODES:,} values, or is nested deeper than "
                f"{strict_json.MAX_DEPTH} levels",
                "Split the cassette",
                line=event.start_mark.line + 1,
            )


def _no_cassette(source: Path, reason: str, line: int | None = None) -> DataError:
    return DataError(source, f"this is no vcrpy cassette: {reason}", _NO_CASSETTE, line=line)
