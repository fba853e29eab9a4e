"""A scope: what one trial of one case asks, is answered and records."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING, Literal, Self

from msgspec import Struct

from pytest_ftgate.recording import lines
from pytest_ftgate.recording.clock import Clock
from pytest_ftgate.recording.packs import Entry, Trial, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from threading import RLock
    from types import TracebackType

    from pytest_ftgate.recording.packs import Pack
    from pytest_ftgate.recording.parts import PartWriter
    from pytest_ftgate.recording.recorder import Recorder

Provenance = Literal["live", "replayed"]


class CallFact(Struct, frozen=True):
    """One HTTP call of a case.

    ``elapsed_s`` is the call's duration when it was recorded (``None``: the recording does not
    say), ``attempt`` counts identical requests of the case from 1, as retries are. ``status`` is
    ``None`` and ``failure`` the kind where no response came. ``body`` is the response's, plain.
    """

    key: str
    provenance: Provenance
    recorded_at: str | None
    elapsed_s: float | None
    attempt: int
    status: int | None = None
    failure: str | None = None
    method: str = ""
    uri: str = ""
    body: bytes = b""


class Address(Struct, frozen=True):
    """Where a scope's calls belong, and the command that records them again."""

    suite: str
    variant: str
    case: str
    trial: int
    rerecord: str | None = None


