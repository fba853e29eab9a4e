"""Where two JSON values differ, told in a few lines that fit a terminal."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from pytest_ftgate.text import ELLIPSIS, preview, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT = object()
"""What stands for a value that one side does not have."""

MAX_PATHS = 5
MAX_LINES = 6
_WIDTH = 70
_BEFORE = 20
_SHORT = 30

Difference = tuple[str, Any, Any]


def differences(old: Any, new: Any, path: str = "$") -> Iterator[Difference]:
    """Every place where two JSON values differ: its path, the old value, the new one."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            inner = f"{path}.{name}" if name.isidentifier() else f"{path}[{name!r}]"
            yield from differences(old.get(name, ABSENT), new.get(name, ABSENT), inner)
    elif isinstance(old, list) and isinstance(new, list):
        for at in range(max(len(old), len(new))):
            yield from differences(
                old[at] if at < len(old) else ABSENT,
                new[at] if at < len(new) else ABSENT,
                f"{path}[{at}]",
            )
    elif type(old) is not type(new) or old != new:
        yield path, old, new


def describe(found: list[Difference]) -> Iterator[str]:
    """Lines that show the first differences, the old value after ``-``, the new after ``+``."""
    for path, old, new in found[:MAX_PATHS]:
        where = shown(path, _WIDTH)
        if old is ABSENT:
            yield f"{where}: new: {preview(new, _WIDTH - 10)}"
        elif new is ABSENT:
            yield f"{where}: gone: {preview(old, _WIDTH - 10)}"
        elif isinstance(old, str) and isinstance(new, str) and _is_long(old, new):
            yield where
            yield from (f"  {line}" for line in _text_difference(old, new))
        else:
            yield f"{where}: {preview(old, _SHORT)} -> {preview(new, _SHORT)}"
    if len(found) > MAX_PATHS:
        yield f"and {len(found) - MAX_PATHS} more"


def _is_long(old: str, new: str) -> bool:
    return len(old) > _SHORT - 2 or len(new) > _SHORT - 2 or "\n" in old + new


def _text_difference(old: str, new: str) -> Iterator[str]:
    old_lines, new_lines = old.split("\n"), new.split("\n")
    if max(len(old_lines), len(new_lines)) > 1000:
        yield from _windows(old, new)
        return
    changed: list[str] = []
    matcher = difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        paired = min(end - start, new_end - new_start)
        for at in range(paired):
            changed += _windows(old_lines[start + at], new_lines[new_start + at])
        changed += [f"- {shown(line, _WIDTH)}" for line in old_lines[start + paired : end]]
        changed += [f"+ {shown(line, _WIDTH)}" for line in new_lines[new_start + paired : new_end]]
    yield from changed[:MAX_LINES]
    if len(changed) > MAX_LINES:
        yield f"{ELLIPSIS} {len(changed) - MAX_LINES} more lines"


def _windows(old: str, new: str) -> list[str]:
    """Both texts around their first difference."""
    same = 0
    for before, after in zip(old, new, strict=False):
        if before != after:
            break
        same += 1
    start = max(0, same - _BEFORE)
    lead = ELLIPSIS if start else ""
    return [
        f"{sign} {lead}{shown(text[start:], _WIDTH - len(lead))}"
        for sign, text in (("-", old), ("+", new))
    ]
