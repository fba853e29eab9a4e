"""``python -m pytest_ftgate``: the same as the ``pytest-ftgate`` command."""

from __future__ import annotations

from pytest_ftgate.cli import main

if __name__ == "__main__":
    main()
