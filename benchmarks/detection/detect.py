"""Is a known picture detected in a screenshot, in a frame, turned, cropped, and by peers at equal false matches?

    python -m benchmarks.detection.detect CORPUS --work DIR -o DIR [--count 200] [--seed 7] [--cases NAME …]
    python -m benchmarks.detection.detect PICTURES --screenshots FOLDER --work DIR -o DIR

CORPUS has photos/ and screenshots/ (and a MANIFEST.csv); PICTURES is any folder of a lab's own photographs, used with
any folder of screenshots. `--count` photographs are listed among `--listed` random hashes, each is put into one file of
each case (cases.py), and every file is examined by `matcher.Matcher` as a platform would. A photograph is detected
where the finding has a match with its entry, or with the entry of the part that is shown. The installed peers (pdqhash,
imagehash, perception) examine the first `--peer-count` files of each case, at two thresholds: the documented one, and
one that makes as few false matches as ours (see peers.py). AugLy's cases run where it is installed.

Then the real screenshots are examined as they are: every match is counted, and drawn on a sheet for inspection. Writes
result.md, result.json, plots and sheets into the folder that `-o` names, which must not exist. `--work` stores the
random list, which takes a minute to make.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from benchmarks.detection.by_augly import MISSING
from benchmarks.detection.cases import Case, Material, all_cases, parts, source_of
from benchmarks.detection.known import Chosen, build_store, choose, hashes_of_parts, matcher_of, settings_of
from benchmarks.detection.measuring import Bench, Measured, measure_all
from benchmarks.detection.peers import Peer, installed, of_all
from benchmarks.detection.pictures import LEAST_BACKGROUND, loaded, photographs_of, screenshots_of
from benchmarks.detection.plots import plot_nearest, plot_recall
from benchmarks.detection.sheets import Pair, draw
from benchmarks.detection.tables import (
    peer_table,
    recall_table,
    tallied,
    threshold_table,
    thresholds,
    wrong_table,
)
from benchmarks.detection.unplanted import Unplanted, look

OTHERS = 100
"""The number of photographs that are not listed: wallpapers, and small surrounding pictures."""

MOST_WRONG_DRAWN = 80


def arguments_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, metavar="CORPUS", help="a corpus, or a folder of photographs")
    parser.add_argument("--screenshots", type=Path, help="a folder of real screenshots; CORPUS/screenshots otherwise")
    parser.add_argument("--work", type=Path, required=True, help="keeps the random list")
    parser.add_argument("-o", "--output", type=Path, required=True, help="new folder")
    parser.add_argument("--count", type=int, default=200, help="photographs")
    parser.add_argument("--listed", type=int, default=1_000_000, help="random hashes of each algorithm beside them")
    parser.add_argument("--peer-count", type=int, default=100, help="files of each case that the peers examine")
    parser.add_argument("--unplanted", type=int, default=1_000, help="real screenshots to examine as they are, at most")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--cases", nargs="+", metavar="NAME", help="those whose name begins so; all otherwise")
    parser.add_argument("--max-false-matches", type=float, default=1.0, help="in 10,000 screenshots")
    parser.add_argument("--fixed", action="store_true", help="the default thresholds, and no reframed pictures")
    parser.add_argument("--no-regions", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args()


def chosen_cases(prefixes: Sequence[str] | None) -> dict[str, Case]:
    cases = all_cases()
    if prefixes is None:
        return cases
    return {name: case for name, case in cases.items() if name.startswith(tuple(prefixes))}


def files_of(case: Case, photographs: int) -> int:
    return -(-photographs // case.each)


def screenshot_folder(arguments: argparse.Namespace) -> Path:
    folder: Path = arguments.screenshots or arguments.pictures / "screenshots"
    return folder


def prepared(arguments: argparse.Namespace, cases: dict[str, Case], notes: list[str]) -> tuple[Bench, list[Peer]]:
    """Choose photographs, list them and their parts that grids show, hash them for the peers. Adds to the notes."""
    settings, lacking = settings_of(
        regions=not arguments.no_regions, most=None if arguments.fixed else arguments.max_false_matches
    )
    corpus = (arguments.pictures / "photos").is_dir()
    paths = photographs_of(arguments.pictures / "photos" if corpus else arguments.pictures)
    screenshots = screenshots_of(screenshot_folder(arguments), least=LEAST_BACKGROUND)
    for pictures, folder in ((paths, arguments.pictures), (screenshots, screenshot_folder(arguments))):
        if not pictures:
            raise SystemExit(f"{folder}: nothing that is large enough")
    chosen = choose(paths, count=arguments.count, others=OTHERS)
    material = Material(chosen.known, chosen.others, tuple(screenshots), arguments.seed)
    grids = max((files_of(case, len(chosen.known)) for case in cases.values() if case.planted == "grid"), default=0)
    hashes = {**chosen.hashes, **hashes_of_parts(material, grids)}
    peers, missing = installed()

    def listed() -> Iterator[tuple[int, Image.Image]]:
        for number, path in enumerate(material.known):
            yield number, loaded(path)
        for entry, shown in parts(material, grids):
            if entry in hashes:
                source = source_of(entry)
                assert source is not None
                yield source, shown

    photographs = build_store(arguments.output / "known", hashes)
    notes += notes_of(arguments, chosen, len(hashes), len(screenshots))
    notes += [*missing, *filter(None, [MISSING]), *(f"this build has no setting {name}" for name in lacking)]
    bench = Bench(
        material=material,
        listed_pdq={entry: mine["pdq"].value for entry, mine in hashes.items()},
        work=arguments.work,
        photographs=photographs,
        listed=arguments.listed,
        settings=settings,
        peer_listed=of_all(peers, listed()) if arguments.peer_count else {},
    )
    return bench, peers


def notes_of(arguments: argparse.Namespace, chosen: Chosen, entries: int, screenshots: int) -> list[str]:
    return [
        f"seed {arguments.seed}; {len(chosen.known)} photographs ({entries} entries with their parts in grids) among "
        f"{arguments.listed:,} random hashes of each algorithm; {len(chosen.others)} other photographs, "
        f"{screenshots} screenshots",
        f"passed over: {chosen.near} near another photograph, {chosen.poor} with too little detail for a PDQ",
        "thresholds: "
        + (
            "the defaults"
            if arguments.fixed
            else f"at most {arguments.max_false_matches:g} expected in 10,000 screenshots"
        ),
    ]


def main() -> None:
    arguments = arguments_of()
    arguments.output.mkdir(parents=True)
    cases = chosen_cases(arguments.cases)
    notes: list[str] = []
    begun = time.monotonic()
    bench, peers = prepared(arguments, cases, notes)
    print("\n".join(notes), f"prepared in {time.monotonic() - begun:.0f} s", sep="\n", flush=True)

    tasks = [
        (name, number, number * case.each < arguments.peer_count)
        for name, case in cases.items()
        for number in range(files_of(case, len(bench.material.known)))
    ]
    measured = []
    for one in measure_all(bench, tasks, workers=arguments.workers):
        measured.append(one)
        if len(measured) % 100 == 0:
            print(f"{len(measured)} of {len(tasks)} files, {time.monotonic() - begun:.0f} s", flush=True)
    matcher = matcher_of(arguments.work, bench.photographs, listed=arguments.listed, settings=bench.settings)
    bare = look(
        matcher,
        bench.material,
        screenshots_of(screenshot_folder(arguments))[: arguments.unplanted],
        arguments.output,
    )
    draw_wrong(bench, cases, measured, arguments.output)
    report(arguments, notes, peers, bench, measured, bare)


def draw_wrong(bench: Bench, cases: dict[str, Case], measured: Sequence[Measured], folder: Path) -> None:
    """Sheets of the matches with photographs that a file does not show."""
    pairs: list[Pair] = []
    for one in measured:
        for match in one.wrong:
            source = source_of(match["entry"])
            if source is not None and len(pairs) < MOST_WRONG_DRAWN:
                data = cases[one.case].query(bench.material, one.number).data
                image = Image.open(io.BytesIO(data)).convert("RGB")
                region = None if match["region"] is None else tuple(match["region"])
                label = f"{one.case} {one.number}: {match['algorithm']} {match['distance']}, {match['entry']}"
                pairs.append(Pair(image, region, loaded(bench.material.known[source]), label))
    draw(pairs, folder, name="wrong")


def report(  # noqa: PLR0917 - a last step that tells everything
    arguments: argparse.Namespace,
    notes: Sequence[str],
    peers: Sequence[Peer],
    bench: Bench,
    measured: Sequence[Measured],
    bare: Unplanted,
) -> None:
    tallies = tallied(measured)
    peer_thresholds = thresholds(
        peers,
        measured,
        entries=len(bench.listed_pdq),
        listed=arguments.listed + len(bench.listed_pdq),
        most=arguments.max_false_matches,
    )
    each = bare.seconds / max(1, bare.screenshots)
    lines = [*(f"- {note}" for note in notes), ""]
    for title, table in {
        "Recall": recall_table(tallies, peer_thresholds),
        "Peers at their documented thresholds": peer_table(tallies, peer_thresholds, equal=False),
        "Peers at thresholds with as few false matches as ours": peer_table(tallies, peer_thresholds, equal=True),
        "Thresholds of the peers": threshold_table(peer_thresholds),
        "Our wrong matches": wrong_table(tallies),
    }.items():
        lines += [f"## {title}", "", *table, ""]
    lines += [
        "## Real screenshots without a planted picture",
        "",
        f"{bare.screenshots} screenshots, {each:.2f} s each: {len(bare.matches)} matches in {bare.matched} of them; "
        f"{len(bare.unread)} could not be read whole.",
        *(f"- {sheet.name}" for sheet in bare.sheets),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    (arguments.output / "result.md").write_text(text, encoding="utf-8")
    result = {
        "notes": list(notes),
        "peers": {name: asdict(facts) for name, facts in peer_thresholds.items()},
        "files": [
            {
                "case": one.case,
                "number": one.number,
                "shown": [asdict(shown) for shown in one.shown],
                "wrong": one.wrong,
            }
            for one in measured
        ],
        "photographs": [path.name for path in bench.material.known],
        "unplanted": {"screenshots": bare.screenshots, "matches": bare.matches, "unread": bare.unread},
    }
    (arguments.output / "result.json").write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    plot_recall(tallies, peer_thresholds, arguments.output / "recall.svg")
    plot_nearest(tallies, {name: case.group for name, case in all_cases().items()}, arguments.output / "nearest.svg")


if __name__ == "__main__":
    main()
