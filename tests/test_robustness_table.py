"""docs/robustness.md names a test for every fault, and every test that it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "robustness.md").read_text("utf-8")
FAULTS = [f"F{number}" for number in range(1, 36)]
ROWS = re.findall(r"^\| (F\d+) \| (.+) \| (.+) \|$", TEXT, re.MULTILINE)
LISTED = {
    fault: re.findall(r"`([^`]+)`", tests)
    for fault, tests in re.findall(r"^- (F\d+):\n((?:  `.+\n)+)", TEXT + "\n", re.MULTILINE)
}


@cache
def names_in(path: Path) -> set[str]:
    """The tests of a file, as pytest names them, without their parameters."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        parts = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {
            prefix + part.name
            for part in parts
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
            and part.name.startswith("test_")
        }
    return found


def test_every_fault_is_told_once() -> None:
    assert sorted(row[0] for row in ROWS) == sorted(FAULTS)


def test_every_fault_has_its_tests() -> None:
    assert sorted(LISTED) == sorted(FAULTS)
    assert all(LISTED.values())


@pytest.mark.parametrize("fault", FAULTS)
def test_the_tests_of_a_fault_exist(fault: str) -> None:
    for name in LISTED[fault]:
        file, _, test = name.partition("::")
        assert (ROOT / file).is_file(), name
        assert test in names_in(ROOT / file), name


def test_no_test_is_listed_twice_for_a_fault() -> None:
    for fault, tests in LISTED.items():
        assert len(tests) == len(set(tests)), fault
