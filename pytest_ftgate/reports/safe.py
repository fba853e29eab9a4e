"""Foreign text for reports: printable, bounded, and without commands to a CI runner.

Reports are read on terminals, in browsers and in CI logs. A runner executes workflow commands
wherever they stand in a log line (``##[``) or where a line begins with them (``::error``); since
texts are wrapped, any word may begin a line.
"""

from __future__ import annotations

import re

from pytest_ftgate.text import shown

LINE_LIMIT = 2_000
NAME_LIMIT = 60

_COMMANDS = re.compile(
    r"::(?=(?:add-mask|add-matcher|add-path|debug|echo|endgroup|error|group|notice"
    r"|remove-matcher|save-state|set-env|set-output|stop-commands|warning|internal-)[\w-]*)",
    re.IGNORECASE,
)
_LINE_ENDS = re.compile(r"[ \t]*[\r\n][ \t\r\n]*")
_BRACKETS = re.compile(r"##(?=(?:vso)?\[)", re.IGNORECASE)


def line(text: str, limit: int = LINE_LIMIT) -> str:
    """The text as one line of at most ``limit`` characters, its own line ends shown as ``⏎``."""
    flat = _LINE_ENDS.sub(" ⏎ ", _head(text, limit).strip())
    return _cut(_inert(shown(flat, limit)), limit)


def name(text: str) -> str:
    """A suite, variant, case, KPI, slice or model name as it may be shown."""
    return line(text, NAME_LIMIT)


def block(text: str, limit: int) -> str:
    """The text with its line ends, at most ``limit`` characters."""
    head = _head(text, limit).replace("\r\n", "\n")
    return _cut(_inert(shown(head, limit, multiline=True)), limit)


def _head(text: str, limit: int) -> str:
    """What can be shown at most, so that ten megabytes cost no more than a page."""
    return text[: 2 * limit + 100]


def _inert(text: str) -> str:
    return _BRACKETS.sub("# #", _COMMANDS.sub(": :", text))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
