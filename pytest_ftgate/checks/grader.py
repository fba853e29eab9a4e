"""The object behind the ``grade`` fixture: runs checks on one case and keeps what they saw."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec.structs import replace

from pytest_ftgate.checks import labels, scores, text
from pytest_ftgate.checks.format import FORMAT_VALID, Schema, SchemaStore, check_format
from pytest_ftgate.checks.policy import POLICY, Policy, PolicyStore, Violation, check_policy
from pytest_ftgate.errors import CheckError, did_you_mean
from pytest_ftgate.model import Case, CheckKind, Observation
from pytest_ftgate.model.kpis import CHECK_NAME, COMPUTED_KPIS

if TYPE_CHECKING:
    from pytest_ftgate.checks.text import RougeType

Check: TypeAlias = Callable[..., Observation]
SchemaSource: TypeAlias = "str | os.PathLike[str] | Mapping[str, object] | bool | Schema"
PolicySource: TypeAlias = "str | os.PathLike[str] | Policy"

_OWN_NAMES: dict[str, CheckKind] = {
    FORMAT_VALID: "format",
    POLICY: "policy",
    scores.ESCALATED: "escalation",
    "assert": "assert",
}
_ALIASES = {"format": FORMAT_VALID, "escalation": scores.ESCALATED}


class Grader:
    """Runs checks on the output of one case and records an observation for each.

    A miss never raises: the test goes on, so that one case yields all its KPIs. What cannot be
    judged (a broken schema, a score that is not a number) does raise, and is an error of the case.

    A check's name is its KPI's name. Used twice in one case, both observations are kept, and the
    case holds for that check only if both hold.

    Args:
        base_dir: what relative paths of schemas and policies start from: the test's directory.
        schemas: the session's schemas, each compiled once.
        policies: the session's policies, each read once.
        case: the case under test; its input decides about rules such as ``unless_input``.
        must_pass: checks whose miss is a hard failure; ``format`` stands for ``format_valid``.
        extra: checks that plugins registered, called as ``grade.<name>(...)``.
    """

    def __init__(
        self,
        base_dir: str | os.PathLike[str],
        *,
        schemas: SchemaStore | None = None,
        policies: PolicyStore | None = None,
        case: Case | None = None,
        must_pass: Collection[str] = (),
        extra: Mapping[str, Check] | None = None,
    ) -> None:
        self._base_dir = base_dir
        self._schemas = schemas if schemas is not None else SchemaStore()
        self._policies = policies if policies is not None else PolicyStore()
        self._case = case
        self._must_pass = {_ALIASES.get(name, name): name for name in must_pass}
        self._extra = dict(extra or {})
        self._observations: list[Observation] = []
        shadowed = sorted(name for name in self._extra if hasattr(type(self), name))
        if shadowed:
            raise CheckError(
                f"a plugin registers the check {shadowed[0]!r}, which grade has already: rename it"
            )

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What the checks saw so far, in order."""
        return tuple(self._observations)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The ``must_pass`` names, as given, that no check has used yet."""
        used = {seen.check for seen in self._observations}
        return tuple(given for name, given in self._must_pass.items() if name not in used)

    def format(self, output: object, schema: SchemaSource) -> Any:
        """Check that the whole output is one JSON document that the schema allows.

        Args:
            output: str, Completion, JSON data or ``None``.
            schema: a path (relative to the test file), a JSON Schema as data, or a Schema.

        Returns:
            The parsed document; ``None`` for a miss.
        """
        observation, parsed = check_format(output, self._schema(schema))
        self._record(observation)
        return parsed

    def policy(
        self, output: object, policy: PolicySource, *, input: object = None
    ) -> list[Violation]:
        """Check the output against a policy file.

        Args:
            output: str, Completion or JSON data.
            policy: a path (relative to the test file) or a Policy.
            input: what the user said, when it is not the case's input.

        Returns:
            The violations; only those of severity ``block`` make a miss.
        """
        rules = policy if isinstance(policy, Policy) else self._policies.load(self._path(policy))
        if input is None and self._case is not None:
            input = self._case.input
        observation, violations = check_policy(output, rules, input)
        self._record(observation)
        return violations

    def equal(self, name: str, expected: object, actual: object) -> bool:
        """Check that two values are equal as JSON values; a completion counts as its text."""
        return self._held(text.equal(name, expected, actual))

    def label(self, name: str, expected: object, predicted: object) -> bool:
        """Compare a predicted label; feeds accuracy, precision, recall, F1 and confusion."""
        return self._held(labels.label(name, expected, predicted))

    def contains(
        self,
        name: str,
        expected: str | Sequence[str],
        actual: object,
        *,
        ignore_case: bool = False,
    ) -> bool:
        """Check that the text holds the expected text, or each of several."""
        return self._held(text.contains(name, expected, actual, ignore_case=ignore_case))

    def regex(self, name: str, pattern: str, actual: object, *, ignore_case: bool = False) -> bool:
        """Check that the pattern is found in the text."""
        return self._held(text.regex(name, pattern, actual, ignore_case=ignore_case))

    def similarity(
        self, name: str, expected: str, actual: object, *, min: float | None = None
    ) -> float:
        """Record how alike two texts are, in [0, 1]; a miss below ``min``. Extra ``text``."""
        return self._record(text.similarity(name, expected, actual, min=min)).value

    def bleu(
        self,
        name: str,
        expected: str | Sequence[str],
        actual: object,
        *,
        min: float | None = None,
    ) -> float:
        """Record the sentence BLEU, in [0, 1]; a miss below ``min``. Extra ``text``."""
        return self._record(text.bleu(name, expected, actual, min=min)).value

    def rouge(
        self,
        name: str,
        expected: str,
        actual: object,
        *,
        min: float | None = None,
        kind: RougeType = "rougeL",
    ) -> float:
        """Record the ROUGE F-measure, in [0, 1]; a miss below ``min``. Extra ``text``."""
        return self._record(text.rouge(name, expected, actual, min=min, kind=kind)).value

    def score(
        self,
        name: str,
        value: float,
        low: float = 0.0,
        high: float = 1.0,
        *,
        min: float | None = None,
    ) -> float:
        """Record a finite number in ``[low, high]``; a miss below ``min``."""
        return self._record(scores.score(name, value, low=low, high=high, min=min)).value

    def escalated(self, handed_over: bool) -> bool:
        """Record whether the case was handed to a person; neither a hold nor a miss."""
        return bool(self._record(scores.escalated(handed_over)).value)

    def check(self, check: str, /, *args: object, **kwargs: object) -> Observation:
        """Run a check that a plugin registered, by its name.

        Raises:
            CheckError: when there is no such check, or it does not give a usable observation.
        """
        function = self._extra.get(check)
        if function is None:
            raise CheckError(f"no plugin registers a check {check!r}; {self._suggest(check)}")
        return self._record(_usable(check, function(*args, **kwargs)))

    def __getattr__(self, name: str) -> Callable[..., Observation]:
        # Reached only for names that the class does not have: a plugin's check, or a mistake.
        extra: Mapping[str, Check] = self.__dict__.get("_extra", {})
        if name not in extra:
            raise AttributeError(f"grade has no check {name!r}; {self._suggest(name)}")

        def run(*args: object, **kwargs: object) -> Observation:
            return self.check(name, *args, **kwargs)

        return run

    def _suggest(self, name: str) -> str:
        own = [each for each in vars(type(self)) if not each.startswith("_")]
        own = [each for each in own if each not in {"observations", "unchecked", "check"}]
        return did_you_mean(name, [*own, *self.__dict__.get("_extra", {})])

    def _path(self, path: str | os.PathLike[str]) -> str:
        return os.path.join(self._base_dir, path)  # noqa: PTH118 - in every test, and far faster

    def _schema(self, source: SchemaSource) -> Schema:
        if isinstance(source, Schema):
            return source
        if isinstance(source, (str, os.PathLike)):
            return self._schemas.load(self._path(source))
        return self._schemas.compile(source)

    def _held(self, observation: Observation) -> bool:
        return bool(self._record(observation).passed)

    def _record(self, observation: Observation) -> Observation:
        self._refuse_name(observation)
        if observation.check in self._must_pass:
            observation = replace(observation, must_pass=True)
        self._observations.append(observation)
        return observation

    def _refuse_name(self, observation: Observation) -> None:
        name, kind = observation.check, observation.kind
        if not isinstance(name, str) or not CHECK_NAME.fullmatch(name):
            raise CheckError(
                f"the check name {name!r} is not usable; use 1 to 64 letters, digits, . _ or -"
            )
        if name in COMPUTED_KPIS or _OWN_NAMES.get(name, kind) != kind:
            raise CheckError(
                f"the check name {name!r} is taken by a KPI of another meaning; use another name"
            )
        before = next((seen for seen in self._observations if seen.check == name), None)
        if before is not None and before.kind != kind:
            raise CheckError(
                f"the check {name!r} was used as a {before.kind} check and now as a {kind} check; "
                "give them different names"
            )


def _usable(check: str, observation: object) -> Observation:
    if not isinstance(observation, Observation):
        raise CheckError(
            f"the check {check!r} returned {type(observation).__name__}, allowed: an Observation"
        )
    number = observation.value
    if not math.isfinite(number) or not observation.low <= number <= observation.high:
        raise CheckError(
            f"the check {check!r} gave the value {number!r}, "
            f"allowed: {observation.low:g} to {observation.high:g}"
        )
    return observation
