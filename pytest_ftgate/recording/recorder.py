"""The recorder of a session: intercepts HTTP while an eval case runs, replays and records."""

from __future__ import annotations

import os
import threading
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pytest_ftgate.errors import (
    CassetteMiss,
    ConfigError,
    DataError,
    FtgateError,
    did_you_mean,
)
from pytest_ftgate.recording import canary, packs
from pytest_ftgate.recording.cassette import IndexedCassette
from pytest_ftgate.recording.guard import Guard
from pytest_ftgate.recording.maintenance import Coverage, unplayed
from pytest_ftgate.recording.parts import PartWriter
from pytest_ftgate.recording.patches import Interception
from pytest_ftgate.recording.scopes import Address, Scope
from pytest_ftgate.recording.sealing import Sealer
from pytest_ftgate.recording.ssl_contexts import share_contexts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Any

    from pytest_ftgate.recording.packs import Pack

Mode = Literal["none", "new_episodes", "all", "off"]
MODES = ("none", "new_episodes", "all", "off")


class Recorder:
    """Records the HTTP calls of eval cases into packs and replays them.

    Only calls made while a scope is entered are touched, and of those none to a host in
    ``passthrough_hosts``.

    Args:
        mode: ``none`` replays and never lets a call out; ``new_episodes`` replays what is
            recorded and records the rest; ``all`` records everything again; ``off`` lets every
            call out and writes nothing.
        worker: the xdist worker's id, which names the part files of this process.
        passthrough_hosts: hosts, without port, that are neither recorded nor replayed.
        keep_request_ids: record the providers' request ids.
        redact: called with each interaction as a dict before it is scrubbed and written; gives
            the interaction to write, or ``None`` to write nothing.

    Raises:
        ConfigError: there is no such mode.
    """

    def __init__(
        self,
        mode: str,
        *,
        worker: str | None = None,
        passthrough_hosts: Iterable[str] = (),
        keep_request_ids: bool = False,
        redact: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None,
    ) -> None:
        if mode not in MODES:
            raise ConfigError(f"Record mode {mode!r} is unknown; {did_you_mean(mode, MODES)}")
        self.mode: str = mode
        self.records = mode in ("new_episodes", "all")
        self.replays = mode in ("none", "new_episodes")
        self.keep_request_ids = keep_request_ids
        self._worker = worker
        self._passthrough = frozenset(host.lower().strip("[]") for host in passthrough_hosts)
        self.sealer = Sealer(redact)
        self._lock = threading.RLock()
        self._active: ContextVar[Scope | None] = ContextVar("ftgate_scope", default=None)
        self._open: list[Scope] = []
        self._packs: dict[str, tuple[Pack, PartWriter]] = {}
        self._damaged: dict[str, DataError] = {}
        self._covered: dict[str, Coverage] = {}
        self._interception: Interception | None = None

    # --- life ----------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Prepare the interception of HTTP clients; nothing is intercepted before a scope opens."""
        if self._interception is not None:
            return
        interception = self._interception = Interception(IndexedCassette(self), self._wants)
        if self.mode == "none":
            Guard(self.scope_of, self._passthrough).install(interception.standing)
            share_contexts(interception.standing)
        interception.start()

    def stop(self) -> None:
        """Take every patch out, fold what was recorded into the packs, and let go of them.

        Raises:
            StoreError: a pack cannot be written; what was recorded stays in part files.
            DataError: a pack was damaged meanwhile; what was recorded stays in part files.
        """
        with self._lock:  # a thread that opens a scope now would put the patches in place again
            interception, self._interception = self._interception, None
            if interception is not None:
                interception.stop()
            self._open.clear()
            self._covered = self.coverage()
            used, self._packs = self._packs, {}
        for _, writer in used.values():
            writer.close()
        refused: list[FtgateError] = []
        for index, writer in used.values():
            if writer.used or (self.records and index.parts):
                try:
                    packs.merge_parts(index.path)
                except FtgateError as error:  # the other packs are none the worse for it
                    refused.append(error)
        if refused:
            raise refused[0]

    # --- scopes --------------------------------------------------------------------------------

    def scope(
        self,
        pack: str | os.PathLike[str],
        suite: str,
        variant: str,
        case: str,
        trial: int,
        *,
        rerecord: str | None = None,
    ) -> Scope:
        """A scope for one trial of one case; enter it around what belongs to the case.

        Args:
            pack: the file of the suite and variant, ``cassettes/<suite>/<variant>.jsonl``.
            suite: the suite's name.
            variant: the variant's name.
            case: the case's id.
            trial: the trial, counted from 0.
            rerecord: the command that records this case, for the message of a miss.

        Raises:
            DataError: the pack is damaged.
        """
        path = os.fspath(pack)
        with self._lock:
            index, writer = self._pack(path)
        return Scope(
            self, index, writer, Address(suite, variant, case, trial, rerecord), self._lock
        )

    def _pack(self, path: str) -> tuple[Pack, PartWriter]:
        """The pack, read once; one that is damaged is not read again for every case."""
        if path in self._damaged:
            raise self._damaged[path].with_traceback(None)
        if path not in self._packs:
            try:
                index = packs.read(path)
            except DataError as error:
                self._damaged[path] = error
                raise
            self._packs[path] = index, PartWriter(index.path, self._worker)
        return self._packs[path]

    def open_scope(self, scope: Scope) -> None:
        """Make the scope the current one of this context."""
        with self._lock:
            if not scope.is_open:
                scope.is_open = True
                scope.parent = self._current_in_context()
                self._open.append(scope)
                if self._interception is not None:
                    self._interception.scope_opened()
            self._active.set(scope)

    def close_scope(self, scope: Scope) -> None:
        """End the scope; its parent becomes the current one of this context."""
        with self._lock:
            scope.is_open = False
            self._open = [other for other in self._open if other is not scope]
            if self._interception is not None and not self._open:
                self._interception.last_scope_closed()
        if self._active.get() is scope:
            self._active.set(scope.parent)
        scope.parent = None

    def scope_of(self, host: str) -> Scope | None:
        """The scope that a call to the host belongs to, ``None`` if it is not to be touched.

        Raises:
            CassetteMiss: several scopes are open and the caller's context names none of them.
        """
        if host in self._passthrough:
            return None
        scope = self._current_in_context()
        if scope is not None or not self._open:
            return scope
        with self._lock:
            parents = {id(other.parent) for other in self._open}
            leaves = [other for other in self._open if id(other) not in parents]
            if len(leaves) == 1:
                return leaves[0]
            return self._ambiguous(host)

    def check_interception(self) -> None:
        """Prove, without a network, that no client can reach one while a case is replayed.

        Raises:
            InterceptionFailed: a client's request was not intercepted.
        """
        if self.mode != "none":
            return
        nowhere = packs.Pack(Path("canary.jsonl"))
        writer = PartWriter(nowhere.path, self._worker)
        with Scope(self, nowhere, writer, Address("ftgate", "canary", "canary", 0), self._lock):
            canary.sing()

    # --- what was played -----------------------------------------------------------------------

    def coverage(self) -> dict[str, Coverage]:
        """What this process ran and played so far, by the pack's path; plain data for JSON."""
        with self._lock:
            now = {
                path: Coverage(scoped=sorted(pack.scoped), played=sorted(pack.played))
                for path, (pack, _) in self._packs.items()
            }
        return {**self._covered, **now}

    def stale(self) -> dict[Path, int]:
        """How many interactions of the cases that this process ran were not played, by pack.

        Sessions of several processes gather :meth:`coverage` and ask
        :func:`~pytest_ftgate.recording.maintenance.unplayed`.
        """
        return {path: len(places) for path, places in unplayed([self.coverage()]).items()}

    def _wants(self, host: str) -> bool:
        """Whether a call may have to do with a scope; if not, it must not even be looked at."""
        return bool(self._open) and host not in self._passthrough

    def _current_in_context(self) -> Scope | None:
        scope = self._active.get()
        while scope is not None and not scope.is_open:
            scope = scope.parent
        return scope

    def _ambiguous(self, host: str) -> Scope:
        cases = ", ".join(sorted({scope.address.case for scope in self._open})[:5])
        text = (
            f"A call to {host} came from a thread that does not say which case it belongs to, "
            f"while several are running ({cases}). Run the tasks one at a time: "
            "--ftgate-concurrency=1."
        )
        for scope in self._open:
            scope.misses.append(text)
        raise CassetteMiss(text)
