from __future__ import annotations

import json
from pathlib import Path

import pytest

import pytest_ftgate
from pytest_ftgate import assert_format, assert_policy
from pytest_ftgate.checks.format import Schema
from pytest_ftgate.checks.policy import PolicyStore
from pytest_ftgate.errors import CheckError, DataError, FtgateWarning
from pytest_ftgate.model import Completion

SCHEMA = {"type": "object", "required": ["a"]}
POLICY = "[[rule]]\nid = 'r'\nforbid = 'x'\nwhy = 'no x'\n[[rule]]\nid = 'w'\nforbid = 'y'\nseverity = 'warn'\n"  # noqa: E501


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA), "utf-8")
    (tmp_path / "p.toml").write_text(POLICY, "utf-8")
    return tmp_path


def test_the_package_offers_them() -> None:
    assert {"assert_format", "assert_policy", "assert_threshold"} <= set(pytest_ftgate.__all__)
    assert pytest_ftgate.assert_threshold is not None


def test_a_valid_output_is_parsed(here: Path) -> None:
    assert assert_format('{"a": 1}', "s.json") == {"a": 1}
    assert assert_format(Completion(text='{"a": 1}'), SCHEMA) == {"a": 1}
    assert assert_format({"a": 1}, Schema.compile(SCHEMA)) == {"a": 1}
    assert assert_format('{"a": 1}', here / "s.json") == {"a": 1}


def test_an_invalid_output_fails_with_reason_and_note(here: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_format("{}", "s.json")
    assert str(caught.value) == "format: $.a: missing"
    with pytest.raises(AssertionError, match=r"\(it would pass after stripping a markdown fence\)"):
        assert_format('```\n{"a": 1}\n```', SCHEMA)


def test_a_policy_is_asserted(here: Path) -> None:
    assert_policy("fine", "p.toml")
    with pytest.warns(FtgateWarning) as warned:
        assert_policy("y only warns", "p.toml")
    assert [(str(each.message), each.filename) for each in warned] == [
        ('policy: w [warn]: forbidden text "y"', __file__)
    ]
    assert_policy("fine", PolicyStore().load(here / "p.toml"))
    with pytest.raises(AssertionError) as caught:
        assert_policy("an x", "p.toml")
    assert str(caught.value) == 'policy: r [block]: forbidden text "x" (no x)'


def test_the_input_is_passed_on(here: Path) -> None:
    (here / "p.toml").write_text("[[rule]]\nid = 'r'\nforbid = 'x'\nonly_if_input = 'q'\n", "utf-8")
    assert_policy("x", "p.toml", "other")
    with pytest.raises(AssertionError):
        assert_policy("x", "p.toml", input="q")
    with pytest.raises(CheckError, match="pass input="):
        assert_policy("x", "p.toml")


def test_paths_start_from_the_calling_file_then_from_the_working_directory(
    here: Path, tmp_path: Path
) -> None:
    module = tmp_path / "sub" / "test_it.py"
    module.parent.mkdir()
    code = "from pytest_ftgate import assert_format\ndef run(): return assert_format('1', 's.json')"
    namespace: dict[str, object] = {"__file__": str(module)}
    exec(compile(code, str(module), "exec"), namespace)
    with pytest.raises(AssertionError, match="got 1"):
        namespace["run"]()  # type: ignore[operator]
    (module.parent / "s.json").write_text("true", "utf-8")
    assert namespace["run"]() == 1  # type: ignore[operator]


def test_the_root_bounds_references(here: Path) -> None:
    (here / "sub").mkdir()
    (here / "sub" / "t.json").write_text('{"$ref": "../s.json"}', "utf-8")
    assert assert_format('{"a": 1}', "sub/t.json") == {"a": 1}
    with pytest.raises(DataError, match="outside the project root"):
        assert_format('{"a": 1}', "sub/t.json", root=here / "sub")


def test_a_missing_file_is_named(here: Path) -> None:
    with pytest.raises(DataError, match=r"nope\.json: there is no such file"):
        assert_format("1", "nope.json")
