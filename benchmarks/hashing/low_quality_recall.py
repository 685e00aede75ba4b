"""Are copies of pictures of low quality found, and how many others of low quality match wrongly?

    python -m benchmarks.hashing.low_quality_recall CORPUS --work DIR [--count 300] [--others 5000]

The peer is the rule that PDQ's authors publish, as this package followed it before: PDQ hashes of a quality below 50
are not looked up, and pHash, which has no published quality, always is, at the same distance. Both look up the same
copies and the same others, in one list of `--count` pictures of PDQ quality 20 to 49.

All are of the half of the corpus that the calibration for low quality did not use: whole files first, then cuttings.
Others are of different originals than the listed ones, as far as the manifest of the corpus knows. Prints the copies
found, and the others that match, by algorithm; `--show` lists the wrong matches for inspection.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from benchmarks.shared.low_quality_pictures import LowQuality, half_of, low_quality_pictures, opened
from matcher import Finding, Matcher, Settings
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.store import Store

HALF = 1
LISTED_QUALITIES = range(20, 50)
RULES = {
    "published": Settings(minimum_quality={"pdq": 50, "phash": 0}, regions=False),
    "by calibration": Settings(regions=False),
}
ALTERATIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG 60": lambda image: image,
    "half size, JPEG 90": lambda image: image.resize((max(1, image.width // 2), max(1, image.height // 2))),
}
QUALITIES = {"JPEG 60": 60, "half size, JPEG 90": 90}


def chosen(
    pictures: Sequence[LowQuality], finer: Sequence[LowQuality], count: int, others: int
) -> tuple[list[LowQuality], list[LowQuality]]:
    """The listed pictures, one an original, and the others. Whole files come first, finer cuttings last."""
    mine = sorted((each for each in pictures if half_of(each.group) == HALF), key=lambda each: each.box is not None)
    listed: dict[str, LowQuality] = {}
    for each in mine:
        if each.quality in LISTED_QUALITIES and len(listed) < count:
            listed.setdefault(each.group, each)
    more = [each for each in finer if half_of(each.group) == HALF]
    rest = [each for each in (*mine, *more) if each.group not in listed and each.quality > 0]
    return list(listed.values()), rest[:others]


def image_of(corpus: Path, picture: LowQuality) -> Image.Image:
    image = opened(corpus, picture.file)
    assert image is not None, f"{picture.file} was decoded before"
    return image if picture.box is None else image.crop(picture.box)


def encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def write_list(listed: Sequence[LowQuality], path: Path) -> None:
    lines = [
        json.dumps({"id": str(place), "algorithm": name, "value": hashes[0].value.hex(), "quality": hashes[0].quality})
        for place, picture in enumerate(listed)
        for name, hashes in picture.hashes.items()
        if name in ("pdq", "phash")
    ]
    path.write_text("\n".join(lines) + "\n")


def copies(corpus: Path, listed: Sequence[LowQuality]) -> Iterator[tuple[int, str, bytes]]:
    """A generator of the entry, the alteration and the bytes of each copy."""
    for place, picture in enumerate(listed):
        image = image_of(corpus, picture)
        for name, alter in ALTERATIONS.items():
            yield place, name, encoded(alter(image), "JPEG", quality=QUALITIES[name])


def own(finding: Finding, place: int) -> bool:
    return any(match.entry == str(place) for match in finding.matches)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--others", type=int, default=5000)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    pictures = low_quality_pictures(options.corpus, options.work)
    finer = low_quality_pictures(options.corpus, options.work, finer=True)
    listed, others = chosen(pictures, finer, options.count, options.others)
    with tempfile.TemporaryDirectory() as folder:
        write_list(listed, Path(folder) / "list.jsonl")
        store = Store(Path(folder) / "store")
        import_lists(
            store, ImportRequest("low", (Path(folder) / "list.jsonl",)), on_refused=lambda _file, line: print(line)
        )
        matchers = {rule: Matcher.open(store.folder, settings=settings) for rule, settings in RULES.items()}
        for rule, matcher in matchers.items():
            print(
                f"{rule}: thresholds", {each.algorithm: dict(each.hash_lookup.thresholds) for each in matcher.lookups}
            )
        found: Counter[tuple[str, str]] = Counter()
        wrong: Counter[tuple[str, str]] = Counter()
        for place, alteration, data in copies(options.corpus, listed):
            for rule, matcher in matchers.items():
                finding = matcher.examine(data)
                found[rule, alteration] += own(finding, place)
                wrong[rule, "copies"] += any(match.entry != str(place) for match in finding.matches)
        compared: Counter[str] = Counter()
        for picture in others:
            data = encoded(image_of(options.corpus, picture), "PNG", compress_level=1)
            for rule, matcher in matchers.items():
                finding = matcher.examine(data)
                compared[rule] += finding.is_compared
                wrong[rule, "any"] += bool(finding.matches)
                for name in {match.algorithm for match in finding.matches}:
                    wrong[rule, name] += 1
                if options.show and finding.matches:
                    near = finding.matches[0]
                    print(
                        rule,
                        picture.file,
                        picture.box,
                        "->",
                        listed[int(near.entry)].file,
                        near.algorithm,
                        near.distance,
                    )
    print(f"{len(listed)} listed, {len(listed)} copies of each kind, {len(others)} others")
    print(f"{'':16}" + "".join(f"{name:>20}" for name in (*ALTERATIONS, "others that match", "by pdq", "by phash")))
    for rule in RULES:
        cells = [*(found[rule, name] for name in ALTERATIONS), *(wrong[rule, name] for name in ("any", "pdq", "phash"))]
        print(f"{rule:16}" + "".join(f"{cell:>20,}" for cell in cells))
        print(f"{'':16}{wrong[rule, 'copies']:,} copies match another entry; {compared[rule]:,} others were compared")


if __name__ == "__main__":
    main()
