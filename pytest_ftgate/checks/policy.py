"""Policy: rules that every answer keeps, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from pytest_ftgate.checks.outputs import input_text, text_of
from pytest_ftgate.checks.patterns import Pattern, PatternTimeout
from pytest_ftgate.checks.rules.personal import personal_data
from pytest_ftgate.checks.rules.reading import Policy, Rule, read_policy
from pytest_ftgate.checks.rules.sentences import count_sentences, count_words
from pytest_ftgate.checks.rules.terms import misspelt_terms, plain_quotes
from pytest_ftgate.errors import CheckError, DataError
from pytest_ftgate.model import Observation
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    import os

    from pytest_ftgate.checks.rules.reading import Severity

__all__ = ["POLICY", "Policy", "PolicyStore", "Rule", "Violation", "check_policy"]

POLICY = "policy"
_REASON_LIMIT = 290
_MOST_FINDS = 20  # of one rule in one output


class Violation(Struct, frozen=True, kw_only=True):
    """A rule that an output breaks.

    ``excerpt`` is the text that broke it, escaped and short, with personal data masked; empty
    when something is missing rather than present.
    """

    rule: str
    severity: Severity
    reason: str
    why: str = ""
    excerpt: str = ""

    def __str__(self) -> str:
        """The violation as reports show it."""
        excerpt = f' "{self.excerpt}"' if self.excerpt else ""
        why = f" ({self.why})" if self.why else ""
        return f"{self.rule} [{self.severity}]: {self.reason}{excerpt}{why}"


class PolicyStore:
    """Policies by file, each read once. Belongs to whoever runs the checks."""

    def __init__(self) -> None:
        self._by_path: dict[str, Policy] = {}

    def load(self, path: str | os.PathLike[str]) -> Policy:
        """The policy in a file.

        Raises:
            DataErrors: with every wrong place of the file.
            DataError: when it cannot be read.
        """
        key = str(path)
        found = self._by_path.get(key)
        if found is None:
            found = self._by_path[key] = read_policy(Path(path))
        return found


def check_policy(
    output: object, policy: Policy, case_input: object = None
) -> tuple[Observation, list[Violation]]:
    """Judge an output by a policy.

    Args:
        output: str, :class:`Completion` or JSON data (judged as its JSON text). No output breaks
            every rule that requires something, and no other.
        policy: the rules.
        case_input: the case's input, for rules that depend on it; of chat messages only the
            user's count.

    Returns:
        The observation ``policy`` (1 when no blocking rule is broken) and all violations in rule
        order. Blocking ones make the reason, the others the note.

    Raises:
        DataError: when a pattern takes too long on this output: neither a hold nor a miss.
        CheckError: when a rule needs the input and there is none, or the output is of a type that
            cannot be read.
    """
    text = text_of(output) or ""
    asked = input_text(case_input)
    violations = [
        violation
        for rule in policy.rules
        for violation in _violations(rule, text, asked, policy.source)
    ]
    blocking = [each for each in violations if each.severity == "block"]
    warned = [each for each in violations if each.severity == "warn"]
    observation = Observation(
        check=POLICY,
        kind="policy",
        value=0.0 if blocking else 1.0,
        passed=not blocking,
        reason=_joined(blocking),
        note=_joined(warned),
    )
    return observation, violations


def _joined(violations: list[Violation]) -> str:
    if not violations:
        return ""
    texts = [str(violation) for violation in violations]
    kept = 1
    while kept < len(texts) and len("; ".join(texts[: kept + 1])) < _REASON_LIMIT - 16:
        kept += 1
    more = f"; and {len(texts) - kept} more" if kept < len(texts) else ""
    return shown("; ".join(texts[:kept]), _REASON_LIMIT - len(more)) + more


def _violations(rule: Rule, text: str, asked: str | None, source: str) -> Iterator[Violation]:
    try:
        if _applies(rule, text, asked):
            for reason, excerpt in _broken(rule, text):
                yield Violation(
                    rule=rule.id,
                    severity=rule.severity,
                    reason=reason,
                    why=rule.why,
                    excerpt=shown(excerpt, 60),
                )
    except PatternTimeout as error:
        raise DataError(
            source,
            shown(f"rule {rule.id!r}: {error} on this output", 250),
            "simplify the pattern: nested repetition such as (a|aa)+ is the usual cause",
            line=rule.line,
        ) from None


def _applies(rule: Rule, text: str, asked: str | None) -> bool:
    if rule.only_if_input and asked is None:
        raise CheckError(
            f"the policy rule {rule.id!r} depends on the input (only_if_input), "
            "and there is none: give the case an input, or pass input="
        )
    if rule.only_if_input and not _any(rule.only_if_input, asked or ""):
        return False
    if rule.unless_input and asked is not None and _any(rule.unless_input, asked):
        return False
    if rule.only_if_output and not _any(rule.only_if_output, text):
        return False
    return not (rule.unless_output and _any(rule.unless_output, text))


def _any(patterns: tuple[Pattern, ...], text: str) -> bool:
    return any(pattern.search(text) for pattern in patterns)


def _broken(rule: Rule, text: str) -> Iterator[tuple[str, str]]:
    """What the text breaks of one rule: a reason and an excerpt each."""
    for pattern in rule.forbid:
        found = pattern.search(text)
        if found is not None:
            yield "forbidden text", found.group()
    yield from _required(rule, text)
    yield from _sizes(rule, text)
    if rule.starts_with and not _starts_with(rule, text):
        wanted = " or ".join(f'"{shown(each, 40)}"' for each in rule.starts_with[:3])
        yield f"must start with {wanted}, got", text.lstrip()[:40]
    for got, term in islice(misspelt_terms(text, rule.allowed_terms), _MOST_FINDS):
        yield f'a name must be spelt "{shown(term, 60)}", got', got
    for kind, masked in islice(personal_data(text, rule.pii), _MOST_FINDS):
        yield f"personal data ({kind})", masked


def _required(rule: Rule, text: str) -> Iterator[tuple[str, str]]:
    limit = len(text)
    turning = None
    for pattern in rule.before:
        found = pattern.search(text)
        if found is not None and (turning is None or found.start() < limit):
            turning, limit = found.group(), found.start()
    for pattern in rule.require:
        found = pattern.search(text)
        if found is None:
            yield f"required text is missing: {shown(pattern.source, 80)}", ""
        elif turning is not None and found.start() >= limit:
            first = f'"{shown(turning, 40)}" comes before the required'
            yield first, found.group()


def _sizes(rule: Rule, text: str) -> Iterator[tuple[str, str]]:
    for unit, most, count in (
        ("sentence", rule.max_sentences, count_sentences),
        ("word", rule.max_words, count_words),
        ("character", rule.max_chars, lambda each: len(each.strip())),
    ):
        if most is not None and (got := count(text)) > most:
            yield f"got {got} {unit}{'' if got == 1 else 's'}, allowed: at most {most}", ""


def _starts_with(rule: Rule, text: str) -> bool:
    begun = plain_quotes(text.lstrip())
    wanted = [plain_quotes(each) for each in rule.starts_with]
    if rule.ignore_case:
        begun, wanted = begun.casefold(), [each.casefold() for each in wanted]
    return begun.startswith(tuple(wanted))
