"""A damaged experiment, prompt or examples file is read or refused, and never crashes."""

from __future__ import annotations

import pytest

from pytest_ftgate import experiments
from pytest_ftgate.errors import DataErrors
from tests.damage import damaged
from tests.experiments.test_loading import FILES, FULL


@pytest.mark.parametrize("name", ["experiment.toml", "v1.md", "shots.jsonl", "ticket.json"])
def test_damaged_files_are_read_or_refused(suite, name: str) -> None:
    files = {**FILES, "v1_md": "[system]\nSort {{ case.id }}\n[user]\n{% if a %}{{ a }}{% endif %}"}
    path = suite(FULL, **files)
    damaged_path = path.with_name(name)
    assert experiments.load(path).current == "v2"
    refused = 0

    for data in damaged(damaged_path.read_bytes(), count=100):
        damaged_path.write_bytes(data)
        try:
            experiments.load(path)
        except DataErrors as errors:
            refused += 1
            for error in errors.errors:
                assert str(error).startswith(("experiment.toml", name))
                assert str(error).isprintable()
                assert error.advice

    assert refused > 20
