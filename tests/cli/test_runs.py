"""``runs`` and ``show``."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from msgspec.structs import replace

from pytest_ftgate.model import Gate
from pytest_ftgate.model.headlines import Headline
from tests.cli.conftest import Invoke, keep, keep_records
from tests.runs.making import (
    failed,
    held,
    manifest_of,
    missed,
    plan_of,
    run_of,
    scored,
    skipped,
)

FIRST, SECOND = "20261001T080000000Z-0123abcd", "20261002T080000000Z-4567cdef"


def keep_second(store: str = ".ftgate") -> None:
    run = run_of(scored("a", held()))
    keep(replace(run, manifest=replace(run.manifest, run=SECOND), end=None), store)


def test_runs_are_listed_newest_first(invoke: Invoke) -> None:
    keep_records(scored("a", held()), scored("b", held()), available=3)
    keep_second()
    result = invoke("runs")
    assert result.exit_code == 0
    assert [line.split() for line in result.output.splitlines()] == [
        ["run", "results", "verdict", "suites"],
        [SECOND, "1", "incomplete", "triage", "[v1]"],
        [FIRST, "2", "partial", "triage", "[v1]", "100.0", "%", "pass_rate"],
    ]
    assert FIRST not in invoke("runs", "-n", "1").output


def test_runs_as_json(invoke: Invoke) -> None:
    keep_records(scored("a", held()), scored("b", held()), available=3)
    assert json.loads(invoke("runs", "--json").output) == [
        {
            "id": FIRST,
            "complete": True,
            "selected": 2,
            "received": 2,
            "problem": None,
            "verdict": "inconclusive",
            "created_at": "2026-10-01T08:00:00Z",
            "origin": "pytest",
            "record_mode": "none",
            "git_commit": None,
            "suites": [
                {
                    "suite": "triage",
                    "variant": "v1",
                    "split": "dev",
                    "selected": 2,
                    "available": 3,
                    "trials": 1,
                    "verdict": "inconclusive",
                    "kpi": "pass_rate",
                    "value": 1.0,
                }
            ],
        }
    ]


def test_the_verdict_of_the_session_is_listed_with_the_primary_kpi(
    invoke: Invoke, here: Path
) -> None:
    gated = (Gate(kpi="echo", min=0.9),)
    records = (scored("a", held("echo")), scored("b", missed("echo")))
    keep_records(*records, gates=gated, primary_kpi="echo")
    assert invoke("runs").output.splitlines()[1].split() == [
        *(FIRST, "2", "block", "triage", "[v1]", "50.0", "%", "echo")
    ]
    # What the session said counts: it knew the plugins' KPIs.
    said = Headline(verdict="warn", suites=())
    (here / ".ftgate/runs" / FIRST / "verdict.json").write_bytes(msgspec.json.encode(said))
    assert invoke("runs").output.splitlines()[1].split() == [FIRST, "2", "warn", "triage", "[v1]"]
    (here / ".ftgate/runs" / FIRST / "verdict.json").write_text("{")
    assert invoke("runs").output.splitlines()[1].split()[2] == "block"


def test_a_damaged_run_is_listed_with_its_problem(invoke: Invoke, here: Path) -> None:
    keep_records(scored("a", held()))
    (here / ".ftgate/runs" / FIRST / "manifest.json").write_text("{")
    assert "unreadable" in invoke("runs").output
    (run,) = json.loads(invoke("runs", "--json").output)
    assert run["problem"].startswith(f".ftgate/runs/{FIRST}/manifest.json")
    result = invoke("show")
    assert result.exit_code == 4
    assert result.stderr.startswith(f".ftgate/runs/{FIRST}/manifest.json")


def test_the_store_is_that_of_the_project_or_the_one_named(invoke: Invoke, here: Path) -> None:
    (here / "pyproject.toml").write_text("[tool.ftgate]\nstore = 'kept'\n")
    keep_second("kept")
    keep_records(scored("a", held()))
    assert SECOND in invoke("runs").output
    assert FIRST in invoke("runs", "--store", ".ftgate").output


def test_the_store_of_the_environment_wins(invoke: Invoke, monkeypatch: object) -> None:
    keep_second("kept")
    monkeypatch.setenv("FTGATE_STORE", "kept")  # type: ignore[attr-defined]
    assert SECOND in invoke("runs").output


def test_show_prints_the_summary_and_every_case(invoke: Invoke) -> None:
    keep_records(
        scored("good", held()),
        scored("bad", missed(), trial=1),
        failed("broken"),
        skipped("later"),
    )
    result = invoke("show")
    assert result.exit_code == 0
    summary, _, cases = result.output.partition("cases of triage [v1]\n")
    assert "pass_rate" in summary
    assert cases == (
        "  good    passed\n"
        "  bad#2   missed   echo: no echo\n"
        "  broken  error    CassetteMiss: no recorded call\n"
        "  later   skipped\n"
        "\n"
    )


def test_show_misses_lists_only_what_did_not_pass(invoke: Invoke) -> None:
    keep_records(scored("good", held()), scored("bad", missed()), failed("broken"), skipped("no"))
    cases = invoke("show", "--misses").output.partition("cases of triage [v1]\n")[2]
    assert [line.split()[0] for line in cases.splitlines() if line] == ["bad", "broken"]


def test_show_without_a_miss_says_so(invoke: Invoke) -> None:
    keep_records(scored("good", held()))
    assert invoke("show", "--misses").output.endswith("No case to list.\n")
    assert invoke("show", "--misses", "--outputs").output.endswith("No case to show.\n")


def test_show_outputs_shows_cases_in_full(invoke: Invoke) -> None:
    keep_records(scored("good", held()), scored("bad", missed(), output="line\n\x1b[31mred"))
    output = invoke("show", "--outputs", "--misses").output
    assert "bad · triage [v1] · missed\n" in output
    assert "    line\n    \\u001b[31mred\n" in output
    assert "answer of good" not in output


def test_show_one_case(invoke: Invoke) -> None:
    keep_records(scored("a", held()), scored("b", held()), scored("b", missed(), trial=1))
    output = invoke("show", "--case", "b").output
    assert "b · triage [v1] · passed\n" in output
    assert "b#2 · triage [v1] · missed\n" in output
    assert "pass_rate" not in output
    only = invoke("show", "--case", "b#2", "--case", "a").output
    assert "b · triage" not in only
    assert "b#2 · triage" in only
    assert "a · triage" in only


def test_show_of_an_unknown_case_suggests_one(invoke: Invoke) -> None:
    keep_records(scored("refund-001", held()))
    result = invoke("show", "--case", "refund-01")
    assert result.exit_code == 4
    assert result.stderr == (
        f"pytest-ftgate: --case refund-01: run {FIRST} has no such case; "
        "did you mean 'refund-001'?\n"
    )
    assert "it has 1, listed without --case" in invoke("show", "--case", "zzz").stderr


def test_show_one_suite_of_several(invoke: Invoke) -> None:
    records = scored("a", held()), scored("b", held(), suite="orders")
    plans = plan_of(records[0]), plan_of(records[1])
    run = replace(run_of(*records), manifest=manifest_of(*plans))
    keep(run)
    output = invoke("show", "--suite", "orders").output
    assert "orders [v1]" in output
    assert "triage" not in output
    result = invoke("show", "--suite", "order")
    assert result.exit_code == 4
    assert "did you mean 'orders'?" in result.stderr


def test_show_takes_the_start_of_an_id(invoke: Invoke) -> None:
    keep_records(scored("a", held()))
    keep_second()
    assert "CassetteMiss" not in invoke("show", "0123").output
    assert "INCOMPLETE" in invoke("show").output
    result = invoke("show", "2026")
    assert result.exit_code == 4
    assert "names 2 runs" in result.stderr


def test_show_of_an_empty_store_says_what_to_do(invoke: Invoke) -> None:
    result = invoke("show")
    assert result.exit_code == 4
    assert result.stderr == (
        "pytest-ftgate: The run store .ftgate holds no run. Evaluate a suite with pytest first, "
        "or name another store by --store.\n"
    )


def test_colours_are_for_terminals_and_those_who_force_them(
    invoke: Invoke, monkeypatch: object
) -> None:
    keep_records(scored("a", missed()))
    assert "\x1b[" not in invoke("show").output
    monkeypatch.delenv("NO_COLOR")  # type: ignore[attr-defined]
    assert "\x1b[" not in invoke("show").output
    monkeypatch.setenv("FORCE_COLOR", "1")  # type: ignore[attr-defined]
    assert "\x1b[" in invoke("show").output


def test_the_width_is_that_of_the_terminal(invoke: Invoke, monkeypatch: object) -> None:
    keep_records(scored("a", missed(reason="long " * 60)))
    monkeypatch.setenv("COLUMNS", "60")  # type: ignore[attr-defined]
    assert max(map(len, invoke("show").output.splitlines())) == 60
