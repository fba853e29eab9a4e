"""The progress line while recording: done / total, rate, remaining time, tokens and cost."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from pytest_ftgate.items import cost_of
from pytest_ftgate.providers import usage

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
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[spent]}"),
            console=console,
            transient=True,
            disable=not console.is_interactive,
        )
        self._task = self._bar.add_task("", total=self._total, rate="", spent="")
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
            task = self._bar.tasks[0]
            rate = f"{task.speed:.1f}/s" if task.speed else ""
            spent = f"{self._tokens:,} tokens" if self._tokens else ""
            if self._cost is not None:
                spent += f" · ${self._cost:,.4f}"
            self._bar.update(self._task, advance=1, rate=rate, spent=spent)
