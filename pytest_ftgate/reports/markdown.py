"""The verdict as GitHub-flavoured Markdown: a pull request comment, a step summary, a file.

The order is what a reviewer asks: the verdict, the KPIs, the counts, what newly fails, whether
the comparison is fair, what it cost, the outputs, and how to reproduce it.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from pytest_ftgate.reports import history, ladder_markdown, numbers, wording
from pytest_ftgate.reports.fences import code, fence
from pytest_ftgate.reports.next_step import reproduce, show
from pytest_ftgate.reports.safe import line, name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_ftgate.model import KpiResult, Miss, SuiteResult, Verdict

MARKER = "<!-- pytest-ftgate -->"
"""The first line: by it a workflow finds its earlier comment in order to update it."""

COMMENT_LIMIT = 60_000
_SEVERITY = ("error", "block", "inconclusive", "warn", "pass")
_CASES = 20
_CAUSES = 5
_OUTPUTS = 10
_OUTPUT_LIMIT = 1_000
_REASONS_LIMIT = 1_500
_WIDTH = 100  # a code block does not wrap
_GATES_LIMIT = 4_000
_COMMANDS_LIMIT = 4_000


def render(verdict: Verdict, *, limit: int = COMMENT_LIMIT) -> str:
    """The report.

    Args:
        verdict: the verdict document.
        limit: the most bytes of UTF-8 (and so the most characters) of the result. What does not
            fit is left out, the least important first, and the report says so.
    """
    page = _Page(limit)
    page.closing = _closing(verdict)
    page.add(f"{MARKER}\n{_headline(verdict)}")
    suites = sorted(verdict.suites, key=lambda suite: _SEVERITY.index(suite.verdict))
    briefs = [_brief(suite) for suite in suites]
    for position, suite in enumerate(suites):
        rest = sum(_size(brief) + 2 for brief in briefs[position + 1 :])
        if not page.add(_suite(suite), reserve=rest):
            page.add(briefs[position])
    for ladder in verdict.saturation:
        page.add(ladder_markdown.section(ladder))
    for suite in suites:
        page.add(_outputs(suite))
    return page.text()


class _Page:
    """Sections within a size; room for the closing is kept."""

    _NOTE = "*Some sections are left out: this report has a size limit.*\n"

    def __init__(self, limit: int) -> None:
        self.closing = ""
        self._limit = limit
        self._sections: list[str] = []
        self._left_out = False

    def add(self, section: str, *, reserve: int = 0) -> bool:
        """Add a section if it fits and leaves ``reserve`` bytes free; an empty one always does."""
        if not section:
            return True
        used = sum(_size(text) + 2 for text in (*self._sections, self.closing, self._NOTE))
        fits = used + _size(section) + 2 + reserve <= self._limit
        if fits:
            self._sections.append(section)
        self._left_out = self._left_out or not fits
        return fits

    def text(self) -> str:
        note = [self._NOTE] if self._left_out else []
        return "\n\n".join([*self._sections, *note, self.closing])


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _headline(verdict: Verdict) -> str:
    lines = [f"## Evals: {verdict.verdict}"]
    if (why := wording.unfinished(verdict)) is not None:
        lines += ["", f"**Incomplete**: {why}."]
    if not verdict.suites:
        lines += ["", "No suite was evaluated: there is nothing to judge."]
    elif len(verdict.suites) > 1:
        blocked = sum(suite.verdict in ("block", "error") for suite in verdict.suites)
        total = numbers.plural(len(verdict.suites), "suite")
        lines += ["", f"{blocked:,} of {total} blocked."]
    return "\n".join(lines)


def _closing(verdict: Verdict) -> str:
    commands = (*reproduce(verdict), show(verdict))
    block = fence("\n".join(commands), _COMMANDS_LIMIT)
    stale = wording.stale_calls(verdict)
    note = f"- {code(stale, 300)}\n\n" if stale else ""
    return f"{note}Reproduce:\n\n{block}\n"


def _brief(suite: SuiteResult) -> str:
    return f"- {_name(suite)}: **{suite.verdict}**, {wording.counts_text(suite)}"


def _suite(suite: SuiteResult) -> str:
    sections = [
        f"### {_name(suite)}: {suite.verdict}",
        _banners(suite),
        _gates(suite),
        _errors(suite),
        _kpi_table(suite),
        f"{wording.counts_text(suite)} ({wording.sizes(suite)}, split {code(suite.split)})",
        _flipped(suite),
        _comparability(suite),
        _cost(suite),
    ]
    return "\n\n".join(section for section in sections if section)


def _name(suite: SuiteResult) -> str:
    return f"{code(suite.suite)} {code(suite.variant)}"


def _banners(suite: SuiteResult) -> str:
    lines = []
    if why := wording.lost(suite):
        lines.append(f"**Incomplete**: {why}.")
    if why := wording.partial(suite):
        lines.append(f"**Partial**: {code(why, 300)}")
    return "\n\n".join(lines)


def _gates(suite: SuiteResult) -> str:
    lines = [
        row
        for gate in wording.failing_gates(suite)
        for row in textwrap.wrap(
            f"{gate.verdict}: {name(gate.name)}: {line(gate.reason)}",
            _WIDTH,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]
    return fence("\n".join(lines), _GATES_LIMIT) if lines else ""


def _errors(suite: SuiteResult) -> str:
    """What went wrong, once for all cases that it went wrong for."""
    parts = []
    for cause in suite.errors[:_CAUSES]:
        cases = ", ".join(code(case) for case in cause.cases)
        if (more := cause.count - len(cause.cases)) > 0:
            cases += f" and {more:,} more"
        alike = " alike" if cause.count > 1 else ""
        parts.append(f"**{wording.counted('error', cause.count)}**{alike}: {cases}")
        parts.append(fence(f"{cause.type}: {cause.message}", _REASONS_LIMIT))
    if (others := len(suite.errors) - _CAUSES) > 0:
        parts.append(f"and {numbers.plural(others, 'other error')}")
    return "\n\n".join(parts)


def _kpi_table(suite: SuiteResult) -> str:
    if wording.unscored(suite):
        return "No KPIs: no case was scored."
    columns: list[tuple[str, Callable[[KpiResult], str]]] = [
        ("value", numbers.value),
        ("95 % interval", numbers.interval),
        ("n", lambda kpi: f"{kpi.n:,}"),
        ("threshold", numbers.threshold),
    ]
    if wording.has_baseline(suite):
        columns = [
            ("baseline", numbers.baseline),
            ("now", numbers.value),
            ("difference (90 %)", numbers.change),
            ("flips", numbers.flips),
            ("McNemar mid-p", lambda kpi: _p(kpi.mcnemar_p)),
            ("p (drop)", lambda kpi: _p(kpi.p)),
            *columns[1:],
        ]
    lines = [
        _row(("KPI", "verdict", *(heading for heading, _ in columns))),
        _row(("---", "---", *("---:" for _ in columns))),
    ]
    for kpi in suite.kpis:
        word = f"**{kpi.verdict}**" if wording.gated(kpi) else ""
        lines.append(_row((code(kpi.name), word, *(cell(kpi) for _, cell in columns))))
    return "\n".join(lines)


def _p(p: float | None) -> str:
    return "" if p is None else numbers.probability(p)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _flipped(suite: SuiteResult) -> str:
    lines = []
    for label, cases in (
        ("Newly failing", suite.newly_failing),
        ("Newly fixed", suite.newly_fixed),
    ):
        if cases:
            more = f" and {len(cases) - _CASES:,} more" if len(cases) > _CASES else ""
            ids = ", ".join(code(case) for case in cases[:_CASES])
            lines.append(f"**{label}** ({len(cases):,}): {ids}{more}")
    worse = wording.worse_slices(suite)
    lines += [
        f"**Slice** {code(item.slice)}: {code(item.kpi)} {wording.slice_change(suite, item)}"
        for item in worse[: wording.FEW_SLICES]
    ]
    if (rest := len(worse) - wording.FEW_SLICES) > 0:
        lines.append(
            f"and {numbers.plural(rest, 'more slice')} (`pytest-ftgate show -v` shows all)"
        )
    return "\n\n".join(lines)


def _comparability(suite: SuiteResult) -> str:
    cautions = [f"- **Caution**: {code(text, 300)}" for text in suite.warnings]
    lines = (
        wording.comparability(suite),
        f"accepted: {accepted}" if (accepted := history.of_suite(suite)) else "",
        wording.sensitivity(suite),
        " · ".join(wording.provenance(suite)),
    )
    return "\n".join([*cautions, *(f"- {code(text, 300)}" for text in lines if text)])


def _cost(suite: SuiteResult) -> str:
    return " · ".join(wording.spending(suite))


def _outputs(suite: SuiteResult) -> str:
    new = set(suite.newly_failing)
    # What a change broke is what its reviewer asks for; hard failures still come before.
    ranked = sorted(
        wording.worst(suite), key=lambda miss: (miss.outcome == "missed", miss.case not in new)
    )
    misses = ranked[:_OUTPUTS]
    if not misses:
        return ""
    count = numbers.plural(len(misses), "case")
    cases = "\n\n".join(_miss(miss) for miss in misses)
    # The suite is named inside the block: in a summary line Markdown would not be code.
    return (
        f"<details>\n<summary>The worst cases and their outputs: {count}</summary>\n\n"
        f"{_name(suite)}\n\n{cases}\n\n</details>"
    )


def _miss(miss: Miss) -> str:
    where = f" ({code(miss.source, 200)})" if miss.source else ""
    number = f" trial {miss.trial + 1}" if miss.trial else ""
    reasons = "\n".join(reason[:_REASONS_LIMIT] for reason in miss.reasons)
    parts = [
        f"{code(miss.case)}{number}: **{miss.outcome}**{where}",
        fence(reasons or "no reason was given", _REASONS_LIMIT),
    ]
    if miss.output is not None:
        parts += ["output:", fence(miss.output, _OUTPUT_LIMIT)]
    return "\n\n".join(parts)
