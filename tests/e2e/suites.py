"""A suite that asks a provider about its cases: what most end-to-end tests start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .conftest import Project

CASES = [
    {"id": "late", "input": {"message": "my parcel is late"}},
    {"id": "broken", "input": {"message": "the cup is broken"}},
]
EXPERIMENT = """
suite = "support"
current = "v1"
[defaults]
provider = "{provider}"
model = "{model}"
params = {params}
[[variant]]
name = "v1"
prompt = "v1.md"
{more}
"""
PROMPT = "[system]\nBe brief.\n[user]\n{{ message }}\n"
HEAD = """
import pytest

ASK = {"model": "small", "max_tokens": 50}

def asked(case):
    return [{"role": "user", "content": case.input["message"]}]

def evaluated(**more):
    return pytest.mark.llm_eval(
        dataset="cases.jsonl", experiment="experiment.toml", suite="support", **more
    )
"""

_MODULES = ("asyncio", "threading", "anthropic", "anyio", "openai")

THE_PROMPT = """
@evaluated()
def test_prompt(eval_case, eval_output, grade):
    grade.contains("echo", eval_case.input["message"], eval_output.text)
"""
AN_OPENAI_TASK = """
def answer(case, variant):
    with openai.OpenAI() as client:
        done = client.chat.completions.create(messages=asked(case), **ASK)
    return done.choices[0].message.content

@evaluated(task=answer)
def test_application(eval_case, eval_output, grade):
    grade.contains("echo", eval_case.input["message"], eval_output)
"""


A_LIGHT_TASK = """
import json, os, urllib.request

def answer(case, variant):
    body = {"model": "small", "messages": asked(case)}
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions", json.dumps(body).encode()
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["choices"][0]["message"]["content"]

@evaluated(task=answer)
def test_application(eval_case, eval_output, grade):
    grade.contains("echo", eval_case.input["message"], eval_output)
"""
"""For sessions in processes of their own, which would import an SDK anew."""


def write_suite(
    project: Project,
    test: str = THE_PROMPT,
    *,
    cases: list[dict[str, Any]] | None = None,
    prompt: str = PROMPT,
    provider: str = "openai",
    model: str = "small",
    params: str = "{ max_tokens = 50 }",
    more: str = "",
) -> None:
    """Write dataset, experiment, prompt and test; ``more`` goes to the end of the experiment."""
    project.dataset("cases.jsonl", CASES if cases is None else cases)
    project.write(
        "experiment.toml",
        EXPERIMENT.format(provider=provider, model=model, params=params, more=more),
    )
    project.write("v1.md", prompt)
    project.write("test_support.py", head(test))


def head(test: str) -> str:
    """The test with its beginning; an SDK takes a second to import, so only what it uses."""
    used = [name for name in _MODULES if f"{name}." in test]
    return "".join(f"import {name}\n" for name in used) + HEAD + test
