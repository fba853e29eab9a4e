"""The KPIs of one suite and variant: which there are, which are shown, and by what names.

A check's name is its KPI's name. Beside them stand the KPIs that are computed from all records,
and for each label check ``<check>_accuracy`` (the same as ``<check>``) and ``<check>_macro_f1``;
``accuracy`` and ``macro_f1`` name those of the only label check. Where a check has the name of a
derived KPI, the check's own KPI has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from pytest_ftgate.errors import ConfigError, did_you_mean
from pytest_ftgate.verdicts.columns import gather
from pytest_ftgate.verdicts.defined import defined_kpi
from pytest_ftgate.verdicts.from_checks import (
    ESCALATED,
    FORMAT,
    POLICY,
    check_kpi,
    cut_rows,
    escalation_rate,
    format_valid,
    macro_f1,
    policy_violation_rate,
)
from pytest_ftgate.verdicts.from_records import error_rate, measured, pass_rate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ftgate.verdicts.columns import Column
    from pytest_ftgate.verdicts.frame import Frame
    from pytest_ftgate.verdicts.labels import MacroF1
    from pytest_ftgate.verdicts.measures import Kpi, KpiDefinition, Series


class Catalogue(Struct, eq=False):
    """All KPIs that the records of one suite and variant can answer for.

    Attributes:
        frame: the records.
        labels: macro F1 of each label check.
        shown: the KPIs that a report lists even if no gate names them, in reading order.
    """

    frame: Frame
    labels: list[MacroF1] = field(default_factory=list)
    shown: list[Kpi] = field(default_factory=list)
    _kpis: dict[str, Kpi] = field(default_factory=dict)

    def get(self, name: str) -> Kpi | None:
        """The KPI of a name or alias."""
        return self._kpis.get(name)

    def add(self, kpi: Kpi, *, shown: bool = True) -> None:
        """Enter a KPI under its own name."""
        self._kpis[kpi.name] = kpi
        if shown:
            self.shown.append(kpi)

    def alias(self, name: str, kpi: Kpi) -> None:
        """Enter a KPI under another name, unless a KPI has that name."""
        self._kpis.setdefault(name, kpi)

    def advise(self, name: str) -> str:
        """What to say of a name that no KPI has, as a clause."""
        if name not in ("accuracy", "macro_f1"):
            return did_you_mean(name, self._kpis)
        if not self.labels:
            return "no case used grade.label"
        names = ", ".join(f"{kpi.check}_{name}" for kpi in self.labels)
        return f"there are {len(self.labels)} label checks, so name one: {names}"


def build(frame: Frame, extra: Iterable[KpiDefinition] = ()) -> Catalogue:
    """The catalogue of a frame.

    Args:
        frame: the scored and erroneous records of one suite and variant.
        extra: the KPIs that plugins define.

    Raises:
        ConfigError: a plugin's KPI has a name that is taken, or gives a number that it must not.
    """
    catalogue = Catalogue(frame)
    columns = gather(frame.records)
    catalogue.add(pass_rate(frame))
    _add_checks(catalogue, columns)
    catalogue.add(error_rate(frame))
    for kpi, shown in measured(frame):
        catalogue.add(kpi, shown=shown)
    for definition in extra:
        if catalogue.get(definition.name) is not None:
            raise ConfigError(
                f"A plugin defines the KPI {definition.name!r}, and there is one of that name "
                "already. Give it another name."
            )
        catalogue.add(defined_kpi(definition, frame))
    return catalogue


def _add_checks(catalogue: Catalogue, columns: dict[str, Column]) -> None:
    frame = catalogue.frame
    cut = cut_rows(frame, columns)
    catalogue.add(format_valid(frame, columns, cut), shown=FORMAT in columns)
    catalogue.add(policy_violation_rate(frame, columns, cut), shown=POLICY in columns)
    accuracy: dict[str, Series] = {}
    for name, column in columns.items():
        if name == FORMAT:
            continue
        own = check_kpi(frame, column, cut)
        # The two rates that are derived from them say the same and read better.
        catalogue.add(own, shown=name not in (POLICY, ESCALATED))
        if column.expected:
            accuracy[name] = own
            catalogue.alias(f"{name}_accuracy", own)
            if f"{name}_macro_f1" not in columns:
                catalogue.labels.append(macro_f1(frame, column, own.lost))
                catalogue.add(catalogue.labels[-1])
    if len(catalogue.labels) == 1:
        (only,) = catalogue.labels
        catalogue.alias("macro_f1", only)
        catalogue.alias("accuracy", accuracy[only.check])
    catalogue.add(escalation_rate(frame, columns, cut), shown=ESCALATED in columns)
