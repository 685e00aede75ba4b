"""How many unrelated pictures does a scan flag, by default and by the published thresholds?

    python -m benchmarks.hashing.flagged_by_chance CORPUS --work DIR [--listed 1500] [--exhibit 1000] [--sheet FILE]

Files of photos/ and screenshots/ are divided in two halves: the files of one family, near-duplicate group or pair of
NEAR_DUPLICATES.csv (pHash within 4) are all in one. `--listed` files of one half become a list, `--exhibit` files of
the other are scanned, three times: by default, with --published-thresholds, and with --exact. Prints the flagged ones
by kind and by the algorithms that match, each one that the default flags with the entry that it matches, and what the
scans say; the findings of the default and of --exact must be equal. `--sheet` draws the pairs that the default flags
side by side: whether they are related is for whoever looks at them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from benchmarks.hashing.corpus_recall import command
from benchmarks.shared.corpus_pictures import manifest, related_pairs
from matcher.calibration.measuring.making import joined

MOST_PIXELS = 20_000_000
CELL, ACROSS = (320, 180), 4
SCANS: dict[str, tuple[str, ...]] = {
    "default": (),
    "published thresholds": ("--published-thresholds",),
    "exact": ("--exact",),
}


def divided(corpus: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The rows of both halves, each by the digest of its file."""
    rows = [
        row
        for row in manifest(corpus)
        if row["file"].partition("/")[0] in ("photos", "screenshots")
        and row["width"]
        and int(row["width"]) * int(row["height"]) < MOST_PIXELS
    ]
    groups = joined(len(rows), list(related_pairs(corpus, rows, keys=("family", "dup_group"))))
    halves: tuple[list[dict[str, str]], list[dict[str, str]]] = ([], [])
    for row, group in sorted(zip(rows, groups, strict=True), key=lambda each: each[0]["sha256"]):
        halves[hashlib.sha256(f"half {rows[group]['sha256']}".encode()).digest()[0] & 1].append(row)
    return halves


def laid_out(corpus: Path, rows: list[dict[str, str]], folder: Path) -> None:
    folder.mkdir(parents=True)
    for row in rows:
        os.link(corpus / row["file"], folder / Path(row["file"]).name)


def scanned(work: Path, name: str, options: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """The findings of one scan, by path; what it says is printed."""
    case = work / name.replace(" ", "-")
    scan = command("scan", work / "exhibit", "--store", work / "store", "--case", case, "--key", work / "key", *options)
    finished = subprocess.run(scan, check=False, capture_output=True, text=True)
    said = [line for line in (finished.stderr + finished.stdout).splitlines() if "items, " not in line]
    print(f"{name}: exit code {finished.returncode}", *said, sep="\n    ")
    printed = subprocess.run(command("findings", "--case", case), check=True, capture_output=True, text=True).stdout
    return {finding["path"]: finding for finding in map(json.loads, printed.splitlines())}


def by_algorithm(finding: dict[str, Any]) -> str:
    names = sorted({match["algorithm"] for match in finding["matches"]})
    region = " in a region" if all(match["region"] for match in finding["matches"]) else ""
    return "+".join(names) + region + (", of low quality" if finding.get("doubtful") else "")


def table(findings: dict[str, dict[str, dict[str, Any]]], kinds: dict[str, str]) -> None:
    print("\n| kind | pictures | " + " | ".join(f"flagged, {name}" for name in findings) + " |")
    print("|---|---" * 1 + "|---" * len(findings) + "|")
    of_kind = Counter(kinds.values())
    for kind in [*sorted(of_kind), "all"]:
        cells = []
        for found in findings.values():
            some = [f for path, f in found.items() if f["matches"] and kind in (kinds[path], "all")]
            ways = Counter(map(by_algorithm, some))
            told = ", ".join(f"{way}: {number}" for way, number in sorted(ways.items()))
            cells.append(f"{len(some)}" + (f" ({told})" if some else ""))
        count = of_kind[kind] if kind in of_kind else len(kinds)
        print(f"| {kind} | {count:,} | " + " | ".join(cells) + " |")


def pairs(work: Path, findings: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """A generator of each flagged path, the listed file that it matches best, and how."""
    with (work / "l.jsonl").open(encoding="utf-8") as stream:
        notes = {entry["id"]: entry["note"].replace("%25", "%") for entry in map(json.loads, stream)}
    for path, finding in sorted(findings.items()):
        if finding["matches"]:
            best = min(finding["matches"], key=lambda match: float(match.get("chance") or 0))
            same = [match for match in finding["matches"] if match["entry"] == best["entry"]]
            how = ", ".join(f"{match['algorithm']} {match['distance']}" for match in same)
            yield path, notes[best["entry"]], f"{how}, chance {best.get('chance')}, {best['transform']}"


def draw(work: Path, found: list[tuple[str, str, str]], target: Path) -> None:
    rows = -(-len(found) // ACROSS)
    sheet = Image.new("RGB", (CELL[0] * ACROSS, CELL[1] * max(1, rows)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (path, listed, how) in enumerate(found):
        x, y = number % ACROSS * CELL[0], number // ACROSS * CELL[1]
        for place, file in enumerate((work / "exhibit" / path, work / "listed" / listed)):
            with Image.open(file) as opened:
                image = opened.convert("RGBA")
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image).convert("RGB")
            image.thumbnail((CELL[0] // 2 - 8, CELL[1] - 30))
            sheet.paste(image, (x + 4 + place * CELL[0] // 2, y + 24))
        pen.text((x + 4, y + 4), f"{number}: {how}"[:52], fill="black")
    sheet.save(target)
    print(f"drawn: {target}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="new folder, on the file system of the corpus")
    parser.add_argument("--listed", type=int, default=1500)
    parser.add_argument("--exhibit", type=int, default=1000)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    work: Path = options.work
    first, second = divided(options.corpus)
    listed, exhibit = first[: options.listed], second[: options.exhibit]
    laid_out(options.corpus, listed, work / "listed")
    laid_out(options.corpus, exhibit, work / "exhibit")
    made = work / "l.jsonl"
    build = command("lists", "build", work / "listed", "--name", "half", "-o", made)
    subprocess.run(build, check=True, stderr=subprocess.DEVNULL)
    subprocess.run(command("lists", "import", made, "--store", work / "store", "--name", "half"), check=False)
    findings = {name: scanned(work, name, arguments) for name, arguments in SCANS.items()}
    kinds = {Path(row["file"]).name: row["kind"] for row in exhibit}
    table(findings, kinds)
    found = list(pairs(work, findings["default"]))
    for number, (path, entry, how) in enumerate(found):
        print(f"{number}: {path} | {entry} | {how}")
    if options.sheet:
        draw(work, found, options.sheet)
    differ = [path for path, finding in findings["default"].items() if finding != findings["exact"][path]]
    print(f"findings that differ from --exact: {len(differ)} {differ[:5]}")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
