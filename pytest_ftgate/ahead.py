"""Running the tasks of a whole suite at once, before its tests ask for the answers."""

from __future__ import annotations

from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING

from pytest_ftgate.execution import run_concurrently

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from pytest_ftgate.execution import Answer
    from pytest_ftgate.items import Attempt
    from pytest_ftgate.progress import Progress
    from pytest_ftgate.recording import Scope
    from pytest_ftgate.suites import EvalItem

_Key = tuple[str, str, str, int]


class RunAhead:
    """Answers of tasks that were run many at a time; only sensible while calls are live.

    The first test of a suite that asks for its answer sets off the tasks of the whole suite: the
    fixtures that the tests share are set up by then, and the tasks may need what they did.

    Args:
        run: runs the task of an item.
        new_scope: makes the scope of an item.
        concurrency: how many tasks run at a time.
        let_through: lets the progress line through pytest's capture.
    """

    def __init__(
        self,
        run: Callable[[EvalItem], Answer],
        new_scope: Callable[[EvalItem], Scope],
        concurrency: int,
        let_through: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._run = run
        self._new_scope = new_scope
        self._concurrency = concurrency
        self._let_through = let_through
        self._waiting: dict[tuple[str, str], list[EvalItem]] = {}
        self._answers: dict[_Key, Answer | Exception] = {}
        self._scopes: dict[_Key, Scope] = {}

    def plan(self, item: EvalItem) -> None:
        """Let the item be run when the first of its suite is asked for."""
        self._waiting.setdefault(_suite(item), []).append(item)

    def take(self, attempt: Attempt) -> Answer | None:
        """The answer of an attempt's task; ``None`` when it was not run ahead or was taken before.

        Raises:
            Exception: what the task raised.
        """
        waiting = self._waiting.pop(_suite(attempt.item), ())
        if len(waiting) > 1 and self._concurrency > 1:
            self._run_all(waiting, attempt)
        found = self._answers.pop(attempt.item.key, None)
        if isinstance(found, Exception):
            raise found
        return found

    def take_scope(self, item: EvalItem) -> Scope | None:
        """The scope that the item's task was run in, for its test to go on in."""
        return self._scopes.pop(item.key, None)

    def _run_all(self, items: Sequence[EvalItem], asking: Attempt) -> None:
        from pytest_ftgate.progress import Progress  # sessions that replay show none

        # The attempt that asks is under way: its task goes on in its scope and its context.
        context, current = copy_context(), asking.item.key
        with Progress(len(items), self._let_through()) as progress:
            jobs = [
                partial(context.run, self._answer_in, asking.scope, item, progress)
                if item.key == current
                else partial(self._answer, item, progress)
                for item in items
            ]
            run_concurrently(jobs, self._concurrency)

    def _answer(self, item: EvalItem, progress: Progress) -> None:
        try:
            with self._new_scope(item) as scope:
                self._scopes[item.key] = scope
                self._answer_in(scope, item, progress)
        except Exception as error:  # the item's own test raises it
            self._answers[item.key] = error

    def _answer_in(self, scope: Scope | None, item: EvalItem, progress: Progress) -> None:
        assert scope is not None  # noqa: S101 - an attempt that asks has entered its scope
        try:
            with scope.task():
                self._answers[item.key] = self._run(item)
        except Exception as error:
            self._answers[item.key] = error
        progress.advance(item, scope.calls)


def _suite(item: EvalItem) -> tuple[str, str]:
    return item.suite.name, item.suite.file
