"""Does anything fail or wait while a long scan writes to a case and others read it, scan into it, and decide?

    python -m benchmarks.scan.readers_beside_writer --minutes 5 [--pictures FOLDER]

One scan of many small pictures runs for about that long. Meanwhile, all at once and repeatedly, there are: `matcher
findings`, `matcher report`, `matcher verify`; two readers of the ledger that pause in the middle of reading; a scan of
another folder into the same case; and an examiner whose decision is appended every few seconds. Prints, as a Markdown
table, how often each acted, the failures, and the longest time that each took or waited. A failure is an undocumented
exit code, a traceback, or a verdict of `verify` that names anything but the running scans. At the end the case is
verified, every scan must be complete, and every decision present. Exit code 1 if anything failed.

Pictures are drawn (matcher.imaging.drawing), or copied from FOLDER; each copy differs by a few bytes at its end.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from ledger import Ledger, leaf_hash
from matcher.executors.choosing import executor_for
from matcher.imaging.drawing import landscape
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.store import Store
from matcher.model import CategoryProfile
from matcher.record.case import LEDGER, CaseFacts, open_case
from matcher.record.entries import entry
from matcher.scan.make_list import make_list
from matcher.scan.opening import ScanRequest, prepare_scan
from matcher.scan.run import run_scan
from matcher.settings import Settings

DRAWN = 200
BESIDE = 150
"""Items of each of the scans that run beside the long one."""
PILOT = 300
SLOWER = 3.5
"""How many times slower the long scan runs than the pilot, since the others share two cores with it; as measured."""
DECISIONS_EVERY = 3.0
PAUSE_EVERY, PAUSE = 200, 0.5
"""A slow reader pauses for PAUSE seconds after every PAUSE_EVERY entries."""
LONG_PAUSE = 20.0
"""The seconds of one longer pause of a slow reader."""
_OPEN_SCAN = re.compile(r"problem: scan \d+ was never closed: incomplete")


@dataclass(slots=True)
class Actor:
    """The record of one concurrent command or reader. `longest` and `waited` are in seconds."""

    name: str
    runs: int = 0
    longest: float = 0.0
    waited: float = 0.0
    failures: list[str] = field(default_factory=list)

    def took(self, seconds: float, *, waited: float = 0.0) -> None:
        self.runs += 1
        self.longest = max(self.longest, seconds)
        self.waited = max(self.waited, waited)


class Silent:
    """A progress listener that prints nothing and measures the speed of the scan."""

    def __init__(self) -> None:
        self.times: list[float] = []

    @property
    def rate(self) -> float:
        """Items a second, without the start of the workers."""
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])

    def opened(self, *_: object) -> None: ...
    def examined(self, *_: object, **_facts: object) -> None:
        self.times.append(time.monotonic())

    def recorded(self, *_: object) -> None: ...
    def retried(self, *_: object) -> None: ...
    def closed(self, *_: object) -> None: ...
    def complete(self, *_: object) -> None: ...


def make_pictures(folder: Path, pictures: Path | None, count: int, salt: str) -> None:
    """Make `count` files with distinct contents."""
    folder.mkdir(parents=True)
    if pictures is None:
        originals = []
        for seed in range(DRAWN):
            path = folder / f"{seed}.jpg"
            landscape(seed, width=96, height=72).save(path, quality=80)
            originals.append(path.read_bytes())
            path.unlink()
    else:
        files = sorted(path for path in pictures.rglob("*") if path.is_file())
        originals = [path.read_bytes() for path in files[:2000]]
    for number in range(count):
        inside = folder / f"{number // 1000:04d}"
        inside.mkdir(exist_ok=True)
        (inside / f"{number:07d}.jpg").write_bytes(originals[number % len(originals)] + f"{salt}{number}".encode())


def timed(function: Callable[..., Any], actor: Actor) -> Callable[..., Any]:
    """The function, with the time of each call recorded in `actor`."""

    def run(*arguments: Any, **options: Any) -> Any:
        begun = time.monotonic()
        result = function(*arguments, **options)
        actor.took(time.monotonic() - begun)
        return result

    return run


def long_scan(results: Any, case: Path, key: Path, store: Path, folder: Path) -> None:
    """Run the long scan and time its appends."""
    actor = Actor("the long scan's appends")
    try:
        with open_case(case, CaseFacts(), key=key) as log:
            log.append = timed(log.append, actor)  # type: ignore[method-assign]
            run_scan(
                log,
                prepare_scan(ScanRequest(folder, store, case, Settings())),
                executor=executor_for(1),
                listener=Silent(),
            )
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the result
        actor.failures.append(f"{type(error).__name__}: {error}")
    results.put(actor)


def slow_reader(results: Any, name: str, case: Path, stop: Event) -> None:
    """Read the whole ledger with pauses; records the longest wait for an entry, without the pauses."""
    actor = Actor(name)
    try:
        while not stop.is_set():
            begun = time.monotonic()
            with Ledger.open_readonly(case / LEDGER) as log:
                longest = time.monotonic() - begun
                entries = log.entries()
                count = 0
                while not stop.is_set():
                    requested = time.monotonic()
                    entry = next(entries, None)
                    longest = max(longest, time.monotonic() - requested)
                    if entry is None:
                        break
                    count += 1
                    if count % PAUSE_EVERY == 0:
                        stop.wait(LONG_PAUSE if count == 5 * PAUSE_EVERY else PAUSE)
            actor.took(longest)
            stop.wait(PAUSE)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the result
        actor.failures.append(f"{type(error).__name__}: {error}")
    results.put(actor)


def decisions(results: Any, case: Path, stop: Event) -> None:
    """Append an examiner's decisions, opening the ledger for each."""
    actor = Actor("decisions appended")
    waits = [0.0]
    try:
        while not stop.is_set():
            begun = time.monotonic()
            waits[0] = 0.0
            with Ledger.open(case / LEDGER, on_wait=lambda seconds: waits.__setitem__(0, seconds)) as log:
                body = next(log.entries(0, 1))[1]
                judged = {"index": 0, "leaf_hash": leaf_hash(body).hex()}
                log.append([entry("decision", **judged, verdict="not relevant", examiner="benchmark")])
            actor.took(time.monotonic() - begun, waited=waits[0])
            stop.wait(DECISIONS_EVERY)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the result
        actor.failures.append(f"{type(error).__name__}: {error}")
    results.put(actor)


