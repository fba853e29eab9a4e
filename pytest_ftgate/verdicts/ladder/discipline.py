"""The one-change rule over a ladder: what each iteration changed, and whether it may count.

A verdict on prompting rests on the first iteration and on those after it that changed exactly one
component of their parent, on one model. Fingerprints say what changed, not the author.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_ftgate.components import changed
from pytest_ftgate.verdicts.ladder.history import PROMPT
from pytest_ftgate.verdicts.ladder.phrases import listed
from pytest_ftgate.verdicts.ladder.wording_check import question

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ftgate.iterations import IterationKind
    from pytest_ftgate.verdicts.ladder.history import Declared, Entry, History

_NO_PROMPT = {
    "fine-tuned": "is fine-tuned: the ladder is about prompting",
    "base": "is a base model: the ladder is about prompting",
    "human": "is the work of people: the ladder is about prompting",
}


class Standing(NamedTuple):
    """What an iteration changed; ``why_not`` says why it does not count, if it does not."""

    kind: IterationKind
    components: tuple[str, ...]
    why_not: str
    question: str


class Discipline(NamedTuple):
    """The standing of each entry of a history, and what to say of all of them."""

    standings: tuple[Standing, ...]
    notes: tuple[str, ...]


def examine(history: History) -> Discipline:
    """Judge every iteration by the one-change rule, and hold the ladder to one model."""
    known = {each.name: each for each in history.outline.variants}
    known |= {entry.variant.name: entry.variant for entry in history.entries}
    blind = not any(entry.variant.components for entry in history.entries)
    start = next((each for each in history.entries if _is_prompt(each)), None)
    standings = [
        _stand(entry, known, first=entry is start, blind=blind) for entry in history.entries
    ]
    notes = []
    if blind and len(standings) > 1:
        notes.append(
            "there are no fingerprints, so each iteration is taken to have changed one thing"
        )
    for entry, standing in zip(history.entries, standings, strict=True):
        if standing.question:
            notes.append(f"{entry.variant.name}: {standing.question}")
    other = _other_models(history, standings)
    if other:
        names = listed([history.entries[at].variant.name for at in other])
        notes.append(
            f"the model changes within the ladder: {names} ran on another one and cannot be "
            "compared with the rest"
        )
    for at, why in other.items():
        standings[at] = standings[at]._replace(why_not=why)
    return Discipline(tuple(standings), tuple(notes))


def _stand(entry: Entry, known: Mapping[str, Declared], *, first: bool, blind: bool) -> Standing:
    variant = entry.variant
    kind, components = _kind(variant, known)
    asked = question(variant.change, components) if kind not in ("root", "unknown") else ""
    return Standing(kind, components, _why_not(entry, kind, components, first, blind), asked)


def _kind(
    variant: Declared, known: Mapping[str, Declared]
) -> tuple[IterationKind, tuple[str, ...]]:
    if variant.parent is None:
        return ("root" if variant.components else "unknown"), ()
    parent = known.get(variant.parent)
    if parent is None or not parent.components or not variant.components:
        return "unknown", ()
    components = changed(parent.components, variant.components)
    if not components:
        return "unchanged", ()
    return ("disciplined" if len(components) == 1 else "confounded"), components


def _why_not(
    entry: Entry, kind: IterationKind, components: tuple[str, ...], first: bool, blind: bool
) -> str:
    variant = entry.variant
    why = ""
    if variant.kind != PROMPT:
        why = _NO_PROMPT.get(variant.kind, f"is of kind {variant.kind!r}")
    elif entry.removed:
        why = "is no longer in the experiment"
    elif kind == "confounded":
        why = f"changed {listed(components, len(components))} at once"
    elif kind == "unchanged":
        why = f"differs in nothing from {variant.parent}"
    elif first or blind:
        why = ""
    elif variant.parent is None:
        why = "has no parent, so nobody can tell what it changed: add parent = ..."
    elif kind == "unknown":
        why = f"the fingerprint of {variant.parent} is not known: run that variant"
    return why


def _other_models(history: History, standings: list[Standing]) -> dict[int, str]:
    """The iterations that could count but ran on another model than the ladder's, with why not.

    The ladder's model is that of the current variant; without one, that of the last iteration.
    """
    eligible = [at for at, standing in enumerate(standings) if not standing.why_not]
    if not eligible:
        return {}
    shipped = history.find(history.outline.shipped)
    if shipped is None or not _is_prompt(shipped):
        shipped = history.entries[eligible[-1]]
    component, resolved = _model(shipped)
    found = {}
    for at in eligible:
        other_component, other_resolved = _model(history.entries[at])
        same = component == other_component or not (component and other_component)
        if resolved and other_resolved:
            same = same and resolved == other_resolved
        if not same:
            ran, now = (listed(sorted(each)) for each in (other_resolved, resolved))
            found[at] = (
                f"ran on {ran}, not on {now}" if ran and ran != now else "ran on another model"
            )
    return found


def _is_prompt(entry: Entry) -> bool:
    return entry.variant.kind == PROMPT and not entry.removed


def _model(entry: Entry) -> tuple[str | None, frozenset[str]]:
    """The hash of the configured model, and the models that answered."""
    return entry.variant.components.get("model"), frozenset(entry.models)
