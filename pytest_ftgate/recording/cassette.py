"""vcrpy's cassette over an index: one lookup a call, however large the pack is."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from msgspec import UNSET
from vcr.cassette import Cassette
from vcr.record_mode import RecordMode

from pytest_ftgate.errors import CassetteMiss, FtgateError
from pytest_ftgate.recording import interactions, keys, matching, misses
from pytest_ftgate.recording.clock import Clock
from pytest_ftgate.recording.failures import RecordedFailure, event_of
from pytest_ftgate.recording.lines import Answer, Event, Interaction, StoredResponse
from pytest_ftgate.recording.scopes import CallFact
from pytest_ftgate.recording.surfacing import surfacing

if TYPE_CHECKING:
    from pytest_ftgate.recording.packs import Entry
    from pytest_ftgate.recording.recorder import Recorder
    from pytest_ftgate.recording.scopes import Scope

_TICKET = "_ftgate_ticket"


class Ticket:
    """What was decided about one request; it rides on vcrpy's request object.

    Without a scope the request is none of ours. With an answer it is replayed. Otherwise it goes
    live, and ``started`` says when. It does not know its request: a cycle would keep both, and the
    pack, until the garbage collector comes.
    """

    __slots__ = ("answer", "attempt", "body", "key", "scope", "started")

    def __init__(self, scope: Scope | None, body: bytes = b"") -> None:
        self.scope = scope
        self.body = body
        self.key = ""
        self.attempt = 0
        self.started: float | None = None
        self.answer: dict[str, Any] | None = None


class IndexedCassette(Cassette):  # type: ignore[misc]
    """Answers vcrpy's stubs from the scope that a request belongs to.

    The stubs ask :meth:`can_play_response_for` first: there the recording is reserved, so that
    two threads never get the same one, and handed out by :meth:`play_response`.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(path="pytest-ftgate", record_mode=RecordMode.NEW_EPISODES)
        self._recorder = recorder
        self._live: ContextVar[Any] = ContextVar("ftgate_live_request", default=None)

    @property
    def write_protected(self) -> bool:
        """Never: a miss is raised by this class, before vcrpy would raise its own."""
        return False

    def can_play_response_for(self, request: Any) -> bool:
        """Whether the request is answered from the pack; reserves the answer.

        Raises:
            CassetteMiss: there is no answer and the network is out of bounds.
            RecordedFailure: the recorded call failed; the caller raises the client's exception.
        """
        return self._ticket(request).answer is not None

    def play_response(self, request: Any) -> dict[str, Any]:
        """The reserved answer."""
        answer = self._ticket(request).answer
        if answer is None:
            raise surfacing(CassetteMiss(f"{request!r} is not replayed from a cassette."))
        return answer

    def append(self, request: Any, response: dict[str, Any]) -> None:
        """Take note of a live call and record it.

        Raises:
            SecretFound: what would be written still looks like it holds a secret.
            StoreError: the line cannot be written.
        """
        ticket = self._ticket(request)
        if ticket.scope is None:
            return
        try:
            stored, plain = interactions.stored_response(
                response, keep_request_ids=self._recorder.keep_request_ids
            )
            code = stored.status.code
            self._live.set(None)
            fact = _live_fact(ticket, request, status=code, body=plain)
            ticket.scope.calls.append(fact)
            self._record(ticket, request, fact, stored, failed=interactions.is_failure(code))
        except FtgateError as error:
            raise surfacing(error) from None

    def failed(self, error: BaseException, family: str, request: Any = None) -> None:
        """Take note of a live call that raised; record it, if it was the transport that failed.

        Args:
            error: what the client raised.
            family: the client's family, as :mod:`~pytest_ftgate.recording.failures` names them.
            request: vcrpy's request; by default the last one that went live in this context.
        """
        request = self._live.get() if request is None else request
        ticket = getattr(request, _TICKET, None)
        if ticket is None or ticket.scope is None or ticket.started is None:
            return
        self._live.set(None)
        event = event_of(error, family)
        if event is not None:
            fact = _live_fact(ticket, request, failure=event.kind)
            ticket.scope.calls.append(fact)
            self._record(ticket, request, fact, event, failed=True)

    def find_requests_with_most_matches(self, request: Any) -> list[Any]:
        """The request itself: vcrpy's aiohttp stub looks up redirect targets through this."""
        return [(request, [], [])]

    def _ticket(self, request: Any) -> Ticket:
        ticket: Ticket | None = getattr(request, _TICKET, None)
        if ticket is None:
            try:
                ticket = self._decide(request)
            except FtgateError as error:
                raise surfacing(error) from None
            setattr(request, _TICKET, ticket)
        return ticket

    def _decide(self, request: Any) -> Ticket:
        scope = self._recorder.scope_of(keys.host_of(request.uri))
        if scope is None:
            return Ticket(None)
        ticket = Ticket(scope, interactions.plain_body(request))
        ticket.key = keys.request_key(request.method, request.uri, ticket.body)
        entry, last = scope.reserve(ticket.key)
        if entry is None and (key := matching.other_key(scope, request, ticket.body)):
            ticket.key = key
            entry, last = scope.reserve(key)
        if entry is not None:
            ticket.attempt = scope.ask(ticket.key)
            _play(ticket, request, scope, entry, last=last)
        elif self._recorder.mode == "none":
            raise misses.miss(scope, request, ticket.body, ticket.key)
        else:
            ticket.attempt = scope.ask(ticket.key)
            ticket.started = Clock.now()
            self._live.set(request)
        return ticket

    def _record(
        self,
        ticket: Ticket,
        request: Any,
        fact: CallFact,
        outcome: StoredResponse | Event,
        *,
        failed: bool,
    ) -> None:
        scope = ticket.scope
        if scope is None or not self._recorder.records:
            return
        line = Interaction(
            k=ticket.key,
            case=scope.address.case,
            trial=scope.address.trial,
            seq=scope.take_seq(),
            recorded_at=fact.recorded_at,
            elapsed_s=fact.elapsed_s,
            request=interactions.stored_request(request, ticket.body),
            response=outcome if isinstance(outcome, StoredResponse) else UNSET,
            event=outcome if isinstance(outcome, Event) else UNSET,
        )
        sealed = self._recorder.sealer.seal(line, request.headers, scope.pack.path)
        if sealed is not None:
            scope.keep(sealed, failed=failed)


