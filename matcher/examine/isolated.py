"""IsolatedMatcher: pictures are examined in separate processes, so that a decoder's crash costs one finding.

The bytes go to a worker through a pipe, and the finding comes back. A file that kills a worker or hits a limit is
tried once more in another worker; if that fails too, only its digests are computed, and the finding has the reason.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from os import PathLike
from pathlib import Path
from types import TracebackType

from matcher.errors import SettingsError
from matcher.examine.arguments import Data, Digests, check_names, checked_data, checked_digests
from matcher.examine.engine import Matcher, algorithms_for
from matcher.examine.selftest import run as run_selftest
from matcher.executors import no_op
from matcher.executors.choosing import cores
from matcher.executors.limits import Limits, limits_for
from matcher.executors.shared import SharedWorkers, WorkerStopped
from matcher.hashers.digests import DigestHasher
from matcher.model import Disposition, Finding, Hash, Match, Reason, Status
from matcher.settings import Settings


@dataclass(frozen=True, slots=True)
class _Call:
    """The arguments of one call of `examine`, as they are sent to a worker."""

    data: bytes
    name: str
    exhibit: str | None
    digests: dict[str, bytes]

    def run(self, matcher: Matcher, give_up: Reason | None, beat: Callable[[], None] = no_op) -> Finding:
        return matcher.examine_stream(
            BytesIO(self.data),
            name=self.name,
            exhibit=self.exhibit,
            digests=self.digests,
            give_up=give_up,
            beat=beat,
        )


@dataclass(frozen=True, slots=True)
class _ExamineCalls:
    """The job of the workers. Can be pickled."""

    store: Path
    lists: tuple[tuple[str, int], ...]
    settings: Settings

    def start(self, beat: Callable[[], None]) -> Callable[[_Call, Reason | None], Finding]:
        matcher = Matcher.open(self.store, lists=self.lists, settings=self.settings)
        # checks known answers, and loads libraries now: at the first picture, loading would look like no progress
        run_selftest(algorithms_for(matcher.settings.algorithms, matcher.lists))
        return lambda call, give_up: self._examined(matcher, call, give_up, beat)

    @staticmethod
    def _examined(matcher: Matcher, call: _Call, give_up: Reason | None, beat: Callable[[], None]) -> Finding:
        try:
            return call.run(matcher, give_up, beat)
        except MemoryError:  # may be raised even while the bytes are copied
            return Finding(call.name, len(call.data), None, Status.UNREADABLE, Reason.OUT_OF_MEMORY, call.exhibit)


@dataclass(frozen=True, slots=True)
class _Start:
    """What an IsolatedMatcher was started with beside its lists and settings: the most workers, and their limits."""

    store: Path
    count: int
    limits: Limits


class IsolatedMatcher:
    """A Matcher whose `examine` runs in worker processes. Share one between all threads; close it, or use `with`.

    Each call blocks its own thread only. `lookup`, `lookup_many` and `disposition` decode nothing and therefore run in
    this process.
    """

    def __init__(self, matcher: Matcher, workers: SharedWorkers, start: _Start) -> None:
        self._start = start
        self.lists = matcher.lists
        self.settings = matcher.settings
        self._workers = workers
        self._plain = copy.copy(matcher)
        """Runs in this process, where nothing is decoded and no plug-in is called: only hashlib and lookups."""
        self._plain.file_hashers = [hasher for hasher in matcher.file_hashers if isinstance(hasher, DigestHasher)]
        self._plug_ins = len(self._plain.file_hashers) < len(matcher.file_hashers)
        self._finalizer = weakref.finalize(self, workers.close)  # also at the interpreter's end

    @classmethod
    def open(
        cls,
        store: str | PathLike[str],
        *,
        workers: int | None = None,
        lists: Iterable[str | tuple[str, int]] | None = None,
        settings: Settings | None = None,
        seconds: float | None = None,
        memory: int | None = None,
        check: bool = False,
    ) -> IsolatedMatcher:
        """Open lists as `Matcher.open` does, and wait for one worker, so that a broken setup fails now.

        At most `workers` processes, by default one a core, are started when calls need them. Each is limited to
        `seconds` without any progress, by default 120, and to `memory` bytes, by default a share of the machine's
        memory. Raises the errors of Matcher.open, SettingsError for invalid limits, SelfTestError where a worker does
        not compute the hashes that it must, and MatcherError where none can start.
        """
        count = cores() if workers is None else workers
        if count < 1 or (seconds is not None and not seconds > 0) or (memory is not None and memory < 1):
            raise SettingsError("workers, seconds and memory are more than nothing")
        folder = Path(store).absolute()
        matcher = Matcher.open(folder, lists=lists, settings=settings, check=check)
        return cls._started(matcher, _Start(folder, count, limits_for(count, seconds=seconds, memory=memory)))

    @classmethod
    def _started(cls, matcher: Matcher, start: _Start) -> IsolatedMatcher:
        """With the versions that `matcher` has open, and one worker that is ready."""
        pinned = tuple((opened.name, opened.version) for opened in matcher.lists)
        job = _ExamineCalls(start.store, pinned, matcher.settings)
        shared = SharedWorkers(
            job, start.count, start.limits, out_of_memory=lambda finding: finding.reason is Reason.OUT_OF_MEMORY
        )
        isolated = cls(matcher, shared, start)
        try:
            shared.start()
        except BaseException:
            isolated.close()
            raise
        return isolated

    def examine(self, data: Data, *, name: str = "", exhibit: str | None = None, digests: Digests = ()) -> Finding:
        """The finding of Matcher.examine, even where the bytes kill the worker. MatcherError where this was closed.

        With the reasons `worker-died`, `timed-out` and `out-of-memory` the picture was not examined; the finding has
        its digests and their matches all the same.
        """
        check_names(name, exhibit)
        call = _Call(bytes(checked_data(data)), name, exhibit, checked_digests(digests))
        self._workers.check()
        if len(call.data) > self.settings.max_bytes and not self._plug_ins:
            return call.run(self._plain, None)  # it would not be decoded anyway
        reason = None
        for again in (False, True):
            alone = again and reason is not Reason.TIMED_OUT  # or one slow picture would hold up every thread
            try:
                finding: Finding = self._workers.run_task(call, None, alone=alone)
            except WorkerStopped as stopped:
                reason = stopped.reason
                continue
            if finding.reason is not Reason.OUT_OF_MEMORY or (again and finding.sha256 is not None):
                return finding
            reason = Reason.OUT_OF_MEMORY
        if self._plug_ins:
            try:
                given_up: Finding = self._workers.run_task(call, reason, alone=False)
                if given_up.sha256 is not None:
                    return given_up
            except WorkerStopped:
                pass  # the finding is then made without the digests of plug-ins
        return call.run(self._plain, reason)

    def is_current(self) -> bool:
        """Whether the store has no newer lists, as Matcher.is_current. Where it has, see `reopened`."""
        return self._plain.is_current()

    def reopened(self, *, check: bool = False) -> IsolatedMatcher:
        """A matcher of the current versions with the same settings, workers and limits; this one, where it is current.

        Another one has workers of its own, and waits for one of them as `open` does. This one remains usable and is
        still to be closed. Raises the errors of Matcher.reopened and of `open`, and MatcherError where this was closed.
        """
        self._workers.check()
        newer = self._plain.reopened(check=check)
        if newer is self._plain:
            return self
        return self._started(newer, self._start)

    @property
    def not_computed(self) -> dict[str, int]:
        """The number of listed hashes, by algorithm, that only `lookup` can match, as Matcher.not_computed."""
        return self._plain.not_computed

    def lookup(self, query: Hash) -> tuple[Match, ...]:
        """Every listed entry within the threshold of a hash, as Matcher.lookup."""
        return self._plain.lookup(query)

    def lookup_many(self, queries: Iterable[Hash]) -> list[tuple[Match, ...]]:
        """The result of `lookup` for each hash, as Matcher.lookup_many."""
        return self._plain.lookup_many(queries)

    def disposition(self, match: Match) -> Disposition:
        """The disposition of a match's category in the lab's profile, as Matcher.disposition."""
        return self._plain.disposition(match)

    def close(self) -> None:
        """End all workers. Running calls on other threads, and later calls, raise MatcherError."""
        self._finalizer()

    def __enter__(self) -> IsolatedMatcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
