"""What all reports say of a ladder beside its tables; every number is one of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.reports.numbers import UNKNOWN, number, plural, probability, signed
from pytest_ftgate.reports.safe import line, name
from pytest_ftgate.reports.wording import capital, listed, sentence

if TYPE_CHECKING:
    from pytest_ftgate.iterations import (
        FailureGroup,
        Failures,
        LoggedIteration,
        LoggedKpi,
        SaturationResult,
    )

GROWN = 1.10
"""From this ratio on, growth is said to be growth."""

SYSTEMATIC = 0.05
"""Up to this p, persistent failures are said to be more than chance gives."""

SPENT = ("tokens_in_per_task", "time_to_output_p50", "cost_per_task")
"""Gated KPIs that tables show among what an iteration costs."""

_RUNGS = {
    "stop": "stop here",
    "evidence": "more evidence",
    "clarify": "clarify the task",
    "prompt": "prompt and examples",
    "tools": "tools and guardrails",
    "retrieval": "retrieval",
    "fine_tuning": "fine-tuning",
}
_FEW = 5
_MILLION = 1_000_000


def title(result: SaturationResult) -> str:
    """``orders · fields``."""
    return f"{name(result.suite)} · {name(result.kpi)}"


def scale(result: SaturationResult) -> tuple[str, ...]:
    """``dev``, ``12 of 14 iterations``, ``200 cases``; what can be spared comes first."""
    log = plural(result.iterations, "iteration")
    if result.disciplined < result.iterations:
        log = f"{result.disciplined:,} of {log}"
    return name(result.split), log, plural(result.n, "case")


def verdict(result: SaturationResult) -> str:
    """``not enough evidence``."""
    return result.verdict.replace("_", " ")


def reason(result: SaturationResult) -> str:
    """The verdict's sentence, with a capital letter."""
    return capital(sentence(result.reason))


def kpi(entry: LoggedIteration) -> LoggedKpi | None:
    """The KPI that the verdict is about."""
    return entry.kpis[0] if entry.kpis else None


def changed(entry: LoggedIteration) -> str:
    """What the fingerprint says was changed: ``examples``, ``instructions + examples``."""
    if entry.kind == "root":
        return "(first)" if entry.parent is None and not entry.components else ""
    return {"unchanged": "nothing", "unknown": UNKNOWN}.get(
        entry.kind, " + ".join(entry.components)
    )


def delta(entry: LoggedKpi) -> str:
    """The difference to the parent with its interval, ``+2.0 pts (−1.0 to +5.0)``."""
    if entry.delta is None:
        return ""
    text = signed(entry.delta, entry.unit)
    if entry.delta_low is None or entry.delta_high is None:
        return text
    low, high = (signed(end, entry.unit, bare=True) for end in (entry.delta_low, entry.delta_high))
    return f"{text} ({low} to {high})"


def left_out(result: SaturationResult) -> tuple[tuple[str, str], ...]:
    """The iterations that do not count, each with why."""
    return tuple(
        (name(entry.variant), sentence(entry.why_not)) for entry in result.log if entry.why_not
    )


def growth(result: SaturationResult) -> tuple[str, ...]:
    """What the last window cost against the one before, where it grew."""
    still = "while the KPI stands still" if result.verdict == "plateau" else ""
    return tuple(
        sentence(
            f"{each.measure} grew from {number(each.before, each.unit)} to "
            f"{number(each.now, each.unit)} ({100 * (each.ratio - 1):+.0f} %) over the last "
            f"{result.window} iterations {still}".rstrip()
        )
        for each in result.growth
        if each.ratio >= GROWN
    )


def prompt_cost(result: SaturationResult) -> str:
    """What the current variant costs a month at the user's volume; empty without a volume."""
    cost = result.prompt_cost
    if cost is None:
        return ""
    others = cost.first != cost.variant
    text = f"at {cost.calls_per_month:,.0f} calls a month {name(cost.variant)} "
    if cost.per_month is None:
        text += f"sends {_many(cost.tokens_per_month)} prompt tokens"
        if others and cost.first_tokens_per_month is not None:
            text += f"; {name(cost.first)} sent {_many(cost.first_tokens_per_month)}"
        return sentence(f"{text}; what they cost is not known without a price of the model")
    text += f"costs {number(cost.per_month, 'usd')}"
    if cost.prompt_per_month is not None:
        text += f", {number(cost.prompt_per_month, 'usd')} of it for its prompt"
    if others and cost.first_per_month is not None:
        text += f"; {name(cost.first)} cost {number(cost.first_per_month, 'usd')}"
    return sentence(text)


def failures(found: Failures) -> str:
    """How many cases fail time and again, and how many of them chance alone would give."""
    p = f"p {_equals(probability(found.p))}"
    text = (
        f"{plural(found.observed, 'case')} failed in at least 80 % of the last "
        f"{plural(found.runs, 'iteration')}, "
    )
    if found.p <= SYSTEMATIC:
        text += f"more than the {found.expected:.1f} that chance alone gives ({p})"
    else:
        text += f"as chance alone may have it ({found.expected:.1f} expected, {p})"
    if found.observed and found.share is not None:
        text += f"; {number(found.share, 'rate')} of all failures are theirs"
    return sentence(text)


def gathering(found: Failures) -> str:
    """The tags and strata that persistent failures gather in; checks make their groups."""
    modes = [
        f"{name(mode.name)} ({mode.persistent:,} of {plural(mode.n, 'case')}, "
        f"p {_equals(probability(mode.p_adjusted))})"
        for mode in found.modes
        if mode.systematic and mode.name.startswith(("tag:", "stratum:"))
    ]
    return f"they gather in {', '.join(modes)}." if modes else ""


def group(found: FailureGroup) -> str:
    """``urgency: medium as high · 12 cases · behaviour: the same wrong label …``."""
    evidence = sentence(found.evidence)
    return f"{name(found.name)} · {plural(len(found.cases), 'case')} · {found.kind}: {evidence}"


def examples(found: FailureGroup) -> tuple[str, ...]:
    """A line an example: the case and what its latest failure said."""
    rows = []
    for each in found.examples:
        where = f" ({line(each.source, 80)})" if each.source else ""
        rows.append(f"{name(each.case)}{where}: {sentence(each.reason or 'no reason was given')}")
    more = len(found.cases) - len(found.examples)
    if more > 0:
        rest = tuple(case for case in found.cases if case not in {e.case for e in found.examples})
        rows.append(f"and {listed(rest, _FEW)}")
    return tuple(rows)


def next_fix(result: SaturationResult) -> str:
    """What the hierarchy of fixes suggests, and why."""
    fix = result.next_fix
    return f"{_RUNGS[fix.rung]}: {sentence(fix.reason)}" if fix else ""


def notes(result: SaturationResult) -> tuple[str, ...]:
    """What a reader must know to trust the verdict no further than it goes."""
    return tuple(sentence(note) for note in result.notes)


def _many(tokens: float | None) -> str:
    """A number of tokens: ``80.8 million`` rather than ``80,834,545``."""
    if tokens is None or tokens < _MILLION:
        return number(tokens, "tokens")
    return f"{tokens / _MILLION:,.1f} million"


def _equals(p: str) -> str:
    return p if p.startswith("<") else f"= {p}"
