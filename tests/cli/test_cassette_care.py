"""``cassettes prune|import``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from pytest_ftgate.recording import packs
from pytest_ftgate.recording.lines import Interaction
from tests.cli.conftest import Invoke, keep, keep_records
from tests.cli.recorded import call, write_pack
from tests.runs.making import held, run_of, scored

TRIAGE = "evals/cassettes/triage/v1.jsonl"
ORDERS = "evals/cassettes/orders/v1.jsonl"
RUN = "20261001T080000000Z-0123abcd"


def note_stale(here: Path, stale: object, run: str = RUN) -> None:
    (here / ".ftgate/runs" / run / "stale.json").write_text(json.dumps(stale))


def held_calls(path: Path) -> list[tuple[str, int, int]]:
    return [(entry.head.case, entry.head.trial, entry.head.seq) for entry in packs.read(path)]


# --- prune ----------------------------------------------------------------------------------------


@pytest.fixture
def stale_project(here: Path) -> Path:
    write_pack(here / TRIAGE, call("a"), call("a", seq=1), call("b"))
    write_pack(here / ORDERS, call("x"))
    keep_records(scored("a", held()))
    note_stale(here, {TRIAGE: [["a", 0, 1], ["b", 0, 0]], ORDERS: []})
    return here


def test_prune_takes_out_what_the_run_did_not_play(invoke: Invoke, stale_project: Path) -> None:
    result = invoke("cassettes", "prune")
    assert (result.exit_code, result.output) == (
        0,
        f"{TRIAGE}: 2 calls removed\n  a  call 2\n  b  call 1\n",
    )
    assert held_calls(stale_project / TRIAGE) == [("a", 0, 0)]
    assert held_calls(stale_project / ORDERS) == [("x", 0, 0)]
    again = invoke("cassettes", "prune")
    assert again.output == f"Nothing is stale: run {RUN} played every recorded call.\n"


def test_prune_dry(invoke: Invoke, stale_project: Path) -> None:
    before = (stale_project / TRIAGE).read_bytes()
    result = invoke("cassettes", "prune", "--dry-run")
    assert result.output == f"{TRIAGE}: 2 calls would be removed\n  a  call 2\n  b  call 1\n"
    assert (stale_project / TRIAGE).read_bytes() == before
    assert sorted(path.name for path in (stale_project / TRIAGE).parent.iterdir()) == ["v1.jsonl"]


def test_prune_only_where_it_is_told(invoke: Invoke, stale_project: Path) -> None:
    note_stale(stale_project, {TRIAGE: [["b", 0, 0]], ORDERS: [["x", 0, 0]]})
    result = invoke("cassettes", "prune", "evals/cassettes/orders")
    assert result.output == f"{ORDERS}: 1 call removed\n  x  call 1\n"
    assert not (stale_project / ORDERS).exists()
    assert len(held_calls(stale_project / TRIAGE)) == 3


def test_prune_lists_the_calls_of_each_trial(invoke: Invoke, stale_project: Path) -> None:
    write_pack(
        stale_project / TRIAGE, *(call("a", trial=1, seq=seq) for seq in range(3)), call("a")
    )
    note_stale(stale_project, {TRIAGE: [["a", 1, 2], ["a", 1, 0], ["a", 0, 0]]})
    assert invoke("cassettes", "prune", "triage/v1.jsonl", "--dry-run").output == (
        f"{TRIAGE}: 3 calls would be removed\n  a  call 1\n  a#2  calls 1, 3\n"
    )


def test_prune_keeps_what_was_recorded_since_the_run(invoke: Invoke, stale_project: Path) -> None:
    write_pack(stale_project / TRIAGE, call("b", recorded_at="2026-10-02T00:00:00Z"))
    assert invoke("cassettes", "prune").output.startswith("Nothing is stale")
    assert held_calls(stale_project / TRIAGE) == [("b", 0, 0)]


def test_prune_asks_the_newest_full_run(invoke: Invoke, stale_project: Path) -> None:
    run = run_of(scored("a", held()))
    for number, (changes, stale) in enumerate(
        [({}, {TRIAGE: [["b", 0, 0]]}), ({"available": 9}, {TRIAGE: [["a", 0, 0]]})], start=2
    ):
        newer = f"2026100{number}T080000000Z-0123abcd"
        plan = replace(run.manifest.plans[0], **changes)
        keep(replace(run, manifest=replace(run.manifest, run=newer, plans=(plan,))))
        note_stale(stale_project, stale, newer)
    newest = "20261009T080000000Z-0123abcd"
    keep(replace(run, manifest=replace(run.manifest, run=newest), end=None))
    note_stale(stale_project, {TRIAGE: [["a", 0, 0]]}, newest)
    assert invoke("cassettes", "prune").output == f"{TRIAGE}: 1 call removed\n  b  call 1\n"
    assert held_calls(stale_project / TRIAGE) == [("a", 0, 0), ("a", 0, 1)]


def test_prune_without_a_full_run_says_what_to_do(invoke: Invoke, here: Path) -> None:
    keep_records(scored("a", held()), available=2)
    note_stale(here, {TRIAGE: [["a", 0, 0]]})
    result = invoke("cassettes", "prune")
    assert result.exit_code == 4
    assert result.stderr == (
        "pytest-ftgate: no stored run tells what is stale: "
        "run pytest on all cases of a suite first.\n"
    )


def test_prune_by_a_damaged_list(invoke: Invoke, stale_project: Path) -> None:
    for damaged in ([1], {TRIAGE: 3}, {TRIAGE: [["a"]]}, {TRIAGE: [["a", "x", 0]]}):
        note_stale(stale_project, damaged)
        result = invoke("cassettes", "prune")
        assert result.exit_code == 4
        assert result.stderr.startswith(f".ftgate/runs/{RUN}/stale.json: this is no list of stale")


def test_prune_of_a_damaged_pack_changes_nothing(invoke: Invoke, stale_project: Path) -> None:
    write_pack(stale_project / TRIAGE, call("b"), "{")
    before = (stale_project / TRIAGE).read_bytes()
    result = invoke("cassettes", "prune")
    assert result.exit_code == 4
    assert result.stderr.startswith(f"{TRIAGE}:2:2: ")
    assert (stale_project / TRIAGE).read_bytes() == before


# --- import ---------------------------------------------------------------------------------------


def vcr_cassette(path: Path, *answers: str) -> Path:
    """A cassette as vcrpy writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    interactions = [
        {
            "request": {
                "method": "POST",
                "uri": "https://api.openai.com/v1/chat/completions",
                "headers": {"authorization": ["Bearer sk-proj-abcdefgh12345678"]},
                "body": json.dumps({"model": "small", "messages": [], "n": number}),
            },
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"content-type": ["application/json"]},
                "body": {"string": json.dumps({"text": text})},
            },
        }
        for number, text in enumerate(answers)
    ]
    path.write_text(yaml.safe_dump({"interactions": interactions, "version": 1}))
    return path


