"""Does a scan find every altered copy that the reference implementations find, on a corpus of real pictures?

    python -m benchmarks.hashing.corpus_recall CORPUS --work DIR [--count 1000] [--others 2000] [--each]

CORPUS is a folder with photos/, screenshots/, bad/, formats/ and a MANIFEST.csv. The script lists `--count`
photographs, hides altered copies of them among others, scans with the command line, and compares the result for every
copy with that of `pdqhash` and `imagehash` at full decode, in all eight orientations, at the default thresholds. By
default each photograph gets one alteration, in turn; with `--each` it gets all of them. Needs the extra `referee`.

Writes result.json and prints: recall for each alteration and for the peers, every copy that a peer finds and the scan
does not (there must be none), every match among the others, and the peak memory of the scan.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pdqhash
from PIL import Image

from benchmarks.shared.corpus_pictures import PHOTOGRAPHS, manifest
from benchmarks.shared.process_memory import run_measured

Transpose = Image.Transpose
PDQ_THRESHOLD, PHASH_THRESHOLD, MINIMUM_QUALITY = 31, 8, 50
MAX_PIXELS = 40_000_000


Alteration = Callable[[Image.Image], tuple[Image.Image, int]]
"""The altered picture, and the quality that it is saved with."""


def transposed(how: Image.Transpose) -> Alteration:
    return lambda image: (image.transpose(how), 90)


ALTERATIONS: dict[str, Alteration] = {
    "quality 30": lambda image: (image, 30),
    "half size": lambda image: (image.resize((max(1, image.width // 2), max(1, image.height // 2))), 90),
    "grey": lambda image: (image.convert("L"), 90),
    "upright": lambda image: (image, 90),
    **{transpose.name.lower().replace("_", " "): transposed(transpose) for transpose in Transpose},
}


def photographs(corpus: Path, count: int) -> list[Path]:
    """The first `count` photographs by SHA-256, without those that have too little detail or too many pixels."""
    rows = [
        row
        for row in manifest(corpus)
        if row["file"].startswith("photos/")
        and row["kind"] in PHOTOGRAPHS
        and row["width"]
        and 10_000 < int(row["width"]) * int(row["height"]) < MAX_PIXELS
    ]
    return [corpus / row["file"] for row in sorted(rows, key=lambda row: row["sha256"])[:count]]


def alter(task: tuple[Path, str, Path]) -> None:
    path, name, target = task
    with Image.open(path) as opened:
        white = Image.new("RGBA", opened.size, "white")
        image = Image.alpha_composite(white, opened.convert("RGBA")).convert("RGB")
    changed, quality = ALTERATIONS[name](image)
    target.parent.mkdir(parents=True, exist_ok=True)
    changed.save(target, "JPEG", quality=quality)


def peers_find(task: tuple[Path, Path]) -> tuple[str, bool, bool]:
    """(copy, whether pdqhash finds it, whether imagehash finds it), comparing the original with eight orientations."""
    copy, original = task
    with Image.open(original) as opened:
        white = Image.new("RGBA", opened.size, "white")
        composited = Image.alpha_composite(white, opened.convert("RGBA")).convert("RGB")
        dropped = opened.convert("RGBA").convert("RGB")
    with Image.open(copy) as opened:
        image = opened.convert("RGB")
    turned, quality = pdqhash.compute_dihedral(np.asarray(image))
    listed = [pdqhash.compute(np.asarray(picture)) for picture in (composited, dropped)]
    by_pdq = quality >= MINIMUM_QUALITY and any(
        int((vector != known).sum()) <= PDQ_THRESHOLD
        for known, known_quality in listed
        if known_quality >= MINIMUM_QUALITY
        for vector in turned
    )
    grey = image.convert("L")
    hashes = [imagehash.phash(grey), *(imagehash.phash(grey.transpose(turn)) for turn in Transpose)]
    by_phash = any(
        imagehash.phash(known) - value <= PHASH_THRESHOLD for known in (composited, dropped) for value in hashes
    )
    return str(copy), bool(by_pdq), bool(by_phash)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "matcher", *map(str, arguments)]


def build_tree(arguments: argparse.Namespace, work: Path) -> dict[str, tuple[str, Path]]:
    """Write known/ and exhibit/. Returns path in the exhibit → (alteration, original)."""
    originals = photographs(arguments.corpus, arguments.count)
    known = work / "known"
    known.mkdir(parents=True)
    copies: dict[str, tuple[str, Path]] = {}
    tasks = []
    names = list(ALTERATIONS)
    for number, path in enumerate(originals):
        os.link(path, known / path.name)
        for name in names if arguments.each else [names[number % len(names)]]:
            relative = f"copies/{name}/{path.stem}.jpg"
            copies[relative] = (name, path)
            tasks.append((path, name, work / "exhibit" / relative))
    with ProcessPoolExecutor() as pool:
        list(pool.map(alter, tasks, chunksize=16))
    taken = set(originals)
    others = [path for path in sorted((arguments.corpus / "photos").iterdir()) if path not in taken]
    others += sorted((arguments.corpus / "screenshots").iterdir())
    step = max(1, len(others) // arguments.others)
    for path in others[::step][: arguments.others]:
        _link(path, work / "exhibit/others" / path.name)
    for folder in ("bad", "formats"):
        for path in (arguments.corpus / folder).iterdir():
            _link(path, work / "exhibit" / folder / path.name)
    return copies


def _link(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(path, target)


def findings(case: Path) -> Iterator[dict[str, Any]]:
    printed = subprocess.run(command("findings", "--case", case), check=True, stdout=subprocess.PIPE).stdout
    for line in io.StringIO(printed.decode()):
        yield json.loads(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="new folder, on the file system of the corpus")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--others", type=int, default=2000)
    parser.add_argument("--each", action="store_true", help="every alteration of every photograph")
    arguments = parser.parse_args()
    work: Path = arguments.work
    work.mkdir(parents=True)
    copies = build_tree(arguments, work)
    print(f"{arguments.count} photographs, {len(copies)} altered copies", flush=True)

    subprocess.run(command("lists", "build", work / "known", "--name", "corpus", "-o", work / "l.jsonl"), check=True)
    imported = command("lists", "import", work / "l.jsonl", "--store", work / "store", "--name", "corpus")
    subprocess.run(imported, check=True)
    begun = time.monotonic()
    scan = command("scan", work / "exhibit", "--store", work / "store", "--case", work / "case", "--quiet")
    finished, peak = run_measured([*scan, "--key", str(work / "key")])
    seconds = time.monotonic() - begun
    print(finished.stdout, f"exit code {finished.returncode}, {seconds:.0f} s")
    subprocess.run(command("verify", "--case", work / "case"), check=True)

    by_path = {finding["path"]: finding for finding in findings(work / "case")}
    on_disk = sum(len(names) for _folder, _folders, names in os.walk(work / "exhibit"))
    with ProcessPoolExecutor() as pool:
        tasks = [(work / "exhibit" / relative, original) for relative, (_name, original) in copies.items()]
        peers = {Path(path): (pdq, phash) for path, pdq, phash in pool.map(peers_find, tasks, chunksize=16)}
    report(arguments, copies, by_path, peers, on_disk, peak.total, peak.largest_process, seconds)


def report(  # noqa: PLR0917 - a last step that tells everything
    arguments: argparse.Namespace,
    copies: dict[str, tuple[str, Path]],
    by_path: dict[str, dict[str, Any]],
    peers: dict[Path, tuple[bool, bool]],
    on_disk: int,
    total: float,
    largest: float,
    seconds: float,
) -> None:
    notes = {}
    with (arguments.work / "l.jsonl").open(encoding="utf-8") as stream:
        for line in stream:
            entry = json.loads(line)
            notes[entry["id"]] = entry["note"]
    table: dict[str, Counter[str]] = defaultdict(Counter)
    lost, missed = [], []
    for relative, (name, original) in copies.items():
        pdq, phash = peers[arguments.work / "exhibit" / relative]
        ours = any(notes[match["entry"]] == original.name.replace("%", "%25") for match in by_path[relative]["matches"])
        row = table[name]
        row["copies"] += 1
        row["found"] += ours
        row["pdqhash"] += pdq
        row["imagehash"] += phash
        row["either"] += pdq or phash
        if (pdq or phash) and not ours:
            lost.append(relative)
        if not ours:
            missed.append(relative)
    print(
        "\n| alteration | copies | found | pdqhash finds | imagehash finds | either peer |\n|---|---|---|---|---|---|"
    )
    for name, row in table.items():
        print(
            f"| {name} | {row['copies']} | {row['found']} | {row['pdqhash']} | {row['imagehash']} | {row['either']} |"
        )
    print(f"\nfound by a peer and not by the scan: {len(lost)} {lost}")
    print(f"not found: {len(missed)}")
    for relative in missed:
        print(f"  {relative}")
    elsewhere = {
        path: [(match["algorithm"], match["distance"], notes[match["entry"]]) for match in finding["matches"]]
        for path, finding in by_path.items()
        if path not in copies and finding["matches"]
    }
    print(f"matches among the others: {len(elsewhere)}")
    for path, matches in elsewhere.items():
        print(f"  {path}: {matches[:3]}")
    statuses = Counter((path.split("/")[0], finding["status"], finding["reason"]) for path, finding in by_path.items())
    for (folder, status, reason), count in sorted(statuses.items(), key=str):
        print(f"{folder:10} {status:11} {reason or '':20} {count}")
    print(f"files on disk {on_disk}, findings {len(by_path)}")
    print(f"scan: {seconds:.0f} s; peak memory of all processes {total:.0f} MB, of the largest {largest:.0f} MB")
    result = {"table": table, "lost": lost, "missed": missed, "elsewhere": elsewhere, "on_disk": on_disk}
    (arguments.work / "result.json").write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    sys.exit(1 if lost or len(by_path) != on_disk else 0)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None
    main()
