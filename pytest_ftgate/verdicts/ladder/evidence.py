"""Is a group of failures one of format, policy, knowledge or behaviour? Only what evidence allows.

- A check of format or policy says so itself.
- Knowledge: the cases pass once the fact is supplied, by an iteration that changed retrieval or
  tools alone, or in a case of the same cluster that is tagged ``fact-in-input``.
- Behaviour: they fail although the fact is there (the tag, or the expected text stands in the
  input), or one wrong label is given nearly always.
- Everything else is unknown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pytest_ftgate.stats.systematic import SHARE
from pytest_ftgate.verdicts.amounts import counted
from pytest_ftgate.verdicts.ladder.modes import FORMAT, POLICY, failing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_ftgate.iterations import FailureKind
    from pytest_ftgate.model import Case
    from pytest_ftgate.verdicts.ladder.discipline import Standing
    from pytest_ftgate.verdicts.ladder.history import History
    from pytest_ftgate.verdicts.ladder.modes import Mode
    from pytest_ftgate.verdicts.ladder.tables import Table, Universe

    Flags = NDArray[np.bool_]

FACT_TAG = "fact-in-input"
"""The tag of a case whose input holds all that its answer needs."""

_SUPPLIERS = (("retrieval",), ("tools",))
_SHORTEST = 2
_LETTER = r"[0-9A-Za-z_\u00C0-\u024F\u0370-\u052F]"
"""A letter of the scripts that part words (Latin, Greek, Cyrillic), or a digit."""


class Finding(NamedTuple):
    """What a group is, and the evidence for it in a sentence."""

    kind: FailureKind
    evidence: str


class Witness:
    """What is known beside the failures themselves.

    Args:
        history: the iterations.
        standings: what each of them changed.
        table: the KPI that tells a failed case, over all iterations.
        universe: the cases of the suite.
        given: the cases of the dataset by id, where it is at hand.
    """

    def __init__(
        self,
        history: History,
        standings: Sequence[Standing],
        table: Table,
        universe: Universe,
        given: Mapping[str, Case],
    ) -> None:
        self._universe = universe
        self._given = given
        self._failed = failing(table)
        self._suppliers = [
            (at, entry.variant.name, standing.components[0])
            for at, (entry, standing) in enumerate(zip(history.entries, standings, strict=True))
            if standing.components in _SUPPLIERS
        ]
        self._fact = np.asarray([FACT_TAG in record.tags for record in universe.records], np.bool_)
        self._partners: dict[str, list[int]] = {}
        for at, record in enumerate(universe.records):
            if record.cluster is not None and self._fact[at]:
                self._partners.setdefault(record.cluster, []).append(at)

    def judge(self, mode: Mode, cases: Flags) -> Finding:
        """What a group of persistent cases is.

        Args:
            mode: what they have in common.
            cases: the group, over the universe.
        """
        if mode.check == FORMAT:
            return Finding("format", "their answers do not have the demanded format")
        if mode.check == POLICY:
            return Finding("policy", "their answers break a rule of the policy")
        places = np.flatnonzero(cases).tolist()
        for finding in (
            self._supplied_by_iteration(places),
            self._supplied_by_partner(places),
            self._fact_present(mode, places),
        ):
            if finding is not None:
                return finding
        if mode.stable:
            return Finding(
                "behaviour",
                f"the same wrong label in at least {100 * SHARE:.0f} % of their answers",
            )
        return Finding(
            "unknown",
            "nothing tells whether a fact was missing: tag cases whose input holds all that is "
            f"needed with {FACT_TAG}",
        )

    def _supplied_by_iteration(self, places: Sequence[int]) -> Finding | None:
        for at, name, component in self._suppliers:
            held = sum(self._failed[at, place] <= 1 - SHARE for place in places)
            if _most(held, places):
                return Finding(
                    "knowledge",
                    f"{held} of {counted(len(places), 'case')} pass in {name}, which changed "
                    f"{component} alone",
                )
        return None

    def _supplied_by_partner(self, places: Sequence[int]) -> Finding | None:
        held = missed = 0
        for place in places:
            cluster = self._universe.records[place].cluster
            partners = self._partners.get(cluster, []) if cluster is not None else []
            if self._fact[place] or not partners:
                continue
            known = self._failed[:, partners]
            known = known[np.isfinite(known)]
            held += bool(known.size and known.mean() <= 1 - SHARE)
            missed += bool(known.size and known.mean() >= SHARE)
        if _most(held, places):
            return Finding(
                "knowledge",
                f"{held} of {counted(len(places), 'case')} pass in a case of the same cluster that "
                "has the fact in its input",
            )
        if _most(missed, places):
            return Finding(
                "behaviour",
                f"{missed} of {counted(len(places), 'case')} fail as well in a case of the same "
                "cluster that has the fact in its input",
            )
        return None

    def _fact_present(self, mode: Mode, places: Sequence[int]) -> Finding | None:
        tagged = int(self._fact[places].sum()) if places else 0
        if _most(tagged, places):
            return Finding(
                "behaviour",
                f"{tagged} of {counted(len(places), 'case')} are tagged {FACT_TAG} and fail all "
                "the same",
            )
        if mode.kind == "confusion":
            return None
        found = sum(self._stands_in_input(self._universe.ids[place], mode) for place in places)
        if _most(found, places):
            return Finding(
                "behaviour",
                f"{found} of {counted(len(places), 'case')} have the expected text in their input "
                "and fail all the same",
            )
        return None

    def _stands_in_input(self, case: str, mode: Mode) -> bool:
        given = self._given.get(case)
        if given is None:
            return False
        expected = given.expected
        if isinstance(expected, dict) and mode.check in expected:
            expected = expected[mode.check]
        wanted = [text for text in _texts(expected) if len(text) >= _SHORTEST]
        source = " ".join(_texts(given.input))
        return bool(wanted) and all(_stands_in(text, source) for text in wanted)


def _most(found: int, places: Sequence[int]) -> bool:
    return bool(places) and found >= SHARE * len(places)


def _stands_in(text: str, source: str) -> bool:
    """Whether a text stands in another one as words: ``no`` is not in ``know``."""
    return re.search(rf"(?<!{_LETTER}){re.escape(text)}(?!{_LETTER})", source) is not None


def _texts(value: Any) -> Iterator[str]:
    """Every text and number in a JSON value, spelled alike."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield " ".join(str(value).casefold().split())
