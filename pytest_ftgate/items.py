"""One attempt at one eval item: what it does while it runs, and the record it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct, field

from pytest_ftgate import datasets
from pytest_ftgate.errors import CassetteMiss, CheckError
from pytest_ftgate.execution import Answer, output_text
from pytest_ftgate.model import CaseError, Observation, Record
from pytest_ftgate.providers import pricing, usage
from pytest_ftgate.runs import redact
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_ftgate.checks.grader import Grader
    from pytest_ftgate.providers.usage import ModelCall
    from pytest_ftgate.recording import Scope
    from pytest_ftgate.runs.redact import OutputRule
    from pytest_ftgate.suites import EvalItem


class Attempt(Struct):
    """What an eval item gathers between its setup and its teardown.

    ``outputs`` says how much of the output, and of what quotes it, is kept.
    """

    item: EvalItem
    grader: Grader
    outputs: OutputRule = "full"
    scope: Scope | None = None
    answer: Answer | None = None
    error: CaseError | None = None
    skipped: str | None = None
    reported_misses: int = 0
    extra: list[Observation] = field(default_factory=list)

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What was seen so far, a failed assert included, as it may be kept."""
        seen = (*self.grader.observations, *self.extra)
        scrub = self.scrub
        return seen if scrub is None else tuple(redact.scrub(one, scrub) for one in seen)

    @property
    def scrub(self) -> Callable[[str], str] | None:
        """Takes secrets out of what is kept and shown; ``None`` where there are none."""
        return self.scope.scrub if self.scope is not None else None

    @property
    def misses(self) -> tuple[Observation, ...]:
        """The observations that do not hold, as they may be shown."""
        found = (seen for seen in self.observations if seen.passed is False)
        return tuple(redact.withhold(seen) if self.outputs == "none" else seen for seen in found)

    def note_exception(self, error: BaseException, when: Any) -> None:
        """Sort what a phase raised: a failed assert is a miss, a skip a skip, the rest an error."""
        if isinstance(error, CassetteMiss) and self.scope is not None:
            self.reported_misses = len(self.scope.misses)
        if isinstance(error, pytest.skip.Exception):
            self.skipped = str(error)
        elif when == "call" and isinstance(error, (AssertionError, pytest.fail.Exception)):
            self.extra.append(self._assertion(error))
        elif self.error is None:
            self.error = CaseError(
                type=type(error).__name__, message=self._scrubbed(str(error)), when=when
            )

    def raise_misses(self, raised: BaseException | None) -> None:
        """Fail for the cassette misses since this was last asked, whatever became of them.

        Code under test may swallow a miss, and what it then raises or asserts is about nothing.

        Args:
            raised: what ended the phase, if anything did.

        Raises:
            CassetteMiss: the texts of the misses, unless one was raised already.
        """
        if self.scope is None:
            return
        new = self.scope.misses[self.reported_misses :]
        self.reported_misses = len(self.scope.misses)
        if new and not isinstance(raised, CassetteMiss):
            raise CassetteMiss("\n\n".join(new)) from raised

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

    def _scrubbed(self, text: str) -> str:
        return text if self.scrub is None else self.scrub(text)

    def _assertion(self, error: BaseException) -> Observation:
        return Observation(
            check="assert",
            kind="assert",
            value=0.0,
            passed=False,
            reason=shown(self._scrubbed(str(error)) or "an assert failed", 300),
            must_pass="assert" in self.item.suite.must_pass,
        )

    def record(self) -> Record:
        """The line that this attempt leaves in the run."""
        item, scope = self.item, self.scope
        suite, variant = item.suite, item.variant
        answers = usage.model_calls(scope.calls) if scope else []
        used, model = usage.total(answers)
        record = Record(
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
            cost=cost_of(item, answers),
            latency_s=scope.task_elapsed_s if scope else None,
            attempts=scope.attempts if scope else None,
            retries=self.answer.retries if self.answer else None,
            provenance=scope.provenance if scope else None,
            recorded_at=scope.recorded_at if scope else None,
            model=model,
            output=self._scrubbed(output_text(self.answer.output)) if self.answer else None,
        )
        return redact.apply(record, self.outputs)

    def failed_record(self, error: Exception) -> Record:
        """The record of an attempt whose own record cannot be kept: what failed, and no content."""
        suite, variant, case, trial = self.item.key
        return Record(
            suite=suite,
            variant=variant,
            case=case,
            trial=trial,
            status="error",
            error=CaseError(type=type(error).__name__, message=str(error), when="teardown"),
        )


def cost_of(item: EvalItem, answers: Sequence[ModelCall]) -> float | None:
    """What a model's answers for an item cost in US dollars, where that is known."""
    experiment, variant = item.suite.experiment, item.variant
    return pricing.cost_of_calls(
        answers,
        experiment.prices if experiment else {},
        asked=variant.model,
        provider=variant.provider,
    )


def _status(attempt: Attempt) -> Any:
    if attempt.error is not None:
        return "error"
    return "skipped" if attempt.skipped is not None else "scored"
