"""``cassettes list|show|scan``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.cli.recorded import answer, call, failure, request, write_pack

TRIAGE = "evals/cassettes/triage/v1.jsonl"
KEY = "sk-proj-abcdefgh12345678"


# --- list -----------------------------------------------------------------------------------------


def test_list_tells_what_each_pack_holds(
    invoke: Invoke, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    later = call("b", recorded_at="2026-09-03T00:00:00Z", request=request({"model": "large"}))
    write_pack(here / TRIAGE, call("a"), call("a", seq=1), call("a", trial=1), later)
    write_pack(here / "evals/cassettes/orders/v2.jsonl", call("x"))
    write_pack(here / "more/cassettes/orders/v2.jsonl", failure())
    result = invoke("cassettes", "list")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    size = f"{(here / TRIAGE).stat().st_size / 1000:.0f} kB"
    small = (here / "evals/cassettes/orders/v2.jsonl").stat().st_size
    assert lines[:4] == [
        "evals/cassettes",
        "pack cases calls size recorded models",
        f"evals/cassettes/orders/v2.jsonl 1 1 {small} B 2026-09-01 small",
        f"triage/v1.jsonl 3 4 {size} 2026-09-01 to 2026-09-03 large, small",
    ]
    assert lines[5] == "more/cassettes"


def test_list_names_leftover_parts_and_counts_what_is_in_them(invoke: Invoke, here: Path) -> None:
    write_pack(here / TRIAGE, call("a"))
    write_pack(here / f"{TRIAGE}.gw0-12-ab.part", call("b"))
    output = invoke("cassettes", "list").output
    assert "triage/v1.jsonl      2      2" in output
    assert "1 part file of sessions that record or were killed" in output
    assert output.endswith(f"\n  {TRIAGE}.gw0-12-ab.part\n")


def test_list_of_a_damaged_pack(invoke: Invoke, here: Path) -> None:
    write_pack(here / TRIAGE, call("a"), "{")
    write_pack(here / "evals/cassettes/orders/v2.jsonl", call("x"))
    result = invoke("cassettes", "list")
    assert result.exit_code == 4
    assert result.stderr.startswith(f"{TRIAGE}:2:2: the line is damaged")
    assert "orders/v2.jsonl" in result.stdout


def test_every_listed_name_is_an_argument_of_the_others(invoke: Invoke, here: Path) -> None:
    for path in (TRIAGE, "evals/cassettes/orders/v2.jsonl", "more/cassettes/orders/v2.jsonl"):
        write_pack(here / path, call(path.split("/")[0]))
    write_pack(here / "evals/cassettes/killed/v1.jsonl.gw0-12-ab.part", call("kept"))
    lines = invoke("cassettes", "list").output.splitlines()
    names = [line.split()[0] for line in lines if ".jsonl " in line]
    assert names == [
        "killed/v1.jsonl",
        "evals/cassettes/orders/v2.jsonl",
        "triage/v1.jsonl",
        "more/cassettes/orders/v2.jsonl",
    ]
    for name, case in zip(names, ("kept", "evals", "evals", "more"), strict=True):
        assert f"{case} " in invoke("cassettes", "show", name).output
        assert invoke("cassettes", "show", name, case).exit_code == 0
        assert "No secret found in 1 pack." in invoke("cassettes", "scan", name).output
    assert invoke("cassettes", "show", "triage/v1").exit_code == 0


def test_a_name_that_could_be_several_packs_is_refused(invoke: Invoke, here: Path) -> None:
    for folder in ("evals", "more"):
        write_pack(here / folder / "cassettes/orders/v2.jsonl", call("a"))
    result = invoke("cassettes", "show", "orders/v2.jsonl")
    assert result.exit_code == 4
    assert result.stderr == (
        "pytest-ftgate: orders/v2.jsonl: could be any of evals/cassettes/orders/v2.jsonl, "
        "more/cassettes/orders/v2.jsonl. Name one in full.\n"
    )


def test_list_takes_files_and_folders(invoke: Invoke, here: Path) -> None:
    write_pack(here / TRIAGE, call("a"))
    write_pack(here / "kept/v9.jsonl", call("a"))
    assert "kept/v9.jsonl" in invoke("cassettes", "list", "kept/v9.jsonl").output
    assert "triage/v1.jsonl" in invoke("cassettes", "list", "evals").output
    result = invoke("cassettes", "list", "none")
    assert result.exit_code == 4
    assert result.stderr == "pytest-ftgate: none: there is no such file or directory.\n"


@pytest.mark.parametrize("verb", ["list", "scan"])
def test_without_a_pack_it_says_how_to_record_one(invoke: Invoke, here: Path, verb: str) -> None:
    result = invoke("cassettes", verb)
    assert result.exit_code == 4
    assert result.stderr == (
        f"pytest-ftgate: there is no pack below {here}: packs lie in folders named 'cassettes'. "
        "Record one with: pytest --ftgate-record=new_episodes\n"
    )


def test_the_folder_of_the_settings_is_searched(invoke: Invoke, here: Path) -> None:
    (here / "pyproject.toml").write_text("[tool.ftgate]\ncassettes = 'tapes'\n")
    write_pack(here / "evals/tapes/triage/v1.jsonl", call("a"))
    assert "evals/tapes\n" in invoke("cassettes", "list").output


# --- show -----------------------------------------------------------------------------------------


def test_show_without_a_case_lists_them(invoke: Invoke, here: Path) -> None:
    write_pack(here / TRIAGE, call("b"), call("a"), call("a", seq=1), call("a", trial=1))
    result = invoke("cassettes", "show", TRIAGE)
    assert result.output == "case  calls\na         2\na#2       1\nb         1\n"


def test_show_a_chat(invoke: Invoke, here: Path) -> None:
    asked = {
        "model": "small",
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": [{"type": "text", "text": "Two\nlines"}]},
        ],
        "temperature": 0,
    }
    told = {
        "choices": [{"message": {"role": "assistant", "content": "Ho"}}],
        "usage": {"prompt_tokens": 3},
    }
    write_pack(here / TRIAGE, call("a", request=request(asked), response=answer(told)))
    assert invoke("cassettes", "show", TRIAGE, "a").output == (
        "a · call 1 · POST http://127.0.0.1/v1/chat/completions · 200 OK · recorded\n"
        "2026-09-01T10:11:12Z · 1.2 s\n"
        "  request\n"
        '    {"model": "small", "temperature": 0}\n'
        "  system\n"
        "    Be short.\n"
        "  user\n"
        "    Two\n"
        "    lines\n"
        "  answer\n"
        "    Ho\n"
        "  usage\n"
        '    {"prompt_tokens": 3}\n'
        "\n"
    )


def parts(output: str) -> list[tuple[str, str]]:
    """The labels and texts of the calls shown, without the line of facts."""
    found: list[tuple[str, str]] = []
    for line in output.splitlines():
        if line.startswith("    "):
            label, text = found[-1]
            found[-1] = label, f"{text}\n{line[4:]}".strip()
        elif line.startswith("  "):
            found.append((line.strip(), ""))
    return found


@pytest.mark.parametrize(
    ("asked", "told", "expected"),
    [
        pytest.param(
            {"system": "Be short.", "messages": [{"role": "user", "content": "Hi"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Ho"}]},
            [("system", "Be short."), ("user", "Hi"), ("answer", "Ho")],
            id="messages",
        ),
        pytest.param(
            {"instructions": "Be short.", "input": "Hi"},
            {
                "output": [
                    {"type": "reasoning", "summary": []},
                    {"type": "message", "content": [{"type": "output_text", "text": "Ho"}]},
                ]
            },
            [
                ("system", "Be short."),
                ("input", "Hi"),
                ("answer", '{"type": "reasoning", "summary": []}'),
                ("answer", "Ho"),
            ],
            id="responses",
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": "Hi"}]},
            {"choices": [{"message": {"content": None, "tool_calls": [{"id": "t1"}]}}]},
            [("user", "Hi"), ("answer", '{"tool_calls": [{"id": "t1"}]}')],
            id="tool call",
        ),
        pytest.param(
            ["a", "b"],
            {"data": [0.5]},
            [
                ("request", '[\n  "a",\n  "b"\n]'),
                ("response", '{\n  "data": [\n    0.5\n  ]\n}'),
            ],
            id="any JSON",
        ),
        pytest.param(
            {"messages": ["odd", {"role": "user", "content": {"text": 3}}], "input": [4]},
            "plain",
            [
                ("request", '{"input": [4]}'),
                ("message", "odd"),
                ("user", '{"text": 3}'),
                ("response", "plain"),
            ],
            id="odd shapes",
        ),
    ],
)
def test_show_reads_each_api(
    invoke: Invoke, here: Path, asked: object, told: object, expected: list[tuple[str, str]]
) -> None:
    write_pack(here / TRIAGE, call("a", request=request(asked), response=answer(told)))
    assert parts(invoke("cassettes", "show", TRIAGE, "a").output) == expected


def test_show_joins_a_stream(invoke: Invoke, here: Path) -> None:
    events = "".join(
        "data: "
        + json.dumps({"id": "c1", "choices": [{"index": 0, "delta": {"content": text}}]})
        + "\n\n"
        for text in ("Hel", "lo")
    )
    write_pack(here / TRIAGE, call("a", response=answer(events + "data: [DONE]\n\n")))
    shown = parts(invoke("cassettes", "show", TRIAGE, "a").output)
    assert shown[-1] == ("streamed answer, choices[].delta.content", "Hello")


def test_show_bodies_that_are_no_text(invoke: Invoke, here: Path) -> None:
    asked = {"method": "GET", "uri": "http://x.invalid/", "headers": {}}
    told = {"status": {"code": 204}, "headers": {}, "body": {}}
    image = {"status": {"code": 200}, "headers": {}, "body": {"base64": "AAEC"}}
    write_pack(
        here / TRIAGE,
        call("a", request=asked, response=told),
        call("b", request=asked, response=image),
    )
    assert parts(invoke("cassettes", "show", TRIAGE, "a").output) == [("response", "(empty)")]
    assert parts(invoke("cassettes", "show", TRIAGE, "b").output) == [
        ("response", "3 bytes that are no text")
    ]


def test_show_a_failure(invoke: Invoke, here: Path) -> None:
    write_pack(here / TRIAGE, failure())
    output = invoke("cassettes", "show", TRIAGE, "broken").output
    assert parts(output)[-1] == ("failure", "reset: httpx.ReadError: gone")


def test_show_escapes_and_bounds(
    invoke: Invoke, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20000")
    hostile = "\x1b]0;x\x07\u202e::error::" + "y" * 9000
    told = answer({"choices": [{"message": {"content": hostile}}]})
    write_pack(here / TRIAGE, call("a", response=told))
    output = invoke("cassettes", "show", TRIAGE, "a").output
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert "\\u001b]0;x\\u0007\\u202e: :error::yyy" in output
    assert 3900 < output.count("y") < 4000
    full = invoke("cassettes", "show", TRIAGE, "a", "--full").output
    assert full.count("y") == 9000


def test_show_one_trial(invoke: Invoke, here: Path) -> None:
    write_pack(here / TRIAGE, call("a"), call("a", seq=1), call("a", trial=1))
    heads = [
        line.partition(" · POST")[0]
        for line in invoke("cassettes", "show", TRIAGE, "a").output.splitlines()
        if " · POST" in line
    ]
    assert heads == ["a · call 1", "a · call 2", "a#2 · call 1"]
    assert "call 2" not in invoke("cassettes", "show", TRIAGE, "a#2").output
    assert "a#2" not in invoke("cassettes", "show", TRIAGE, "a#1").output


def test_show_of_what_is_not_there(invoke: Invoke, here: Path) -> None:
    write_pack(here / TRIAGE, call("refund-1"))
    result = invoke("cassettes", "show", TRIAGE, "refund-2")
    assert result.exit_code == 4
    assert result.stderr == (
        f"pytest-ftgate: {TRIAGE}: has no case 'refund-2'; did you mean 'refund-1'?\n"
    )
    assert "it holds 1 case." in invoke("cassettes", "show", TRIAGE, "zzz").stderr
    assert invoke("cassettes", "show", "none.jsonl").exit_code == 4
    write_pack(here / "evals/cassettes/triage/v2.jsonl", call("a"))
    result = invoke("cassettes", "show", "evals")
    assert result.exit_code == 4
    assert "evals: holds 2 packs, name one: " in result.stderr


# --- scan -----------------------------------------------------------------------------------------


def test_scan_names_the_place_and_keeps_the_secret(invoke: Invoke, here: Path) -> None:
    write_pack(here / TRIAGE, call("a"), call("b", request=request({"note": f"my key {KEY}"})))
    result = invoke("cassettes", "scan")
    assert result.exit_code == 1
    assert result.stdout == (
        f"{TRIAGE}: case b, trial 1, call 1: request.body.note: OpenAI or Anthropic key\n"
    )
    assert result.stderr.startswith("\n1 place in 1 pack. Revoke what is real")
    assert KEY not in result.output


def test_scan_knows_the_secrets_of_the_environment(
    invoke: Invoke, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pack(here / TRIAGE, call("a", request=request({"note": "correct horse"})))
    assert invoke("cassettes", "scan").exit_code == 0
    monkeypatch.setenv("STAGING_PASSWORD", "correct horse")
    result = invoke("cassettes", "scan")
    assert result.exit_code == 1
    assert "value of STAGING_PASSWORD" in result.stdout
    assert "correct horse" not in result.output


def test_scan_looks_into_parts(invoke: Invoke, here: Path) -> None:
    write_pack(here / TRIAGE, call("a"))
    write_pack(here / f"{TRIAGE}.gw0-12-ab.part", call("b", request=request({"note": KEY})))
    assert invoke("cassettes", "scan").exit_code == 1


def test_scan_that_finds_nothing(invoke: Invoke, here: Path) -> None:
    write_pack(here / TRIAGE, call("a"))
    write_pack(here / "cassettes/orders/v1.jsonl", call("a"))
    result = invoke("cassettes", "scan")
    assert (result.exit_code, result.output) == (0, "No secret found in 2 packs.\n")


def test_scan_of_a_damaged_pack_is_not_clean(invoke: Invoke, here: Path) -> None:
    write_pack(here / TRIAGE, call("a"), '{"k": ""')
    assert invoke("cassettes", "scan").exit_code == 4
