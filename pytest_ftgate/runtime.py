"""What the eval items of one process share: recorder, providers, SDK clients, checks."""

from __future__ import annotations

import os
import shlex
import threading
from contextlib import nullcontext
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate import files, providers
from pytest_ftgate.ahead import RunAhead
from pytest_ftgate.checks.format import SchemaStore, check_format
from pytest_ftgate.checks.grader import Grader
from pytest_ftgate.checks.policy import PolicyStore
from pytest_ftgate.errors import ConfigError, FtgateError, shown_path
from pytest_ftgate.execution import Answer, BackgroundLoop, run_task
from pytest_ftgate.items import Attempt
from pytest_ftgate.model import Record
from pytest_ftgate.providers import clients
from pytest_ftgate.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_ftgate.options import Settings
    from pytest_ftgate.providers.base import Provider
    from pytest_ftgate.recording import Scope
    from pytest_ftgate.suites import EvalItem, Suite

RUNTIME = pytest.StashKey["Runtime"]()
ATTEMPT = pytest.StashKey[Attempt]()
_CLIENTS = ("openai_client", "async_openai_client", "anthropic_client", "async_anthropic_client")


class Runtime:
    """Created when a session's first eval item is about to run; closed after its last.

    Args:
        settings: the merged settings.
        root: the project's root; `$ref` and file names in checks stay inside it.
        worker: the xdist worker's id, or ``None`` in an unsplit session.
        hook: pytest's hook relay, for the ``pytest_ftgate_*`` hooks.
        let_through: lets the progress line through pytest's capture.
    """

    def __init__(
        self,
        settings: Settings,
        root: Path,
        worker: str | None,
        hook: Any,
        let_through: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.settings = settings
        self.root = root
        self.replaying = settings.record == "none"
        self.recorder = Recorder(
            settings.record,
            worker=worker,
            passthrough_hosts=settings.passthrough_hosts,
            keep_request_ids=settings.keep_request_ids,
            redact=_chain(hook.pytest_ftgate_redact_interaction),
        )
        self.loop = BackgroundLoop()
        self.schemas = SchemaStore(root)
        self.policies = PolicyStore()
        self._checks = _merge(hook.pytest_ftgate_checks())
        self._factories = _merge(hook.pytest_ftgate_providers())
        self._redact = _chain(hook.pytest_ftgate_redact_record)
        self._providers: dict[str, Provider] = {}
        self._providers_lock = threading.Lock()
        self._places: dict[tuple[str, str], tuple[Path, str]] = {}
        self._lent_keys: dict[str, str] = {}
        self.ahead = RunAhead(self._run, self._new_scope, settings.concurrency, let_through)

    def start(self) -> None:
        """Prepare to intercept HTTP, and prove that interception works.

        Raises:
            InterceptionFailed: in replay, calls would reach the network.
            CheckError: a plugin's check has a name that cannot be used.
        """
        try:
            Grader(self.root, extra=self._checks)
        except FtgateError:
            self._checks = {}  # so that the items can say what is wrong
            raise
        self.recorder.start()
        self.recorder.check_interception()

    def require_keys(self, item: EvalItem, fixtures: Collection[str]) -> None:
        """Make the clients that an item is going to use, so that a missing key is known early.

        Raises:
            FtgateError: there is no key or no SDK for calls that are going to be live.
        """
        for name in _CLIENTS:
            if name in fixtures:
                getattr(self, name)
        variant = item.variant
        asks = "llm" in fixtures or (item.suite.task is None and "eval_output" in fixtures)
        if asks and variant.provider is not None:
            provider = self.provider(variant.provider, variant.name)
            prepare = getattr(provider, "prepare", None)
            if prepare is not None:
                prepare(variant)

    def close(self) -> None:
        """Stop intercepting and release what was opened; records and cassettes are complete.

        Raises:
            FtgateError: what was recorded cannot be folded into its cassette.
        """
        for provider in self._providers.values():
            provider.close()
        for name in ("openai_client", "anthropic_client"):  # the async ones keep no connection
            if name in vars(self):
                getattr(self, name).close()
        self.loop.close()
        self.recorder.stop()

    def attempt(self, item: EvalItem) -> Attempt:
        """A new attempt at an item; what it calls belongs to its case once its scope is entered."""
        grader = Grader(
            item.suite.directory,
            schemas=self.schemas,
            policies=self.policies,
            case=item.case,
            must_pass=item.suite.must_pass,
            extra=self._checks,
        )
        return Attempt(item, grader, self.settings.outputs)

    def enter(self, attempt: Attempt) -> None:
        """From now on, what the process calls belongs to the attempt's case.

        Raises:
            DataError: the cassette is damaged.
        """
        if self.replaying:
            self._lent_keys = clients.dummy_keys(os.environ)
            os.environ.update(self._lent_keys)
        attempt.scope = self.ahead.take_scope(attempt.item) or self._new_scope(attempt.item)
        attempt.scope.enter()

    def leave(self, attempt: Attempt) -> None:
        """End what :meth:`enter` began.

        Raises:
            StoreError: what was recorded cannot be written.
        """
        for name, dummy in self._lent_keys.items():
            if os.environ.get(name) == dummy:
                del os.environ[name]
        if attempt.scope is not None:
            attempt.scope.leave(clean=attempt.error is None)

    def answer(self, attempt: Attempt) -> Any:
        """The task's output for the attempt's case, computed once."""
        if attempt.answer is None:
            attempt.answer = self.ahead.take(attempt)
        if attempt.answer is None:
            with attempt.scope.task() if attempt.scope else nullcontext():
                attempt.answer = self._run(attempt.item)
        return attempt.answer.output

    def provider(self, name: str | None, variant: str) -> Provider:
        """The provider of that name, made once."""
        if name is None:
            raise providers.no_provider(variant)
        with self._providers_lock:
            if name not in self._providers:
                self._providers[name] = providers.get(
                    name, replaying=self.replaying, extra=self._factories
                )
            return self._providers[name]

    def redact(self, record: Record) -> Record:
        """The record as plugins want it stored.

        Raises:
            ConfigError: a plugin gives something else than a record.
        """
        redacted = self._redact(record) if self._redact else record
        if not isinstance(redacted, Record):
            raise ConfigError(
                f"pytest_ftgate_redact_record gave a {type(redacted).__name__}, allowed: the "
                "record to keep. Let the hook return msgspec.structs.replace(record, ...)."
            )
        return redacted

    def _run(self, item: EvalItem) -> Answer:
        variant = item.variant
        validate = None
        if variant.schema is not None:
            validate = partial(self._format_problem, self.schemas.compile(variant.schema))
        return run_task(
            item, lambda: self.provider(variant.provider, variant.name), validate, self.loop
        )

    @staticmethod
    def _format_problem(schema: Any, text: str) -> str | None:
        observation, _ = check_format(text, schema)
        return observation.reason or None

    def _new_scope(self, item: EvalItem) -> Scope:
        suite, variant = item.suite, item.variant.name
        if (suite.name, variant) not in self._places:
            pack = pack_path(suite, variant, self.settings)
            self._places[suite.name, variant] = pack, _rerecord(suite, variant)
        pack, rerecord = self._places[suite.name, variant]
        return self.recorder.scope(
            pack, suite.name, variant, item.case.id, item.trial, rerecord=rerecord
        )

    @cached_property
    def openai_client(self) -> Any:
        """The session's ``openai.OpenAI``."""
        return clients.openai_client(replaying=self.replaying)

    @cached_property
    def async_openai_client(self) -> Any:
        """The session's ``openai.AsyncOpenAI``."""
        return clients.openai_client(async_=True, replaying=self.replaying)

    @cached_property
    def anthropic_client(self) -> Any:
        """The session's ``anthropic.Anthropic``."""
        return clients.anthropic_client(replaying=self.replaying)

    @cached_property
    def async_anthropic_client(self) -> Any:
        """The session's ``anthropic.AsyncAnthropic``."""
        return clients.anthropic_client(async_=True, replaying=self.replaying)


def pack_path(suite: Suite, variant: str, settings: Settings) -> Path:
    """Where the calls of one suite and variant are recorded."""
    return (
        suite.directory
        / settings.cassettes
        / files.slug(suite.name)
        / f"{files.slug(variant)}.jsonl"
    )


def _rerecord(suite: Suite, variant: str) -> str:
    """The command that records what the cassette lacks, as it is typed in this directory."""
    words = ["pytest", shown_path(suite.path), "--ftgate-record=new_episodes"]
    if suite.experiment is not None:
        words.append(f"--ftgate-variant={variant}")
    if suite.split != "dev":
        words.append(
            "--ftgate-holdout" if suite.split == "holdout" else f"--ftgate-split={suite.split}"
        )
    if suite.trials > 1:
        words.append(f"--ftgate-trials={suite.trials}")
    return shlex.join(words)


def _merge(mappings: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for mapping in reversed(mappings):  # the first plugin called wins
        merged.update(mapping or {})
    return merged


def _chain(hook: Any) -> Callable[[Any], Any] | None:
    """One function that hands a value through every implementation of a hook."""
    implementations = [implementation.function for implementation in hook.get_hookimpls()]
    if not implementations:
        return None

    def through(value: Any) -> Any:
        for implementation in reversed(implementations):
            value = implementation(value)
            if value is None:
                return None
        return value

    return through
