"""The rules that a stored run is judged by, as options change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.errors import ConfigError, did_you_mean, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_ftgate.experiments import Experiment
    from pytest_ftgate.model import Run, SuitePlan, Verdict


def under(run: Run, path: Path) -> Run:
    """The run as if it had been made under an experiment's gates, with gating on.

    Raises:
        ConfigError: the experiment is for a suite that is not in the run.
    """
    from msgspec.structs import replace

    from pytest_ftgate import experiments

    experiment = experiments.load(path)
    suites = list(dict.fromkeys(plan.suite for plan in run.manifest.plans))
    if experiment.suite is not None and experiment.suite not in suites:
        raise ConfigError(
            f"{shown_path(path)}: is for suite {experiment.suite!r}, which run "
            f"{run.manifest.run} does not hold; {did_you_mean(experiment.suite, suites)}"
        )
    plans = tuple(
        _replan(plan, experiment) if experiment.suite in (None, plan.suite) else plan
        for plan in run.manifest.plans
    )
    rules = replace(run.manifest.rules, gate=True)
    return replace(run, manifest=replace(run.manifest, plans=plans, rules=rules))


def only_gates(run: Run, kpis: tuple[str, ...]) -> Run:
    """The run with the gates on these KPIs only; results lost or in error still count.

    Raises:
        ConfigError: there is no gate on such a KPI.
    """
    gated = list(dict.fromkeys(name for plan in run.manifest.plans for name in _judged(plan)))
    for kpi in kpis:
        if kpi not in gated:
            hint = did_you_mean(kpi, gated) if gated else "it has no gate on any KPI."
            raise ConfigError(f"--kpi {kpi}: run {run.manifest.run} has no such gate; {hint}")
    return _with_gates(run, kpis)


def only_kpis(run: Run, kpis: tuple[str, ...]) -> Run:
    """The run judged by these KPIs only, by the default rule where it has no gate on one."""
    return _with_gates(run, kpis, default=True)


def unknown_kpis(run: Run, verdict: Verdict) -> Iterator[str]:
    """That a gated KPI is not known, and how to load it: a plugin may have defined it."""
    known = {(each.suite, each.variant): {kpi.name for kpi in each.kpis} for each in verdict.suites}
    for plan in run.manifest.plans:
        found = known.get((plan.suite, plan.variant))
        unknown = [gate.kpi for gate in plan.gates if found is not None and gate.kpi not in found]
        if unknown:
            yield (
                f"suite {plan.suite}: the KPI {', '.join(unknown)} is not known here. "
                "If a plugin or a conftest file defines it, name that: -p FILE."
            )


def _replan(plan: SuitePlan, experiment: Experiment) -> SuitePlan:
    from msgspec.structs import replace

    current = plan.current
    if plan.variant in experiment.variants:
        current = plan.variant == experiment.current
    return replace(
        plan, gates=experiment.gates, primary_kpi=experiment.primary_kpi, current=current
    )


def _judged(plan: SuitePlan) -> list[str]:
    """What a plan judges: its gates, and its primary KPI by its change."""
    gated = [gate.kpi for gate in plan.gates]
    return gated if plan.primary_kpi in (None, *gated) else [plan.primary_kpi or "", *gated]


def _with_gates(run: Run, kpis: tuple[str, ...], *, default: bool = False) -> Run:
    from msgspec.structs import replace

    from pytest_ftgate.model import Gate

    def narrow(plan: SuitePlan) -> SuitePlan:
        own = [gate for gate in plan.gates if gate.kpi in kpis]
        primary = plan.primary_kpi if plan.primary_kpi in kpis else None
        known = {primary, *(gate.kpi for gate in own)}
        if default:
            own += [Gate(kpi=kpi) for kpi in dict.fromkeys(kpis) if kpi not in known]
        judged = bool(own) or primary is not None
        return replace(plan, gates=tuple(own), primary_kpi=primary, current=plan.current and judged)

    plans = tuple(map(narrow, run.manifest.plans))
    return replace(run, manifest=replace(run.manifest, plans=plans))
