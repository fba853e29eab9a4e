"""A verdict that cannot stand, because the session failed at something beside its cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_ftgate.model import GateResult, Verdict
from pytest_ftgate.verdicts.decide import FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence

SESSION = "session"
"""The gate that says so."""


def unsound(verdict: Verdict, problems: Sequence[str]) -> Verdict:
    """The verdict with a blocking gate for what went wrong; the first suite carries it.

    A run that could not be stored, a recording that could not be kept and a report that could not
    be written must not end in a pass: the next step of a pipeline would build on nothing.

    Args:
        verdict: of the run.
        problems: what went wrong, a sentence each.
    """
    if not problems or not verdict.suites:
        return verdict
    gate = GateResult(name=SESSION, verdict="block", reason=" ".join(problems))
    first, *others = verdict.suites
    first = replace(first, verdict="error", gates=(*first.gates, gate))
    return replace(verdict, verdict="error", exit_code=FAILED, suites=(first, *others))
