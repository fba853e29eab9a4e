"""What came back: answers, what checks saw in them, and the record of a case."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from pytest_ftgate.model.vocabulary import SCHEMA_VERSION, CheckKind, Outcome


class Usage(Struct, frozen=True, kw_only=True, gc=False):
    """Tokens of one or more provider calls; ``None`` where the provider did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None


class Completion(Struct, frozen=True, kw_only=True):
    """A provider's answer.

    ``latency_s`` is the call's duration when it was recorded, ``attempts`` the number of requests
    that it took (1 = no retry), ``raw`` the response as the SDK parsed it, as plain data.
    ``first_text`` is the first answer when a repair loop asked again: format validity is measured
    on it, everything else on ``text``.
    """

    text: str
    first_text: str | None = None
    parsed: Any = None
    usage: Usage = Usage()
    latency_s: float | None = None
    attempts: int = 1
    finish_reason: str | None = None
    model: str | None = None
    raw: Any = None


class Observation(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one check saw in one output.

    ``value`` lies in ``[low, high]``; for a pass/fail check it is 1 for a hold and 0 for a miss.
    ``passed`` is ``None`` for a score without a threshold. ``reason`` is a sentence that a person
    can act on; it is empty when the check holds. ``note`` adds what is worth knowing either way.
    Labels carry what was expected and predicted; a prediction that could not be made is ``None``.
    ``judge`` is the fingerprint of the judge that gave a rubric's score: its model and its rubric.
    """

    check: str
    kind: CheckKind
    value: float
    low: float = 0.0
    high: float = 1.0
    passed: bool | None = None
    reason: str = ""
    note: str = ""
    expected: str | None = None
    predicted: str | None = None
    must_pass: bool = False
    judge: str | None = None


class CaseError(Struct, frozen=True, kw_only=True):
    """Why a case has no score: the exception's type, its message, and the stage it came from."""

    type: str
    message: str
    when: Literal["setup", "call", "teardown", "collect", "lost"] = "call"


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The result of one (variant, case, trial): one line of a run's records.

    ``content`` is the hash of the case's input and expectation. ``latency_s`` is the wall time of
    the whole task at recording, ``attempts`` the requests sent, ``retries`` the repair re-asks.
    ``output`` is the text up to a cap; ``output_hash`` is always that of the whole text.
    """

    suite: str
    variant: str
    case: str
    trial: int
    status: Literal["scored", "error", "skipped"]
    run: str = ""
    components: dict[str, str] = field(default_factory=dict)
    content: str | None = None
    stratum: str | None = None
    tags: tuple[str, ...] = ()
    split: str = "dev"
    weight: float = 1.0
    cluster: str | None = None
    source: str | None = None
    observations: tuple[Observation, ...] = ()
    error: CaseError | None = None
    usage: Usage | None = None
    cost: float | None = None
    latency_s: float | None = None
    attempts: int | None = None
    retries: int | None = None
    provenance: Literal["live", "replayed"] | None = None
    recorded_at: str | None = None
    model: str | None = None
    output: str | None = None
    output_hash: str | None = None
    schema_version: int = SCHEMA_VERSION

    @property
    def outcome(self) -> Outcome:
        """How the case is counted; a miss of a must-pass check is ``failed``."""
        if self.status != "scored":
            return self.status
        outcome: Outcome = "passed"
        for seen in self.observations:
            if seen.passed is False:
                if seen.must_pass:
                    return "failed"
                outcome = "missed"
        return outcome
