"""The verdict as one HTML file: self-contained, readable without scripts, light and dark.

Everything foreign is made printable and then escaped by the template. The content security policy
allows nothing but the file's own style sheet and script, by their hashes: no network, ever.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import msgspec
from msgspec.structs import replace

from pytest_ftgate.reports import safe
from pytest_ftgate.reports.html_view import page

if TYPE_CHECKING:
    from pytest_ftgate.model import Miss, Run, SuiteResult, Verdict

_TEMPLATES = Path(__file__).with_name("templates")
_ISLAND_OUTPUT_LIMIT = 1_000


def render(verdict: Verdict, run: Run | None = None) -> str:
    """The page.

    Args:
        verdict: the verdict document.
        run: the run it speaks of; with it the page lists the cases that passed, too, and what
            each check said. Outputs are shown as previews, so the page stays small.
    """
    style, script = (_asset(name) for name in ("report.css", "report.js"))
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            page=page(verdict, run),
            style=style,
            script=script,
            style_hash=_hash(style),
            script_hash=_hash(script),
            island=_island(verdict),
        )
    )


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _island(verdict: Verdict) -> str:
    """The verdict document for scripts: nothing in it can end the element that holds it."""
    slim = replace(verdict, suites=tuple(_slim(suite) for suite in verdict.suites))
    text = json.dumps(msgspec.to_builtins(slim), ensure_ascii=True, allow_nan=False)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _slim(suite: SuiteResult) -> SuiteResult:
    return replace(suite, misses=tuple(_preview(miss) for miss in suite.misses))


def _preview(miss: Miss) -> Miss:
    reasons = tuple(safe.line(reason) for reason in miss.reasons)
    output = None if miss.output is None else safe.block(miss.output, _ISLAND_OUTPUT_LIMIT)
    return replace(miss, reasons=reasons, output=output)
