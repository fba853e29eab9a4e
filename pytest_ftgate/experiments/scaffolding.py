"""The next iteration of an experiment: a ``[[variant]]`` appended, and the file to edit copied."""

from __future__ import annotations

import codecs
import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ftgate.errors import ConfigError, DataErrors, did_you_mean, shown_path
from pytest_ftgate.experiments.loading import ANONYMOUS, NAME, NAME_ADVICE, load
from pytest_ftgate.experiments.toml_lines import key_lines
from pytest_ftgate.files import write_atomic
from pytest_ftgate.strict_json import read_bytes

if TYPE_CHECKING:
    import os

FILES = {
    "instructions": "prompt",
    "examples": "examples",
    "schema": "schema",
    "tools": "tools",
}
"""The components that live in a file of their own, and the key that names it."""

OTHERS = ("retrieval", "model", "params")
"""The components that are written in the experiment itself."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Scaffold(NamedTuple):
    """What was made: the block of TOML, and the new file to edit, if the component has one."""

    block: str
    copied: Path | None


def add_variant(
    path: str | os.PathLike[str],
    parent: str,
    name: str,
    change: str,
    component: str = "instructions",
) -> Scaffold:
    """Append a variant that says what its parent says, and copy the file that is to change.

    The rest of the experiment stays as it is. Until the copy (or the block) is edited, the new
    variant differs from its parent in nothing.

    Args:
        path: the experiment.
        parent: the variant to start from.
        name: of the new variant.
        change: what is going to be changed, in the author's words.
        component: of :data:`FILES` or :data:`OTHERS`: what is going to be changed.

    Raises:
        ConfigError: the parent, the name or the component is wrong, or a file is in the way.
        DataErrors: the experiment is wrong, before or with the new variant.
        StoreError: a file cannot be written.
    """
    path = Path(path)
    experiment = load(path)
    original = path.read_bytes()
    before = original.decode("utf-8-sig")
    data = tomllib.loads(before)
    if not NAME.fullmatch(name):
        raise ConfigError(f"the name {name!r} is not allowed. {NAME_ADVICE}.")
    if parent not in experiment.variants:
        hint = did_you_mean(parent, experiment.variants)
        raise ConfigError(f"{shown_path(path)}: there is no variant {parent!r}; {hint}")
    if "variant" not in data:
        raise ConfigError(
            f"{shown_path(path)}: has no [[variant]], only its {ANONYMOUS} one. "
            "Give it a name first: [[variant]] with name = ..."
        )
    if any(name.casefold() == other.casefold() for other in experiment.variants):
        raise ConfigError(f"{shown_path(path)}: has a variant {name!r} already. Choose a new name.")
    if _variant_lines(before) is None:
        raise ConfigError(
            f"{shown_path(path)}: writes its variants as one list. Write each as a table that "
            "starts with [[variant]]."
        )
    own = next(each for each in data["variant"] if each["name"] == parent)
    values = {key: value for key, value in own.items() if key not in ("name", "parent", "change")}
    copied = _copy(path, data, values, name, component)
    block = _block({"name": name, "parent": parent, **values, "change": change})
    text = _with_block(before, block)
    if "current" not in data:
        text = _with_current(text, experiment.current)
    _write(path, original, text, copied)
    return Scaffold(block, copied)


def _copy(
    path: Path, data: dict[str, Any], values: dict[str, Any], name: str, component: str
) -> Path | None:
    """Copy the component's file beside itself under the variant's name, and name it in the block.

    Raises:
        ConfigError: the parent has no such file, or the copy would overwrite one.
    """
    if component in OTHERS:
        return None
    key = FILES.get(component)
    if key is None:
        raise ConfigError(
            f"the component {component!r} is unknown; {did_you_mean(component, (*FILES, *OTHERS))}"
        )
    source = values.get(key, data.get("defaults", {}).get(key))
    if not source:
        raise ConfigError(
            f"{shown_path(path)}: the parent has no {key}, so there is nothing to copy. Choose "
            f"another component: {', '.join((*FILES, *OTHERS))}"
        )
    original = path.parent / str(source)
    copy = original.with_name(f"{name}{original.suffix}")
    if copy.exists():
        raise ConfigError(
            f"{shown_path(copy)}: exists already, and would be overwritten. Choose another name "
            "for the variant, or move the file."
        )
    values[key] = copy.relative_to(path.parent).as_posix()
    write_atomic(copy, read_bytes(original))
    return copy


def _variant_lines(text: str) -> tuple[int, int | None] | None:
    """The 1-based lines of the last variant's header and of the header after it, if any."""
    numbers = key_lines(text)
    variants = [keys for keys in numbers if keys[0] == "variant" and len(keys) == 2]
    if not variants:
        return None
    last = max(variants, key=lambda keys: numbers[keys])
    following = [
        number for keys, number in numbers.items() if keys[:2] != last and number > numbers[last]
    ]
    return numbers[last], min(following, default=None)


def _with_block(text: str, block: str) -> str:
    """The text with the block after its last variant."""
    found = _variant_lines(text)
    return _inserted(text, block, None if found is None else found[1], gap=True)


def _with_current(text: str, current: str) -> str:
    """The text that says which variant is current: one that had no say has several now."""
    first = min(
        number
        for keys, number in key_lines(text).items()
        if text.splitlines()[number - 1].lstrip().startswith("[")
    )
    return _inserted(text, f"current = {_toml(current)}\n", first, gap=False)


def _inserted(text: str, block: str, header: int | None, *, gap: bool) -> str:
    """The text with the block before a header and the comments on it, or at the end.

    Args:
        text: the whole file.
        block: lines that end in a line feed.
        header: the header's 1-based line.
        gap: whether a blank line sets the block off from what stands before it.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    at = len(lines) if header is None else header - 1
    while header is not None and at and lines[at - 1].lstrip().startswith("#"):
        at -= 1
    while at and not lines[at - 1].strip():
        at -= 1
    head, tail = "".join(lines[:at]), "".join(lines[at:])
    if head and not head.endswith("\n"):
        head += newline
    if head and gap:
        head += newline
    if tail.strip() and not tail.startswith(("\n", "\r")):
        tail = newline + tail
    return head + block.replace("\n", newline) + tail


def _write(path: Path, original: bytes, text: str, copied: Path | None) -> None:
    """Write the experiment; if it cannot be read with the new variant, all stays as it was."""
    mark = codecs.BOM_UTF8 if original.startswith(codecs.BOM_UTF8) else b""
    write_atomic(path, mark + text.encode())
    try:
        load(path)
    except DataErrors:
        write_atomic(path, original)
        if copied is not None:
            copied.unlink()
        raise


def _block(values: dict[str, Any]) -> str:
    lines = [f"{_key(key)} = {_toml(value)}" for key, value in values.items()]
    return "\n".join(["[[variant]]", *lines, ""])


def _toml(value: Any) -> str:
    """A JSON value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, (int, float)):
        return repr(value)
    # A JSON string is a TOML string, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _toml(key)
