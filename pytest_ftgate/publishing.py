"""Writes the reports that were asked for, and those that a CI system reads.

Most sessions ask for none: what makes a report is imported when it is made.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_ftgate import files
from pytest_ftgate.errors import FtgateError, StoreError
from pytest_ftgate.runs import headlines
from pytest_ftgate.runs.store import RunStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_ftgate.model import Run, Verdict
    from pytest_ftgate.options import Settings


def write_reports(verdict: Verdict, run: Run, settings: Settings) -> list[str]:
    """Write every report that an option names, and beside the run what lists of runs show.

    Returns:
        What could not be written and why, a sentence each; the others are written all the same.
    """
    wanted: list[tuple[Path | None, Callable[[], bytes]]] = [
        (settings.json, lambda: _json(verdict)),
        (settings.markdown, lambda: _markdown(verdict)),
        (settings.html, lambda: _html(verdict, run)),
    ]
    problems: list[str] = []
    for path, render in wanted:
        if path is not None:
            try:
                files.write_atomic(path, render())
            except FtgateError as error:
                problems.append(str(error))
    directory = RunStore(settings.store).runs / run.manifest.run
    if directory.is_dir():  # or it could not be made, which was said
        try:
            headlines.keep(verdict, directory)
        except FtgateError as error:
            problems.append(str(error))
    return problems


def tell_github(verdict: Verdict, settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Append to the step summary and the outputs, where GitHub's runner names them.

    Returns:
        What could not be written and why, a sentence each.
    """
    reports = {"json": settings.json, "markdown": settings.markdown, "html": settings.html}
    written = {kind: os.fspath(path) for kind, path in reports.items() if path is not None}
    wanted: list[tuple[str, Callable[[], str]]] = [
        ("GITHUB_STEP_SUMMARY", lambda: _step_summary(verdict)),
        ("GITHUB_OUTPUT", lambda: _outputs(verdict, written)),
    ]
    problems: list[str] = []
    for variable, text in wanted:
        if environ.get(variable):
            try:
                _append(environ[variable], text())
            except FtgateError as error:
                problems.append(str(error))
    return problems


def _json(verdict: Verdict) -> bytes:
    from pytest_ftgate.reports import json_report

    return json_report.encode(verdict)


def _markdown(verdict: Verdict) -> bytes:
    from pytest_ftgate.reports import markdown

    return markdown.render(verdict).encode()


def _html(verdict: Verdict, run: Run) -> bytes:
    from pytest_ftgate.reports import html

    return html.render(verdict, run).encode()


def _step_summary(verdict: Verdict) -> str:
    from pytest_ftgate.reports import github

    return github.step_summary(verdict)


def _outputs(verdict: Verdict, written: Mapping[str, str]) -> str:
    from pytest_ftgate.reports import github

    return github.outputs(verdict, written)


def _append(path: str, text: str) -> None:
    try:
        with open(path, "a", encoding="utf-8") as stream:  # noqa: PTH123
            stream.write(text)
    except OSError as error:
        raise StoreError(f"{path}: cannot be appended to: {error.strerror}.") from None
