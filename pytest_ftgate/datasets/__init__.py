"""Datasets: cases read from files or made in memory, checked, split, locked and written."""

from __future__ import annotations

from pytest_ftgate.datasets.hashing import case_hash, content_hash, dataset_hash
from pytest_ftgate.datasets.importing import import_cases
from pytest_ftgate.datasets.locks import LockCheck, lock, lock_path, verify_lock
from pytest_ftgate.datasets.reading import from_objects, load
from pytest_ftgate.datasets.splits import split_cases
from pytest_ftgate.datasets.summary import Shares, Summary, summarize
from pytest_ftgate.datasets.writing import dump, export, split_file

__all__ = [
    "LockCheck",
    "Shares",
    "Summary",
    "case_hash",
    "content_hash",
    "dataset_hash",
    "dump",
    "export",
    "from_objects",
    "import_cases",
    "load",
    "lock",
    "lock_path",
    "split_cases",
    "split_file",
    "summarize",
    "verify_lock",
]
