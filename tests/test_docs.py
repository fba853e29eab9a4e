"""The documentation is true: its examples run, its names exist, its links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import pytest
import yaml
from packaging.requirements import Requirement

from pytest_ftgate import cli, datasets, experiments, hookspecs, marker, options
from pytest_ftgate.checks.grader import Grader
from pytest_ftgate.checks.policy import PolicyStore
from pytest_ftgate.datasets.cases import FIELDS
from pytest_ftgate.experiments import homes, templates
from pytest_ftgate.model.kpis import COMPUTED_KPIS
from pytest_ftgate.recording import packs
from pytest_ftgate.recording.lines import Interaction
from tests.e2e.conftest import Project
from tests.servers import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md", *DOCS]

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

_MARK = re.compile(r"<!-- (file|example|output): (.+?) -->")
_FENCE = re.compile(r"( *)```(\w*)")
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


class Fence(NamedTuple):
    """A fenced block: ``kind`` and ``name`` are those of the comment above it, if there is one."""

    page: Path
    line: int
    language: str
    text: str
    kind: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def fences(page: Path) -> list[Fence]:
    found, mark = [], ("", "")
    lines = page.read_text("utf-8").split("\n")
    at = 0
    while at < len(lines):
        opening = _FENCE.fullmatch(lines[at])
        if opening is None:
            marked = _MARK.fullmatch(lines[at])
            if marked is not None or lines[at].strip():
                mark = (marked[1], marked[2]) if marked else ("", "")
            at += 1
            continue
        end = next(n for n in range(at + 1, len(lines)) if lines[n].strip() == "```")
        text = "".join(f"{line.removeprefix(opening[1])}\n" for line in lines[at + 1 : end])
        found.append(Fence(page, at + 1, opening[2], text, *mark))
        mark, at = ("", ""), end + 1
    return found


ALL_FENCES = [fence for page in PAGES for fence in fences(page)]


def of_kind(kind: str) -> list[Fence]:
    return [fence for fence in ALL_FENCES if fence.kind == kind]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def spans(page: Path) -> list[str]:
    return _SPAN.findall(prose(page))


def section(page: str, title: str) -> str:
    """The text below a heading, up to the next one of its level."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    _, _, rest = text.partition(f"\n## {title}\n")
    assert rest, f"{page} has no section {title!r}"
    return rest.split("\n## ")[0]


