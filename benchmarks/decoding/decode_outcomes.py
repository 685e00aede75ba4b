"""What is the outcome for every file, and which files can peers read that we cannot?

    python -m benchmarks.decoding.decode_outcomes FOLDER… [--workers N] [--memory MIB] [--no-peers] [--lines FILE]

Examines every file below the folders in its own process (as a scan's worker would, with no list, so that every frame
is decoded and hashed), and decodes it by ImageMagick and libvips too where they are installed, in child processes with
limits of time and memory. Prints, as Markdown: outcomes by kind; every file that a peer reads and we do not, or not
whole, with our reason; and the files that cost most memory and time. A peer *reads* a file where it decodes all pixels
with exit code 0. `--lines` writes one JSON line for each file.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from matcher.examine.engine import Matcher
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Finding

PATIENCE = 300
"""Seconds after which a process counts as hanging."""

PEERS = {"ImageMagick": ("magick", "convert"), "libvips": ("vips",)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file's finding, its cost, and the peers that read it."""

    path: str
    bytes: int
    kind: str
    status: str
    reason: str
    hashed: int
    mebibytes: int
    seconds: float
    peers: tuple[str, ...]

    @property
    def explanation(self) -> str:
        return self.reason if not self.reason or not self.hashed else f"{self.reason}, {self.hashed} hashed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", type=int, default=4096, help="MiB that a peer may use")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--lines", type=Path, help="write one JSON line a file here")
    arguments = parser.parse_args()
    peers = {} if arguments.no_peers else _installed()
    paths = sorted(path for folder in arguments.folders for path in folder.rglob("*") if path.is_file())
    for hasher in Matcher().picture_hashers:  # compiled before the processes begin
        hasher.hash(Picture(landscape(1)))
    with ThreadPoolExecutor(arguments.workers) as pool:
        outcomes = list(pool.map(lambda path: _outcome(path, peers, arguments.memory), paths))
    if arguments.lines:
        arguments.lines.write_text("".join(json.dumps(asdict(item)) + "\n" for item in outcomes), encoding="utf-8")
    _print_table(outcomes)
    _print_peers(outcomes, list(peers))
    _print_costs(outcomes)


