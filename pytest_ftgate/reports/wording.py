"""The sentences and phrases that every report shares, so that all tell the same story."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_ftgate.reports.numbers import number, plural, points, probability, signed
from pytest_ftgate.reports.safe import LINE_LIMIT, block, line, name

if TYPE_CHECKING:
    from pytest_ftgate.model import (
        BaselineHeader,
        ErrorCause,
        GateResult,
        KpiResult,
        Miss,
        Record,
        SliceResult,
        SuiteResult,
        Verdict,
    )

FEW_SLICES = 3
"""Slices that are named unless more are asked for: one bad change makes many of them worse."""

_COUNTS = ("passed", "missed", "failed", "error")
_PLURALS = {"error": "errors"}


def unscored(suite: SuiteResult) -> bool:
    """Whether there is nothing that a KPI could tell."""
    return not any(suite.counts.get(outcome) for outcome in ("passed", "missed", "failed"))


def title(suite: SuiteResult) -> str:
    """``tickets [v3]``."""
    return f"{name(suite.suite)} [{name(suite.variant)}]"


def sizes(suite: SuiteResult) -> str:
    """``200 cases × 3 trials``."""
    return f"{plural(suite.cases, 'case')} × {plural(suite.trials, 'trial')}"


def scale(suite: SuiteResult) -> str:
    """``dev · 200 cases × 3 trials``."""
    return f"{name(suite.split)} · {sizes(suite)}"


def counts(suite: SuiteResult) -> tuple[tuple[str, int], ...]:
    """Outcome and number, in reading order; a skipped count only when there is one."""
    rows = [(outcome, suite.counts.get(outcome, 0)) for outcome in _COUNTS]
    if skipped := suite.counts.get("skipped", 0):
        rows.append(("skipped", skipped))
    return tuple(rows)


def counts_text(suite: SuiteResult) -> str:
    """``182 passed · 18 missed · 0 failed · 0 errors``."""
    return " · ".join(counted(outcome, amount) for outcome, amount in counts(suite))


def counted(outcome: str, amount: int) -> str:
    """``1 error``, ``3 errors``, ``18 missed``."""
    return f"{amount:,} {outcome if amount == 1 else _PLURALS.get(outcome, outcome)}"


def case_label(case: str, trial: int) -> str:
    """The case's id; from the second trial on with its number, as in pytest's item ids."""
    return name(case) if trial < 1 else f"{name(case)}#{trial + 1}"


def has_baseline(suite: SuiteResult) -> bool:
    """Whether any KPI was compared with a baseline."""
    return any(kpi.baseline is not None for kpi in suite.kpis)


def failing_gates(suite: SuiteResult) -> tuple[GateResult, ...]:
    """The gates that a reader must know of: all that did not pass, the worst first.

    In a partial or cut-off run the partial ones are left out: the banner speaks for them.
    """
    order = ["block", "inconclusive", "partial", "warn"]
    if suite.partial or lost(suite):
        order.remove("partial")
    gates = (gate for gate in suite.gates if gate.verdict in order)
    return tuple(sorted(gates, key=lambda gate: order.index(gate.verdict)))


def partial(suite: SuiteResult) -> str | None:
    """What was left out of a partial run, and what that means for its gates."""
    if suite.partial and any(gate.verdict == "partial" for gate in suite.gates):
        return f"{suite.partial}: its gates neither pass nor fail"
    return suite.partial


def unfinished(verdict: Verdict) -> str | None:
    """Why the run cannot vouch for anything, if it did not reach its end."""
    run = verdict.run
    if run.complete:
        return None
    how = line(run.stopped, 300) if run.stopped else "did not end"
    arrived = f"{run.received:,} of {plural(run.selected, 'result')} arrived"
    return f"the run {how} ({arrived}): it can be neither gated nor accepted as a baseline"


def stale_calls(verdict: Verdict) -> str | None:
    """How many recorded calls a full replay did not play, and the command that lists them."""
    amount = verdict.run.stale_calls
    if not amount:
        return None
    were = "call was" if amount == 1 else "calls were"
    return f"{amount:,} recorded {were} not played: pytest-ftgate cassettes prune --dry-run"


def lost(suite: SuiteResult) -> str | None:
    """How many results of the suite never arrived, if any."""
    if suite.received >= suite.selected:
        return None
    return f"{suite.received:,} of {plural(suite.selected, 'result')} arrived"


def provenance(suite: SuiteResult) -> tuple[str, ...]:
    """``replayed 200 answers recorded 2026-11-21``, ``model m``, ``no network``."""
    facts = suite.provenance
    parts = []
    if facts.replayed:
        answers = plural(facts.replayed, "answer")
        parts.append(f"replayed {answers} recorded {_days(facts.recorded_from, facts.recorded_to)}")
    if facts.live:
        parts.append(plural(facts.live, "live answer"))
    if facts.none:
        parts.append(f"{facts.none:,} without a provider call" if parts else "no provider calls")
    if facts.models:
        noun = "model" if len(facts.models) == 1 else "models"
        parts.append(f"{noun} {', '.join(name(model) for model in facts.models)}")
    if facts.replayed and not facts.live:
        parts.append("no network")
    return tuple(parts)


def spending(suite: SuiteResult) -> tuple[str, ...]:
    """``37,800 tokens in, 2,300 out``, ``cost $0.12``; empty when no provider was called."""
    if not (suite.provenance.live or suite.provenance.replayed):
        return ()
    incoming, outgoing = (
        "unknown" if amount is None else f"{amount:,}"
        for amount in (suite.usage.input_tokens, suite.usage.output_tokens)
    )
    if suite.usage.input_tokens is None and suite.usage.output_tokens is None:
        return "tokens unknown", f"cost {number(suite.cost, 'usd')}"
    return f"{incoming} tokens in, {outgoing} out", f"cost {number(suite.cost, 'usd')}"


def comparability(suite: SuiteResult) -> str:
    """``matched 190 cases with the baseline · 5 added · 2 removed · 3 changed``, or empty."""
    if suite.matched is None:
        return ""
    parts = [f"matched {plural(suite.matched, 'case')} with the baseline{_which(suite.baseline)}"]
    for word, cases in (
        ("added", suite.added),
        ("removed", suite.removed),
        ("changed", suite.changed),
    ):
        if cases:
            parts.append(f"{len(cases):,} {word}")
    return " · ".join(parts)


def _which(baseline: BaselineHeader | None) -> str:
    """`` [v12] accepted 2026-11-21``, as far as it is known."""
    if baseline is None:
        return ""
    accepted = day(baseline.accepted_at)
    return f" [{name(baseline.variant)}]{f' accepted {accepted}' if accepted else ''}"


def worse_slices(suite: SuiteResult) -> tuple[SliceResult, ...]:
    """The slices that got worse: first those that block, then the largest difference first."""
    worse = (item for item in suite.slices if item.flag in ("block", "warn"))
    return tuple(sorted(worse, key=lambda item: (item.flag != "block", -abs(item.delta or 0.0))))


def slice_change(suite: SuiteResult, item: SliceResult) -> str:
    """``88.3 % from 98.3 %, −10.0 pts (n=60)``, in the unit of the slice's KPI."""
    unit = next((kpi.unit for kpi in suite.kpis if kpi.name == item.kpi), "rate")
    text = number(item.value, unit)
    if item.baseline is not None:
        text += f" from {number(item.baseline, unit)}"
    if item.delta is not None:
        text += f", {signed(item.delta, unit)}"
    return f"{text} (n={item.n:,})"