def _play(ticket: Ticket, request: Any, scope: Scope, entry: Entry, *, last: bool) -> None:
    found: Answer = entry.parse(Answer)
    status = failure = None
    body = b""
    if isinstance(found.response, StoredResponse):
        try:
            body = found.response.body.to_bytes()
        except ValueError as error:
            raise entry.damaged(str(error)) from None
        ticket.answer = interactions.playable(found.response, body, last=last)
        status = found.response.status.code
    elif isinstance(found.event, Event):
        failure = found.event.kind
    else:
        raise entry.damaged("it has neither a response nor an event")
    fact = _fact(
        ticket,
        request,
        provenance="replayed",
        recorded_at=found.recorded_at,
        elapsed_s=found.elapsed_s,
        status=status,
        failure=failure,
        body=body,
    )
    scope.calls.append(fact)
    if isinstance(found.event, Event):
        raise RecordedFailure(found.event)


def _live_fact(ticket: Ticket, request: Any, **outcome: Any) -> CallFact:
    # A redirect that a client followed on its own was never asked for: no start is known.
    elapsed = None if ticket.started is None else round(Clock.now() - ticket.started, 6)
    ticket.started = None
    return _fact(
        ticket,
        request,
        provenance="live",
        recorded_at=Clock.instant(),
        elapsed_s=elapsed,
        **outcome,
    )


def _fact(ticket: Ticket, request: Any, **outcome: Any) -> CallFact:
    return CallFact(
        key=ticket.key,
        attempt=ticket.attempt,
        method=request.method,
        uri=request.uri,
        **outcome,
    )
