"""The options that name reports, and the writing of what they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_ftgate.cli.output import write_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ftgate.model import Verdict

json_option = click.option(
    "--json", "json_path", metavar="PATH", help="Write the verdict document; - prints it."
)
markdown_option = click.option(
    "--markdown", "markdown_path", metavar="PATH", help="Write the report as Markdown; - prints it."
)


def write_reports(
    verdict: Verdict,
    json_path: str | None,
    markdown_path: str | None,
    markdown: Callable[[], str] | None = None,
) -> bool:
    """Write the reports that were asked for.

    Args:
        verdict: the verdict document.
        json_path: where it goes; ``-`` is the standard output.
        markdown_path: where the Markdown goes, alike.
        markdown: renders it; default: the report of a verdict.

    Returns:
        Whether the standard output is left for the summary.

    Raises:
        StoreError: a file cannot be written.
    """
    if json_path is not None:
        from pytest_ftgate.reports import json_report

        write_file(json_path, json_report.encode(verdict))
    if markdown_path is not None:
        from pytest_ftgate.reports.markdown import render

        write_file(markdown_path, (markdown() if markdown else render(verdict)).encode())
    return "-" not in (json_path, markdown_path)
