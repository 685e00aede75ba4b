"""Which executor a number of workers asks for."""

from __future__ import annotations

import multiprocessing
import os
from importlib.metadata import entry_points

from matcher.executors import Executor


def executor_for(workers: int | None) -> Executor:
    """A pool of `workers` processes; None: one a core; 0: this process alone, where a decoder's crash ends it all."""
    name = "serial" if workers == 0 else "pool"
    point = next(iter(entry_points(group="matcher.executors", name=name)))
    executor: Executor = point.load()(cores() if workers is None else workers)
    return executor


def cores() -> int:
    """The cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on Windows and macOS
    return multiprocessing.cpu_count() if affinity is None else len(affinity(0))
