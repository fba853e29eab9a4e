"""Ladders as GitHub-flavoured Markdown: a section of a report, or a report of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.reports import ladder_chart
from pytest_ftgate.reports import ladder_words as words
from pytest_ftgate.reports.fences import code, fence
from pytest_ftgate.reports.numbers import number, span
from pytest_ftgate.reports.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ftgate.iterations import LoggedIteration, SaturationResult

_CHART_WIDTH = 100
_LIMIT = 10_000
_CHANGE_LIMIT = 120


def render(results: Iterable[SaturationResult]) -> str:
    """A report on ladders alone, with all that is known of each."""
    sections = [section(result, full=True) for result in results]
    return "\n\n".join(["## Have we exhausted prompting?", *sections]) + "\n"


def section(result: SaturationResult, *, full: bool = False) -> str:
    """One ladder: the verdict and its sentence, and the log folded away unless ``full``.

    Args:
        result: what the verdict document says of it.
        full: show everything, unfolded, with the chart.
    """
    parts = [
        f"### Saturation of {code(result.suite)} {code(result.kpi)}: **{words.verdict(result)}**",
        fence(words.reason(result), _LIMIT),
    ]
    table = _table(result) if result.log else ""
    if not full:
        folded = f"<details>\n<summary>The iteration log</summary>\n\n{table}\n\n</details>"
        return "\n\n".join([*parts, folded] if table else parts)
    chart = "\n".join(ladder_chart.lines(result, _CHART_WIDTH))
    parts += [table, fence(chart, _LIMIT) if chart else "", *_details(result)]
    return "\n\n".join(part for part in parts if part)


def _table(result: SaturationResult) -> str:
    kpis = [each.name for each in result.log[0].kpis]
    headings = ["variant", "parent", "changed", *map(code, kpis[:1]), "95 % interval"]
    headings += ["to parent (90 %)", *map(code, kpis[1:]), "tokens in", "p50", "cost", "change"]
    rows = [headings, ["---", "---", "---", *["---:"] * (len(headings) - 4), "---"]]
    rows += [_row(entry, kpis) for entry in result.log]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(entry: LoggedIteration, kpis: list[str]) -> list[str]:
    found = {each.name: each for each in entry.kpis}
    main = words.kpi(entry)
    cells = [
        code(entry.variant) + ("" if entry.counted else " (not counted)"),
        code(entry.parent) if entry.parent else "",
        words.changed(entry),
    ]
    if main is None or main.value is None:
        cells += ["", "", ""]
    else:
        interval = span(main.low, main.high, main.unit)
        cells += [number(main.value, main.unit), interval, words.delta(main)]
    others = [found.get(each) for each in kpis[1:]]
    cells += ["" if each is None else number(each.value, each.unit) for each in others]
    cells += [
        number(entry.tokens_in, "tokens"),
        number(entry.latency_s, "seconds"),
        number(entry.cost, "usd"),
        code(entry.change, _CHANGE_LIMIT) if entry.change else "",
    ]
    return cells


def _details(result: SaturationResult) -> list[str]:
    parts = []
    if rows := words.left_out(result):
        parts.append("**Not counted**\n\n" + _block(f"{key} {text}" for key, text in rows))
    evidence = [*words.growth(result), words.prompt_cost(result)]
    if result.early_stop is not None:
        evidence.append(sentence(result.early_stop.reason))
    if evidence := [text for text in evidence if text]:
        parts.append("**Other evidence**\n\n" + _block(evidence))
    if result.failures is not None:
        lines = [words.failures(result.failures), words.gathering(result.failures)]
        for group in result.failures.groups:
            lines += [words.group(group), *(f"  - {text}" for text in words.examples(group))]
        parts.append("**Systematic failures**\n\n" + _block(text for text in lines if text))
    if notes := words.notes(result):
        parts.append("**Mind**\n\n" + _block(notes))
    if fix := words.next_fix(result):
        parts.append("**Next**\n\n" + _block([fix]))
    return parts


def _block(lines: Iterable[str]) -> str:
    return fence("\n".join(lines), _LIMIT)