def first_cells(text: str) -> set[str]:
    """The code spans in the first cells of a section's tables."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    return {span for cell in rows for span in _SPAN.findall(cell)}


# --- every block is what it says it is -----------------------------------------------------------

PARSERS: dict[str, Callable[[str], Any]] = {
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
    "python": lambda text: compile(text, "example", "exec"),
    "json": lambda text: (
        [json.loads(line) for line in text.splitlines()]
        if text.lstrip().startswith('{"')
        else json.loads(text)
    ),
}


@pytest.mark.parametrize("fence", [f for f in ALL_FENCES if f.language in PARSERS], ids=str)
def test_a_block_is_of_its_language(fence: Fence) -> None:
    PARSERS[fence.language](fence.text)


def load_experiment(path: Path) -> object:
    for name in ("prompts/v1.md", "prompts/v2.md"):
        (path.parent / name).parent.mkdir(exist_ok=True)
        (path.parent / name).write_text("{{ message }}\n", "utf-8")
    (path.parent / "ticket.schema.json").write_text("{}", "utf-8")
    example = '{"input": "hello", "output": "hi"}\n'
    (path.parent / "examples.jsonl").write_text(example * 2, "utf-8")
    return experiments.load(path)


LOADERS: dict[str, Callable[[Path], object]] = {
    "experiment.toml": load_experiment,
    "policy.toml": lambda path: PolicyStore().load(path),
    "pyproject.toml": lambda path: options.project_settings(path.parent),
    "dataset.yaml": datasets.load,
    "dataset.csv": datasets.load,
    "prompt.md": lambda path: templates.parse_template(path.read_text("utf-8"), path),
    "pack.jsonl": lambda path: [entry.parse(Interaction) for entry in packs.read(path)],
}


@pytest.mark.parametrize("fence", of_kind("example"), ids=str)
def test_an_example_is_loaded(fence: Fence, tmp_path: Path) -> None:
    path = tmp_path / fence.name
    path.write_text(fence.text, "utf-8")
    assert LOADERS[fence.name](path)


# --- the pages' projects run ---------------------------------------------------------------------


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "ANTHROPIC_", "FTGATE_", "GITHUB_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")
    return Project(pytester)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    with FakeProvider(lambda request: '{"queue": "billing"}') as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.openai_url)
        yield running


def write_files(project: Project, page: str) -> None:
    """Write what a page shows of its project; blocks of one file follow each other."""
    parts: dict[str, list[str]] = {}
    for fence in of_kind("file"):
        if fence.page.name == page:
            parts.setdefault(fence.name, []).append(fence.text)
    assert parts
    for name, texts in parts.items():
        project.write(name, "\n\n".join(texts))


def test_the_first_suite_is_recorded_and_replayed(
    project: Project, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(project, "getting-started.md")
    recorded = project.run("evals", "--ftgate-record=new_episodes")
    assert recorded.code == 0, recorded.text
    assert len(provider.seen) == 3
    # The README's example is the same suite: what was recorded for the one replays for the other.
    example = next(fence for fence in fences(README) if fence.language == "python")
    project.write("evals/test_triage.py", example.text)
    provider.__exit__()
    replayed = project.run("evals")
    assert replayed.code == 0, replayed.text
    for outcome in (recorded, replayed):
        assert outcome.counts == {"passed": 1, "missed": 2}
        assert outcome.gates() == {
            "complete": "pass",
            "errors": "pass",
            "format_valid": "pass",
            "policy_violation_rate": "pass",
        }
    assert replayed.verdict is not None
    assert replayed.verdict["run"]["replayed"] == 3


def type_in(project: Project, typed: str) -> int:
    """Do what a line of a console block says; the exit code."""
    environment, words = {}, shlex.split(typed, comments=True)
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    program, *arguments = words
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        if program == "pytest":
            return project.run(*arguments).code
        if program == "pytest-ftgate":
            return project.command(*arguments).exit_code
        if program == "pip":
            assert arguments[0] == "install"
            extras = Requirement(arguments[1]).extras
            assert extras <= PYPROJECT["project"]["optional-dependencies"].keys()
            return 0
        assert program == "git"
        author = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *author, *arguments], cwd=project.path, check=False)
        return done.returncode


@pytest.mark.parametrize(
    "page", [README, ROOT / "docs" / "getting-started.md"], ids=lambda page: page.name
)
def test_a_page_can_be_followed_from_top_to_bottom(
    page: Path, project: Project, provider: FakeProvider
) -> None:
    """Every file is written, every command typed, in the order of the page."""
    assert type_in(project, "git init -q") == 0
    typed = 0
    for fence in fences(page):
        if fence.kind == "file":
            project.write(fence.name, fence.text)
        elif fence.language == "console":
            for line in fence.text.splitlines():
                command = line.removeprefix("$ ")
                if not command.startswith("make "):  # targets are checked below
                    assert type_in(project, command) == 0, command
                    typed += 1
    assert typed >= 5
    assert (project.path / "evals" / "cassettes" / "bookings" / "v1.jsonl").exists()
    tracked = subprocess.run(["git", "ls-files"], cwd=project.path, capture_output=True, check=True)
    assert b"evals/cassettes/bookings/v1.jsonl" in tracked.stdout


def test_the_eval_tests_of_the_page_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(project, "writing-evals.md")
    monkeypatch.syspath_prepend(project.path)
    outcome = project.run("evals")
    assert outcome.code == 0, outcome.text
    tests = {path.stem.removeprefix("test_") for path in (project.path / "evals").glob("test_*.py")}
    assert {Path(suite["file"]).stem.removeprefix("test_") for suite in outcome.suites} == tests
    assert not any(suite["counts"]["error"] for suite in outcome.suites)


def test_the_hooks_of_the_page_work_together(project: Project) -> None:
    write_files(project, "hooks.md")
    outcome = project.run("evals")
    assert outcome.code == 0, outcome.text
    assert outcome.counts == {"passed": 1, "missed": 1}
    assert outcome.kpi("words")["value"] == pytest.approx(3.5)
    assert outcome.gates()["words"] == "pass"
    assert {record.source for record in project.stored()[0].records} == {None}
    for name in dir(hookspecs):
        if name.startswith("pytest_ftgate_"):
            assert f"def {name}(" in (project.path / "conftest.py").read_text("utf-8")


# --- what is shown as output is output -----------------------------------------------------------


def shown(name: str) -> str:
    text = next(fence.text for fence in of_kind("output") if fence.name == name)
    assert text.strip()
    return text


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_the_outputs_of_the_first_suite_are_real(project: Project) -> None:
    cli.commands.main(["init"], standalone_mode=False)
    suite = project.path / "evals" / "bookings"
    plain = project.run("evals")
    assert plain.code == 0
    assert shown("pytest evals") in plain.text
    edit(suite / "experiment.toml", "min = 0.5", "min = 0.9")
    assert shown("a gate that blocks") in project.run("evals").text
    edit(suite / "prompts" / "v1.md", "Read the booking in", "Extract the booking from")
    assert shown("a changed prompt") in project.run("evals", "-k", "easy-1").text


def without_what_changes(text: str) -> str:
    """The text without what no two runs have in common: ids, how long they took, their store."""
    text = re.sub(r"(\d{8}T\d{9}Z-[0-9a-f]{8})( --store \S+)?", "RUN", text)
    return re.sub(r"=+ (.+) in [\d.]+s =+", r"\1", text)


def test_the_output_of_the_example_is_real(tmp_path: Path) -> None:
    command, _, directory = "pytest evals/test_tickets.py, in examples/".partition(", in ")
    plugins = ["-p", "pytest_ftgate.plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", *command.split(), *plugins, f"--ftgate-store={tmp_path}"],
        cwd=ROOT / directory,
        env={
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "COLUMNS": "80",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert without_what_changes(shown(f"{command}, in {directory}")) in without_what_changes(
        done.stdout
    )


# --- names ---------------------------------------------------------------------------------------


class _Switches:
    """Stands for pytest's parser, to learn which options there are."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def getgroup(self, *_: object) -> _Switches:
        return self

    def addoption(self, switch: str, **_: object) -> None:
        self.found.add(switch)


