"""`matcher scan` run from a benchmark: its wall time and processor time, its findings, and the time of its start alone.

    run = scanned(evidence, store, case, workers=2)     # an existing case is deleted first

Processor time is the sum over all its processes, as the operating system reports it at their end (Linux, macOS).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.shared.many_pictures import draw

MATCHER = [sys.executable, "-m", "matcher"]


@dataclass(frozen=True, slots=True)
class Run:
    """The wall time and processor time of one scan in seconds, and its exit code."""

    wall: float
    processor: float
    code: int

    def __sub__(self, start: Run) -> Run:
        """The same run without the times of `start`."""
        return Run(self.wall - start.wall, self.processor - start.processor, self.code)


def use_configuration(work: Path) -> None:
    """Keep the signing key in the work folder instead of the user's configuration."""
    os.environ["EVIDENCE_MATCHER_CONFIG"] = str(work / "configuration")


def scan_command(evidence: Path, store: Path, case: Path, *more: str) -> list[str]:
    return [*MATCHER, "scan", str(evidence), "--store", str(store), "--case", str(case), "--quiet", *more]


def scanned(evidence: Path, store: Path, case: Path, *, workers: int, more: Sequence[str] = ()) -> Run:
    """Scan into a new case. SystemExit where the scan failed."""
    shutil.rmtree(case, ignore_errors=True)
    command = scan_command(evidence, store, case, "--workers", str(workers), *more)
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _process, status, used = os.wait4(process.pid, 0)  # of the process and of the workers that it waited for
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    if process.returncode not in (0, 1, 3):
        sys.exit(f"the scan of {evidence} ended with {process.returncode}")
    return Run(wall, used.ru_utime + used.ru_stime, process.returncode)


def started(work: Path, store: Path, *, workers: int) -> Run:
    """A scan of a few small pictures: the time for starting processes, libraries, lists and kernels."""
    few = work / f"few-{workers}"
    draw(few, 2 * workers)
    return scanned(few, store, work / "case-few", workers=workers)


def findings_of(case: Path) -> Iterator[dict[str, Any]]:
    """A generator of a case's findings, in the ledger's order."""
    with subprocess.Popen(
        [*MATCHER, "findings", "--case", str(case)], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        sys.exit(f"the findings of {case} could not be read")


def linked(paths: Sequence[Path], folder: Path) -> Path:
    """A new folder with the files, a few hundred in each subfolder, as hard links where the file system has them."""
    shutil.rmtree(folder, ignore_errors=True)
    for number, path in enumerate(paths):
        target = folder / f"{number // 500:03d}" / f"{number:06d}{path.suffix.lower()}"
        target.parent.mkdir(parents=True, exist_ok=True)
        place(path, target)
    return folder


def place(path: Path, target: Path) -> None:
    """Make the file available under another name: as a hard link, or as a copy."""
    try:
        target.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, target)
