"""The KPI table of one suite and variant, before any gate has spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.model import KpiResult, StratumValue
from pytest_ftgate.stats.intervals import finite
from pytest_ftgate.verdicts.amounts import counted
from pytest_ftgate.verdicts.catalogue import Catalogue, build
from pytest_ftgate.verdicts.frame import Frame
from pytest_ftgate.verdicts.measures import KpiDefinition
from pytest_ftgate.verdicts.thresholds import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ftgate.model import Record, SuitePlan
    from pytest_ftgate.stats.intervals import Interval
    from pytest_ftgate.verdicts.measures import Kpi

__all__ = ["KpiDefinition", "catalogue_of", "compute", "evidence", "listed", "result"]


def compute(
    records: Sequence[Record],
    plan: SuitePlan,
    *,
    extra_kpis: Iterable[KpiDefinition] = (),
) -> list[KpiResult]:
    """All KPIs of one suite and variant, with verdict ``none``.

    Args:
        records: of that suite and variant, in plan order.
        plan: its plan; the primary KPI and the gated ones come first, under the names used there.
        extra_kpis: the KPIs that plugins define.

    Raises:
        ConfigError: a plugin's KPI cannot be used.
    """
    catalogue = catalogue_of(records, extra_kpis)
    return [
        result(name, kpi, evidence(kpi), catalogue.frame) for name, kpi in listed(catalogue, plan)
    ]


def catalogue_of(records: Sequence[Record], extra_kpis: Iterable[KpiDefinition] = ()) -> Catalogue:
    """The KPIs of one suite's and variant's records; skipped ones count nowhere.

    Raises:
        ConfigError: a plugin's KPI cannot be used.
    """
    return build(Frame([record for record in records if record.status != "skipped"]), extra_kpis)


def listed(catalogue: Catalogue, plan: SuitePlan) -> list[tuple[str, Kpi]]:
    """The primary KPI, the gated ones, and the others that are worth showing, each once.

    A KPI that the plan calls by an alias is listed under that alias.
    """
    gated = {gate.kpi: kpi for gate in plan.gates if (kpi := catalogue.get(gate.kpi)) is not None}
    rows: list[tuple[str, Kpi]] = []
    primary = catalogue.get(plan.primary_kpi) if plan.primary_kpi else None
    if plan.primary_kpi and primary is not None:
        # Under its gate's name, if that is another one: one KPI should not be two rows.
        names = [name for name, kpi in gated.items() if kpi is primary]
        name = plan.primary_kpi if plan.primary_kpi in names or not names else names[0]
        rows.append((name, primary))
    rows += [(name, kpi) for name, kpi in gated.items() if (name, kpi) not in rows]
    shown = {kpi.name for _, kpi in rows}
    return rows + [(kpi.name, kpi) for kpi in catalogue.shown if kpi.name not in shown]


def evidence(kpi: Kpi) -> Evidence:
    """What a gate of the KPI judges."""
    seen = kpi.measure()
    worst = kpi.measure(worst=True) if kpi.hidden else seen
    return Evidence(
        seen=seen,
        worst=worst,
        unit=kpi.unit,
        hidden=kpi.hidden,
        unknown=kpi.unknown,
        missing=kpi.missing,
    )


def result(name: str, kpi: Kpi, found: Evidence, frame: Frame) -> KpiResult:
    """The KPI's row, overall and by stratum; its reason says what the number leaves out."""
    seen = found.seen
    return KpiResult(
        name=name,
        value=finite(seen.value),
        low=_known_low(seen),
        high=_known_high(seen),
        n=seen.n,
        verdict="none",
        reason=_note(found, frame),
        unit=kpi.unit,
        direction=kpi.direction,
        strata={stratum: _stratum(kpi.measure(stratum=stratum)) for stratum in frame.strata},
    )


def _stratum(seen: Interval) -> StratumValue:
    return StratumValue(
        value=finite(seen.value), low=_known_low(seen), high=_known_high(seen), n=seen.n
    )


def _known_low(seen: Interval) -> float | None:
    return finite(seen.low) if seen.n else None


def _known_high(seen: Interval) -> float | None:
    return finite(seen.high) if seen.n else None


def _note(found: Evidence, frame: Frame) -> str:
    if found.seen.n == 0:
        return found.missing if frame.scored_cases else "no case was scored"
    if found.unknown:
        return f"the value of {counted(found.unknown, 'result')} is unknown"
    if found.seen.n < frame.scored_cases:
        return f"recorded in {found.seen.n:,} of {counted(frame.scored_cases, 'scored case')}"
    return ""
