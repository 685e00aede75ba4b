"""Is an acknowledged entry ever lost when the writer is killed or its system calls fail?

    python -m benchmarks.ledger.ledger_faults [--runs N] [--seed 1] [--verbose]

strace disturbs one system call of a process that appends groups to a ledger (fault_writer.py): it kills the process
as the call begins, or has the call fail with EIO or ENOSPC. Only calls on the ledger's file, its journal and its folder
count. An undisturbed run of every scene counts the calls of each kind; then every one of them (of more than 120 of a
kind, 60 drawn by `--seed`) is disturbed in its own run, in an order drawn by the seed. With `--runs` only that many
runs are made, starting over if there are fewer faults.
After each run, fault_checks.py checks that every acknowledged entry is present and that the ledger verifies. A writer
whose call failed must have received a LedgerError that names the file, and must have continued to its end.

Prints a Markdown table. Exit code 1 if an entry was lost, a ledger did not verify or a writer did not continue; 2 if
strace is missing or may not trace.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from benchmarks.ledger.fault_checks import Group, Lost, check, leave_hot_journal, read_lines
from benchmarks.ledger.fault_writer import ORIGIN, make_signer
from ledger import Ledger

CALLS = ("pwrite64", "write", "fsync", "fdatasync", "openat", "unlink", "ftruncate")
FAULTS = {"kill": "signal=SIGKILL", "EIO": "error=EIO", "ENOSPC": "error=ENOSPC"}
ROOT = Path(__file__).resolve().parents[2]
WRITER = [sys.executable, "-m", "benchmarks.ledger.fault_writer"]
"""The writer's command; it runs in ROOT."""
SECONDS = 120
"""Seconds after which a run counts as hanging."""
MANY, SAMPLE = 120, 60


@dataclass(frozen=True, slots=True)
class Scene:
    """The task of the disturbed writer and its setting: with `hot` a killed writer's journal, or a second writer."""

    name: str
    groups: tuple[tuple[int, int], ...]
    create: bool = False
    hot: bool = False
    second: tuple[tuple[int, int], ...] = ()


