from __future__ import annotations

from hypothesis import settings

# A loaded machine must not fail a property, and a failure must come back when run again.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
