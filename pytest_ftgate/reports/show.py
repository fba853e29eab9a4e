"""What ``pytest-ftgate show RUN`` prints: the section of the run, and chosen cases in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from pytest_ftgate.reports import numbers, terminal, wording
from pytest_ftgate.reports.console import TextConsole
from pytest_ftgate.reports.details import flow, hanging, indented
from pytest_ftgate.reports.kpi_table import INDENT, STYLES
from pytest_ftgate.reports.safe import block, line, name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from pytest_ftgate.model import Observation, Record, Run, Verdict

OUTPUT_LIMIT = 20_000
"""Characters of an output that are shown."""


def render(
    verdict: Verdict,
    run: Run,
    *,
    cases: Sequence[str] = (),
    width: int,
    color: bool,
    verbosity: int = 0,
    unicode: bool = True,
) -> str:
    """The run's section, without a next step; or the named cases instead, if any are named.

    Args:
        verdict: the verdict on the run.
        run: the run.
        cases: ids of cases; ``id#2`` names the second trial only, an id all its trials.
        width: columns of the terminal; fewer than 40 are taken as 40.
        color: whether ANSI colours may be used.
        verbosity: as pytest's; see :func:`pytest_ftgate.reports.terminal.render`.
        unicode: whether the terminal's encoding can show more than ASCII.
    """
    if not cases:
        return terminal.render(
            verdict,
            width=width,
            color=color,
            verbosity=verbosity,
            unicode=unicode,
            next_step=False,
        )
    output = TextConsole(width, color)
    for case in cases:
        records = matching(run, case)
        if not records:
            output.console.print(f"The run has no result of case {name(case)}.")
        for record in records:
            _write_case(output.console, record)
    return output.text(unicode)


def matching(run: Run, case: str) -> list[Record]:
    """The results of a case by its id, or by ``id#trial`` as in pytest's item ids."""
    return [
        record
        for record in run.records
        if case in (record.case, wording.case_label(record.case, record.trial))
    ]


def _write_case(console: Console, record: Record) -> None:
    heading = Text.assemble(
        (wording.case_label(record.case, record.trial), "bold"),
        f" · {name(record.suite)} [{name(record.variant)}] · ",
        (record.outcome, STYLES.get(record.outcome, "")),
    )
    console.print(heading)
    facts = [line(record.source)] if record.source else []
    facts += wording.record_facts(record)
    if record.model:
        facts.append(f"model {name(record.model)}")
    for text in flow(tuple(facts), console.width - INDENT):
        console.print(indented(Text(text, style="dim")))
    rows = [_observation(seen) for seen in record.observations]
    if record.error is not None:
        message = block(record.error.message.strip(), OUTPUT_LIMIT)  # a miss explains in lines
        label = Text(f"error in {record.error.when}", style=STYLES["error"])
        rows.append((label, f"{name(record.error.type)}: {message}"))
    for table in hanging(rows):
        console.print(indented(table))
    if record.output is not None:
        console.print(indented(Text("output", style="dim")))
        console.print(indented(indented(Text(block(record.output, OUTPUT_LIMIT)))))
    elif record.output_hash:
        console.print(indented(Text("output: not kept, only its hash", style="dim")))
    console.print()


def _observation(seen: Observation) -> tuple[Text, str]:
    if seen.passed is None:
        label, text = Text("score"), f"{name(seen.check)}: {numbers.number(seen.value, 'score')}"
    else:
        word = "passed" if seen.passed else "failed" if seen.must_pass else "missed"
        label, text = Text(word, style=STYLES[word]), name(seen.check)
    notes = [line(note) for note in (seen.reason, seen.note) if note]
    return label, f"{text}: {'; '.join(notes)}" if notes else text
