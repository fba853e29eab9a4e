"""pytest hook functions: each delegates to a room."""

from __future__ import annotations
