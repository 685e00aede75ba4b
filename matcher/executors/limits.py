"""The safety net under a worker: how much memory it may take, and how long it may stand still.

These depend on the machine, so they never decide by themselves what is unreadable: limits that count do (Settings).

On Linux the system itself refuses a worker more memory (RLIMIT_DATA: RLIMIT_AS would count mapped indexes), so that
an allocation fails and the worker lives. Elsewhere the parent watches, and kills.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 120.0
"""Without any progress: not a chunk read, not a page hashed. The slowest page known, 268 megapixels, takes 30 s."""

SHARE = 0.8
"""Of the machine's memory, for all workers together."""

LEAST = 1 << 30
"""Bytes that a worker gets at least, however many share the machine."""

_CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may take.

    `seconds` without progress; `memory` bytes besides what its libraries take, and `alone` bytes when nothing else
    runs. With `watched` the parent sees to the memory, since the system does not.
    """

    seconds: float
    memory: int
    alone: int
    watched: bool = field(default_factory=lambda: not system_enforces())

    def bytes_for(self, *, alone: bool) -> int:
        return self.alone if alone else self.memory


def limits_for(workers: int, *, seconds: float | None = None, memory: int | None = None) -> Limits:
    """Limits for each of `workers` on this machine; a `memory` that is given holds for an item alone too."""
    whole = int(SHARE * machine_memory())
    share = max(LEAST, whole // max(1, workers))
    return Limits(
        seconds=SECONDS if seconds is None else seconds,
        memory=share if memory is None else memory,
        alone=max(share, whole) if memory is None else memory,
    )


def machine_memory() -> int:
    """Bytes of memory here: the machine's, or what a container may take of it."""
    import psutil  # noqa: PLC0415 - whoever asks for `SECONDS` needs none of it

    found = int(psutil.virtual_memory().total)
    for path in _CGROUPS:
        with suppress(OSError, ValueError):  # not a container, or "max"
            found = min(found, int(path.read_text(encoding="ascii")))
    return found


def system_enforces() -> bool:
    """Whether the system itself refuses a process more memory than `restrict` allows."""
    return sys.platform == "linux"


def held() -> int:
    """The bytes that this process has of its own by now, as RLIMIT_DATA counts them; 0 where that is not to be had.

    Libraries and the stacks of their threads take half a gigabyte, of which most is never touched.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmData:")), 0)


def restrict(limits: Limits, *, alone: bool, besides: int) -> None:
    """Let the system refuse this process more memory from now on, `besides` what it held at its start."""
    if limits.watched:
        return
    import resource  # noqa: PLC0415 - Windows has none

    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    memory = besides + limits.bytes_for(alone=alone)
    resource.setrlimit(resource.RLIMIT_DATA, (memory if hard == resource.RLIM_INFINITY else min(memory, hard), hard))


def room() -> int | None:
    """The bytes that this process may take in all, where the system limits that."""
    if not system_enforces():
        return None
    import resource  # noqa: PLC0415 - Windows has none

    soft, _hard = resource.getrlimit(resource.RLIMIT_DATA)
    return None if soft == resource.RLIM_INFINITY else soft


def exceeds(limits: Limits, pid: int, *, alone: bool) -> bool:
    """Whether a process that is watched holds more memory than it may."""
    if not limits.watched:
        return False
    import psutil  # noqa: PLC0415 - as above

    try:
        return int(psutil.Process(pid).memory_info().rss) > limits.bytes_for(alone=alone)
    except psutil.Error:  # it has just ended
        return False
