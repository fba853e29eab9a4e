"""``baseline accept`` and ``baseline show``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Record, Run
from pytest_ftgate.runs.baseline import anchor_path, history_path, read
from pytest_ftgate.runs.history import read_history
from tests.cli.conftest import Invoke, keep
from tests.runs.making import end_of, failed, held, manifest_of, missed, plan_of, scored

BASELINE = Path("evals/baselines/triage.jsonl")


def keep_run(number: int, *records: Record, **plan_changes: Any) -> str:
    plan = plan_of(*records, **plan_changes)
    run_id = f"20261001T08000{number}000Z-{number:08x}"
    manifest = manifest_of(plan, run=run_id)
    return keep(Run(manifest=manifest, records=records, end=end_of(len(records))))


def cases(*names: str, passed: bool = True) -> list[Record]:
    return [scored(name, held() if passed else missed()) for name in names]


class TestAccept:
    def test_the_first_baseline_of_the_latest_run(self, invoke: Invoke, here: Path) -> None:
        keep_run(1, *cases("c0"))
        run_id = keep_run(2, *cases("c1", "c2"), *cases("c3", passed=False))
        result = invoke("baseline", "accept")
        assert result.exit_code == 0
        assert read(BASELINE).header.run == run_id
        lines = result.output.splitlines()
        assert lines[0] == "triage: 3 cases, 2 passed, 1 missed"
        assert lines[1].startswith(f"  to {BASELINE}: [v1] of run {run_id} · accepted 20")
        assert "  pass_rate" in result.output
        assert "66.7 %" in result.output
        assert lines[-1] == (
            "Wrote evals/baselines/triage.jsonl, evals/baselines/triage.history.jsonl. Commit them."
        )

    def test_the_comparison_is_shown_before_it_is_written(self, invoke: Invoke, here: Path) -> None:
        names = [f"c{number}" for number in range(40)]
        keep_run(1, *cases(*names), primary_kpi="echo")
        invoke("baseline", "accept")
        keep_run(2, *cases(*names[10:]), *cases(*names[:10], passed=False), primary_kpi="echo")
        result = invoke("baseline", "accept")
        output = " ".join(result.output.split())
        assert "in place of [v1] of run 20261001T080001000Z-00000001 · accepted 20" in output
        assert "echo 100.0 % 75.0 % −25.0 pts" in output
        assert "−10 +0" in output
        assert "block echo: dropped by 25.0 points" in output
        assert "newly failing 10: c0, c1, c2, c3, c4, c5 and 4 more" in output
        assert "The present baseline becomes the anchor." in output
        # To accept is to say that it is meant.
        assert result.exit_code == 0
        assert read(BASELINE).header.counts["missed"] == 10
        assert output.index("newly failing") < output.index("Wrote evals/baselines/triage.jsonl")
        assert output.endswith("evals/baselines/triage.anchor.jsonl. Commit them.")

    def test_what_no_gate_can_compare_is_told_too(self, invoke: Invoke, here: Path) -> None:
        keep_run(1, *cases("c1", "c2"))
        invoke("baseline", "accept")
        keep_run(2, scored("c1", missed(), content="f" * 32), *cases("c2", "c3"))
        output = " ".join(invoke("baseline", "accept").output.split())
        assert "newly failing" not in output
        assert "dataset changed: 1 case added, 1 case changed; only 1 case that stayed is" in output

    def test_a_dry_run_writes_nothing(self, invoke: Invoke, here: Path) -> None:
        keep_run(1, *cases("c1"))
        result = invoke("baseline", "accept", "--dry-run")
        assert result.exit_code == 0
        assert result.output.endswith("Nothing was written: --dry-run.\n")
        assert not BASELINE.exists()

    def test_shrinking_needs_replace(self, invoke: Invoke, here: Path) -> None:
        keep_run(1, *cases("c1", "c2"))
        invoke("baseline", "accept")
        keep_run(2, *cases("c1"))
        refused = invoke("baseline", "accept")
        assert refused.exit_code == 4
        assert "it lacks 1 scored case of the present one: c2." in refused.stderr
        assert read(BASELINE).header.cases == 2
        accepted = invoke("baseline", "accept", "--replace")
        assert accepted.exit_code == 0
        assert "  1 case dropped: c2\n" in accepted.output
        assert read(BASELINE).header.cases == 1

    @pytest.mark.parametrize(
        ("records", "changes", "said"),
        [
            (cases("c1"), {"available": 9}, "it ran 1 of 9 results"),
            ([*cases("c1"), failed("c2")], {}, "it has 1 error: c2"),
            (cases("c1"), {"split": "holdout"}, "it ran the holdout"),
            (cases("c1"), {"current": False}, "the experiment's current variant is another"),
        ],
    )
    def test_what_cannot_be_a_baseline(
        self,
        invoke: Invoke,
        here: Path,
        records: list[Record],
        changes: dict[str, Any],
        said: str,
    ) -> None:
        keep_run(1, *records, **changes)
        result = invoke("baseline", "accept")
        assert result.exit_code == 4
        assert said in result.stderr
        assert not BASELINE.parent.exists()

    def test_an_incomplete_run(self, invoke: Invoke, here: Path) -> None:
        keep(Run(manifest=manifest_of(plan_of(*cases("c1"))), records=()))
        assert "it did not reach its end" in invoke("baseline", "accept").stderr

    def test_a_run_by_its_id(self, invoke: Invoke, here: Path) -> None:
        first = keep_run(1, *cases("c1"))
        keep_run(2, *cases("c1"))
        invoke("baseline", "accept", "00000001")
        assert read(BASELINE).header.run == first

    def test_outputs_on_request(self, invoke: Invoke, here: Path) -> None:
        keep_run(1, *cases("c1"))
        invoke("baseline", "accept")
        assert read(BASELINE).records[0].output is None
        invoke("baseline", "accept", "--outputs")
        assert read(BASELINE).records[0].output == "answer of c1"

    def test_the_anchor_moves_on_request(self, invoke: Invoke, here: Path) -> None:
        runs = [keep_run(number, *cases("c1")) for number in range(1, 5)]
        for run_id in runs[:3]:
            last = invoke("baseline", "accept", run_id)
        assert "  The anchor stays.\n" in last.output
        assert read(anchor_path(BASELINE)).header.run == runs[0]
        moved = invoke("baseline", "accept", runs[3], "--move-anchor")
        assert "in place of an older one" in moved.output
        assert read(anchor_path(BASELINE)).header.run == runs[2]

    @pytest.mark.parametrize(("primary", "kpi"), [(None, "pass_rate"), ("echo", "echo")])
    def test_the_history_tells_the_primary_kpi(
        self, invoke: Invoke, here: Path, primary: str | None, kpi: str
    ) -> None:
        keep_run(1, *cases("c1"), *cases("c2", passed=False), primary_kpi=primary)
        invoke("baseline", "accept")
        (entry,) = read_history(history_path(BASELINE))
        assert (entry.kpi, entry.value, entry.unit) == (kpi, 0.5, "rate")
        assert entry.low is not None


class TestSuites:
    @pytest.fixture(autouse=True)
    def two_suites(self, here: Path) -> None:
        triage, orders = cases("c1"), [scored("o1", held(), suite="orders")]
        plans = plan_of(*triage), plan_of(*orders, file="other/test_orders.py")
        keep(Run(manifest=manifest_of(*plans), records=(*triage, *orders), end=end_of(2)))

    def test_all_are_accepted(self, invoke: Invoke) -> None:
        assert invoke("baseline", "accept").exit_code == 0
        assert read(BASELINE).header.suite == "triage"
        assert read("other/baselines/orders.jsonl").header.suite == "orders"

    def test_one_of_them(self, invoke: Invoke) -> None:
        invoke("baseline", "accept", "--suite", "orders")
        assert not BASELINE.exists()
        assert read("other/baselines/orders.jsonl").header.suite == "orders"

    def test_all_or_none(self, invoke: Invoke, here: Path) -> None:
        (here / "other" / "baselines").mkdir(parents=True)
        (here / "other" / "baselines" / "orders.jsonl").write_text("{")
        result = invoke("baseline", "accept")
        assert result.exit_code == 4
        assert result.stderr.startswith("other/baselines/orders.jsonl:1: ")
        assert not BASELINE.exists()

    def test_into_one_folder(self, invoke: Invoke) -> None:
        invoke("baseline", "accept", "--baseline", "all")
        assert sorted(path.name for path in Path("all").iterdir()) == [
            "orders.history.jsonl",
            "orders.jsonl",
            "triage.history.jsonl",
            "triage.jsonl",
        ]

    def test_one_file_is_not_for_two(self, invoke: Invoke) -> None:
        result = invoke("baseline", "accept", "--baseline", "one.jsonl")
        assert result.exit_code == 4
        assert "one.jsonl: cannot be the baseline of 2 suites." in result.stderr
        assert invoke(
            "baseline", "accept", "--baseline", "one.jsonl", "--suite", "triage"
        ).exit_code == 0  # fmt: skip
        assert read("one.jsonl").header.suite == "triage"


class TestProject:
    def test_the_settings_say_where(self, invoke: Invoke, here: Path) -> None:
        (here / "pyproject.toml").write_text('[tool.ftgate]\nbaselines = "accepted"\n')
        keep_run(1, *cases("c1"))
        invoke("baseline", "accept")
        assert read("evals/accepted/triage.jsonl").header.suite == "triage"
        assert "triage: 1 case" in invoke("baseline", "show").output

    def test_below_the_root(
        self, invoke: Invoke, here: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keep_run(1, *cases("c1"))
        (here / "below").mkdir()
        monkeypatch.chdir(here / "below")
        assert invoke("baseline", "accept").exit_code == 0
        assert read(here / BASELINE).header.suite == "triage"


class TestShow:
    def test_what_it_was_accepted_from(self, invoke: Invoke, here: Path) -> None:
        for number, passed in ((1, False), (2, True)):
            keep_run(number, *cases("c1"), *cases("c2", passed=passed))
            invoke("baseline", "accept")
        output = invoke("baseline", "show").output
        lines = output.splitlines()
        assert lines[0] == "triage: 2 cases, 2 passed"
        assert lines[1].startswith(
            f"  in {BASELINE}: [v1] of run 20261001T080002000Z-00000002 · accepted 20"
        )
        assert lines[1].endswith("Z · model gpt-4.1-mini")
        row = next(line.split() for line in lines if "pass_rate" in line)
        assert row[:3] == ["pass_rate", "100.0", "%"]
        assert "  anchor: [v1] of run 20261001T080001000Z-00000001 · accepted 20" in output
        assert "  pass_rate, accepted 2 times: 50.0 % → 100.0 %, +50.0 pts in all\n" in output

    def test_anchor_history_and_ledger_are_no_baselines(self, invoke: Invoke, here: Path) -> None:
        for number in (1, 2):
            keep_run(number, *cases("c1"))
            invoke("baseline", "accept")
        BASELINE.with_name("triage.holdout.jsonl").write_text("{}\n")
        assert invoke("baseline", "show").output.count("triage: ") == 1
        # Unless they are named.
        named = invoke("baseline", "show", str(anchor_path(BASELINE)))
        assert "20261001T080001000Z-00000001" in named.output
        assert "anchor: none yet" in named.output

    def test_one_suite(self, invoke: Invoke, here: Path) -> None:
        keep_run(1, *cases("c1"))
        invoke("baseline", "accept")
        assert invoke("baseline", "show", "--suite", "triage").exit_code == 0
        missing = invoke("baseline", "show", "--suite", "orders")
        assert missing.exit_code == 4
        assert missing.stderr == (
            "pytest-ftgate: There is no baseline of orders. Make one of a run by: "
            "pytest-ftgate baseline accept\n"
        )

    def test_none(self, invoke: Invoke, here: Path) -> None:
        result = invoke("baseline", "show")
        assert result.exit_code == 4
        assert "There is no baseline. Make one of a run by:" in result.stderr

    def test_a_damaged_one(self, invoke: Invoke, here: Path) -> None:
        BASELINE.parent.mkdir(parents=True)
        BASELINE.write_text("<<<<<<< HEAD\n")
        result = invoke("baseline", "show")
        assert result.exit_code == 4
        assert result.stderr.startswith(f"{BASELINE}:1: this is an unresolved merge conflict.")

    def test_hostile_text_is_shown_escaped(self, invoke: Invoke, here: Path) -> None:
        record = replace(cases("c1")[0], variant="v\x1b[31m")
        keep_run(1, record)
        output = invoke("baseline", "accept").output
        assert "\x1b" not in output
        assert "[v\\u001b[31m]" in output
