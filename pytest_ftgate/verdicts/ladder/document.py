"""The verdict document on ladders: what ``pytest-ftgate saturation`` prints and exits with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.model import RunFacts, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ftgate.iterations import SaturationResult, SaturationVerdict
    from pytest_ftgate.model import Run, RunVerdict

_VERDICTS: dict[SaturationVerdict, RunVerdict] = {
    "improving": "pass",
    "plateau": "pass",
    "regressing": "block",
    "not_enough_evidence": "inconclusive",
    "too_few_iterations": "inconclusive",
}
_WORST_FIRST: tuple[RunVerdict, ...] = ("block", "inconclusive", "pass")
_PASSED, _FAILED, _INCONCLUSIVE = 0, 1, 7


def document(results: Sequence[SaturationResult], newest: Run) -> Verdict:
    """The document: improving and plateau pass, regressing blocks, the rest is inconclusive.

    Args:
        results: the verdicts on ladders; at least one.
        newest: the newest run that they rest on; its rules say what inconclusive means.
    """
    verdict = min((_VERDICTS[each.verdict] for each in results), key=_WORST_FIRST.index)
    code = _PASSED
    if verdict == "block":
        code = _FAILED
    elif verdict == "inconclusive" and newest.manifest.rules.on_inconclusive == "fail":
        code = _INCONCLUSIVE
    return Verdict(
        verdict=verdict,
        exit_code=code,
        run=RunFacts(
            id=newest.manifest.run,
            complete=newest.end is not None,
            selected=sum(len(plan.selected) for plan in newest.manifest.plans),
            received=len(newest.records),
            live=sum(record.provenance == "live" for record in newest.records),
            replayed=sum(record.provenance == "replayed" for record in newest.records),
        ),
        suites=(),
        saturation=tuple(results),
    )
