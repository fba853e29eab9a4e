"""What a miss says: which call of which case, why there is no answer, and what to run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ftgate.errors import CassetteMiss, shown_path
from pytest_ftgate.recording import interactions, keys
from pytest_ftgate.recording.differences import Difference, describe, differences
from pytest_ftgate.recording.lines import Question
from pytest_ftgate.recording.scrub import Scrubber
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_ftgate.recording.lines import StoredRequest
    from pytest_ftgate.recording.packs import Entry
    from pytest_ftgate.recording.scopes import Scope

_MOST_COMPARED = 200


class _Near(NamedTuple):
    """A recording of the case, and how it differs from what was asked."""

    entry: Entry
    elsewhere: bool
    found: list[Difference]


def miss(scope: Scope, request: Any, body: bytes, key: str) -> CassetteMiss:
    """The error for a call that the pack cannot answer; it is noted in the scope as well."""
    # The text goes to terminals and logs, so it is scrubbed as a cassette is.
    asked = Scrubber(os.environ).request(interactions.stored_request(request, body))
    call = f"{asked.method} {shown(keys.with_port(asked.uri, request.uri), 300)}"
    command = scope.address.rerecord or "pytest --ftgate-record=new_episodes"
    return note(
        scope,
        call,
        *_reasons(scope, asked, key),
        f"Cassette: {shown_path(scope.pack.path)}",
        f"To record it: {command}",
    )


def note(scope: Scope, call: str, *rest: str) -> CassetteMiss:
    """The error for a call that cannot be answered; it is noted in the scope as well."""
    where = scope.address
    head = (
        f"No recording answers a call of suite {where.suite}, variant {where.variant}, "
        f"case {where.case}, trial {where.trial + 1}:"
    )
    text = "\n  ".join([head, call, *rest])
    scope.misses.append(text)
    return CassetteMiss(text)


def _reasons(scope: Scope, asked: StoredRequest, key: str) -> Iterator[str]:
    recorded = scope.recorded()
    if not recorded:
        yield f"It was never recorded: {_emptiness(scope)}."
        return
    same = sum(entry.head.key == key for entry in recorded)
    if same:
        times = "once" if same == 1 else f"{same} times"
        yield f"It was recorded {times} and already played {same} of {same}."
        return
    yield "It was never recorded."
    near = min(
        (_compare(entry, asked) for entry in recorded[:_MOST_COMPARED]),
        key=lambda near: (near.elsewhere, len(near.found), near.entry.head.seq),
    )
    if not near.found:
        yield "A recorded call of the case reads the same under another key:"
        yield "  a secret in it was scrubbed, or its line was edited by hand."
        return
    if len(recorded) == 1:
        yield "The one recorded call of the case differs in:"
    else:
        yield f"The nearest of the case's {len(recorded)} recorded calls differs in:"
    yield from (f"  {line}" for line in describe(near.found))


def _emptiness(scope: Scope) -> str:
    if not scope.pack.path.exists():
        return "the cassette does not exist"
    trials = sorted(
        trial
        for (case, trial), found in scope.pack.trials.items()
        if case == scope.address.case and found.entries
    )
    if trials:
        return (
            f"the case has recordings of trial {', '.join(str(trial + 1) for trial in trials)} only"
        )
    return "the cassette has nothing for this case"


def _compare(entry: Entry, asked: StoredRequest) -> _Near:
    question: Question = entry.parse(Question)
    stored = question.request
    found = [
        (name, old, new)
        for name, old, new in (
            ("method", stored.method, asked.method),
            ("uri", stored.uri, asked.uri),
        )
        if old != new
    ]
    elsewhere = bool(found)
    found += differences(_body(stored), _body(asked))
    return _Near(entry, elsewhere, found)


def _body(request: StoredRequest) -> Any:
    data = request.body.to_bytes() if request.body is not None else b""
    value = keys.json_body(data)
    return data.decode("utf-8", "replace") if value is None else value
