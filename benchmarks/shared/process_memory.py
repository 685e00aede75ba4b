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
    """Peaks of proportional set sizes in MB: shared pages count once. `total` is the largest sum of all processes.

    `aside` counts the pages of the excluded files, which are in none of the other numbers. `largest_child` is the
    largest process other than the first: a worker.
    """

    total: float = 0.0
    largest_process: float = 0.0
    largest_child: float = 0.0
    aside: float = 0.0


def run_measured(
    command: Sequence[str], *, aside: Path | None = None, **options: object
) -> tuple[subprocess.CompletedProcess[str], Peak]:
    """Run a command to its end and sample the memory of its whole process tree.

    Pages that are mapped from files below `aside` are not counted.
    """
    peak = Peak()
    done = threading.Event()
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, **options) as process:  # type: ignore[call-overload]
        sampler = threading.Thread(target=_sample, args=(process.pid, peak, done, aside))
        sampler.start()
        out, _ = process.communicate()
        done.set()
        sampler.join()
    return subprocess.CompletedProcess(command, process.returncode, out), peak


def _sample(root: int, peak: Peak, done: threading.Event, aside: Path | None) -> None:
    while not done.wait(_EVERY):
        sizes, mapped = [], 0.0
        for process in _tree(root):
            own, of_files = (_proportional(process), 0.0) if aside is None else _apart(process, f"{aside.resolve()}/")
            sizes.append(own)
            mapped += of_files
        if sum(sizes) > peak.total:
            peak.total, peak.aside = sum(sizes), mapped
        peak.largest_process = max(peak.largest_process, *sizes, 0.0)
        peak.largest_child = max(peak.largest_child, *sizes[1:], 0.0)


def _tree(root: int) -> list[int]:
    """The process ids of a process and its descendants, the process first."""
    processes, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        processes.append(process)
        for task in Path(f"/proc/{process}/task").glob("*/children"):
            try:
                waiting.extend(map(int, task.read_text().split()))
            except OSError:
                continue
    return processes


def _proportional(process: int) -> float:
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    return 0.0


def _apart(process: int, folder: str) -> tuple[float, float]:
    """Megabytes of all mappings except those of files below `folder`, and of the latter."""
    try:
        maps = Path(f"/proc/{process}/smaps").read_text()
    except OSError:
        return 0.0, 0.0
    kilobytes = {False: 0, True: 0}
    inside = False
    for line in maps.splitlines():
        name, *rest = line.split(maxsplit=5)
        if "-" in name and not name.endswith(":"):  # the line that begins a mapping: addresses, then the file
            inside = len(rest) == 5 and rest[4].startswith(folder)
        elif name == "Pss:":
            kilobytes[inside] += int(rest[0])
    return kilobytes[False] / 1000, kilobytes[True] / 1000
