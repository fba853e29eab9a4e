"""Running the task of an eval item: one at a time in replay, many at a time while recording."""

from __future__ import annotations

import asyncio
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from pytest_ftgate import experiments
from pytest_ftgate.model import Completion
from pytest_ftgate.preflight import require_prompt
from pytest_ftgate.providers.repair import complete_with_repair

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from pytest_ftgate.providers.base import Provider
    from pytest_ftgate.suites import EvalItem


class Answer(Struct, frozen=True):
    """What a task gave; ``retries`` counts the repair re-asks, where a repair loop is set up."""

    output: Any
    retries: int | None = None


class BackgroundLoop:
    """One event loop in a thread of its own, for the async tasks of a whole session.

    Async SDK clients belong to the loop that they were first used on, so all async tasks share it.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end, in the caller's context variables."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="ftgate-tasks", daemon=True
                )
                self._thread.start()
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def close(self) -> None:
        """Stop the loop, if one was ever needed."""
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None


def run_task(
    item: EvalItem,
    provider: Callable[[], Provider],
    validate: Callable[[str], str | None] | None,
    loop: BackgroundLoop,
) -> Answer:
    """The answer of an item's task, or of its variant's prompt when it has none.

    Args:
        item: what to evaluate.
        provider: gives the variant's provider; called only when the prompt is sent.
        validate: tells what is wrong with an answer's format; needed when the variant retries.
        loop: where an async task runs.

    Raises:
        ConfigError: the item has neither a task nor a prompt.
    """
    task = item.suite.task
    if task is None:
        return _ask(item, provider, validate)
    output = task(item.case, item.variant)
    if inspect.isawaitable(output):
        output = loop.run(_awaited(output))
    return Answer(output)


def _ask(
    item: EvalItem,
    provider: Callable[[], Provider],
    validate: Callable[[str], str | None] | None,
) -> Answer:
    variant = item.variant
    require_prompt(item.suite.name, variant)
    messages = experiments.render(variant, item.case)
    if not variant.retries or validate is None:
        return Answer(provider().complete(messages, variant))
    repaired = complete_with_repair(provider(), messages, variant, validate)
    output = msgspec.structs.replace(repaired.last, first_text=repaired.first.text)
    return Answer(output, repaired.retries)


def run_concurrently(jobs: Sequence[Callable[[], None]], concurrency: int) -> None:
    """Run jobs in up to ``concurrency`` threads; a job keeps its own result and its own error."""
    with ThreadPoolExecutor(concurrency, thread_name_prefix="ftgate-record") as pool:
        futures = [pool.submit(job) for job in jobs]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def output_text(output: Any) -> str:
    """An output as text: what records keep and reports preview."""
    if isinstance(output, Completion):
        return output.text
    if isinstance(output, str):
        return output
    try:
        return msgspec.json.encode(output).decode()
    except (TypeError, ValueError, OverflowError):
        return repr(output)


async def _awaited(awaitable: Any) -> Any:
    return await awaitable
