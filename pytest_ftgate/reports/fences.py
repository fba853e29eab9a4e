"""Foreign text in Markdown: literal, inert, whatever it holds.

Inside code nothing is markup: no mention, link, image, comment or tag. So every text that is not
our own stands in a code span or a fence whose delimiter is longer than any run of back-ticks in
the text.
"""

from __future__ import annotations

import re

from pytest_ftgate.reports import safe

_RUNS = re.compile("`+")


def code(text: str, limit: int = safe.NAME_LIMIT) -> str:
    """The text as a code span, fit for a table cell (where a bar would end the cell)."""
    inert = safe.line(text, limit).replace("|", "¦")
    if not inert:
        return "` `"
    tick = "`" * (_longest_run(inert) + 1)
    pad = " " if inert.startswith("`") or inert.endswith("`") else ""
    return f"{tick}{pad}{inert}{pad}{tick}"


def fence(text: str, limit: int) -> str:
    """The text as a fenced block of plain text."""
    inert = safe.block(text, limit)
    tick = "`" * max(3, _longest_run(inert) + 1)
    return f"{tick}text\n{inert}\n{tick}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _RUNS.findall(text)), default=0)
