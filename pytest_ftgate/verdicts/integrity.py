"""Whether a suite's results can be judged at all: nothing lost, no more errors than allowed.

These gates guard every variant that ran. They block where a verdict would rest on nothing: no
case, only skipped cases, only errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from pytest_ftgate.model import GateResult
from pytest_ftgate.text import shown
from pytest_ftgate.verdicts.amounts import counted
from pytest_ftgate.verdicts.causes import advice, causes, summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ftgate.model import Record, Rules, SuitePlan

NOTHING = "nothing was scored"
"""Why a gate is not judged, where ``scored`` speaks for all."""

_NAMED = 3
_TYPE_LIMIT = 60


class Received(Struct, frozen=True):
    """What arrived of one suite and variant.

    Attributes:
        plan: what was selected.
        records: the records of selected cases and trials, in plan order.
        lost: the selected (case, trial) without a record, in plan order.
        stray: the (case, trial) of records that nothing selected, sorted.
        ended: whether the run has its end marker.
        shard: whether the run is one of several shares of a session.
    """

    plan: SuitePlan
    records: tuple[Record, ...]
    lost: tuple[tuple[str, int], ...]
    stray: tuple[tuple[str, int], ...]
    ended: bool
    shard: bool = False

    @property
    def unscored(self) -> bool:
        """Whether no case was scored, so that there is nothing to judge."""
        return all(record.status != "scored" for record in self.records)

    @property
    def partial(self) -> str | None:
        """What was left out of the selection, if the session took only a part of the suite."""
        chosen, available = len(self.plan.selected), self.plan.available
        if chosen >= available:
            return None
        return f"{chosen:,} of {counted(available, 'result')} {_were(chosen)} selected"

    @property
    def cut(self) -> str | None:
        """Why KPI gates cannot judge the suite: results that were left out or never came."""
        if self.partial is not None:
            return self.partial
        if self.lost:
            return f"{len(self.records):,} of {counted(len(self.plan.selected), 'result')} arrived"
        return None if self.ended else "the run did not reach its end"


def sort_out(
    plan: SuitePlan, records: Iterable[Record], *, ended: bool, shard: bool = False
) -> Received:
    """Put records in plan order and say which are lost or stray.

    Args:
        plan: the plan of a suite and variant.
        records: the records of that suite and variant, in any order; of several for one case and
            trial the last one counts.
        ended: whether the run has its end marker.
        shard: whether the run is one of several shares of a session.
    """
    found = {(record.case, record.trial): record for record in records}
    wanted = dict.fromkeys(plan.selected)
    return Received(
        plan=plan,
        records=tuple(found[key] for key in wanted if key in found),
        lost=tuple(key for key in wanted if key not in found),
        stray=tuple(sorted(found.keys() - wanted.keys())),
        ended=ended,
        shard=shard,
    )


def judge(received: Received, rules: Rules) -> list[GateResult]:
    """The gates ``complete`` and ``errors``, and ``scored`` where results came without a score."""
    gates = [_complete(received), _errors(received, rules)]
    if received.records and received.unscored:
        gates.append(_scored(received))
    return gates


def must_pass(received: Received) -> list[GateResult]:
    """The gate ``must_pass``, where a result missed a check that it must pass; else none."""
    failed = [(r.case, r.trial) for r in received.records if r.outcome == "failed"]
    if not failed:
        return []
    reason = f"{counted(len(failed), 'result')} missed a check that must pass: {_keys(failed)}"
    return [GateResult(name="must_pass", verdict="block", reason=reason)]


def _complete(received: Received) -> GateResult:
    selected, lost, stray = len(received.plan.selected), received.lost, received.stray
    problems = []
    if selected == 0 and received.shard and received.ended and not stray:
        reason = "no case of the suite is in this shard, so there is nothing to judge in it"
        return GateResult(name="complete", verdict="partial", reason=reason)
    if selected == 0:
        problems.append("no case was selected")
    if not received.ended:
        arrived = f"{len(received.records):,} of {counted(selected, 'result')} arrived"
        problems.append(f"the run did not reach its end: {arrived}")
    elif lost:
        problems.append(f"{counted(len(lost), 'result')} {_were(len(lost))} lost: {_keys(lost)}")
    if stray:
        problems.append(
            f"{counted(len(stray), 'result')} {_were(len(stray))} never selected: {_keys(stray)}"
        )
    if problems:
        return GateResult(name="complete", verdict="block", reason="; ".join(problems))
    reason = f"all {counted(selected, 'result')} arrived" if selected > 1 else "1 result arrived"
    return GateResult(name="complete", verdict="pass", reason=reason)


def _errors(received: Received, rules: Rules) -> GateResult:
    errors = [record for record in received.records if record.status == "error"]
    if not errors:
        return GateResult(name="errors", verdict="pass", reason="no errors")
    tolerated = len(errors) <= rules.max_errors
    reason = f"{counted(len(errors), 'error')}, allowed are {rules.max_errors:,}"
    if received.unscored and not tolerated:  # the next gate says why, and would repeat it
        return GateResult(name="errors", verdict="none", reason=f"{reason}; {NOTHING}")
    reason += f": {_listed(map(_failure, errors))}"
    return GateResult(name="errors", verdict="pass" if tolerated else "block", reason=reason)


def _scored(received: Received) -> GateResult:
    """That nothing was scored, and for errors why and what to do."""
    records = received.records
    found = causes(records)
    errors = sum(record.status == "error" for record in records)
    if not found:
        reason = "every case was skipped, so there is nothing to judge"
        return GateResult(name="scored", verdict="block", reason=reason)
    ways = "ended in an error" if errors == len(records) else "was skipped or ended in an error"
    commonest = found[0]
    share = ""
    if errors > 1:
        share = f", {commonest.count:,} of {errors:,} the same"
        if commonest.count == errors:
            share = f", {'both' if errors == 2 else f'all {errors:,}'} the same"
        elif commonest.count == 1:
            share = f", {errors:,} different ones, the first"
    reason = f"every case {ways}{share}: {summary(commonest)}; {advice(commonest, received.plan)}"
    return GateResult(name="scored", verdict="block", reason=reason)


def _failure(record: Record) -> str:
    kind = shown(record.error.type, _TYPE_LIMIT) if record.error else "unknown error"
    return f"{_key((record.case, record.trial))} ({kind})"


def _keys(keys: Sequence[tuple[str, int]]) -> str:
    return _listed(map(_key, keys))


def _key(key: tuple[str, int]) -> str:
    case, trial = key
    name = shown(case, _TYPE_LIMIT)
    return name if trial == 0 else f"{name}#{trial + 1}"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = len(every) - _NAMED
    text = ", ".join(every[:_NAMED])
    return f"{text} and {more:,} more" if more > 0 else text


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
