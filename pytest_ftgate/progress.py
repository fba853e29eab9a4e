"""The progress line while recording: done / total, rate, remaining time, tokens and cost."""

from __future__ import annotations

import math
import sys
import threading
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from pytest_ftgate.items import cost_of
from pytest_ftgate.providers import usage
from pytest_ftgate.recording.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from pytest_ftgate.recording.scopes import CallFact
    from pytest_ftgate.suites import EvalItem


class Progress:
    """Shows how far a recording is, on a terminal only; thread-safe.

    Args:
        total: the number of tasks.
        suspend: a context manager that lets output through pytest's capture.
    """

    def __init__(self, total: int, suspend: AbstractContextManager[None]) -> None:
        self._total = total
        self._suspend = suspend
        self._lock = threading.Lock()
        self._done = 0
        self._tokens = 0
        self._cost: float | None = None

    def __enter__(self) -> Self:
        self._suspend.__enter__()
        # Made now: while pytest captures, a console would not find a terminal.
        console = Console(file=sys.__stderr__)
        self._bar = Bar(
            TextColumn("recording"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            TextColumn("{task.fields[spent]}"),
            console=console,
            transient=True,
            disable=not console.is_interactive,
        )
        self._task = self._bar.add_task("", total=self._total, pace="", spent="")
        self._started = Clock.now()
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
        self._suspend.__exit__(kind, error, trace)

    def advance(self, item: EvalItem, calls: Sequence[CallFact]) -> None:
        """Count one finished task and what its calls used."""
        answers = usage.model_calls(calls)
        used, _ = usage.total(answers)
        cost = cost_of(item, answers)
        with self._lock:
            if used is not None:
                self._tokens += (used.input_tokens or 0) + (used.output_tokens or 0)
            if cost is not None:
                self._cost = (self._cost or 0.0) + cost
            self._done += 1
            told = pace(self._done, self._total, Clock.now() - self._started)
            spent = f"{self._tokens:,} tokens" if self._tokens else ""
            if self._cost is not None:
                spent += f" · ${self._cost:,.4f}"
            self._bar.update(self._task, advance=1, pace=told, spent=spent)


def pace(done: int, total: int, elapsed_s: float) -> str:
    """The rate since the start and the time that the rest takes: ``1.6/s  0:02:05 left``.

    Tasks that run together end together, so the time between two of them tells nothing.
    """
    rate = done / max(elapsed_s, 0.001)
    # Under one a second, as models on small machines are, people count by the minute.
    shown = f"{rate:.1f}/s" if rate >= 1 else f"{rate * 60:.1f}/min"
    left = math.ceil((total - done) / rate)
    hours, minutes = divmod(left // 60, 60)
    return f"{shown}  {hours}:{minutes:02}:{left % 60:02} left"
