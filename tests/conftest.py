from __future__ import annotations

import os

from hypothesis import settings

# No test is timed: a slow machine is not a defect of the package.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Many tests start processes, which would compile the package anew, each for itself.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
