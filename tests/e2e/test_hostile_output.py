"""What models and datasets say is shown, stored and reported without being obeyed."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.servers import Fault

from .suites import write_suite

if TYPE_CHECKING:
    from tests.servers import FakeProvider

    from .conftest import Outcome, Project

GRADED = """
@evaluated(task=lambda case, variant: case.input["message"])
def test_graded(eval_output, grade):
    grade.equal("answered", "expected", eval_output)
    grade.format(eval_output, {{"type": "object"}})
    {more}
"""
HOSTILE = {
    "ansi": "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "bidi": "safe \u202egnihtemos\u202c",
    "zero-width": "pass\u200bword \ufeff",
    "controls": "bell \x07 back \x08 null \x00",
    "surrogate": "lone \ud800 half",
}
COMMANDS = "fine\n::error file=a.py::owned\n##[error]owned\n::set-output name=verdict::pass"


def write(project: Project, *messages: str, more: str = "pass", **options: str) -> None:
    cases = [{"id": f"c{n}", "input": {"message": text}} for n, text in enumerate(messages)]
    write_suite(project, GRADED.format(more=more), cases=cases, **options)


def voices(project: Project, outcome: Outcome) -> str:
    """All that a person or a tool reads of a session, but for JSON's own escapes."""
    files = ("junit.xml", "report.md", "report.html")
    return outcome.text + "".join((project.path / name).read_text("utf-8") for name in files)


def reports(project: Project) -> list[str]:
    return [
        f"--ftgate-markdown={project.path / 'report.md'}",
        f"--ftgate-html={project.path / 'report.html'}",
    ]


@pytest.mark.parametrize("kind", HOSTILE)
def test_control_characters_are_shown_escaped_everywhere(kind: str, project: Project) -> None:
    write(project, HOSTILE[kind], more="assert eval_output == 'expected', eval_output")
    outcome = project.run("-rA", *reports(project))
    assert outcome.counts == {"missed": 1}
    heard = voices(project, outcome)
    for character in "\x1b\x07\x08\x00\u202e\u202c\u200b\ufeff\ud800":
        assert character not in heard, f"U+{ord(character):04X}"


def test_a_must_pass_miss_is_shown_escaped_as_well(project: Project) -> None:
    write(project, HOSTILE["ansi"])
    text = (project.path / "test_support.py").read_text()
    project.write("test_support.py", text.replace("(task=", "(must_pass=['answered'], task="))
    outcome = project.run(*reports(project))
    assert outcome.counts == {"failed": 1}
    assert "\x1b" not in voices(project, outcome)
    assert "\\u001b[31mred" in outcome.text


def test_an_exception_that_quotes_an_output_is_shown_escaped(project: Project) -> None:
    write(project, HOSTILE["ansi"], more="raise ValueError(eval_output)")
    outcome = project.run("--tb=no", "-rA", *reports(project))
    assert outcome.counts == {"error": 1}
    summary = outcome.text.partition("LLM evaluation")[2].partition("short test summary")[0]
    assert "\x1b" not in summary
    assert "\x1b" not in (project.path / "report.md").read_text("utf-8")


def test_workflow_commands_are_neutralised(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    write(project, COMMANDS, more="raise RuntimeError(eval_output)")
    outcome = project.run("--tb=no", "-rN")
    lines = [line.strip() for line in outcome.text.splitlines()]
    assert not [line for line in lines if line.startswith("##[")]
    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == 1
    assert commands[0].startswith("::error file=cases.jsonl,line=1,")


def test_markup_in_outputs_stays_text(project: Project) -> None:
    write(project, "<script>alert(1)</script> ![x](http://evil.example/x.png) @team ```")
    outcome = project.run(*reports(project))
    page = (project.path / "report.html").read_text("utf-8")
    assert "<script>alert(1)" not in page
    assert "default-src 'none'" in page
    assert outcome.counts == {"missed": 1}


def test_an_output_of_ten_megabytes(project: Project) -> None:
    long = """
@evaluated(task=lambda case, variant: "x" * 10_000_000)
def test_long(eval_output, grade):
    grade.format(eval_output, {"type": "object"})
    grade.equal("answered", "expected", eval_output)
    grade.regex("found", "y+$", eval_output)
    grade.contains("word", "z", eval_output)
"""
    write_suite(project, long, cases=[{"id": "a", "input": "x"}])
    outcome = project.run(*reports(project))
    assert outcome.counts == {"missed": 1}
    assert len(voices(project, outcome)) < 200_000
    (record,) = project.stored()[0].records
    assert len(record.output) == 20_000
    assert record.output_hash is not None


RAW = """
import os, urllib.request

def answer(case, variant):
    with urllib.request.urlopen(os.environ["OPENAI_BASE_URL"] + "/anything", b"{}") as response:
        return str(len(response.read()))

@evaluated(task=answer)
def test_raw(eval_output, grade):
    grade.regex("answered", "[0-9]", eval_output)
"""


def test_an_answer_that_unfolds_without_end_is_an_error_of_its_case(
    project: Project, provider: FakeProvider
) -> None:
    bomb = gzip.compress(b"\0" * 60_000_000)
    provider.script(Fault(status=200, headers={"content-encoding": "gzip"}, body=bomb))
    write_suite(project, RAW)
    outcome = project.run("--ftgate-record=new_episodes", "--ftgate-concurrency=1")
    assert outcome.counts == {"passed": 1, "error": 1}
    assert "unfolds to more than 50 MB" in outcome.text
    assert [line["case"] for line in project.pack("support", "v1") if "request" in line] == [
        "broken"
    ]


def test_outputs_may_be_kept_by_hash_or_not_at_all(project: Project) -> None:
    write(project, "the customer is Ann")
    kept = {}
    for rule in ("full", "hash", "none"):
        project.write("pyproject.toml", f'[tool.ftgate]\noutputs = "{rule}"\n')
        outcome = project.run()
        assert outcome.counts == {"missed": 1}
        stored = project.path / ".ftgate" / "runs" / outcome.verdict["run"]["id"]
        kept[rule] = (stored / "records.jsonl").read_text("utf-8")
    assert json.loads(kept["full"])["output"] == "the customer is Ann"
    assert "output" not in json.loads(kept["hash"])
    assert json.loads(kept["hash"])["output_hash"] == json.loads(kept["full"])["output_hash"]
    assert "Ann" not in kept["none"]
    assert "output_hash" not in kept["none"]


def test_outputs_that_are_not_kept_are_not_shown_either(project: Project) -> None:
    write(project, "the customer is Ann")
    project.write("pyproject.toml", '[tool.ftgate]\noutputs = "none"\n')
    outcome = project.run("-rA", *reports(project))
    assert outcome.counts == {"missed": 1}
    assert "Ann" not in voices(project, outcome)


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_a_machine_that_knows_only_ascii(locale: str, project: Project) -> None:
    message = "Grüße, 注文 № 7 – “bitte”"
    write(project, message, more="grade.equal('same', eval_output, eval_output)")
    process = project.start(
        *reports(project),
        env={"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LANG": ""},
        encoding="utf-8",
        errors="strict",
    )
    output, _ = process.communicate()
    assert process.returncode == pytest.ExitCode.OK, output
    assert "UnicodeEncodeError" not in output
    (record,) = project.stored()[0].records
    assert record.output == message
    assert message in (project.path / "report.md").read_text("utf-8")


def test_a_dataset_with_a_byte_order_mark(project: Project) -> None:
    write(project, "x")
    path = project.path / "cases.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert project.run().counts == {"missed": 1}
