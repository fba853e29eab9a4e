from __future__ import annotations

from hypothesis import settings

# No test is timed: a slow machine is not a defect of the package.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
