"""The hierarchy of fixes: the cheapest rung that the evidence leaves open."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_ftgate.iterations import (
    EarlyStop,
    FailureGroup,
    FailureKind,
    Failures,
    LoggedIteration,
    NextFix,
)
from pytest_ftgate.verdicts.ladder.fixes import suggest


def stop(met: bool | None) -> EarlyStop:
    return EarlyStop(
        variant="v9", met=met, value=0.95, low=0.9, high=0.98, n=60, strata={}, reason="enough"
    )


def failing(*kinds: tuple[FailureKind, int], p: float = 0.001) -> Failures:
    groups = tuple(
        FailureGroup(
            name=str(at),
            kind=kind,
            cases=tuple(f"{at}-{number}" for number in range(size)),
            examples=(),
            evidence="",
        )
        for at, (kind, size) in enumerate(kinds)
    )
    observed = sum(size for _, size in kinds)
    return Failures(runs=10, observed=observed, expected=1.5, p=p, share=0.5, groups=groups)


def tried(*components: str) -> list[LoggedIteration]:
    return [
        LoggedIteration(
            variant=f"v{at}", parent=None, kind="disciplined", counted=True, components=(component,)
        )
        for at, component in enumerate(components)
    ]


def after_plateau(failures: Failures | None, *components: str) -> NextFix:
    return suggest("plateau", "v9", stop(False), failures, tried(*components))


@pytest.mark.parametrize(
    ("verdict", "rung", "reason"),
    [
        ("improving", "prompt", "prompting still gains: go on, one change at a time"),
        ("too_few_iterations", "prompt", "prompting is not exhausted: go on, one change at a time"),
        ("not_enough_evidence", "evidence", "whether prompting still gains is open"),
        ("regressing", "prompt", "the last iterations lost: go back to v9 and go on from there"),
    ],
)
def test_before_a_plateau_prompting_goes_on(verdict: Any, rung: str, reason: str) -> None:
    found = suggest(verdict, "v9", None, failing(("knowledge", 9)), [])
    assert found == NextFix(rung=rung, reason=reason)  # type: ignore[arg-type]


@pytest.mark.parametrize("verdict", ["improving", "plateau", "too_few_iterations"])
def test_enough_is_enough(verdict: Any) -> None:
    assert suggest(verdict, "v9", stop(True), None, []) == NextFix(rung="stop", reason="enough")
    assert suggest(verdict, "v9", stop(None), None, []).rung != "stop"


@pytest.mark.parametrize(
    ("failures", "components", "rung", "start"),
    [
        (None, (), "clarify", "no case fails time and again"),
        (failing(), (), "clarify", "no case fails time and again"),
        (failing(("behaviour", 4), p=0.2), (), "clarify", "4 cases fail time and again, and chance "
         "alone gives 1.5: the failures look random"),
        (failing(("format", 9), ("unknown", 3)), (), "tools", "9 of 12 persistent failures are of "
         "format: have the provider enforce the schema, or ask again"),
        (failing(("policy", 9),), (), "tools", "9 of 9 persistent failures are of policy"),
        (failing(("knowledge", 9),), (), "retrieval", "9 of 9 persistent failures are of "
         "knowledge: retrieval supplies what is missing"),
        (failing(("knowledge", 9),), ("retrieval",), "retrieval", "9 of 9 persistent failures are "
         "of knowledge: better retrieval supplies what is missing"),
        (failing(("behaviour", 9),), ("instructions",), "prompt", "9 of 9 persistent failures are "
         "of behaviour, and no iteration changed the examples"),
        (failing(("behaviour", 9),), ("instructions", "examples"), "fine_tuning", "9 of 9 "
         "persistent failures are of behaviour and outlived 10 iterations, examples included"),
        (failing(("unknown", 5), ("behaviour", 4)), ("examples",), "clarify", "5 of 9 persistent "
         "failures have no known cause"),
        (failing(("behaviour", 3), ("unknown", 4), ("behaviour", 2)), ("examples",), "fine_tuning",
         "5 of 9 persistent failures are of behaviour"),
    ],
)  # fmt: skip
def test_after_a_plateau_the_failures_say(failures, components, rung: str, start: str) -> None:
    found = after_plateau(failures, *components)
    assert found.rung == rung
    assert found.reason.startswith(start)
