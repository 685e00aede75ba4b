"""Does memory grow with the number of items, and how long does a relookup of very many items take?

    python -m benchmarks.scan.many_items --work DIR [--counts 5000 100000] [--strangers 1000]

For each count, draws that many small pictures, scans them against a list of ten of them and `--strangers` others, and
measures the memory of all processes of the scan. Then the ten are replaced in the list by ten others that are in the
evidence, and `relookup` must report both changes. Prints a Markdown table: seconds and items a second of the scan, its
peak memory and that of its largest process, megabytes of ledger and hashes; seconds of the relookup, its peak memory,
its changes, and the number of items that it opened to confirm.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.shared.many_pictures import draw, path_of
from benchmarks.shared.process_memory import run_measured

MATCHER = [sys.executable, "-m", "matcher"]
LISTED = 10


def published(work: Path, name: str, pictures: list[Path]) -> None:
    """Publish a new version of the list, with these pictures."""
    folder = work / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, path in enumerate(pictures):
        shutil.copy(path, folder / f"{number:05d}.jpg")
    made = work / f"{name}.jsonl"
    for arguments in (
        ["lists", "build", str(folder), "--name", "known", "-o", str(made)],
        ["lists", "import", str(made), "--name", "known", "--store", str(work / "store")],
    ):
        subprocess.run([*MATCHER, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def megabytes(path: Path) -> float:
    return path.stat().st_size / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--counts", type=int, nargs="+", default=[5000, 100_000])
    parser.add_argument("--strangers", type=int, default=1000)
    options = parser.parse_args()
    work: Path = options.work
    os.environ["EVIDENCE_MATCHER_CONFIG"] = str(work / "configuration")
    drawn = max(options.counts) + options.strangers
    every = draw(work / "drawn", drawn)
    strangers = every[max(options.counts) :]
    print("| items | scan, s | items/s | peak MB | largest | ledger MB | hashes MB | relookup, s | peak MB | new items "
          "| withdrawn items | opened |\n|---|---|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    good = True
    for count in options.counts:
        evidence, case = work / f"evidence-{count}", work / f"case-{count}"
        shutil.rmtree(case, ignore_errors=True)
        shutil.rmtree(work / "store", ignore_errors=True)
        for number in range(count):
            target = path_of(evidence, number)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.hardlink_to(path_of(work / "drawn", number))
        first, second = [every[:count][at :: count // LISTED][:LISTED] for at in (3, 7)]
        published(work, "first", [*first, *strangers])
        common = ["--store", str(work / "store"), "--case", str(case)]
        begun = time.monotonic()
        done, peak = run_measured([*MATCHER, "scan", str(evidence), *common, "--quiet"])
        took = time.monotonic() - begun
        if done.returncode != 1:
            sys.exit(f"the scan ended with {done.returncode}")
        published(work, "second", [*second, *strangers])
        begun = time.monotonic()
        with (work / "relookup.txt").open("w") as errors:
            again, later = run_measured([*MATCHER, "relookup", *common], stderr=errors)
        seconds = time.monotonic() - begun
        changes = [json.loads(line) for line in again.stdout.splitlines()]
        new, withdrawn = ({item["path"] for item in changes if item["change"] == kind} for kind in ("new", "withdrawn"))
        wanted = [{path.relative_to(work / "drawn").as_posix() for path in paths} for paths in (second, first)]
        good = good and again.returncode == 0 and wanted[0] <= new and wanted[1] <= withdrawn
        opened = re.search(r"([0-9,]+) items opened", (work / "relookup.txt").read_text())
        print(f"| {count:,} | {took:.0f} | {count / took:.0f} | {peak.total:.0f} | {peak.largest_process:.0f} "
              f"| {megabytes(case / 'case.ledger'):.0f} | {megabytes(case / 'case.hashes/1.hashes'):.0f} "
              f"| {seconds:.1f} | {later.total:.0f} | {len(new)} | {len(withdrawn)} "
              f"| {opened[1] if opened else '?'} |", flush=True)  # fmt: skip
    print(
        "\nThe ten that were listed and the ten that are now were all reported." if good else "\nSOMETHING IS MISSING"
    )
    sys.exit(not good)


if __name__ == "__main__":
    main()