def switches() -> set[str]:
    parser: Any = _Switches()
    options.add_options(parser)
    found: set[str] = parser.found
    return found


SETTINGS = set(options.Settings.__annotations__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_options_and_variables_of_a_page_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    assert set(re.findall(r"--ftgate-[a-z-]*[a-z]", text)) <= switches()
    variables = {f"FTGATE_{name.upper()}" for name in SETTINGS}
    assert set(re.findall(r"\bFTGATE_[A-Z_]*[A-Z]\b", text)) <= variables


def test_every_option_is_documented() -> None:
    named = {span.split("=")[0] for span in first_cells(section("options.md", "pytest options"))}
    assert named == switches()


def test_the_table_of_commands_is_complete() -> None:
    context = click.Context(cli.commands)
    assert first_cells(section("commands.md", "All commands")) == {
        *cli.commands.list_commands(context)
    }


def test_every_setting_is_documented() -> None:
    assert first_cells(section("options.md", "`[tool.ftgate]`")) == SETTINGS


def test_every_marker_argument_is_documented() -> None:
    named = first_cells(section("writing-evals.md", "The marker"))
    assert named == set(marker.ARGUMENTS)


def test_every_key_of_a_case_is_documented() -> None:
    assert first_cells(section("writing-evals.md", "Cases")) == set(FIELDS)


def test_every_key_of_an_experiment_is_documented() -> None:
    top = {
        name.strip("[]").split(".")[0]
        for name in first_cells(section("experiments.md", "Top level"))
    }
    assert top == {*homes.TOP, "defaults", "variant", "kpi", "prices", "saturation"}
    variant = first_cells(section("experiments.md", "Variant"))
    assert variant == {*homes.VARIANT, *homes.SHARED}


def test_every_built_in_kpi_is_documented() -> None:
    assert first_cells(section("kpis-and-gates.md", "KPIs")) >= COMPUTED_KPIS.keys()


def test_every_check_is_documented() -> None:
    text = (ROOT / "docs" / "checks.md").read_text("utf-8")
    own = [name for name in vars(Grader) if not name.startswith("_")]
    for name in own:
        if name not in ("observations", "unchecked", "check"):
            assert f"grade.{name}(" in text


# --- commands ------------------------------------------------------------------------------------


def calls(page: Path) -> Iterator[str]:
    """What a page says to type: whole lines of its blocks, and code spans of its text."""
    for fence in fences(page):
        if fence.kind != "output":
            for line in fence.text.splitlines():
                call = re.match(r"(?:\$ )?(pytest-ftgate .*?)(?:\s+#.*)?$", line)
                if call:
                    yield call[1]
    yield from (span for span in spans(page) if span.startswith("pytest-ftgate "))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    for call in calls(page):
        command: click.Command = cli.commands
        for word in shlex.split(call)[1:]:
            if not isinstance(command, click.Group) or word.startswith("-"):
                break
            found = command.get_command(click.Context(command), word)
            assert found is not None or command.invoke_without_command, f"{page.name}: {call}"
            command = found or click.Command("arguments")


def options_of(call: str) -> Iterator[tuple[str, set[str]]]:
    """Each option of a call, with those that its command has."""
    command: click.Command = cli.commands
    known: set[str] = set()
    for word in shlex.split(call)[1:]:
        if isinstance(command, click.Group) and not word.startswith("-"):
            command = command.get_command(click.Context(command), word) or command
        known |= {name for option in command.params for name in (*option.opts, "--help", "-h")}
        if word.startswith("-") and word != "-":
            yield word.split("=")[0], known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_options_of_the_commands_of_a_page_exist(page: Path) -> None:
    for call in calls(page):
        for option, known in options_of(call):
            assert option in known, f"{page.name}: {call}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_targets_of_a_page_exist(page: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    said = re.findall(r"(?:^\$ |`)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE)
    assert set(said) <= set(targets)


# --- links ---------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {title.replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(prose(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{page.name}: {target}"


def test_every_page_is_reached_from_the_readme() -> None:
    linked = {page.name for page in DOCS if f"docs/{page.name}" in README.read_text("utf-8")}
    for page in (page for page in DOCS if page.name in linked):
        linked |= {Path(target).name for target in _LINK.findall(page.read_text("utf-8"))}
    assert {page.name for page in DOCS} <= linked