def listed(cases: tuple[str, ...], most: int) -> str:
    """Case ids, at most ``most`` of them, and how many more there are."""
    text = ", ".join(name(case) for case in cases[:most])
    more = len(cases) - most
    return f"{text} and {more:,} more" if more > 0 else text


def miss_reason(miss: Miss, limit: int = LINE_LIMIT) -> str:
    """The reasons of a miss on one line."""
    reasons = "; ".join(line(reason, limit) for reason in miss.reasons)
    return line(reasons or "no reason was given", limit)


def worst(suite: SuiteResult) -> tuple[Miss, ...]:
    """The cases worth a line of their own: errors are told by their causes, if these are known."""
    if not suite.errors:
        return suite.misses
    return tuple(miss for miss in suite.misses if miss.outcome != "error")


def worst_count(suite: SuiteResult) -> int:
    """How many cases :func:`worst` would hold if none were left out."""
    return miss_count(suite) - (suite.counts.get("error", 0) if suite.errors else 0)


def affected(cause: ErrorCause) -> str:
    """The first few cases of an error, and how many more there are."""
    text = ", ".join(map(name, cause.cases))
    more = cause.count - len(cause.cases)
    return f"{text} and {more:,} more" if more > 0 else text


def cause_text(cause: ErrorCause, limit: int) -> str:
    """What an error says, with its line ends."""
    message = block(cause.message.strip(), limit)
    return f"{name(cause.type)}: {message}" if message else name(cause.type)


