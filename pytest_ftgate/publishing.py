"""Writes the reports that were asked for, and those that a CI system reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_ftgate import files
from pytest_ftgate.errors import FtgateError, StoreError
from pytest_ftgate.reports import github, html, json_report, markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_ftgate.model import Run, Verdict
    from pytest_ftgate.options import Settings


def write_reports(verdict: Verdict, run: Run, settings: Settings) -> list[str]:
    """Write every report that an option names.

    Returns:
        What could not be written and why, a sentence each; the others are written all the same.
    """
    wanted: list[tuple[Path | None, Callable[[], bytes]]] = [
        (settings.json, lambda: json_report.encode(verdict)),
        (settings.markdown, lambda: markdown.render(verdict).encode()),
        (settings.html, lambda: html.render(verdict, run).encode()),
    ]
    problems: list[str] = []
    for path, render in wanted:
        if path is not None:
            try:
                files.write_atomic(path, render())
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
        ("GITHUB_STEP_SUMMARY", lambda: github.step_summary(verdict)),
        ("GITHUB_OUTPUT", lambda: github.outputs(verdict, written)),
    ]
    problems: list[str] = []
    for variable, text in wanted:
        if environ.get(variable):
            try:
                _append(environ[variable], text())
            except FtgateError as error:
                problems.append(str(error))
    return problems


def _append(path: str, text: str) -> None:
    try:
        with open(path, "a", encoding="utf-8") as stream:  # noqa: PTH123
            stream.write(text)
    except OSError as error:
        raise StoreError(f"{path}: cannot be appended to: {error.strerror}.") from None