def _examine(path: Path, answers: Connection) -> None:
    """Examine a file and send the finding and its cost. Runs in its own process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders write their complaints there
    matcher = Matcher()
    begin = time.perf_counter()
    finding = matcher.examine(path.read_bytes(), name=path.name)
    seconds = time.perf_counter() - begin
    hashed = (len(finding.computed) - len(matcher.file_hashers)) // len(matcher.picture_hashers)
    answers.send((finding, hashed, _peak(), seconds))


def _peak() -> int:
    """The peak memory of this process in MiB; 0 where the system does not report it."""
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415 - not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1 << 20)


def _outcome(path: Path, peers: dict[str, str], memory: int) -> Outcome:
    if sys.platform == "win32":
        context = multiprocessing.get_context("spawn")
    else:
        context = multiprocessing.get_context("fork")
    answers, sending = context.Pipe(duplex=False)
    process = context.Process(target=_examine, args=(path, sending))
    process.start()
    sending.close()
    finding: Finding | None = None
    status, hashed, peak, seconds = "died", 0, 0, 0.0
    try:
        if answers.poll(PATIENCE):
            finding, hashed, peak, seconds = answers.recv()
        else:
            status = "hanging"
            process.kill()
    except EOFError:
        pass
    process.join()
    read = tuple(name for name, program in peers.items() if _PEER[name](program, path, memory))
    kind = sniff(path.read_bytes()[:HEAD])
    return Outcome(
        path=f"{path.parent.name}/{path.name}",
        bytes=path.stat().st_size,
        kind="none" if kind is None else kind.media_type,
        status=status if finding is None else finding.status.value,
        reason="" if finding is None or finding.reason is None else finding.reason.value,
        hashed=hashed,
        mebibytes=peak,
        seconds=round(seconds, 3),
        peers=read,
    )


def _installed() -> dict[str, str]:
    installed = {name: next(filter(None, map(shutil.which, programs)), None) for name, programs in PEERS.items()}
    for name, program in installed.items():
        if program is None:
            print(f"{name} is not installed: not compared", file=sys.stderr)
    return {name: program for name, program in installed.items() if program is not None}


def _run(command: list[str], memory: int) -> bool:
    """Whether the command ends with 0, in bounded memory, within two minutes."""

    def limit() -> None:
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (memory << 20, memory << 20))

    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
            check=False,
            preexec_fn=None if sys.platform == "win32" else limit,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _magick(program: str, path: Path, memory: int) -> bool:
    limits = ["-limit", "memory", "1GiB", "-limit", "map", "1GiB", "-limit", "time", "60"]
    return _run([program, *limits, str(path), "null:"], memory)


def _vips(program: str, path: Path, memory: int) -> bool:
    return _run([program, "avg", str(path)], memory)


_PEER: dict[str, Callable[[str, Path, int], bool]] = {"ImageMagick": _magick, "libvips": _vips}


def _print_table(outcomes: list[Outcome]) -> None:
    print(f"## Outcomes of {len(outcomes):,} files by kind\n")
    print("| kind | files | examined | in part | unreadable | skipped | died | reasons |")
    print("|---|---|---|---|---|---|---|---|")
    for kind in [*sorted({item.kind for item in outcomes}), ""]:
        some = [item for item in outcomes if kind in ("", item.kind)]
        columns = Counter(_column(item) for item in some)
        reason_counts = Counter(item.reason for item in some if item.reason and item.status == "unreadable")
        reasons = ", ".join(f"{reason} {count}" for reason, count in reason_counts.most_common())
        cells = [columns[name] for name in ("examined", "in part", "unreadable", "skipped", "died")]
        print(f"| {kind or '**all**'} | {len(some)} | {' | '.join(map(str, cells))} | {reasons} |")


def _column(item: Outcome) -> str:
    if item.status == "unreadable" and item.hashed:
        return "in part"
    return "died" if item.status == "hanging" else item.status


def _print_peers(outcomes: list[Outcome], peers: list[str]) -> None:
    if not peers:
        return
    missed = [item for item in outcomes if item.peers and _column(item) not in ("examined", "in part")]
    print(f"\n## Read by {' or '.join(peers)}, and not by us: {len(missed)} files\n")
    print("| file | kind | our reason | read by |\n|---|---|---|---|")
    for item in sorted(missed, key=lambda item: (item.kind, item.reason, item.path)):
        reason = item.explanation or item.status
        print(f"| {item.path} | {item.kind} | {reason} | {', '.join(item.peers)} |")
    ours = [item for item in outcomes if item.hashed and not item.peers]
    whole = sum(not item.reason for item in ours)
    print(f"\nThe other way round, {len(ours)} files that no peer reads are hashed here, {whole} of them whole.")
    for name in peers:
        print(f"{name} reads {sum(name in item.peers for item in outcomes)}.", end=" ")
    print(f"We read {sum(_column(item) == 'examined' for item in outcomes)} whole, and some of ", end="")
    print(f"{sum(_column(item) == 'in part' for item in outcomes)} more.")


def _print_costs(outcomes: list[Outcome]) -> None:
    print("\n## What costs most\n")
    print("| file | bytes | kind | outcome | peak MiB | seconds |\n|---|---|---|---|---|---|")
    by_memory = sorted(outcomes, key=lambda item: -item.mebibytes)[:6]
    by_time = sorted(outcomes, key=lambda item: -item.seconds)[:6]
    for item in dict.fromkeys([*by_memory, *by_time]):
        outcome = f"{item.status} {item.explanation}".strip()
        print(f"| {item.path} | {item.bytes} | {item.kind} | {outcome} | {item.mebibytes} | {item.seconds} |")


if __name__ == "__main__":
    main()
