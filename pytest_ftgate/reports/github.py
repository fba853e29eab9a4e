"""GitHub Actions: the step summary, annotations on dataset lines, and step outputs.

These functions give texts; the pytest layer decides whether and where they are written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_ftgate.errors import shown_path
from pytest_ftgate.reports import markdown, safe, wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ftgate.model import Miss, SuiteResult, Verdict

SUMMARY_LIMIT = 900 * 1024 - 1
"""Bytes of a step summary; GitHub refuses more than 1 MiB a step."""

ANNOTATIONS = 10
"""GitHub shows no more than ten annotations of a kind and step."""

_REASON_LIMIT = 500
_URGENCY = ("error", "failed", "missed")
_SOURCE = re.compile(r"(?P<path>.+):(?P<line>[1-9]\d*)", re.DOTALL)


def step_summary(verdict: Verdict) -> str:
    """What is appended to the file named by ``GITHUB_STEP_SUMMARY``."""
    return markdown.render(verdict, limit=SUMMARY_LIMIT)


def annotate(verdict: Verdict) -> tuple[str, ...]:
    """At most ten workflow commands that annotate dataset lines, the most urgent first."""
    found = [
        (suite, miss, place)
        for suite in verdict.suites
        for miss in suite.misses
        if miss.outcome in _URGENCY and (place := _SOURCE.fullmatch(miss.source or ""))
    ]
    found.sort(key=lambda item: (_URGENCY.index(item[1].outcome), not _is_new(item[0], item[1])))
    return tuple(_annotation(*item) for item in found[:ANNOTATIONS])


def outputs(verdict: Verdict, paths: Mapping[str, str] | None = None) -> str:
    """Lines for the file named by ``GITHUB_OUTPUT``: the verdict, numbers, and report paths.

    Args:
        verdict: the verdict document.
        paths: report kinds (``json``, ``markdown``, ``html``) and where they were written. A path
            that is not one printable line is left out: it could forge another output.
    """
    totals = {
        outcome: sum(suite.counts.get(outcome, 0) for suite in verdict.suites)
        for outcome in ("passed", "missed", "failed", "error", "skipped")
    }
    values = {
        "verdict": verdict.verdict,
        "exit_code": verdict.exit_code,
        "complete": int(verdict.run.complete),
        "selected": verdict.run.selected,
        "received": verdict.run.received,
        **totals,
    }
    lines = [f"{key}={value}\n" for key, value in values.items()]
    lines += [
        f"{kind}={path}\n"
        for kind, path in (paths or {}).items()
        if path.isprintable() and kind.isidentifier()
    ]
    return "".join(lines)


def _is_new(suite: SuiteResult, miss: Miss) -> bool:
    return miss.case in suite.newly_failing


def _annotation(suite: SuiteResult, miss: Miss, place: re.Match[str]) -> str:
    level = "warning" if miss.outcome == "missed" else "error"
    title = f"{wording.title(suite)} {wording.case_label(miss.case, miss.trial)} {miss.outcome}"
    file = safe.line(shown_path(place["path"]), _REASON_LIMIT)
    properties = f"file={_property(file)},line={place['line']},title={_property(title)}"
    reasons = "\n".join(reason[:_REASON_LIMIT] for reason in miss.reasons)
    message = safe.block(reasons or "no reason was given", _REASON_LIMIT)
    return f"::{level} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
