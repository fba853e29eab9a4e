"""A verdict in a few words: what lists of runs show."""

from __future__ import annotations

from msgspec import Struct

from pytest_ftgate.model.verdicts import Verdict
from pytest_ftgate.model.vocabulary import RunVerdict


class SuiteHeadline(Struct, frozen=True, kw_only=True):
    """One suite and variant; ``kpi`` is the primary KPI, or the first of its table."""

    suite: str
    variant: str
    verdict: RunVerdict
    kpi: str | None = None
    value: float | None = None
    unit: str = "rate"


class Headline(Struct, frozen=True, kw_only=True):
    """The verdict of a run and its suites, in the order of the report."""

    verdict: RunVerdict
    suites: tuple[SuiteHeadline, ...]


def headline(verdict: Verdict) -> Headline:
    """A verdict without all but its primary KPIs."""
    suites = []
    for suite in verdict.suites:
        first = suite.kpis[0] if suite.kpis else None
        suites.append(
            SuiteHeadline(
                suite=suite.suite,
                variant=suite.variant,
                verdict=suite.verdict,
                kpi=first.name if first else None,
                value=first.value if first else None,
                unit=first.unit if first else "rate",
            )
        )
    return Headline(verdict=verdict.verdict, suites=tuple(suites))
