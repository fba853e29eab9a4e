"""The confirm step of a live session: a drop that was seen is looked at again, in all cases.

When the last item has run, the results so far are judged. Of each suite that dropped by its
tolerance, every case is then run again until it has five trials, in the same session and the same
run; the gates judge all of them together. Items for these trials are made when the session is
collected, so that they have ids like any other, and wait here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ftgate.suites import ITEM
from pytest_ftgate.verdicts.amounts import counted
from pytest_ftgate.verdicts.confirming import TRIALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pytest

    from pytest_ftgate.verdicts.confirming import Confirmation


def further_items(
    ran: Iterable[pytest.Item], waiting: Iterable[pytest.Item], needed: Sequence[Confirmation]
) -> list[pytest.Item]:
    """The items of further trials of every case that ran, in the suites to be confirmed.

    Args:
        ran: the session's items.
        waiting: those of further trials.
        needed: which suites and variants are to be confirmed.
    """
    suites = {(each.suite, each.variant) for each in needed}
    cases = {item.stash[ITEM].key[:3] for item in ran if ITEM in item.stash}
    return [
        item
        for item in waiting
        if item.stash[ITEM].key[:2] in suites and item.stash[ITEM].key[:3] in cases
    ]


def tell(confirmation: Confirmation, items: Iterable[pytest.Item]) -> str:
    """What was confirmed and how, in a sentence."""
    suite = confirmation.suite, confirmation.variant
    cases = {item.stash[ITEM].case.id for item in items if item.stash[ITEM].key[:2] == suite}
    return (
        f"{suite[0]} [{suite[1]}]: {', '.join(confirmation.kpis)} got worse by the tolerance or "
        f"more, so all {counted(len(cases), 'case')} were run to {TRIALS} trials "
        "(--ftgate-confirm)"
    )