class Scope:
    """Collects and answers the calls made while it is entered; made by ``Recorder.scope``.

    A scope may be entered again after it was left, and goes on where it stopped.

    Attributes:
        misses: the texts of all misses, whether or not the code under test swallowed them.
        calls: every call in the order in which it was answered.
    """

    def __init__(
        self, recorder: Recorder, pack: Pack, writer: PartWriter, address: Address, lock: RLock
    ) -> None:
        self.address = address
        self.pack = pack
        self.misses: list[str] = []
        self.calls: list[CallFact] = []
        self.parent: Scope | None = None
        self.is_open = False
        self._recorder = recorder
        self._writer = writer
        self._lock = lock
        self._trial = pack.trial(address.case, address.trial)
        self._replaces = recorder.mode == "all"
        self._next_seq = self._trial.next_seq
        self._unplayed: dict[str, deque[Entry]] | None = None
        self._asked: dict[str, int] = {}
        self._held: list[bytes] = []
        self._block: list[bytes] = []
        self._clean = True
        self._written = -1
        self._task_s: float | None = None

    # --- the face for the test -----------------------------------------------------------------

    def __enter__(self) -> Self:
        self.enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.leave(clean=error is None)

    @property
    def scrub(self) -> Callable[[str], str] | None:
        """Takes secrets out of a text that may quote an answer; ``None`` where answers have none.

        Recordings have none. What a live call brings is kept and shown as its replay will be.
        """
        return None if self._recorder.mode == "none" else self._recorder.sealer.text

    def enter(self) -> None:
        """From now on, calls in this context belong to the scope."""
        self._recorder.open_scope(self)
        self.pack.scoped.add((self.address.case, self.address.trial))

    def leave(self, *, clean: bool = True) -> None:
        """End what :meth:`enter` began; does nothing when the scope is not open.

        Args:
            clean: the code under test came to its end. Otherwise the failures that ended it are
                not recorded, and with mode ``all`` the case's old recording stays.

        Raises:
            StoreError: what was recorded cannot be written.
        """
        if not self.is_open:
            return
        self._recorder.close_scope(self)
        if self._recorder.records:
            with self._lock:
                self._settle(clean=clean and self._clean)

    @contextlib.contextmanager
    def task(self) -> Iterator[None]:
        """Time the whole task: what lies inside is what "time to output" means."""
        before, replayed_before = Clock.now(), len(self.calls)
        try:
            yield
        except BaseException:
            self._clean = False
            raise
        self._clean = True
        elapsed = Clock.now() - before
        # Answers from the pack took no time now; what they took then is part of the task.
        elapsed += sum(
            call.elapsed_s or 0.0
            for call in self.calls[replayed_before:]
            if call.provenance == "replayed"
        )
        # Rounded as it is written, so that a run says while recording what it says in replay.
        self._task_s = round((self._task_s or 0.0) + elapsed, 6)
        if self._recorder.records and self.provenance == "live":
            with self._lock:
                self._settle_task()

    @property
    def attempts(self) -> int:
        """How many requests were sent, retries included."""
        return len(self.calls)

    @property
    def provenance(self) -> Provenance | None:
        """``live`` if any answer was, ``replayed`` if none was, ``None`` without calls."""
        if not self.calls:
            return None
        return "live" if any(call.provenance == "live" for call in self.calls) else "replayed"

    @property
    def task_elapsed_s(self) -> float | None:
        """Seconds that the whole task took when it was recorded; ``None`` when unknown.

        Without a timed task it is the sum of the calls' durations, where all are known.
        """
        provenance = self.provenance
        if provenance is None:
            return None
        if provenance == "live" and self._task_s is not None:
            return self._task_s
        if provenance == "replayed" and self._trial.task is not None:
            recorded: lines.TaskTime = self._trial.task.parse(lines.TaskTime)
            if recorded.elapsed_s is not None:
                return recorded.elapsed_s
        known = [call.elapsed_s for call in self.calls if call.elapsed_s is not None]
        return sum(known) if len(known) == len(self.calls) else None

    @property
    def recorded_at(self) -> str | None:
        """When the latest of the answers was recorded, as ISO 8601 in UTC."""
        return max((call.recorded_at for call in self.calls if call.recorded_at), default=None)

    # --- the face for the cassette -------------------------------------------------------------

    def reserve(self, key: str) -> tuple[Entry | None, bool]:
        """Take the next recording of a request out of the store.

        Returns:
            The recording, or ``None`` when there is none (left), and whether it was the last.
        """
        if self._replaces or not self._recorder.replays:
            return None, False
        with self._lock:
            if self._unplayed is None:
                self._unplayed = {}
                for entry in self._trial.entries:
                    self._unplayed.setdefault(entry.head.key, deque()).append(entry)
            waiting = self._unplayed.get(key)
            if not waiting:
                return None, False
            entry = waiting.popleft()
            self.pack.played.add(place_of(entry.head))
            return entry, not waiting

    def unplayed(self) -> list[Entry]:
        """The case's recordings that were not asked for yet, in order."""
        if self._unplayed is None:
            return list(self._trial.entries)
        return [entry for waiting in self._unplayed.values() for entry in waiting]

    def recorded(self) -> Sequence[Entry]:
        """All recordings of the case and trial, in order."""
        return self._trial.entries

    def ask(self, key: str) -> int:
        """Count a request; the first is 1."""
        with self._lock:
            count = self._asked[key] = self._asked.get(key, 0) + 1
        return count

    def take_seq(self) -> int:
        """The sequence number of the next interaction."""
        with self._lock:
            self._next_seq += 1
            return self._next_seq - 1

    def keep(self, line: bytes, *, failed: bool) -> None:
        """Record an interaction's line.

        A failed call waits for what comes after it: one that ended the task is not recorded, or
        it would be replayed for ever.

        Raises:
            StoreError: the line cannot be written.
        """
        with self._lock:
            self._held.append(line)
            if not failed and not self._replaces:
                self._flush()

    # --- writing -------------------------------------------------------------------------------

    def _flush(self) -> None:
        waiting, self._held = self._held, []
        if waiting:
            self._writer.append(waiting)
            self._learn(waiting, self._trial)

    def _settle_task(self) -> None:
        time = lines.TaskTime(
            case=self.address.case,
            trial=self.address.trial,
            recorded_at=Clock.instant(),
            elapsed_s=self._task_s or 0.0,
        )
        self._held.append(lines.encode(time))
        if not self._replaces:
            self._flush()

    def _settle(self, *, clean: bool) -> None:
        if not clean:
            self._held.clear()
        elif not self._replaces:
            self._flush()
        else:
            self._block += self._held
            self._held.clear()
            self._replace()

    def _replace(self) -> None:
        if len(self._block) == self._written or not (self._block or self._trial.entries):
            return
        head = lines.Replace(
            case=self.address.case, trial=self.address.trial, lines=len(self._block)
        )
        self._writer.append([lines.encode(head), *self._block])
        self._written = len(self._block)
        self._trial = self.pack.trials[self.address.case, self.address.trial] = Trial()
        self._learn(self._block, self._trial)

    def _learn(self, written: list[bytes], trial: Trial) -> None:
        for line in written:
            end = len(line) - 1
            head = lines.head_of(line, 0, end)
            trial.add(Entry(head, self.pack.path, line, 0, end))
            if head.seq >= 0:
                self.pack.played.add(place_of(head))