def matcher(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matcher", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")


def problem_of(done: subprocess.CompletedProcess[str], allowed: tuple[int, ...]) -> str | None:
    """The failure of a command that has ended, in words; None where it succeeded."""
    if "Traceback" in done.stderr or "internal error" in done.stderr:
        return f"exit {done.returncode}: {done.stderr.strip()[-300:]}"
    if done.returncode not in allowed:
        return f"exit {done.returncode}: {(done.stderr.strip() or done.stdout.strip())[-300:]}"
    return None


def strange_verdict(done: subprocess.CompletedProcess[str]) -> str | None:
    """The fault of a verdict of `verify`, which must name the running scans and nothing else; None if it has none."""
    problems = [line for line in done.stdout.splitlines() if line.startswith("problem:")]
    others = [line for line in problems if not _OPEN_SCAN.fullmatch(line)]
    if others or (done.returncode == 1) != bool(problems):
        return f"exit {done.returncode}: {'; '.join(others) or 'no problem named'}"
    return None


def again_and_again(
    actor: Actor, stop: Event, allowed: tuple[int, ...], command: Callable[[], list[Path | str]], *, judge: Any = None
) -> None:
    """Run one command after the other until the long scan ends; records the longest, and the longest reported wait."""
    while not stop.is_set():
        begun = time.monotonic()
        done = matcher(*command())
        reported = [float(seconds) for seconds in re.findall(r"release the ledger, (\d+) s", done.stderr)]
        actor.took(time.monotonic() - begun, waited=max(reported, default=0.0))
        problem = problem_of(done, allowed) or (judge(done) if judge else None)
        if problem:
            actor.failures.append(problem)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--minutes", type=float, default=60.0)
    arguments.add_argument("--pictures", type=Path, help="copy these instead of drawing")
    arguments.add_argument("--items", type=int, help="items of the long scan; by default estimated from a pilot")
    options = arguments.parse_args()
    work = Path(tempfile.mkdtemp(prefix="beside-"))
    os.environ["EVIDENCE_MATCHER_CONFIG"] = str(work)
    try:
        return run(work, options)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def run(work: Path, options: argparse.Namespace) -> int:
    store, case, key = work / "known.store", work / "case", work / "signing.key"
    (work / "known").mkdir()
    landscape(1, width=96, height=72).save(work / "known/1.png")
    make_list(work / "known", name="known", output=work / "known.jsonl", workers=0)
    request = ImportRequest("known", [work / "known.jsonl"], CategoryProfile())
    import_lists(Store(store), request, on_refused=lambda _source, _line: None)
    make_pictures(work / "pilot", options.pictures, PILOT, "pilot")
    make_pictures(work / "beside", options.pictures, BESIDE, "beside")
    pilot = Silent()
    with open_case(work / "pilot-case", CaseFacts(), key=key) as log:
        run_scan(
            log,
            prepare_scan(ScanRequest(work / "pilot", store, work / "pilot-case", Settings())),
            executor=executor_for(1),
            listener=pilot,
        )
    items = options.items or round(pilot.rate * options.minutes * 60 / SLOWER)
    print(f"pilot: {pilot.rate:.0f} items/s alone; the long scan has {items:,} items", file=sys.stderr)
    make_pictures(work / "long", options.pictures, items, "long")
    with open_case(case, CaseFacts(), key=key):
        pass

    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    others = [
        context.Process(target=slow_reader, args=(results, "slow reader 1", case, stop)),
        context.Process(target=slow_reader, args=(results, "slow reader 2", case, stop)),
        context.Process(target=decisions, args=(results, case, stop)),
    ]
    commands: list[tuple[Actor, tuple[int, ...], Callable[[], list[Path | str]], Any]] = [
        (Actor("findings"), (0,), lambda: ["findings", "--case", case], None),
        (Actor("report"), (0,), lambda: ["report", "--case", case, "--format", "html", "-o", work / "r.html"], None),
        (Actor("verify"), (0, 1), lambda: ["verify", "--case", case], strange_verdict),
        (
            Actor("scans beside it"),
            (0, 1, 3),
            lambda: ["scan", work / "beside", "--store", store, "--case", case, "--workers", "1"],
            None,
        ),
    ]
    threads = [
        threading.Thread(target=again_and_again, args=(actor, stop, allowed, command), kwargs={"judge": judge})
        for actor, allowed, command, judge in commands
    ]
    scan = context.Process(target=long_scan, args=(results, case, key, store, work / "long"))
    begun = time.monotonic()
    scan.start()
    for process in others:
        process.start()
    for thread in threads:
        thread.start()
    actors = [results.get()]  # only the long scan ends by itself, unless something fails
    while scan.is_alive() and not any(actor.name.startswith("the long") for actor in actors):
        actors.append(results.get())
    seconds = time.monotonic() - begun
    stop.set()
    while len(actors) < len(others) + 1:
        actors.append(results.get())
    for process in (scan, *others):
        process.join()
    for thread in threads:
        thread.join()
    actors += [actor for actor, _allowed, _command, _judge in commands]
    alone = {}
    for actor, _allowed, command, _judge in commands[:3]:
        begun = time.monotonic()
        matcher(*command())
        alone[actor.name] = time.monotonic() - begun
    return show(actors, alone, seconds, items, check(case, items, actors))


