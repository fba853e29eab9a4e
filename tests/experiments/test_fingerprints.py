from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.components import NOTHING
from pytest_ftgate.experiments import (
    anonymous_variant,
    changed_components,
    fingerprint,
    iteration,
    with_fingerprint,
)
from pytest_ftgate.model import COMPONENTS, Variant

BASE = Variant(
    name="v1",
    provider="openai",
    model="small",
    prompt="Sort {{ message }}\nnow",
    params={"temperature": 0, "seed": 1},
    examples=({"input": "a", "output": "b"}, {"input": "c", "output": "d"}),
    schema={"type": "object", "required": ["a"]},
)


@pytest.mark.parametrize(
    ("change", "components"),
    [
        ({"prompt": "Sort {{ message }} now"}, ("instructions",)),
        ({"prompt": "Sort {{ message }}\nnow "}, ("instructions",)),
        ({"prompt": None}, ("instructions",)),
        ({"examples": BASE.examples[::-1]}, ("examples",)),
        ({"examples": BASE.examples[:1]}, ("examples",)),
        ({"schema": {"required": ["a"], "type": "object"}}, ("schema",)),
        ({"schema": None}, ("schema",)),
        ({"tools": ({"name": "lookup"},)}, ("tools",)),
        ({"retrieval": "handbook of May"}, ("retrieval",)),
        ({"model": "large"}, ("model",)),
        ({"provider": "anthropic"}, ("model",)),
        ({"api": "responses"}, ("model",)),
        ({"params": {"temperature": 1, "seed": 1}}, ("params",)),
        ({"params": {"temperature": 0.0, "seed": 1}}, ("params",)),
        ({"constrain": True}, ("params",)),
        ({"retries": 2}, ("params",)),
        ({"prompt": "x", "model": "y", "params": {}}, ("instructions", "model", "params")),
    ],
)
def test_what_belongs_to_which_component(
    change: dict[str, object], components: tuple[str, ...]
) -> None:
    assert changed_components(BASE, replace(BASE, **change)) == components


@pytest.mark.parametrize(
    "change",
    [
        {"name": "v2", "parent": "v1", "change": "nothing", "kind": "base"},
        {"base_url": "http://127.0.0.1:1/v1"},
        {"prompt_path": "elsewhere.md", "schema_path": "elsewhere.json"},
        {"prompt": "Sort {{ message }}\r\nnow"},
        {"params": {"seed": 1, "temperature": 0}},
    ],
)
def test_what_belongs_to_none(change: dict[str, object]) -> None:
    assert fingerprint(replace(BASE, **change)) == fingerprint(BASE)


def test_an_empty_variant_has_the_hash_of_nothing_throughout() -> None:
    assert fingerprint(Variant(name="x")) == dict.fromkeys(COMPONENTS, NOTHING)
    assert anonymous_variant().components == dict.fromkeys(COMPONENTS, NOTHING)


def test_fingerprints_are_fixed_for_ever() -> None:
    assert fingerprint(BASE) == {
        "instructions": "f013243d563b55d86c562190fb4f62a4",
        "examples": "1bdad93de9724b4d787d06eb266c82ac",
        "schema": "20789a961aafa8478e1db49a519709b8",
        "tools": "941dffce4e4308ceb33e87326003257d",
        "retrieval": "941dffce4e4308ceb33e87326003257d",
        "model": "0daf7df6a2023a683d46bbadede780f9",
        "params": "1b28f9565ae1fdb7aa8c43827baac6b3",
    }


def test_hashes_of_records_compare_like_variants() -> None:
    child = replace(BASE, model="large")

    assert changed_components(fingerprint(BASE), fingerprint(child)) == ("model",)
    assert changed_components(fingerprint(BASE), child) == ("model",)
    assert changed_components({}, Variant(name="x")) == ()


def test_a_copy_with_stale_hashes_is_compared_by_content() -> None:
    known = with_fingerprint(BASE)

    assert changed_components(known, replace(known, model="large")) == ("model",)


class TestIteration:
    def test_root(self) -> None:
        found = iteration(BASE, None)

        assert (found.kind, found.parent, found.components) == ("root", None, ())
        assert not found.disciplined
        assert not found.confounded

    def test_unchanged(self) -> None:
        found = iteration(replace(BASE, name="v2"), BASE)

        assert (found.kind, found.variant, found.parent) == ("unchanged", "v2", "v1")
        assert not found.disciplined

    def test_disciplined(self) -> None:
        found = iteration(replace(BASE, name="v2", model="large"), BASE)

        assert (found.kind, found.components) == ("disciplined", ("model",))
        assert found.disciplined

    def test_confounded(self) -> None:
        found = iteration(replace(BASE, name="v2", model="large", tools=({"a": 1},)), BASE)

        assert (found.kind, found.components) == ("confounded", ("tools", "model"))
        assert found.confounded
        assert not found.disciplined
