"""What the eval items of one process share: recorder, providers, SDK clients, checks."""

from __future__ import annotations

import os
from contextlib import nullcontext
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate import files, providers
from pytest_ftgate.checks.format import SchemaStore, check_format
from pytest_ftgate.checks.grader import Grader
from pytest_ftgate.checks.policy import PolicyStore
from pytest_ftgate.execution import Answer, BackgroundLoop, run_concurrently, run_task
from pytest_ftgate.items import Attempt
from pytest_ftgate.providers import clients
from pytest_ftgate.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_ftgate.collection import EvalItem, Suite
    from pytest_ftgate.options import Settings
    from pytest_ftgate.progress import Progress
    from pytest_ftgate.providers.base import Provider
    from pytest_ftgate.recording import Scope

RUNTIME = pytest.StashKey["Runtime"]()
ATTEMPT = pytest.StashKey[Attempt]()


class Runtime:
    """Created when a session's first eval item is about to run; closed after its last.

    Args:
        settings: the merged settings.
        root: the project's root; `$ref` and file names in checks stay inside it.
        worker: the xdist worker's id, or ``None`` in an unsplit session.
        hook: pytest's hook relay, for the ``pytest_ftgate_*`` hooks.
    """

    def __init__(self, settings: Settings, root: Path, worker: str | None, hook: Any) -> None:
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
        self._scopes: dict[tuple[str, str, str, int], Scope] = {}
        self._answers: dict[tuple[str, str, str, int], Answer | BaseException] = {}
        self._dummy_keys = clients.dummy_keys(os.environ) if self.replaying else {}

    def start(self) -> None:
        """Begin to intercept HTTP, and prove that interception works."""
        os.environ.update(self._dummy_keys)
        self.recorder.start()

    def close(self) -> None:
        """Stop intercepting and release what was opened; records and cassettes are complete."""
        for provider in self._providers.values():
            provider.close()
        self.loop.close()
        self.recorder.stop()
        for name in self._dummy_keys:
            os.environ.pop(name, None)

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
        return Attempt(item, grader)

    def answer(self, attempt: Attempt) -> Any:
        """The task's output for the attempt's case, computed once."""
        if attempt.answer is None:
            found = self._answers.pop(attempt.item.key, None)
            if found is None:
                with attempt.scope.task() if attempt.scope else nullcontext():
                    found = self._run(attempt.item)
            if isinstance(found, BaseException):
                raise found
            attempt.answer = found
        return attempt.answer.output

    def provider(self, name: str | None, variant: str) -> Provider:
        """The provider of that name, made once."""
        if name is None:
            raise providers.no_provider(variant)
        if name not in self._providers:
            self._providers[name] = providers.get(
                name, replaying=self.replaying, extra=self._factories
            )
        return self._providers[name]

    def run_ahead(self, items: Sequence[EvalItem], progress: Progress) -> None:
        """Run the tasks of many items at once, before their tests ask for the answers.

        Only sensible while calls are live. A task's exception is kept for its test to raise.
        """

        def job(item: EvalItem) -> None:
            scope = self._new_scope(item)
            try:
                with scope, scope.task():
                    self._answers[item.key] = self._run(item)
            except Exception as error:  # the item's own test raises it
                self._answers[item.key] = error
            self._scopes[item.key] = scope
            progress.advance(scope)

        run_concurrently([partial(job, item) for item in items], self.settings.concurrency)

    def redact(self, record: Any) -> Any:
        """The record as plugins want it stored."""
        return self._redact(record) if self._redact else record

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

    def scope(self, item: EvalItem) -> Scope:
        """The item's scope: the one that it was run ahead in, or a new one.

        Raises:
            DataError: the cassette is damaged.
        """
        return self._scopes.pop(item.key, None) or self._new_scope(item)

    def _new_scope(self, item: EvalItem) -> Scope:
        suite = item.suite
        return self.recorder.scope(
            pack_path(suite, item.variant.name, self.settings),
            suite.name,
            item.variant.name,
            item.case.id,
            item.trial,
            rerecord=(
                f"pytest {suite.file} --ftgate-record=new_episodes "
                f"--ftgate-variant={item.variant.name}"
            ),
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