def check(case: Path, items: int, actors: list[Actor]) -> list[str]:
    """The faults of the case at the end, in words."""
    done = matcher("verify", "--case", case)
    problems = [] if done.returncode == 0 else [f"verify: exit {done.returncode}: {done.stdout[-500:]}"]
    complete = re.findall(r"scan \d+ +complete: ([\d,]+) items", done.stdout)
    runs = {actor.name: actor.runs for actor in actors}
    if sorted(complete) != sorted([f"{items:,}", *[str(BESIDE)] * runs["scans beside it"]]):
        problems.append(f"complete scans of {complete} items")
    with Ledger.open_readonly(case / LEDGER) as log:
        decided = sum(b'"type":"decision"' in body for _index, body in log.entries())
        print(f"{log.size:,} entries in the ledger, {(case / LEDGER).stat().st_size / 1e6:.0f} MB", file=sys.stderr)
    if decided != runs["decisions appended"]:
        problems.append(f"{decided} decisions of {runs['decisions appended']}")
    return problems


def show(actors: list[Actor], alone: dict[str, float], seconds: float, items: int, problems: list[str]) -> int:
    print(f"{items:,} items in {seconds / 60:.1f} minutes, {items / seconds:.0f} items/s, {os.cpu_count()} cores\n")
    print("| who | times | failures | longest, s | longest reported wait for the ledger, s | alone at the end, s |")
    print("|---|---|---|---|---|---|")
    for actor in actors:
        end = f"{alone[actor.name]:.1f}" if actor.name in alone else ""
        cells = [actor.name, actor.runs, len(actor.failures), f"{actor.longest:.2f}", f"{actor.waited:.2f}", end]
        print(f"| {' | '.join(map(str, cells))} |")
    for actor in actors:
        for failure in actor.failures[:5]:
            print(f"\nFAILED: {actor.name}: {failure}")
    for problem in problems:
        print(f"\nFAILED: {problem}")
    if not problems:
        print("\nIn the end the case verifies, and every scan and decision is there.")
    return 1 if problems or any(actor.failures for actor in actors) else 0


if __name__ == "__main__":
    sys.exit(main())
