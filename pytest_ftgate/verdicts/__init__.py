"""Verdicts: pure functions from the records of a run to KPIs, gates and one document.

The same records give the same verdict wherever they come from: a pytest session at its end, the
run store, or an import. Nothing here reads a file, and nothing knows how a report looks.
"""

import pytest_ftgate.stats  # noqa: F401  # numpy is imported there, before a module here does it
