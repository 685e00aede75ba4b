"""Memory of a process and its descendants while it runs, from Linux's /proc: no library needed."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.25


@dataclass(slots=True)
class Peak:
    """Megabytes. `total` is the largest sum of proportional set sizes: shared pages count once."""

    total: float = 0.0
    largest_process: float = 0.0


def run_measured(command: Sequence[str], **options: object) -> tuple[subprocess.CompletedProcess[str], Peak]:
    """Run a command to its end and sample the memory of its whole process tree."""
    peak = Peak()
    done = threading.Event()
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, **options) as process:  # type: ignore[call-overload]
        sampler = threading.Thread(target=_sample, args=(process.pid, peak, done))
        sampler.start()
        out, _ = process.communicate()
        done.set()
        sampler.join()
    return subprocess.CompletedProcess(command, process.returncode, out), peak


def _sample(root: int, peak: Peak, done: threading.Event) -> None:
    while not done.wait(_EVERY):
        sizes = [_proportional(process) for process in _tree(root)]
        peak.total = max(peak.total, sum(sizes))
        peak.largest_process = max(peak.largest_process, *sizes, 0.0)


def _tree(root: int) -> list[int]:
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        for task in Path(f"/proc/{process}/task").glob("*/children"):
            try:
                waiting.extend(map(int, task.read_text().split()))
            except OSError:
                continue
    return found


def _proportional(process: int) -> float:
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    return 0.0
