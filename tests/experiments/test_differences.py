"""What two variants differ in, component by component."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate import experiments
from pytest_ftgate.experiments.differences import Difference, component_texts, differences
from pytest_ftgate.model import COMPONENTS, Variant

V1 = Variant(
    name="v1",
    provider="openai",
    model="small",
    params={"temperature": 0},
    prompt="Sort.\n{{ message }}\n",
    examples=({"input": "ä", "output": 1},),
)
V2 = replace(V1, name="v2")


def test_nothing_differs() -> None:
    assert differences(V1, V2) == ()


def test_a_prompt_is_compared_line_by_line() -> None:
    after = replace(V2, prompt="Sort it.\n{{ message }}\n")
    assert differences(V1, after) == (
        Difference(
            "instructions",
            (
                "--- v1/instructions",
                "+++ v2/instructions",
                "@@ -1,2 +1,2 @@",
                "-Sort.",
                "+Sort it.",
                " {{ message }}",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("changes", "component", "removed", "added"),
    [
        ({"examples": ()}, "examples", ['-{"input": "ä", "output": 1}'], []),
        ({"schema": {"type": "object"}}, "schema", [], ["+{", '+  "type": "object"', "+}"]),
        (
            {"tools": ({"type": "f"},)},
            "tools",
            [],
            ["+[", "+  {", '+    "type": "f"', "+  }", "+]"],
        ),
        ({"retrieval": "handbook"}, "retrieval", [], ["+handbook"]),
        ({"model": "large"}, "model", ['-model = "small"'], ['+model = "large"']),
        (
            {"params": {"top_p": 1, "temperature": 1}, "constrain": True, "retries": 2},
            "params",
            ["-temperature = 0"],
            ["+constrain = true", "+retries = 2", "+temperature = 1", "+top_p = 1"],
        ),
    ],
)
def test_every_component(changes, component: str, removed: list[str], added: list[str]) -> None:
    (found,) = differences(V1, replace(V2, **changes))
    assert found.component == component
    body = found.lines[2:]
    assert [line for line in body if line.startswith("-")] == removed
    assert [line for line in body if line.startswith("+")] == added


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        ("abc", "cab", "the same 3 examples in another order"),
        ("abc", "abcd", "3 kept, 1 added"),
        ("abc", "axy", "1 kept, 2 added, 2 removed"),
        ("abc", "b", "1 kept, 2 removed"),
        ("abc", "", "3 removed"),
        ("aab", "abb", "2 kept, 1 added, 1 removed"),
    ],
)
def test_examples_are_counted(old: str, new: str, remark: str) -> None:
    def having(letters: str) -> Variant:
        return replace(V1, examples=tuple({"input": each, "output": 1} for each in letters))

    (found,) = differences(having(old), having(new))
    assert found.remark == remark


@pytest.mark.parametrize(
    ("prompt", "remark"),
    [
        ("{{ message }}\nSort.\n", "the same 2 lines in another order"),
        ("Sort.\n{{ message }}", "the same lines, but for line ends"),
        ("Sort it.\n{{ message }}\n", ""),
    ],
)
def test_what_a_diff_of_lines_hides_is_said(prompt: str, remark: str) -> None:
    (found,) = differences(V1, replace(V2, prompt=prompt))
    assert found.remark == remark


def test_every_component_has_a_text() -> None:
    assert set(component_texts(experiments.anonymous_variant())) == set(COMPONENTS)
    assert set(component_texts(Variant(name="bare")).values()) == {""}
