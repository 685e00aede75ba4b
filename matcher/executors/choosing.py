"""A number of workers → the executor to use."""

from __future__ import annotations

import multiprocessing
import os
from importlib.metadata import entry_points

from matcher.executors import Executor
from matcher.executors.limits import limits_for


def executor_for(workers: int | None, *, seconds: float | None = None, memory: int | None = None) -> Executor:
    """A pool of `workers` processes; None: one a core; 0: this process alone, where a decoder's crash ends the scan.

    `seconds` without progress and `memory` in bytes limit each worker; the defaults depend on this machine.
    """
    count = cores() if workers is None else workers
    limits = limits_for(count, seconds=seconds, memory=memory)
    name = "serial" if workers == 0 else "pool"
    point = next(iter(entry_points(group="matcher.executors", name=name)))
    executor: Executor = point.load()(count, limits=limits)
    return executor


def cores() -> int:
    """The number of cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on Windows and macOS
    return multiprocessing.cpu_count() if affinity is None else len(affinity(0))
