"""Are the findings of a default scan equal to those of `--exact`, item by item, on the whole corpus?

    python -m benchmarks.scan.exact_findings CORPUS --work DIR [--count 1000] [--others N] [--each] [--without-odd]
                                        [--workers 2]

The tree is that of corpus_recall.py: `--count` listed photographs, altered copies of them (one alteration each, or with
`--each` all), the originals, `--others` of the corpus's other pictures (all of them by default), and its broken and odd
files (unless `--without-odd`). It is scanned twice against the same list. Prints every item and field that differs, as
compared here from `matcher findings` and as reported by `matcher diff`; the two must agree. Exit code 1 where anything
differs. Needs the extra `referee`. DIR is new, or from an earlier run: its tree and its list are then used again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.hashing.corpus_recall import build_tree, command
from benchmarks.shared.scan_runs import Run, findings_of, place, scanned, use_configuration

ODD = ("bad", "formats")
SHOWN = 200


def laid_out(arguments: argparse.Namespace, work: Path) -> Path:
    """Make the tree, and the list in the store. Returns the tree's folder."""
    exhibit = work / "exhibit"
    if (work / "store").exists():
        return exhibit
    work.mkdir(parents=True, exist_ok=True)
    build_tree(arguments, work)
    if arguments.without_odd:
        for folder in ODD:
            shutil.rmtree(exhibit / folder)
    (exhibit / "originals").mkdir()
    for path in (work / "known").iterdir():
        place(path, exhibit / "originals" / path.name)
    made = work / "known.jsonl"
    subprocess.run(command("lists", "build", work / "known", "--name", "corpus", "-o", made), check=True)
    subprocess.run(command("lists", "import", made, "--store", work / "store", "--name", "corpus"), check=True)
    return exhibit


def differing(default: Path, exact: Path) -> tuple[int, dict[str, Any]]:
    """The number of items, and each differing item by its path: the fields, each as default and exact."""
    theirs = {finding["path"]: finding for finding in findings_of(exact)}
    items = 0
    differing_items: dict[str, Any] = {}
    for finding in findings_of(default):
        items += 1
        path = finding["path"]
        twin = theirs.pop(path, None)
        if twin is None:
            differing_items[path] = "only in the default scan"
        elif finding != twin:
            differing_items[path] = {key: [finding[key], twin[key]] for key in finding if finding[key] != twin[key]}
    differing_items.update(dict.fromkeys(theirs, "only in the exact scan"))
    return items, differing_items


def reported_by_diff(default: Path, exact: Path) -> tuple[set[str], list[dict[str, Any]]]:
    """The paths that `matcher diff` names, and the facts of the two scans in which they differ."""
    done = subprocess.run(command("diff", default, exact), check=True, stdout=subprocess.PIPE)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["path"] for line in lines if "path" in line}, [line for line in lines if "path" not in line]


def report(default: Path, exact: Path, runs: dict[str, Run]) -> bool:
    """Print the differences. Returns whether there are none."""
    items, differing_items = differing(default, exact)
    named, facts = reported_by_diff(default, exact)
    statuses: Counter[str] = Counter()
    matched = 0
    for finding in findings_of(default):
        statuses[finding["status"]] += 1
        matched += bool(finding["matches_total"])
    print(f"{items:,} items, {matched:,} of them with a match: {dict(statuses)}")
    for name, run in runs.items():
        print(f"{name}: {run.wall:.0f} s, {run.processor:.0f} s of processors")
    print(f"facts of the scans that differ: {json.dumps(facts, ensure_ascii=False)[:1000]}")
    for path, fields in list(differing_items.items())[:SHOWN]:
        print(f"DIFFERS {path}: {json.dumps(fields, ensure_ascii=False)[:2000]}")
    print(f"items that differ: {len(differing_items)}; `matcher diff` names {len(named)}")
    if named != set(differing_items):
        print(f"ONLY ONE OF BOTH NAMES THEM: {sorted(named ^ set(differing_items))[:SHOWN]}")
    return not differing_items and not named


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="on the file system of the corpus, for hard links")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--others", type=int, default=10**9)
    parser.add_argument("--each", action="store_true", help="every alteration of every photograph")
    parser.add_argument("--without-odd", action="store_true", help="leave the broken and odd files out")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    use_configuration(arguments.work)
    exhibit = laid_out(arguments, arguments.work)
    runs = {}
    for name, more in (("default", []), ("exact", ["--exact"])):
        case = arguments.work / f"case-{name}"
        runs[name] = scanned(exhibit, arguments.work / "store", case, workers=arguments.workers, more=more)
    sys.exit(0 if report(arguments.work / "case-default", arguments.work / "case-exact", runs) else 1)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None
    main()
