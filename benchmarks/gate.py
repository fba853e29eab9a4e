"""``pytest-ftgate gate`` on a large stored run: how long, and how much memory."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from benchmarks import measure
from benchmarks.measure import Result, interleaved
from pytest_ftgate.model import (
    COMPONENTS,
    Gate,
    Manifest,
    Observation,
    Record,
    Run,
    RunEnd,
    SuitePlan,
    Usage,
)
from pytest_ftgate.runs.store import RunStore
from pytest_ftgate.verdicts.comparing import baseline_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SUITE = "large"
CHECKS = ("format_valid", "queue", "tone")
_STORES = {
    "alone": ("", True),
    "compared": (", half of them before", True),
    "doubled": (" and as many before", False),
}


def run(*, quick: bool) -> list[Result]:
    """Judge 100,000 stored records, alone and half of them being the baseline (quick: 10,000)."""
    count, rounds = (10_000, 1) if quick else (100_000, 3)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        # In a process of its own: the peak of a child is at least what its parent holds.
        environment = measure.clean_environment(PYTHONPATH=str(Path(__file__).parents[1]))
        measure.run(("-m", "benchmarks.gate", str(count)), root, environment)
        costs = interleaved({name: partial(_gate, root, name) for name in _STORES}, rounds)
    return list(_results(costs, count))


def make(count: int) -> None:
    """Write the run stores to this directory."""
    before = _run("20261001T080000000Z-aaaaaaaa", count, missing=11)
    now = _run("20261002T080000000Z-bbbbbbbb", count, missing=13)
    RunStore(Path("alone")).save(now)
    RunStore(Path("doubled")).save(_compared(now, before))
    now, before = (_run(each.manifest.run, count // 2, missing=11) for each in (now, before))
    RunStore(Path("compared")).save(_compared(now, before))


def _compared(now: Run, before: Run) -> Run:
    return replace(now, baselines={SUITE: baseline_of(before, SUITE)})


def _gate(root: Path, name: str) -> measure.Cost:
    arguments = ("-m", "pytest_ftgate", "gate", "--store", str(root / name))
    return measure.run(arguments, root, measure.clean_environment())


def _results(costs: Mapping[str, Sequence[measure.Cost]], count: int) -> Iterator[Result]:
    for name, (what, judged) in _STORES.items():
        title = f"gate of {count:,} records{what}"
        cpu, peak = zip(*((cost.cpu_s, cost.peak_mb) for cost in costs[name]), strict=True)
        yield Result(f"{title}: CPU time", cpu, "s", at_most=3.0 if judged else None)
        yield Result(f"{title}: peak memory", peak, "MB", at_most=400 if judged else None)


def _run(run_id: str, count: int, *, missing: int) -> Run:
    """A run with three checks a record, of which every so many miss."""
    hashes = {name: _hash(name) for name in COMPONENTS}
    records = tuple(
        Record(
            suite=SUITE,
            variant="v1",
            case=f"case-{number:06}",
            trial=0,
            status="scored",
            run=run_id,
            components=hashes,
            content=_hash(str(number)),
            stratum=("easy", "typical", "hard")[number % 3],
            tags=(f"topic-{number % 10}",),
            source=f"evals/large/dataset.jsonl:{number + 1}",
            observations=tuple(
                _observation(check, held=(number + at) % missing != 0)
                for at, check in enumerate(CHECKS)
            ),
            usage=Usage(input_tokens=200 + number % 50, output_tokens=30),
            cost=0.0001,
            latency_s=0.5 + number % 7 / 10,
            attempts=1,
            retries=0,
            provenance="replayed",
            recorded_at="2026-10-01T08:00:00Z",
            model="small-model-1",
            output=f'{{"queue": "billing", "reply": "Answer number {number}."}}',
            output_hash=_hash(f"output {number}"),
        )
        for number in range(count)
    )
    plan = SuitePlan(
        suite=SUITE,
        variant="v1",
        split="dev",
        file="evals/test_large.py",
        selected=tuple((record.case, 0) for record in records),
        available=count,
        dataset_hash=_hash("dataset"),
        primary_kpi="format_valid",
        components=hashes,
        gates=tuple(Gate(kpi=check, min=0.8, max_drop=0.05) for check in CHECKS),
    )
    at = "2026-10-01T08:00:00Z"
    return Run(
        manifest=Manifest(run=run_id, created_at=at, plans=(plan,)),
        records=records,
        end=RunEnd(ended_at=at, received=count, wall_s=1.0),
    )


def _observation(check: str, *, held: bool) -> Observation:
    reason = "" if held else "expected 'billing', got 'sales'"
    return Observation(check=check, kind="text", value=float(held), passed=held, reason=reason)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


if __name__ == "__main__":
    make(int(sys.argv[1]))
