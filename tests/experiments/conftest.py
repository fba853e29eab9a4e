from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

from pytest_ftgate import experiments


class Suite(Protocol):
    def __call__(self, toml: str, **files: str) -> Path: ...


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Writes an experiment and files beside it (``v1_md="..."`` is ``v1.md``)."""
    monkeypatch.chdir(tmp_path)

    def write(toml: str, **files: str) -> Path:
        for name, text in files.items():
            stem, _, suffix = name.rpartition("_")
            (tmp_path / f"{stem}.{suffix}").write_bytes(text.encode("utf-8", "surrogatepass"))
        path = tmp_path / "experiment.toml"
        path.write_bytes(toml.encode())
        return path

    return write


@pytest.fixture
def load(suite: Suite):
    def write_and_load(toml: str, **files: str) -> experiments.Experiment:
        return experiments.load(suite(toml, **files))

    return write_and_load


@pytest.fixture
def problems(suite: Suite):
    """Every error of an experiment, a text each."""

    def write_and_fail(toml: str, **files: str) -> list[str]:
        from pytest_ftgate.errors import DataErrors

        with pytest.raises(DataErrors) as caught:
            experiments.load(suite(toml, **files))
        return [str(error) for error in caught.value.errors]

    return write_and_fail
