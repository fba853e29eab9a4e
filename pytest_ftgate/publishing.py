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


def publish(
    verdict: Verdict, run: Run, settings: Settings, environ: Mapping[str, str]
) -> list[str]:
    """Write every report that the options or the environment name.

    Returns:
        What could not be written and why, a sentence each; the others are written all the same.
    """
    wanted: list[tuple[str, Path | None, Callable[[], bytes]]] = [
        ("json", settings.json, lambda: json_report.encode(verdict)),
        ("markdown", settings.markdown, lambda: markdown.render(verdict).encode()),
        ("html", settings.html, lambda: html.render(verdict, run).encode()),
    ]
    problems: list[str] = []
    written: dict[str, str] = {}
    for kind, path, render in wanted:
        if path is None:
            continue
        try:
            files.write_atomic(path, render())
            written[kind] = os.fspath(path)
        except FtgateError as error:
            problems.append(str(error))
    appended: list[tuple[str, Callable[[], str]]] = [
        ("GITHUB_STEP_SUMMARY", lambda: github.step_summary(verdict)),
        ("GITHUB_OUTPUT", lambda: github.outputs(verdict, written)),
    ]
    for variable, text in appended:
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
