"""What pytest shows of a gate: its text in the FAILURES section and its reason in JUnit XML."""

from __future__ import annotations

import shlex
import textwrap
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_ftgate.reports import numbers, wording
from pytest_ftgate.reports.safe import line, name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.model import (
        GateResult,
        KpiResult,
        Miss,
        Observation,
        SuiteResult,
        Verdict,
    )

_CASES = 5
_WIDTH = 79
_REASON_LEAST = 40
_CAUSE_LIMIT = 1_000
_PROPERTIES = (
    *("value", "low", "high", "n", "min", "max"),
    *("baseline", "delta", "delta_low", "delta_high", "p"),
)
_COMPARED = "; against the baseline: "
_OF_LABELS = ("_accuracy", "_macro_f1")


def longrepr(suite: SuiteResult, gate: GateResult, verdict: Verdict, store: str | None = "") -> str:
    """The failure text of one gate: what, why, the numbers, the worst cases, where to look.

    Args:
        suite: the gate's suite.
        gate: the gate.
        verdict: the whole verdict.
        store: where the run lies, if not in the project's store; ``None`` when it was not stored.
    """
    lines = [
        *_reason(gate.reason),
        "",
        f"gate {name(gate.name)} of {wording.title(suite)} ({wording.scale(suite)})",
    ]
    kpi = next((kpi for kpi in suite.kpis if kpi.name == gate.name), None)
    if kpi is not None:
        lines += _facts(kpi)
    if gate.name in ("errors", "scored"):
        lines += _causes(suite)
    elif worst := _worst(suite, gate):
        lines += ["", *worst]
    if store is not None:
        where = f" --store {shlex.quote(store)}" if store else ""
        lines += ["", f"look at it: pytest-ftgate show {shlex.quote(verdict.run.id)}{where}"]
    return "\n".join(lines)


def must_pass(misses: Sequence[Observation]) -> str:
    """The failure text of an item that missed a check it must pass, all its misses with it."""
    return "\n".join(
        f"{'must pass' if seen.must_pass else 'missed'}: {name(seen.check)}: "
        f"{wording.sentence(seen.reason or 'the check does not hold')}"
        for seen in sorted(misses, key=lambda seen: not seen.must_pass)
    )


def missed(misses: Sequence[Observation]) -> str:
    """The reason of a missed item on one line: the short summary and JUnit XML show it."""
    return "; ".join(
        f"{name(seen.check)}: {line(seen.reason or 'the check does not hold')}" for seen in misses
    )


def junit_reason(gate: GateResult) -> str:
    """The reason of a gate that neither passed nor failed, on one line."""
    return f"{gate.verdict}: {wording.sentence(gate.reason)}"


def junit_properties(suite: SuiteResult, gate: GateResult) -> list[tuple[str, str]]:
    """What JUnit XML tells of a gate beside its outcome: its KPI's numbers, unrounded.

    The gate ``complete``, which every suite has, tells the value of every KPI.
    """
    if gate.name == "complete":
        return [(kpi.name, repr(kpi.value)) for kpi in suite.kpis if kpi.value is not None]
    kpi = next((kpi for kpi in suite.kpis if kpi.name == gate.name), None)
    if kpi is None:
        return []
    facts = ((word, getattr(kpi, word)) for word in _PROPERTIES)
    return [(word, repr(number)) for word, number in facts if number is not None]


def _reason(reason: str) -> list[str]:
    """The reason, what the threshold says on lines of its own.

    pytest's short summary shows the first line: it ends where a thought does.
    """
    threshold, found, comparison = wording.sentence(reason).partition(_COMPARED)
    if not comparison:
        return _wrapped(threshold)
    return [*_wrapped(f"{threshold};"), *_wrapped(found.removeprefix("; ") + comparison)]


def _facts(kpi: KpiResult) -> list[str]:
    value, interval = numbers.value(kpi), f"{numbers.interval(kpi)} (n = {kpi.n:,})"
    if kpi.n == 0:
        value, interval = "no case measured", ""
    facts = [
        ("value", value),
        ("threshold", numbers.threshold(kpi)),
        ("95 % interval", interval),
    ]
    if kpi.baseline is not None:
        facts += [
            ("baseline", numbers.baseline(kpi)),
            ("difference", numbers.change(kpi).replace("(", "(90 % interval ", 1)),
        ]
    if flips := wording.flips(kpi):
        facts.append(("flips", flips))
    if paired := wording.paired(kpi):
        facts.append(("McNemar", paired))
    if kpi.mde is not None:
        facts.append(("sensitivity", wording.could_not_see(kpi)))
    return [
        row
        for label, text in facts
        if text
        for row in _wrapped(text, first=f"  {label:<14} ", rest=" " * 17)
    ]


def _wrapped(text: str, *, first: str = "", rest: str = "") -> list[str]:
    """Lines that fit where pytest prints them; words are never broken."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _causes(suite: SuiteResult) -> list[str]:
    """Every error once, however many cases ended in it."""
    lines = []
    for cause in suite.errors[:_CASES]:
        count = wording.counted("error", cause.count)
        lines += ["", f"  {count}: {wording.affected(cause)}"]
        lines += [f"    {text}" for text in wording.cause_text(cause, _CAUSE_LIMIT).splitlines()]
    if len(suite.errors) > _CASES:
        lines += ["", f"  and {numbers.plural(len(suite.errors) - _CASES, 'other error')}"]
    return lines


def _worst(suite: SuiteResult, gate: GateResult) -> list[str]:
    misses = _relevant(suite, gate.name)
    labels = [wording.case_label(miss.case, miss.trial) for miss in misses[:_CASES]]
    width = max(map(len, labels), default=0)
    lines = []
    for label, miss in zip(labels, misses, strict=False):
        start = f"  {label:<{width}}  {miss.outcome:<6}  "
        room = max(_WIDTH - len(start), _REASON_LEAST)
        lines.append(start + wording.miss_reason(miss, room))
    if len(misses) > _CASES:
        all_known = len(suite.misses) >= wording.miss_count(suite)
        lines.append(f"  and {len(misses) - _CASES:,} more" if all_known else "  and more")
    return lines


def _relevant(suite: SuiteResult, gate: str) -> list[Miss]:
    """The misses behind a gate, told by the reasons that name its check, then the errors.

    A gate on what no miss speaks of, such as escalations, has only the errors, which may hide
    anything; one on seconds, tokens or cost has none.
    """
    kpi = gate.removesuffix(" vs anchor")
    if all(row.unit not in ("rate", "score") for row in suite.kpis if row.name == kpi):
        return []
    checks = _checks(suite, kpi)
    if checks is None:
        return list(suite.misses)
    starts = tuple(f"{check}:" for check in checks)
    own = [(miss, tuple(r for r in miss.reasons if r.startswith(starts))) for miss in suite.misses]
    found = [replace(miss, reasons=reasons) for miss, reasons in own if reasons]
    return found + [miss for miss, reasons in own if miss.outcome == "error" and not reasons]


def _checks(suite: SuiteResult, kpi: str) -> tuple[str, ...] | None:
    """The checks that a KPI is made from: its own name for most; ``None`` for all of them."""
    if kpi == "pass_rate":
        return None
    if kpi == "policy_violation_rate":
        return ("policy",)
    labels = [table.check for table in suite.labels]
    if kpi in ("accuracy", "macro_f1"):
        return (kpi, labels[0]) if len(labels) == 1 else None
    return (kpi, *(label for label in labels if kpi.removeprefix(label) in _OF_LABELS))
