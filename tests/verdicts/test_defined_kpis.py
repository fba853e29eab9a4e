"""KPIs that plugins define."""

from __future__ import annotations

import math

import pytest

from pytest_ftgate.errors import ConfigError
from pytest_ftgate.model import Record
from pytest_ftgate.verdicts.kpis import KpiDefinition
from tests.runs.making import failed, run_of, scored
from tests.verdicts.checked import kpi_of


class TestDefined:
    @staticmethod
    def words(record: Record) -> float | None:
        return None if record.output is None else float(len(record.output.split()))

    def test_an_unbounded_mean(self) -> None:
        words = KpiDefinition(
            name="words", value=self.words, direction="lower", unit="count", low=0
        )
        records = [
            scored("a", output="one"),
            scored("b", output="one two three"),
            scored("c", output=None),
            failed("d"),
        ]
        kpi = kpi_of(run_of(*records), "words", [words])
        assert (kpi.value, kpi.n, kpi.unit, kpi.direction) == (2.0, 2, "count", "lower")
        assert kpi.low == 0.0

    def test_a_rate(self) -> None:
        short = KpiDefinition(name="short", value=lambda record: float(record.case == "a"))
        kpi = kpi_of(run_of(scored("a"), scored("b")), "short", [short])
        assert (kpi.value, kpi.unit) == (0.5, "rate")
        assert kpi.low == pytest.approx(0.0945, abs=1e-4)

    def test_a_bounded_score(self) -> None:
        five = KpiDefinition(name="stars", value=lambda record: 5.0, unit="score", low=1, high=5)
        kpi = kpi_of(run_of(scored("a"), scored("b")), "stars", [five])
        assert (kpi.value, kpi.high) == (5.0, 5.0)
        assert kpi.low is not None
        assert kpi.low < 5.0

    def test_no_number_at_all(self) -> None:
        none = KpiDefinition(name="none", value=lambda record: None, unit="count")
        kpi = kpi_of(run_of(scored("a")), "none", [none])
        assert (kpi.value, kpi.reason) == (None, "its definition gave no number for any case")

    @pytest.mark.parametrize(
        ("definition", "said"),
        [
            (
                KpiDefinition(name="pass_rate", value=lambda record: 1.0),
                "A plugin defines the KPI 'pass_rate', and there is one of that name already.",
            ),
            (
                KpiDefinition(name="x", value=lambda record: math.nan, unit="count"),
                "The KPI 'x' gave nan for case 'a', allowed: a finite number.",
            ),
            (
                KpiDefinition(name="x", value=lambda record: 1.5),
                "The KPI 'x' gave 1.5 for case 'a', allowed: 0 to 1.",
            ),
            (
                KpiDefinition(name="x", value=lambda record: -1.0, unit="count", low=0),
                "The KPI 'x' gave -1 for case 'a', allowed: a finite number of at least 0.",
            ),
            (
                KpiDefinition(name="x", value=lambda record: 2.0, unit="count", high=1),
                "The KPI 'x' gave 2 for case 'a', allowed: a finite number of at most 1.",
            ),
            (
                KpiDefinition(name="x", value=lambda record: {}["reason"]),
                "The KPI 'x' failed for case 'a': KeyError: 'reason'. Correct its definition;",
            ),
            (
                KpiDefinition(name="x", value=lambda record: "high"),  # type: ignore[arg-type,return-value]
                "The KPI 'x' failed for case 'a': TypeError: must be real number, not str.",
            ),
            (
                KpiDefinition(name="x", value=lambda record: 1.0, unit="score", low=2, high=2),
                "The KPI 'x' has low 2 and high 2; low must be below high.",
            ),
        ],
    )
    def test_mistakes(self, definition: KpiDefinition, said: str) -> None:
        with pytest.raises(ConfigError) as caught:
            kpi_of(run_of(scored("a")), "x", [definition])
        assert str(caught.value).startswith(said)
