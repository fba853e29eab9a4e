"""Golden files: what a report looks like, kept as text that a person reads in a diff.

After a wanted change run ``pytest tests/reports --update-golden`` and read the diff before
committing it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files of tests/reports anew"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Compare a text with its golden file, or write the file when asked to."""

    def compare(name: str, text: str, *, path: Path | None = None) -> None:
        path = path or GOLDEN / name
        if request.config.getoption("--update-golden", default=False):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
            return
        assert path.exists(), f"{path} is missing: run pytest tests/reports --update-golden"
        assert text == path.read_bytes().decode("utf-8")

    return compare
