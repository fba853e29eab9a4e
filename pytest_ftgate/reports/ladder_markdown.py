"""Ladders as GitHub-flavoured Markdown: a section of a report, or a report of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.reports import ladder_chart
from pytest_ftgate.reports import ladder_words as words
from pytest_ftgate.reports.fences import code, fence
from pytest_ftgate.reports.numbers import number, span
from pytest_ftgate.reports.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_ftgate.iterations import LoggedIteration, LoggedKpi, SaturationResult

    _Column = tuple[str, str, list[str]]

_CHART_WIDTH = 100
_LIMIT = 10_000
_CHANGE_LIMIT = 120
_LEFT, _RIGHT = "---", "---:"
_ALWAYS = ("variant", "parent", "changed")


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
    """The log; columns of what is not known of any iteration are left out."""
    columns = [
        (heading, side, cells)
        for heading, side, cells in _columns(result)
        if heading in _ALWAYS or any(cells)
    ]
    rows = zip(*(cells for _, _, cells in columns), strict=True)
    lines = [[heading for heading, _, _ in columns], [side for _, side, _ in columns], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _columns(result: SaturationResult) -> Iterator[_Column]:
    """Headings, alignments and cells."""
    log = result.log

    def column(heading: str, cell: Callable[[LoggedIteration], str], side: str = _RIGHT) -> _Column:
        return heading, side, [cell(entry) for entry in log]

    yield column("variant", _variant, _LEFT)
    yield column("parent", lambda entry: code(entry.parent) if entry.parent else "", _LEFT)
    yield column("changed", words.changed, _LEFT)
    yield column(code(result.kpi), _of_kpi(0, lambda kpi: number(kpi.value, kpi.unit)))
    yield column("95 % interval", _of_kpi(0, lambda kpi: span(kpi.low, kpi.high, kpi.unit)))
    yield column("to parent (90 %)", _of_kpi(0, words.delta))
    for at, kpi in enumerate(log[0].kpis):
        if at and kpi.name not in words.SPENT:
            yield column(code(kpi.name), _of_kpi(at, lambda kpi: number(kpi.value, kpi.unit)))
    yield column("tokens in", lambda entry: _known(entry.tokens_in, "tokens"))
    yield column("p50", lambda entry: _known(entry.latency_s, "seconds"))
    yield column("cost", lambda entry: _known(entry.cost, "usd"))
    yield column("a month", lambda entry: _known(entry.cost_per_month, "usd"))
    yield column(
        "change", lambda entry: code(entry.change, _CHANGE_LIMIT) if entry.change else "", _LEFT
    )


def _variant(entry: LoggedIteration) -> str:
    return code(entry.variant) + ("" if entry.counted else " (not counted)")


def _of_kpi(at: int, cell: Callable[[LoggedKpi], str]) -> Callable[[LoggedIteration], str]:
    def of(entry: LoggedIteration) -> str:
        found = entry.kpis[at] if at < len(entry.kpis) else None
        return "" if found is None or found.value is None else cell(found)

    return of


def _known(amount: float | None, unit: str) -> str:
    return "" if amount is None else number(amount, unit)


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
