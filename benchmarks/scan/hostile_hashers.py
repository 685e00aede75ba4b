"""What does a plug-in cost that crashes, sleeps forever, or allocates without limit on every 50th item?

    python -m benchmarks.scan.hostile_hashers --work DIR [--items 2000] [--every 50] [--time-limit 5]
                                            [--memory-limit 1500]

Installs a package with one hasher for the time of each scan, and scans drawn pictures with it: one scan for each kind
of failure and one without failures. Exactly the items that fail must be unreadable, with the right reason, and every
other finding must equal that of the scan without failures. Prints a Markdown table with the time of each scan.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

from PIL import Image

from benchmarks.shared.many_pictures import draw

PLUGIN = """
import ctypes, hashlib, json, os, time
from matcher.algorithms import Algorithm, Metric
from matcher.model import Hash

BAD = set(json.loads(os.environ["HOSTILE_PICTURES"]))
HOW = os.environ["HOSTILE_HOW"]
HELD = []

class Hostile:
    algorithm = Algorithm("hostile", 8, Metric.HAMMING, threshold=0)
    profile = "hostile: fails on demand"
    margin = 0

    def hash(self, picture):
        if hashlib.sha256(picture.image.tobytes()).hexdigest() in BAD:
            if HOW == "segfault":
                ctypes.string_at(0)
            elif HOW == "sleep":
                time.sleep(1e6)
            elif HOW == "allocate":
                while True:
                    HELD.append(bytearray(1 << 24))
        return Hash("hostile", bytes(8))

    def turned(self, picture):
        return (self.hash(picture),) * 8

    def confirm(self, picture, transform):
        return self.hash(picture)

HOSTILE = Hostile()
"""
REASONS = {"none": None, "segfault": "worker-died", "sleep": "timed-out", "allocate": "out-of-memory"}
MATCHER = [sys.executable, "-m", "matcher"]


def install(folder: Path) -> None:
    """Write the plug-in as an installed package, which only PYTHONPATH names."""
    facts = folder / "hostile_hasher-1.dist-info"
    facts.mkdir(parents=True, exist_ok=True)
    (folder / "hostile_hasher.py").write_text(PLUGIN, encoding="utf-8")
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: hostile-hasher\nVersion: 1\n", encoding="utf-8")
    (facts / "entry_points.txt").write_text("[matcher.hashers]\nhostile = hostile_hasher:HOSTILE\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--time-limit", type=float, default=5)
    parser.add_argument("--memory-limit", type=int, default=1500)
    options = parser.parse_args()
    work: Path = options.work
    paths = draw(work / "evidence", options.items)
    bad = [path for number, path in enumerate(paths) if number % options.every == options.every - 1]
    pictures = [hashlib.sha256(Image.open(path).convert("RGB").tobytes()).hexdigest() for path in bad]
    install(work / "plugin")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(work / "plugin"), os.environ.get("PYTHONPATH", "")]),
        "EVIDENCE_MATCHER_CONFIG": str(work / "configuration"),
        "HOSTILE_PICTURES": json.dumps(pictures),
    }
    (work / "k.jsonl").write_text('{"id": "a", "algorithm": "md5", "value": "' + "00" * 16 + '"}\n', encoding="utf-8")
    store = ["--store", str(work / "store")]
    subprocess.run(
        [*MATCHER, "lists", "import", str(work / "k.jsonl"), "--name", "known", *store],
        check=True, env=environment | {"HOSTILE_HOW": "none"}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    expected = {path.relative_to(work / "evidence").as_posix() for path in bad}
    sound: dict[str, object] = {}
    failed = False
    print(
        "| failure | seconds | unreadable | reason | other findings | retried | exit |\n|---|---|---|---|---|---|---|"
    )
    for how, reason in REASONS.items():
        case = work / f"case-{how}"
        shutil.rmtree(case, ignore_errors=True)
        begun = time.monotonic()
        done = subprocess.run(
            [*MATCHER, "scan", str(work / "evidence"), *store, "--case", str(case), "--quiet", "--jsonl",
             "--algorithms", "hostile", "--time-limit", str(options.time_limit),
             "--memory-limit", str(options.memory_limit)],
            env=environment | {"HOSTILE_HOW": how}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        took = time.monotonic() - begun
        findings = {finding["path"]: finding for finding in map(json.loads, done.stdout.splitlines())}
        unreadable = {
            path: finding["reason"] for path, finding in findings.items() if finding["status"] == "unreadable"
        }
        wanted = {} if reason is None else dict.fromkeys(expected, reason)
        others = {path: finding for path, finding in findings.items() if path not in expected}
        sound = sound or {path: finding for path, finding in findings.items() if path not in expected}
        retried = sum("once more alone" in line and line.startswith("warning") for line in done.stderr.splitlines())
        good = unreadable == wanted and others == sound and len(findings) == options.items
        failed = failed or not good
        reasons = ", ".join(sorted(set(unreadable.values())))
        same = "the same" if others == sound else "DIFFERENT"
        counted = f"{len(unreadable)} of {len(expected)}"
        print(f"| {how} | {took:.0f} | {counted} | {reasons} | {same} | {retried} | {done.returncode} |", flush=True)
        if not good:
            wrong = {path: why for path, why in unreadable.items() if wanted.get(path) != why}
            print(dict(islice(wrong.items(), 5)), done.stderr[-500:])
    sys.exit(failed)


if __name__ == "__main__":
    main()
