"""The limits of a worker: how much memory it may use, and how long it may make no progress.

These limits are environment-dependent, so they never decide alone that an item is unreadable; the limits that count
bytes, pixels and frames do (Settings).

On Linux the system refuses a worker more memory (RLIMIT_DATA; RLIMIT_AS would count mapped indexes), so that an
allocation fails and the worker survives. On other systems the parent watches the memory and kills the worker.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 120.0
"""Seconds without progress: no chunk read, no page hashed. The slowest page known, 268 megapixels, takes 30 s."""

SHARE = 0.8
"""The share of the machine's memory that all workers together may use."""

LEAST = 1 << 30
"""The memory in bytes that a worker may use at least, whatever the number of workers."""

_CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one worker.

    `seconds` is the longest time without progress. `memory` is in bytes, in addition to what its libraries use;
    `alone` takes its place when nothing else runs. With `watched` the parent enforces the memory limit, since the
    system does not.
    """

    seconds: float
    memory: int
    alone: int
    watched: bool = field(default_factory=lambda: not system_enforces())

    def bytes_for(self, *, alone: bool) -> int:
        return self.alone if alone else self.memory


def limits_for(workers: int, *, seconds: float | None = None, memory: int | None = None) -> Limits:
    """Limits for each of `workers` on this machine. An explicit `memory` also limits an item that runs alone."""
    whole = int(SHARE * machine_memory())
    share = max(LEAST, whole // max(1, workers))
    return Limits(
        seconds=SECONDS if seconds is None else seconds,
        memory=share if memory is None else memory,
        alone=max(share, whole) if memory is None else memory,
    )


def machine_memory() -> int:
    """The memory in bytes of the machine, or of the container if that has less."""
    import psutil  # noqa: PLC0415 - readers of `SECONDS` do not need it

    total = int(psutil.virtual_memory().total)
    for path in _CGROUPS:
        with suppress(OSError, ValueError):  # not a container, or "max"
            total = min(total, int(path.read_text(encoding="ascii")))
    return total


def system_enforces() -> bool:
    """Whether the system refuses a process more memory than `restrict` allows."""
    return sys.platform == "linux"


def data_size() -> int:
    """The private memory of this process in bytes, as RLIMIT_DATA counts it; 0 where the system does not report it.

    Libraries and the stacks of their threads take half a gigabyte, most of which is never touched.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmData:")), 0)


def restrict(limits: Limits, *, alone: bool, baseline: int) -> None:
    """Let the system refuse this process more memory from now on. `baseline` (bytes) is allowed in addition.

    `baseline` is the `data_size` of the process at its start.
    """
    if limits.watched:
        return
    import resource  # noqa: PLC0415 - Windows has none

    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    memory = baseline + limits.bytes_for(alone=alone)
    resource.setrlimit(resource.RLIMIT_DATA, (memory if hard == resource.RLIM_INFINITY else min(memory, hard), hard))


def room() -> int | None:
    """The bytes of memory that this process may use in total; None where the system does not limit that."""
    if not system_enforces():
        return None
    import resource  # noqa: PLC0415 - Windows has none

    soft, _hard = resource.getrlimit(resource.RLIMIT_DATA)
    return None if soft == resource.RLIM_INFINITY else soft


def exceeds(limits: Limits, pid: int, *, alone: bool) -> bool:
    """Whether a watched process uses more memory than its limit. False where the system enforces the limit."""
    if not limits.watched:
        return False
    import psutil  # noqa: PLC0415 - as above

    try:
        return int(psutil.Process(pid).memory_info().rss) > limits.bytes_for(alone=alone)
    except psutil.Error:  # it has just ended
        return False
