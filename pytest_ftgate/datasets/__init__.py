"""Datasets: cases read from files or made in memory, checked, split, locked and written."""

from __future__ import annotations

from pytest_ftgate.datasets.hashing import case_hash, content_hash, dataset_hash
from pytest_ftgate.datasets.reading import from_objects, load

__all__ = ["case_hash", "content_hash", "dataset_hash", "from_objects", "load"]
