"""One attempt at one eval item: what it does while it runs, and the record it leaves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate import datasets
from pytest_ftgate.errors import CassetteMiss, CheckError
from pytest_ftgate.execution import Answer, output_text
from pytest_ftgate.model import CaseError, Observation, Record
from pytest_ftgate.providers import pricing, usage
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from pytest_ftgate.checks.grader import Grader
    from pytest_ftgate.collection import EvalItem
    from pytest_ftgate.recording import Scope

OUTPUT_CAP = 20_000
"""Characters of an output that a record keeps inline; longer ones are kept by hash."""


@dataclass
class Attempt:
    """What an eval item gathers between its setup and its teardown."""

    item: EvalItem
    grader: Grader
    scope: Scope | None = None
    answer: Answer | None = None
    error: CaseError | None = None
    skipped: str | None = None
    reported_misses: int = 0
    extra: list[Observation] = field(default_factory=list)

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What was seen so far, a failed assert included."""
        return (*self.grader.observations, *self.extra)

    @property
    def misses(self) -> tuple[Observation, ...]:
        """The observations that do not hold."""
        return tuple(seen for seen in self.observations if seen.passed is False)

    def note_exception(self, error: BaseException, when: Any) -> None:
        """Sort what a phase raised: a failed assert is a miss, a skip a skip, the rest an error."""
        if isinstance(error, pytest.skip.Exception):
            self.skipped = str(error)
        elif when == "call" and isinstance(error, (AssertionError, pytest.fail.Exception)):
            self.extra.append(self._assertion(error))
        elif self.error is None:
            self.error = CaseError(type=type(error).__name__, message=str(error), when=when)

    def raise_swallowed_misses(self) -> None:
        """Fail when the code under test swallowed a cassette miss since this was last asked.

        Raises:
            CassetteMiss: the texts of the misses.
        """
        if self.scope is None:
            return
        new = self.scope.misses[self.reported_misses :]
        self.reported_misses = len(self.scope.misses)
        if new:
            raise CassetteMiss("\n\n".join(str(miss) for miss in new))

    def refuse_unchecked(self) -> None:
        """Fail when the test came to its end without a check that it must pass.

        Raises:
            CheckError: naming the checks that did not run, and those that did.
        """
        missing = [name for name in self.grader.unchecked if name != "assert"]
        if missing:
            ran = ", ".join(dict.fromkeys(seen.check for seen in self.grader.observations))
            raise CheckError(
                f"must_pass names {', '.join(map(repr, missing))}, but the test ran no check of "
                f"that name (it ran: {ran or 'none'}). Run the check for every case, or take the "
                "name out of must_pass."
            )

    def _assertion(self, error: BaseException) -> Observation:
        return Observation(
            check="assert",
            kind="assert",
            value=0.0,
            passed=False,
            reason=shown(str(error) or "an assert failed", 300),
            must_pass="assert" in self.item.suite.must_pass,
        )

    def record(self, outputs: str) -> Record:
        """The line that this attempt leaves in the run."""
        item, scope = self.item, self.scope
        suite, variant = item.suite, item.variant
        calls = scope.calls if scope else []
        used, model = usage.total(calls)
        text = output_text(self.answer.output) if self.answer else None
        return Record(
            suite=suite.name,
            variant=variant.name,
            case=item.case.id,
            trial=item.trial,
            status=_status(self),
            components=variant.components,
            content=datasets.content_hash(item.case),
            stratum=item.case.stratum,
            tags=item.case.tags,
            split=item.case.split,
            weight=item.case.weight,
            cluster=item.case.cluster,
            source=item.case.source,
            observations=self.observations,
            error=self.error,
            usage=used,
            cost=pricing.cost_of_calls(
                calls,
                suite.experiment.prices if suite.experiment else {},
                asked=variant.model,
                provider=variant.provider,
            ),
            latency_s=scope.task_elapsed_s if scope else None,
            attempts=scope.attempts if scope else None,
            retries=self.answer.retries if self.answer else None,
            provenance=scope.provenance if scope else None,
            recorded_at=scope.recorded_at if scope else None,
            model=model,
            output=text[:OUTPUT_CAP] if text is not None and outputs == "full" else None,
            output_hash=_hash(text) if text is not None and outputs != "none" else None,
        )


def _status(attempt: Attempt) -> Any:
    if attempt.error is not None:
        return "error"
    return "skipped" if attempt.skipped is not None else "scored"


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