def sentence(text: str) -> str:
    """A reason as one bounded line that ends like a sentence."""
    shortened = line(text)
    return shortened if shortened.endswith((".", "!", "?", "…")) else f"{shortened}."


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def flips(kpi: KpiResult) -> str:
    """``4 passed before and fail now, 1 the reverse``; empty where cases cannot flip."""
    if kpi.b is None or kpi.c is None:
        return ""
    return f"{kpi.b:,} passed before and fail now, {kpi.c:,} the reverse"


def paired(kpi: KpiResult) -> str:
    """``mid-p 0.012, Newcombe's 95 % interval −8.0 to −0.5 pts``: what McNemar's test says.

    Both are shown beside the flips and decide nothing; empty where nothing flipped.
    """
    if kpi.mcnemar_p is None or kpi.newcombe_low is None or kpi.newcombe_high is None:
        return ""
    if kpi.b == kpi.c == 0:
        return ""
    low = signed(kpi.newcombe_low, kpi.unit, bare=True)
    high = signed(kpi.newcombe_high, kpi.unit)
    return f"mid-p {probability(kpi.mcnemar_p)}, Newcombe's 95 % interval {low} to {high}"


def could_not_see(kpi: KpiResult) -> str:
    """The smallest drop the run would have seen, and the cases for the wanted one if known."""
    if kpi.mde is None:
        return ""
    text = f"drops under {points(kpi.mde, kpi.unit)} would go unseen"
    if kpi.cases_needed is not None:
        text += f" (about {plural(kpi.cases_needed, 'case')} would show the tolerated one)"
    return text


def sensitivity(suite: SuiteResult) -> str:
    """The smallest drop that the comparison would have seen, for each gated KPI."""
    blind: dict[str, list[str]] = {}
    for kpi in suite.kpis:
        if gated(kpi) and kpi.mde is not None:
            blind.setdefault(points(kpi.mde, kpi.unit), []).append(name(kpi.name))
    sizes = [f"{size} of {_and(names)}" for size, names in blind.items()]
    return f"drops under {', or '.join(sizes)} would go unseen" if sizes else ""


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def saturation(verdict: Verdict, *, brief: bool = False) -> tuple[str, ...]:
    """One sentence per suite and KPI on whether prompting still helps; ``brief``: a word."""
    lines = []
    for item in verdict.saturation:
        word = f"{name(item.suite)} · {name(item.kpi)}: {item.verdict.replace('_', ' ')}"
        lines.append(word if brief else f"{word}. {capital(sentence(item.reason))}")
    return tuple(lines)


def day(instant: str | None) -> str | None:
    """The date of an ISO 8601 instant, if it is one."""
    found = re.match(r"\d{4}-\d\d-\d\d(?!\d)", instant or "")
    return found[0] if found else None


def _days(first: str | None, last: str | None) -> str:
    start, end = day(first), day(last)
    if start is None:
        return "on an unknown day"
    return start if end in (None, start) else f"{start} to {end}"


def gated(kpi: KpiResult) -> bool:
    """Whether a gate speaks about the KPI."""
    return kpi.verdict != "none"


def record_reasons(record: Record) -> tuple[str, ...]:
    """What each check that missed, and the error if there is one, says of a case."""
    reasons = [
        f"{name(seen.check)}: {line(seen.reason or 'the check does not hold')}"
        for seen in record.observations
        if seen.passed is False
    ]
    if record.error is not None:
        error = record.error
        where = "" if error.when == "call" else f" ({error.when})"
        reasons.append(f"{name(error.type)}{where}: {line(error.message)}")
    return tuple(reasons)


def record_facts(record: Record) -> tuple[str, ...]:
    """Stratum, tags, duration, tokens, cost and provenance of a case, where known."""
    facts = []
    if record.stratum:
        facts.append(f"stratum {name(record.stratum)}")
    if record.tags:
        facts.append(f"tags {', '.join(map(name, record.tags))}")
    if record.latency_s is not None:
        facts.append(number(record.latency_s, "seconds"))
    if record.usage is not None and record.usage.input_tokens is not None:
        outgoing = record.usage.output_tokens
        shown_outgoing = "unknown" if outgoing is None else f"{outgoing:,}"
        facts.append(f"{record.usage.input_tokens:,} tokens in, {shown_outgoing} out")
    if record.cost is not None:
        facts.append(number(record.cost, "usd"))
    if record.retries:
        facts.append(f"{record.retries:,} re-asked")
    if record.provenance:
        when = day(record.recorded_at)
        facts.append(f"{record.provenance}{f', recorded {when}' if when else ''}")
    return tuple(facts)


def miss_count(suite: SuiteResult) -> int:
    """How many results are worth looking at; ``suite.misses`` holds the worst of them."""
    return sum(suite.counts.get(outcome, 0) for outcome in ("missed", "failed", "error"))
