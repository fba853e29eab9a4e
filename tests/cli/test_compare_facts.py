"""Real outcomes through ``runs import`` and ``compare``: what is known of them must come out.

Where the outcomes come from is said in :mod:`tests.stats.outcomes`.
"""

from __future__ import annotations

import json
from math import comb
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Invoke
from tests.stats.outcomes import (
    LLMDRIFT_MODELS,
    PANDALM_JUDGES,
    TAUBENCH,
    llmdrift,
    llmdrift_strata,
)

COST = {"gpt-4-0314": 0.013827, "gpt-4-0613": 0.001074}
GATES = """primary_kpi = "correct"
[kpi.correct]
max_drop = 0.02
protect_slices = ["prime", "composite"]
[kpi.cost_per_task]
max_drop = 0.001
"""


@pytest.fixture
def drift(invoke: Invoke, here: Path) -> Invoke:
    """The 1,000 primality questions by four model versions, imported."""
    lines = [
        {
            "case": f"q{number}",
            "variant": model,
            "scores": {"correct": outcome},
            "stratum": stratum,
            "cost": COST.get(model, 0.0006),
        }
        for model in LLMDRIFT_MODELS
        for number, (outcome, stratum) in enumerate(
            zip(llmdrift(model), llmdrift_strata(), strict=True)
        )
    ]
    (here / "drift.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (here / "gates.toml").write_text(GATES)
    assert invoke("runs", "import", "drift.jsonl", "--suite", "primes").exit_code == 0
    return invoke


def judge(invoke: Invoke, before: str, now: str, *options: str) -> tuple[int, dict[str, Any]]:
    result = invoke("compare", before, now, "--json", "-", *options)
    return result.exit_code, json.loads(result.stdout)


def row(document: dict[str, Any], name: str = "correct") -> dict[str, Any]:
    return next(kpi for kpi in document["suites"][0]["kpis"] if kpi["name"] == name)


def flag(document: dict[str, Any], stratum: str) -> dict[str, Any]:
    return next(
        each
        for each in document["suites"][0]["slices"]
        if (each["slice"], each["kpi"]) == (f"stratum:{stratum}", "correct")
    )


def test_gpt_4_blocks_overall_and_on_primes_and_not_on_composites(drift: Invoke) -> None:
    code, document = judge(drift, "gpt-4-0314", "gpt-4-0613", "--experiment", "gates.toml")
    found = row(document)
    assert (code, document["verdict"], found["verdict"]) == (1, "block", "block")
    assert (found["baseline"], found["value"], found["b"], found["c"]) == (0.840, 0.511, 476, 147)
    primes, composites = flag(document, "prime"), flag(document, "composite")
    assert (primes["baseline"], primes["value"], primes["flag"]) == (0.976, 0.024, "block")
    assert (primes["b"], primes["c"]) == (476, 0)
    assert (composites["baseline"], composites["value"], composites["flag"]) == (
        0.704, 0.998, "none",
    )  # fmt: skip
    assert (composites["b"], composites["c"]) == (0, 147)


def test_a_thirteenth_of_the_cost_does_not_rescue_it(drift: Invoke) -> None:
    _, document = judge(drift, "gpt-4-0314", "gpt-4-0613", "--experiment", "gates.toml")
    cost = row(document, "cost_per_task")
    assert (1000 * cost["baseline"], 1000 * cost["value"]) == pytest.approx((13.827, 1.074))
    assert (cost["verdict"], document["verdict"]) == ("pass", "block")


def test_gpt_35_gains_and_its_composites_are_flagged(drift: Invoke) -> None:
    code, document = judge(drift, "gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613")
    found, composites = row(document), flag(document, "composite")
    assert (found["baseline"], found["value"], found["b"], found["c"]) == (0.496, 0.762, 153, 419)
    assert (composites["baseline"], composites["value"]) == (0.844, 0.656)
    assert (composites["b"], composites["c"], composites["flag"]) == (147, 53, "warn")
    assert (code, document["verdict"]) == (0, "warn")
    _, guarded = judge(
        drift, "gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613", "--experiment", "gates.toml"
    )
    assert (flag(guarded, "composite")["flag"], guarded["verdict"]) == ("block", "block")


def test_no_trial_of_tau_bench_blocks_another(invoke: Invoke, here: Path) -> None:
    tasks = TAUBENCH.split()
    lines = [
        {"case": f"t{task}", "variant": f"trial-{trial}", "scores": {"solved": int(marks[trial])}}
        for trial in range(4)
        for task, marks in enumerate(tasks)
    ]
    (here / "tau.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert invoke("runs", "import", "tau.jsonl", "--suite", "airline").exit_code == 0
    flips = set()
    for first in range(4):
        for second in range(first + 1, 4):
            code, document = judge(invoke, f"trial-{first}", f"trial-{second}")
            assert (code, document["verdict"] in ("warn", "inconclusive")) == (0, True)
            found = row(document, "solved")
            flips.add(found["b"] + found["c"])
    assert (min(flips), max(flips)) == (11, 19)


def test_tau_bench_is_solved_as_often_as_is_known() -> None:
    solved = [task.count("1") for task in TAUBENCH.split()]
    shares = [sum(comb(of_four, k) / comb(4, k) for of_four in solved) / 50 for k in (1, 2, 3, 4)]
    assert [round(share, 3) for share in shares] == [0.42, 0.273, 0.22, 0.2]


def test_verdicts_that_cannot_be_parsed_are_errors_and_no_zeros(invoke: Invoke, here: Path) -> None:
    lines = []
    items = [pair for *pair, count in PANDALM_JUDGES for _ in range(count)]
    for number, agreed in enumerate(items):
        for judge_name, score in zip(("gpt-3.5", "pandalm"), agreed, strict=True):
            line: dict[str, Any] = {"case": f"i{number}", "variant": judge_name}
            line |= (
                {"scores": {"agrees": score}}
                if score is not None
                else {
                    "scores": None,
                    "error": "no verdict",
                }
            )
            lines.append(json.dumps(line))
    (here / "judges.jsonl").write_text("\n".join(lines))
    assert invoke("runs", "import", "judges.jsonl", "--suite", "judges").exit_code == 0
    _, document = judge(invoke, "pandalm", "gpt-3.5")
    (suite,) = document["suites"]
    found = row(document, "agrees")
    assert suite["counts"] == {"passed": 697, "missed": 277, "failed": 0, "error": 25, "skipped": 0}
    assert (found["n"], found["value"]) == (974, pytest.approx(697 / 974))
    assert suite["baseline"]["counts"]["passed"] == 667
