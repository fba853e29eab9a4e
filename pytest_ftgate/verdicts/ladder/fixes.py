"""What to try next, by the hierarchy of fixes: clarify, prompt, tools, retrieval, fine-tuning last.

A higher rung is suggested only with evidence for it; without evidence the cheapest one is.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_ftgate.iterations import NextFix
from pytest_ftgate.verdicts.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.iterations import (
        EarlyStop,
        FailureKind,
        Failures,
        LoggedIteration,
        SaturationVerdict,
    )

_LEVEL = 0.05


def suggest(
    verdict: SaturationVerdict,
    best: str | None,
    early_stop: EarlyStop | None,
    failures: Failures | None,
    log: Sequence[LoggedIteration],
) -> NextFix:
    """The next rung and why.

    Args:
        verdict: on the ladder.
        best: the iteration with the best score.
        early_stop: whether a variant is good enough already.
        failures: the persistent failures, where there are enough iterations to tell.
        log: all iterations.
    """
    if early_stop is not None and early_stop.met:
        return NextFix(rung="stop", reason=early_stop.reason)
    if verdict == "improving":
        return NextFix(rung="prompt", reason="prompting still gains: go on, one change at a time")
    if verdict == "regressing":
        return NextFix(
            rung="prompt",
            reason=f"the last iterations lost: go back to {best} and go on from there",
        )
    if verdict == "too_few_iterations":
        return NextFix(
            rung="prompt", reason="prompting is not exhausted: go on, one change at a time"
        )
    if verdict == "not_enough_evidence":
        return NextFix(rung="evidence", reason="whether prompting still gains is open")
    return _after_plateau(failures, log)


def _after_plateau(failures: Failures | None, log: Sequence[LoggedIteration]) -> NextFix:
    if failures is None or not failures.observed:
        return NextFix(
            rung="clarify",
            reason="no case fails time and again: read some misses and check that the "
            "expectations are clear and right",
        )
    if failures.p > _LEVEL:
        return NextFix(
            rung="clarify",
            reason=f"{counted(failures.observed, 'case')} fail time and again, and chance alone "
            f"gives {failures.expected:.1f}: the failures look random, so check that the "
            "expectations are clear, and how much answers vary between trials",
        )
    sizes: Counter[FailureKind] = Counter()
    for group in failures.groups:
        sizes[group.kind] += len(group.cases)
    kind = max(sizes, key=lambda each: (sizes[each], each))
    share = f"{sizes[kind]} of {counted(failures.observed, 'persistent failure')}"
    return _by_kind(kind, share, failures, log)


def _by_kind(
    kind: FailureKind, share: str, failures: Failures, log: Sequence[LoggedIteration]
) -> NextFix:
    tried = {component for line in log for component in line.components}
    if kind == "format":
        return NextFix(
            rung="tools",
            reason=f"{share} are of format: have the provider enforce the schema, or ask again",
        )
    if kind == "policy":
        return NextFix(rung="tools", reason=f"{share} are of policy: add a guardrail")
    if kind == "knowledge":
        better = "better retrieval" if "retrieval" in tried else "retrieval"
        return NextFix(
            rung="retrieval", reason=f"{share} are of knowledge: {better} supplies what is missing"
        )
    if kind == "behaviour" and "examples" not in tried:
        return NextFix(
            rung="prompt",
            reason=f"{share} are of behaviour, and no iteration changed the examples: show how "
            "such cases are answered",
        )
    if kind == "behaviour":
        return NextFix(
            rung="fine_tuning",
            reason=f"{share} are of behaviour and outlived {counted(failures.runs, 'iteration')}, "
            "examples included: this is what fine-tuning may fix; its other gates still have to "
            "be passed",
        )
    return NextFix(
        rung="clarify",
        reason=f"{share} have no known cause: read their examples, and check that the task and "
        "its expectations are clear",
    )
