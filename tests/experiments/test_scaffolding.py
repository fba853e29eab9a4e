"""Scaffolding the next iteration: the experiment's text is kept, and the copy is what to edit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_ftgate import experiments
from pytest_ftgate.errors import ConfigError, DataErrors
from pytest_ftgate.experiments.scaffolding import add_variant

TOML = '''# The log.
suite = "triage"
current = "v2"

[defaults]
model = "small"

[[variant]]
name = "v1"
prompt = "v1.md"          # the first

[[variant]]
name = "v2"
parent = "v1"
prompt = "v1.md"
examples = "shots.jsonl"
shots = 1
schema = "schema.json"
params = { temperature = 0, stop = ["\\n", "\\""], "odd key" = { deep = 1.5 }, flag = true }
constrain = true
change = """one
example"""

# Gates.
[kpi.echo]
min = 0.5
'''
FILES = {
    "v1_md": "Sort: {{ message }}\r\nPlease.",
    "shots_jsonl": '{"input": "a", "output": "b"}\n',
    "schema_json": '{"type": "object"}',
}


@pytest.fixture
def path(suite) -> Path:
    return suite(TOML, **FILES)


def test_the_block_says_what_the_parent_says(path: Path) -> None:
    added = add_variant(path, "v2", "v3", 'says "please"')

    assert added.block == (
        '[[variant]]\nname = "v3"\nparent = "v2"\nprompt = "v3.md"\nexamples = "shots.jsonl"\n'
        'shots = 1\nschema = "schema.json"\nparams = { temperature = 0, stop = ["\\n", "\\""], '
        '"odd key" = { deep = 1.5 }, flag = true }\nconstrain = true\n'
        'change = "says \\"please\\""\n'
    )
    assert added.copied == path.parent / "v3.md"
    assert added.copied.read_bytes() == (path.parent / "v1.md").read_bytes()
    found = experiments.load(path).variants
    assert list(found) == ["v1", "v2", "v3"]
    assert experiments.changed_components(found["v2"], found["v3"]) == ()
    assert (found["v3"].params, found["v3"].change) == (found["v2"].params, 'says "please"')


def test_the_rest_of_the_file_stays_as_it_is(path: Path) -> None:
    added = add_variant(path, "v1", "v3", "shorter")

    head, tail = TOML.split("\n# Gates.")
    assert path.read_text() == f"{head}\n{added.block}\n# Gates.{tail}"


@pytest.mark.parametrize("ending", ["", "\n", "\n\n\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_at_the_end_of_a_file(suite, ending: str, line_end: str) -> None:
    lines = ('current = "v1"', "[[variant]]", 'name = "v1"', 'model = "m"')
    before = line_end.join(lines) + ending.replace("\n", line_end)
    path = suite(before)
    add_variant(path, "v1", "v2", "warmer", "params")

    after = path.read_bytes().decode()
    assert after.startswith(before.rstrip())
    assert ("\r\n" in after) == (line_end == "\r\n")
    assert not re.search(r"(?<!\r)\n", after) or line_end == "\n"
    assert list(experiments.load(path).variants) == ["v1", "v2"]


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_the_only_variant_becomes_the_current_one(suite, start: str) -> None:
    path = suite(f'{start}# The log.\nsuite = "s"\n\n# First.\n[[variant]]\nname = "v1"\n')
    added = add_variant(path, "v1", "v2", "warmer", "params")
    assert path.read_text("utf-8") == (
        f'{start}# The log.\nsuite = "s"\ncurrent = "v1"\n\n# First.\n[[variant]]\nname = "v1"\n'
        f"\n{added.block}"
    )
    assert experiments.load(path).current == "v1"


def test_current_comes_before_a_first_table(suite) -> None:
    path = suite('[[variant]]\nname = "v1"\n')
    add_variant(path, "v1", "v2", "warmer", "params")
    assert path.read_text().startswith('current = "v1"\n\n[[variant]]\nname = "v1"\n\n[[variant]]')


@pytest.mark.parametrize(
    ("component", "copy", "key"),
    [
        ("examples", "v3.jsonl", 'examples = "v3.jsonl"'),
        ("schema", "v3.json", 'schema = "v3.json"'),
    ],
)
def test_the_file_of_another_component(path: Path, component: str, copy: str, key: str) -> None:
    added = add_variant(path, "v2", "v3", "other", component)

    assert added.copied == path.parent / copy
    assert key in added.block
    assert 'prompt = "v1.md"' in added.block


@pytest.mark.parametrize("component", ["model", "params", "retrieval"])
def test_what_stands_in_the_experiment_has_no_copy(path: Path, component: str) -> None:
    added = add_variant(path, "v2", "v3", "other", component)

    assert added.copied is None
    assert 'prompt = "v1.md"' in added.block


def test_a_file_of_the_defaults_is_copied_into_the_variant(suite) -> None:
    path = suite(
        'current = "v1"\n[defaults]\nprompt = "v1.md"\n[[variant]]\nname = "v1"\n', **FILES
    )
    assert 'prompt = "v2.md"' in add_variant(path, "v1", "v2", "shorter").block


def test_a_copy_stays_beside_its_original(path: Path) -> None:
    (path.parent / "prompts").mkdir()
    (path.parent / "v1.md").rename(path.parent / "prompts" / "v1.md")
    path.write_text(TOML.replace('"v1.md"', '"prompts/v1.md"'))
    added = add_variant(path, "v1", "v3", "shorter")
    assert added.copied == path.parent / "prompts" / "v3.md"
    assert 'prompt = "prompts/v3.md"' in added.block


@pytest.mark.parametrize(
    ("parent", "name", "component", "message"),
    [
        ("v9", "v3", "instructions", "experiment.toml: there is no variant 'v9'; allowed: v1, v2"),
        ("v1", "V2", "instructions", "experiment.toml: has a variant 'V2' already. "
         "Choose a new name."),
        ("v1", "../v3", "instructions", "the name '../v3' is not allowed. "
         "Use 1 to 64 of the characters A-Z a-z 0-9 . _ -."),
        ("v1", "v3", "examples", "experiment.toml: the parent has no examples, so there is nothing "
         "to copy. Choose another component: instructions, examples, schema, tools, retrieval, "
         "model, params"),
        ("v1", "v3", "prompt", "the component 'prompt' is unknown; allowed: instructions, "
         "examples, schema, tools, retrieval, model, params"),
        ("v1", "taken", "instructions", "taken.md: exists already, and would be overwritten. "
         "Choose another name for the variant, or move the file."),
    ],
)  # fmt: skip
def test_what_is_wrong(path: Path, parent: str, name: str, component: str, message: str) -> None:
    (path.parent / "taken.md").write_text("mine")
    before = {file: file.read_bytes() for file in path.parent.iterdir()}
    with pytest.raises(ConfigError) as caught:
        add_variant(path, parent, name, "x", component)
    assert str(caught.value) == message
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == before


def test_an_experiment_without_variants(suite) -> None:
    path = suite('[defaults]\nmodel = "m"\n')
    with pytest.raises(ConfigError, match=r"has no \[\[variant\]\], only its default one"):
        add_variant(path, "default", "v2", "x")


def test_variants_in_one_list(suite) -> None:
    path = suite('current = "v1"\nvariant = [{ name = "v1", prompt = "v1.md" }]\n', **FILES)
    with pytest.raises(ConfigError, match="writes its variants as one list"):
        add_variant(path, "v1", "v2", "x")
    assert not (path.parent / "v2.md").exists()


def test_what_cannot_be_read_afterwards_is_undone(path: Path) -> None:
    before = {file: file.read_bytes() for file in path.parent.iterdir()}
    with pytest.raises(DataErrors, match="all stands for every variant"):
        add_variant(path, "v1", "all", "x")
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == before