def test_import_makes_a_pack_of_old_cassettes(invoke: Invoke, here: Path) -> None:
    vcr_cassette(here / "old/test_triage/test_triage[v1-refund-1].yaml", "one", "two")
    vcr_cassette(here / "old/test_triage/test_triage[refund-2#2].yaml", "three")
    vcr_cassette(here / "old/refund-3.yml", "four")
    sources = sorted(str(path.relative_to(here)) for path in (here / "old").rglob("*.y*ml"))
    result = invoke("cassettes", "import", *sources, "--into", TRIAGE)
    assert result.exit_code == 0
    assert result.output == (
        "old/refund-3.yml: 1 call of case refund-3\n"
        "old/test_triage/test_triage[refund-2#2].yaml: 1 call of case refund-2#2\n"
        "old/test_triage/test_triage[v1-refund-1].yaml: 2 calls of case refund-1\n"
    )
    assert held_calls(here / TRIAGE) == [
        ("refund-1", 0, 0),
        ("refund-1", 0, 1),
        ("refund-2", 1, 0),
        ("refund-3", 0, 0),
    ]
    assert "sk-proj" not in (here / TRIAGE).read_text()
    (first, *_) = (entry.parse(Interaction) for entry in packs.read(here / TRIAGE))
    assert bytes(first.response.body.json) == b'{"text":"one"}'
    assert invoke("cassettes", "scan").exit_code == 0


def test_import_for_a_named_case(invoke: Invoke, here: Path) -> None:
    vcr_cassette(here / "odd name!.yaml", "one")
    result = invoke("cassettes", "import", "odd name!.yaml", "--into", TRIAGE)
    assert result.exit_code == 4
    assert result.stderr == (
        "pytest-ftgate: odd name!.yaml: 'odd name!' is no case id. "
        "Name the case that made the calls: --case ID\n"
    )
    result = invoke("cassettes", "import", "odd name!.yaml", "--into", TRIAGE, "--case", "a#3")
    assert result.output == "odd name!.yaml: 1 call of case a#3\n"
    assert held_calls(here / TRIAGE) == [("a", 2, 0)]


def test_import_never_adds_to_what_is_recorded(invoke: Invoke, here: Path) -> None:
    write_pack(here / TRIAGE, call("a"))
    before = (here / TRIAGE).read_bytes()
    vcr_cassette(here / "a.yaml", "one")
    result = invoke("cassettes", "import", "a.yaml", "--into", TRIAGE)
    assert result.exit_code == 4
    assert "has recordings of case 'a', trial 1" in result.stderr
    assert (here / TRIAGE).read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.yaml", "b.yaml", "--into", TRIAGE, "--case", "a"], "names one case for 2 cassettes"),
        (["a.yaml", "--into", "pack.yaml"], "--into pack.yaml: packs are called NAME.jsonl."),
        (["a.yaml"], "Missing option '--into'"),
        (["none.yaml", "--into", TRIAGE], "none.yaml: "),
        (["broken.yaml", "--into", TRIAGE], "broken.yaml: this is no vcrpy cassette"),
    ],
)
def test_import_of_what_does_not_fit(
    invoke: Invoke, here: Path, arguments: list[str], said: str
) -> None:
    for name in ("a.yaml", "b.yaml"):
        vcr_cassette(here / name, "one")
    (here / "broken.yaml").write_text("interactions: 7\n")
    result = invoke("cassettes", "import", *arguments)
    assert result.exit_code == 4
    assert said in result.stderr
    assert not (here / TRIAGE).exists()
