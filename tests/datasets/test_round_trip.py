"""What is written is read back equal, in every format; what is damaged is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pytest_ftgate import datasets
from pytest_ftgate.canonical import escape_surrogates
from pytest_ftgate.datasets.cases import SPLITS
from pytest_ftgate.errors import DataErrors
from pytest_ftgate.model import Case
from tests.damage import damaged

texts = st.text(max_size=12).map(escape_surrogates)
names = texts.filter(lambda text: text and text == text.strip() and text.isprintable())
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
objects = st.dictionaries(
    texts | st.sampled_from(["message", "order id", "a.b"]), values, max_size=3
)
messages = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": texts}),
    min_size=1,
    max_size=3,
)


def make_cases(fields: list[dict[str, Any]]) -> tuple[Case, ...]:
    return tuple(Case(id=f"Case-{at}", **given) for at, given in enumerate(fields))


case_lists = st.lists(
    st.fixed_dictionaries(
        {"input": texts | objects | messages},
        optional={
            "expected": values,
            "tags": st.lists(names, unique=True, max_size=3).map(tuple),
            "stratum": st.none() | names,
            "split": st.sampled_from(SPLITS),
            "weight": st.floats(min_value=1e-9, max_value=1e9),
            "cluster": st.none() | names,
            "metadata": objects,
        },
    ),
    min_size=1,
    max_size=4,
).map(make_cases)


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(cases=case_lists)
def test_dump_and_load(cases: tuple[Case, ...], suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"cases.{suffix}"

    datasets.dump(cases, path)

    assert tuple(replace(case, source=None) for case in datasets.load(path)) == cases


VALID = {
    "cases.jsonl": (
        b'{"id":"a-1","input":{"message":"hi \\ud83d\\ude00","n":[1,2.5,true,null]},'
        b'"expected":{"queue":"x"},"tags":["a","b"],"stratum":"hard","split":"dev",'
        b'"weight":1.5,"cluster":"c","metadata":{"k":1}}\n'
        b'{"id":"b","input":[{"role":"user","content":"\xc3\xa9"}]}\n'
    ),
    "cases.yaml": (
        b'- id: a-1\n  input: {message: "hi \\u00e9", n: [1, 2.5, true, ~]}\n'
        b"  expected: &x {queue: x}\n  tags: [a, b]\n"
        b"- id: b\n  expected: *x\n  input: |\n    text\n    more\n  weight: 2\n"
    ),
    "cases.csv": (
        b"id,input.message,expected.queue,expected.n:json,tags,weight,metadata.x\n"
        b'a-1,"hi, ""you""\r\nthere",billing,2,a;b,1.5,y\nb,\'=1+1,tech,"[1,2]",,,\n'
    ),
}


@pytest.mark.parametrize("name", VALID)
def test_damaged_files_are_read_or_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(VALID[name])
    assert len(datasets.load(path)) == 2
    refused = 0

    for data in damaged(VALID[name], count=500):
        path.write_bytes(data)
        try:
            assert datasets.load(path)
        except DataErrors as errors:
            refused += 1
            for error in errors.errors:
                assert str(error).startswith(str(path))
                assert str(error).isprintable()
                assert error.advice

    assert refused > 300