SCENES = (
    Scene("one by one", ((1, 0), (1, 0), (1, 0))),
    Scene("tiles fill", ((200, 0), (60, 300), (300, 0))),
    Scene("beyond the cache", ((900, 3000), (2, 0))),
    Scene("created", ((5, 0), (1, 0)), create=True),
    Scene("after a kill", ((2, 0), (30, 200)), hot=True),
    Scene("two writers", ((3, 0), (50, 0), (1, 0)), second=((20, 0),) * 6),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault `kind` at the system call `call` number `when` of a scene."""

    scene: Scene
    call: str
    kind: str
    when: int


class NotPermittedError(Exception):
    """strace is missing, or may not trace."""


def run_writer(path: Path, scene: Scene, trace: list[str]) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run a scene's writer under strace, beside the second writer if any. Returns the finished process and the log."""
    log = path.parent.with_suffix(".strace")
    files = [path, path.with_name(path.name + "-journal"), path.parent]
    only = [part for file in files for part in ("-P", str(file))]
    request = {"path": str(path), "create": scene.create, "writer": 0, "groups": scene.groups}
    command = ["strace", "-f", "-qq", "-o", str(log), *only, *trace]  # --seccomp-bpf would swallow the signals
    done = subprocess.run(
        [*command, *WRITER, json.dumps(request)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return done, log.read_text(errors="replace") if log.exists() else ""


def prepare(folder: Path, scene: Scene) -> Path:
    """A new folder with the scene's initial files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / "case.ledger"
    if not scene.create:
        Ledger.create(path, origin=ORIGIN, signer=make_signer()).close()
    if scene.hot:
        leave_hot_journal(path)
    return path


def count_calls(folder: Path, scene: Scene) -> Counter[str]:
    """The number of each system call that an undisturbed writer makes. Raises NotPermittedError."""
    path = prepare(folder, scene)
    try:
        done, log = run_writer(path, scene, ["-e", f"trace={','.join(CALLS)}"])
    except FileNotFoundError as error:
        raise NotPermittedError("strace is not installed") from error
    calls = Counter(re.findall(r"^\d+ +(\w+)\(", log, re.MULTILINE))
    if not calls:
        raise NotPermittedError(f"strace cannot trace: {done.stderr.strip()[-200:]}")
    if done.returncode != 0:
        raise SystemExit(f"{scene.name}: fails without any disturbance: {done.stderr.strip()[-500:]}")
    return calls


def plan(counts: dict[str, Counter[str]], seed: int) -> list[Fault]:
    """The faults of every scene, in an order drawn by the seed."""
    chance = random.Random(seed)
    faults = [
        Fault(scene, call, kind, when)
        for scene in SCENES
        for call in CALLS
        for kind in FAULTS
        for when in chosen(counts[scene.name][call], chance)
    ]
    chance.shuffle(faults)
    return faults


def chosen(count: int, chance: random.Random) -> list[int]:
    """The call numbers from 1 to `count`; a random SAMPLE of them where there are more than MANY."""
    every = range(1, count + 1)
    return sorted(chance.sample(every, SAMPLE)) if count > MANY else list(every)


@dataclass(slots=True)
class Row:
    """The outcomes of the runs of one call and fault."""

    runs: int = 0
    met: int = 0
    reported: int = 0
    written: int = 0
    reopened: int = 0
    entries: int = 0
    journals: int = 0
    lost: int = 0


def disturb(folder: Path, fault: Fault, row: Row) -> None:
    """Make one run and its checks, and count it in `row`. Raises Lost."""
    scene = fault.scene
    path = prepare(folder, scene)
    second = None
    if scene.second:
        request = {"path": str(path), "create": False, "writer": 1, "groups": scene.second}
        arguments = [*WRITER, json.dumps(request)]
        second = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    row.runs += 1
    inject = f"inject={fault.call}:{FAULTS[fault.kind]}:when={fault.when}"
    try:
        done, log = run_writer(path, scene, ["-e", f"trace={fault.call}", "-e", inject])
        output, trouble = second.communicate(timeout=SECONDS) if second else ("", "")
    except subprocess.TimeoutExpired as error:
        raise Lost(f"hangs: {error.stderr!r:.500}") from error
    finally:
        if second is not None and second.poll() is None:
            second.kill()
    met = "INJECTED" in log or "killed by SIGKILL" in log
    if not met and second is None:
        raise Lost("the fault was not met: this program is wrong")
    row.met += met
    row.journals += path.with_name(path.name + "-journal").exists()
    acknowledged, errors = read_lines(done.stdout, 0)
    others, other_errors = read_lines(output, 1)
    row.reported += len(errors)
    row.written += sum(bool(error["written"]) for error in errors)
    row.reopened += "reopened" in done.stdout
    paddings = {(0, number): padding for number, (_count, padding) in enumerate(scene.groups)}
    paddings |= {(1, number): padding for number, (_count, padding) in enumerate(scene.second)}
    row.entries += check(path, acknowledged | others, paddings, created=scene.create)
    check_writer(fault, done, acknowledged, errors)
    if second is not None and (second.returncode or other_errors or len(others) != len(scene.second)):
        raise Lost(f"the writer beside it: exit {second.returncode}, {other_errors} {trouble[-500:]}")


def check_writer(
    fault: Fault,
    done: subprocess.CompletedProcess[str],
    acknowledged: dict[Group, int],
    errors: list[dict[str, object]],
) -> None:
    """Check that a writer that was not killed got at most a LedgerError that names the file, and reached its end."""
    if fault.kind == "kill" and done.returncode != 0:
        return
    if done.returncode != 0 or len(acknowledged) != len(fault.scene.groups):
        raise Lost(f"did not go on: exit {done.returncode}: {done.stderr[-500:]}")
    for error in errors:
        if not error["names"]:
            raise Lost(f"an error does not name the file: {error['error']}")


def show(rows: dict[tuple[str, str], Row], counts: dict[str, Counter[str]]) -> Iterator[str]:
    """A generator of the lines of the report."""
    for scene in SCENES:
        yield f"{scene.name}: " + ", ".join(f"{counts[scene.name][call]} {call}" for call in CALLS)
    yield ""
    columns = ("runs", "met", "journal left", "errors reported", "written all the same", "opened again", "acknowledged")
    yield f"| call | fault | {' | '.join(columns)} | lost |"
    yield "|---" * 10 + "|"
    total = Row()
    for (call, kind), row in [*sorted(rows.items()), (("all", ""), total)]:
        cells = (row.runs, row.met, row.journals, row.reported, row.written, row.reopened, row.entries, row.lost)
        yield f"| {call} | {kind} | " + " | ".join(f"{cell:,}" for cell in cells) + " |"
        for name in Row.__slots__:
            setattr(total, name, getattr(total, name) + getattr(row, name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="a line a run on standard error")
    options = parser.parse_args()
    rows: dict[tuple[str, str], Row] = {}
    with tempfile.TemporaryDirectory(prefix="faults-") as work:
        folder = Path(work).resolve() / "case"
        try:
            counts = {scene.name: count_calls(folder, scene) for scene in SCENES}
        except NotPermittedError as error:
            print(error, file=sys.stderr)
            return 2
        faults = plan(counts, options.seed)
        for number, fault in enumerate(islice(cycle(faults), options.runs or len(faults))):
            row = rows.setdefault((fault.call, fault.kind), Row())
            what = f"run {number}: {fault.scene.name}, {fault.call} {fault.when} meets {fault.kind}"
            if options.verbose:
                print(what, file=sys.stderr)
            try:
                disturb(folder, fault, row)
            except Lost as error:
                row.lost += 1
                print(f"LOST in {what}: {error}", flush=True)
    print("\n".join(show(rows, counts)))
    return 1 if any(row.lost for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
