from __future__ import annotations

from dataclasses import dataclass

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from pytest_ftgate.model import Manifest
from pytest_ftgate.model.headlines import Headline, SuiteHeadline
from pytest_ftgate.reports import runs_table
from tests.reports.samples import SAMPLES, sample_run


@dataclass(frozen=True)
class Listed:
    id: str
    manifest: Manifest | None
    complete: bool = True
    selected: int = 3
    received: int = 3
    problem: str | None = None


def runs():
    manifest = sample_run(SAMPLES["mixed"]()).manifest
    (plan,) = manifest.plans
    several = tuple(replace(plan, variant=f"v{number}") for number in range(1, 13))
    return [
        Listed("20261121T093012Z-4f1d2a", manifest),
        Listed("20261121T090000Z-00aa11", replace(manifest, plans=several), selected=2400,
               received=2400),
        Listed("20261120T120000Z-beef01", manifest, complete=False, selected=40, received=12),
        Listed("20261120T110000Z-beef02", replace(manifest, plans=(replace(plan, available=9),))),
        Listed("20261119T110000Z-c0ffee", replace(manifest, origin="import", git_commit=None)),
        Listed("20261119T100000Z-c0ffef", replace(manifest, record_mode="all")),
        Listed("20261118T100000Z-bad000", None, problem="manifest.json:1: \x1b[31mnot JSON.",
               complete=False, selected=0, received=0),
    ]  # fmt: skip


def verdicts():
    def told(verdict, *suites):
        return Headline(
            verdict=verdict,
            suites=tuple(
                SuiteHeadline(
                    suite="tickets",
                    variant=variant,
                    verdict=verdict,
                    kpi=kpi,
                    value=value,
                    unit=unit,
                )
                for variant, kpi, value, unit in suites
            ),
        )

    return {
        "20261121T093012Z-4f1d2a": told("block", ("v3", "label", 0.226, "rate")),
        "20261121T090000Z-00aa11": told(
            "pass", *((f"v{n}", "label", n / 20, "rate") for n in (1, 2))
        ),
        "20261119T110000Z-c0ffee": told("warn", ("v3", "time_to_output_p50", None, "seconds")),
    }


@pytest.mark.parametrize("width", [80, 120])
def test_golden(width, golden):
    golden(f"runs-{width}.txt", runs_table.render(runs(), verdicts(), width=width, color=False))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_fit_and_ids_are_whole(width):
    lines = runs_table.render(
        runs(), verdicts(), width=width, color=False, unicode=False
    ).splitlines()
    assert all(cell_len(line) <= width and line.isascii() for line in lines)
    assert [line.split()[0] for line in lines[1:]] == [run.id for run in runs()]


def test_an_empty_store_says_what_to_do():
    assert runs_table.render([], width=80, color=True) == (
        "No runs are stored here yet: run pytest on an eval test.\n"
    )


def test_hostile_text_is_escaped():
    assert "\x1b" not in runs_table.render(runs(), width=200, color=False)
