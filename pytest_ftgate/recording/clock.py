"""Clocks that tests which freeze time cannot stop.

Freezing libraries replace the time functions that modules hold; attributes of a class they leave
alone. So the real functions are kept on a class, captured when this module is imported.
"""

from __future__ import annotations

import time


class Clock:
    """Durations come from a monotonic clock, instants from the system's clock in UTC."""

    _monotonic = staticmethod(time.perf_counter)
    _wall_ns = staticmethod(time.time_ns)
    _gmtime = staticmethod(time.gmtime)
    _strftime = staticmethod(time.strftime)

    @classmethod
    def now(cls) -> float:
        """Seconds on a clock that only differences of make sense of."""
        return cls._monotonic()

    @classmethod
    def instant(cls) -> str:
        """The current time as ISO 8601 in UTC, to the microsecond."""
        seconds, nanoseconds = divmod(cls._wall_ns(), 1_000_000_000)
        whole = cls._strftime("%Y-%m-%dT%H:%M:%S", cls._gmtime(seconds))
        return f"{whole}.{nanoseconds // 1000:06d}Z"
