"""How many more matches do pictures give that are derived from a copy, by which reframing, and at what cost?

    python -m benchmarks.detection.reframings CORPUS [--count 350] [--side 1000]

The first `--count` photographs, reduced to at most `--side` pixels a side, are the listed pictures: the hash of each is
listed. Each is altered (turned by small angles in three ways, cropped, framed, and altered without a change of
geometry). The copy is looked up as it is and reframed (matcher/imaging/reframing.py), upright, by the hash of the
reduced picture.

Prints, for PDQ and pHash, the share that matches at each threshold: as it is; with each group of reframings in
addition; with all. Then the matches of each reframing; the distance of screened hashes of reframed pictures from the
reference's; and the time of a reframing, compared with decoding the same file. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import io
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from benchmarks.hashing.corpus_recall import photographs
from matcher.distances import hamming
from matcher.hashers import ScreeningHasher, picture_hashers
from matcher.imaging.picture import Picture
from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.reframing import REFRAMINGS, named, reframed, reframed_picture

ALGORITHMS = ("pdq", "phash")
THRESHOLDS = {"pdq": (31, 48, 56, 60), "phash": (8, 10, 12)}
GROUPS = {
    "in its frame": ("tilt+3", "tilt-3"),
    "inside": ("tilt+3-inside", "tilt-3-inside"),
    "around": ("tilt+3-around", "tilt-3-around"),
    "widened": ("widen4",),
    "all": tuple(reframing.name for reframing in REFRAMINGS),
}
SEED = 7
LEAST_QUALITY = 50
FIDELITY_EVERY = 8
"""One of so many photographs is also reframed and hashed by the reference."""

Alteration = Callable[[Image.Image, np.random.Generator], Image.Image]


def colour(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(value) for value in rng.integers(0, 256, 3))


def rotated(degrees: float, *, expand: bool) -> Alteration:
    def alter(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
        signed = degrees if rng.random() < 0.5 else -degrees
        return picture.rotate(signed, Image.Resampling.BICUBIC, expand=expand, fillcolor=colour(rng))

    return alter


def rotated_inside(degrees: float) -> Alteration:
    """An alteration: rotated, and cropped to the largest upright part without a corner of the fill."""

    def alter(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
        turned = rotated(degrees, expand=False)(picture, rng)
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        width, height = picture.size
        across = int((width * cosine - height * sine) / (cosine**2 - sine**2))
        down = int((height * cosine - width * sine) / (cosine**2 - sine**2))
        left, top = (width - across) // 2, (height - down) // 2
        return turned.crop((left, top, left + across, top + down))

    return alter


def cropped(left: float, top: float, right: float, bottom: float) -> Alteration:
    """An alteration: cropped by shares of the width and the height."""

    def alter(picture: Image.Image, _rng: np.random.Generator) -> Image.Image:
        width, height = picture.size
        sides = round(width * left), round(height * top), width - round(width * right), height - round(height * bottom)
        return picture.crop(sides)

    return alter


def framed(share: float) -> Alteration:
    def alter(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
        border = round(min(picture.size) * share)
        canvas = Image.new("RGB", (picture.width + 2 * border, picture.height + 2 * border), colour(rng))
        canvas.paste(picture, (border, border))
        return canvas

    return alter


def written_on(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The picture with a line of text of a tenth of its height, white with a black edge, at a random place."""
    altered = picture.copy()
    size = max(8, picture.height // 10)
    spot = int(rng.integers(0, picture.width // 8)), int(rng.integers(0, picture.height - size))
    letters = ImageFont.load_default(size)
    edge = max(1, size // 12)
    ImageDraw.Draw(altered).text(spot, "Text over it", (255,) * 3, letters, stroke_width=edge, stroke_fill=(0,) * 3)
    return altered


def as_jpeg(picture: Image.Image, _rng: np.random.Generator) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=30)
    return Image.open(buffer).convert("RGB")


ALTERATIONS: dict[str, Alteration] = {
    **{f"rotated {angle}°, same size": rotated(angle, expand=False) for angle in (1, 2, 3, 4, 5)},
    **{f"rotated {angle}°, expanded": rotated(angle, expand=True) for angle in (1, 2, 3, 4, 5)},
    **{f"rotated {angle}°, inside": rotated_inside(angle) for angle in (1, 2, 3, 4, 5)},
    **{f"crop {share} % each side": cropped(*(share / 100,) * 4) for share in (1, 2, 3, 4, 5, 6)},
    "crop 5 % top and bottom": cropped(0, 0.05, 0, 0.05),
    "crop 5 % left and right": cropped(0.05, 0, 0.05, 0),
    "crop 5 % at the bottom": cropped(0, 0, 0, 0.05),
    **{f"frame {share} % each side": framed(share / 100) for share in (1, 2, 3)},
    "text over it": written_on,
    "JPEG 30": as_jpeg,
    "quarter size": lambda picture, _rng: picture.resize((max(1, picture.width // 4), max(1, picture.height // 4))),
    "blur 2": lambda picture, _rng: picture.filter(ImageFilter.GaussianBlur(2)),
    "brightness × 1.4": lambda picture, _rng: ImageEnhance.Brightness(picture).enhance(1.4),
    "contrast × 1.6": lambda picture, _rng: ImageEnhance.Contrast(picture).enhance(1.6),
}


def hashers() -> list[ScreeningHasher]:
    return [hasher for hasher in picture_hashers(ALGORITHMS) if isinstance(hasher, ScreeningHasher)]


def distances(picture: Picture, reduced: Reduced, name: str, listed: Sequence[bytes]) -> list[int]:
    """The distances by each of ALGORITHMS, upright, of a picture reframed by the named reframing, or with "" as it is.

    Where the reduced picture is not informative, the picture is hashed at full size, as in a scan.
    """
    small = reframed(reduced, named(name)) if name else reduced
    measured = []
    for hasher, known in zip(hashers(), listed, strict=True):
        answer = hasher.screened(small)
        if answer is None:
            value = hasher.hash(reframed_picture(picture, named(name)) if name else picture).value
        else:
            value = answer.hashes[0].value
        measured.append(hamming(value, known))
    return measured


def listed_pictures(corpus: Path, count: int, side: int) -> list[Path]:
    """Photographs with enough pixels and quality."""
    pdq = hashers()[0]
    kept: list[Path] = []
    for path in photographs(corpus, 3 * count):
        if len(kept) == count:
            break
        picture = reduced_to(path, side)
        if min(picture.size) >= 200 and (pdq.hash(Picture(picture)).quality or 0) >= LEAST_QUALITY:
            kept.append(path)
    return kept


def reduced_to(path: Path, side: int) -> Image.Image:
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((side, side))
    return picture


class Fidelity:
    """The distances of the screened hashes of reframed pictures from the reference's, and the time of a reframing."""

    def __init__(self) -> None:
        self.distances: dict[str, Counter[int]] = {name: Counter() for name in ALGORITHMS}
        self.beyond_slack: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.whole_seconds: list[float] = []
        self.decoding: list[float] = []

    def look(self, path: Path, side: int) -> None:
        begun = time.perf_counter()
        picture = Picture(reduced_to(path, side))
        reduced = picture.reduced()
        self.decoding.append(time.perf_counter() - begun)
        for reframing in REFRAMINGS:
            begun = time.perf_counter()
            small = reframed(reduced, reframing)
            between = time.perf_counter()
            whole = reframed_picture(picture, reframing)
            self.whole_seconds.append(time.perf_counter() - between)
            self.seconds.append(between - begun)
            for hasher in hashers():
                answer = hasher.screened(small)
                if answer is None:
                    continue
                name = hasher.algorithm.name
                for one, other, slack in zip(answer.hashes, hasher.turned(whole), answer.slack, strict=True):
                    distance = hamming(one.value, other.value)
                    self.distances[name][distance] += 1
                    self.beyond_slack[name] += distance > slack

    def show(self) -> None:
        print("\nScreened against reference, reframed, eight orientations (bits: share):")
        for name, measured in self.distances.items():
            total = measured.total()
            shares = " ".join(f"{distance}:{count / total:.3%}" for distance, count in sorted(measured.items()))
            print(
                f"  {name}: {total} hashes; beyond the slack that the hasher states {self.beyond_slack[name]}; {shares}"
            )
        medians = [1000 * float(np.median(each)) for each in (self.seconds, self.whole_seconds, self.decoding)]
        print("  median: a reduced picture {:.2f} ms, a whole one {:.1f} ms; opening it {:.1f} ms".format(*medians))


def show(measured: dict[str, npt.NDArray[np.int64]], columns: Sequence[str], at: int, algorithm: str) -> None:
    """Print one algorithm's table. `measured`: for each alteration the distances (pictures, columns, algorithms)."""
    limits = THRESHOLDS[algorithm]
    print(
        f"\n{algorithm}: % found at ≤ {', '.join(map(str, limits))}; questions in all, of the eight orientations each"
    )
    heads = [f"as it stands ({8})", *(f"+ {name} ({8 * (1 + len(names))})" for name, names in GROUPS.items())]
    print(f"| alteration | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
    sets = [(), *GROUPS.values()]
    for name, every in measured.items():
        cells = []
        for names in sets:
            nearest = every[:, [0, *(columns.index(each) for each in names)], at].min(axis=1)
            cells.append(" ".join(f"{100 * float((nearest <= limit).mean()):.0f}" for limit in limits))
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--count", type=int, default=350)
    parser.add_argument("--side", type=int, default=1000, help="pixels of the longer side, at most")
    arguments = parser.parse_args()
    paths = listed_pictures(arguments.corpus, arguments.count, arguments.side)
    columns = ["", *(reframing.name for reframing in REFRAMINGS)]
    measured = {name: np.zeros((len(paths), len(columns), len(ALGORITHMS)), np.int64) for name in ALTERATIONS}
    fidelity = Fidelity()
    for number, path in enumerate(paths):
        rng = np.random.default_rng((SEED, number))
        picture = reduced_to(path, arguments.side)
        listed = [hasher.hash(Picture(picture)).value for hasher in hashers()]
        for name, alter in ALTERATIONS.items():
            copy = Picture(alter(picture, rng))
            reduced = copy.reduced()
            for column, reframing in enumerate(columns):
                measured[name][number, column] = distances(copy, reduced, reframing, listed)
        if number % FIDELITY_EVERY == 0:
            fidelity.look(path, arguments.side)
    print(f"{len(paths)} photographs of at most {arguments.side} pixels a side, seed {SEED}")
    for at, algorithm in enumerate(ALGORITHMS):
        show(measured, columns, at, algorithm)
    limit = THRESHOLDS["pdq"][2]
    print(f"\npdq ≤ {limit}: % found by each alone")
    print(f"| alteration | {' | '.join(name or 'as it stands' for name in columns)} |")
    print("|---" * (len(columns) + 1) + "|")
    for name, every in measured.items():
        print(f"| {name} | {' | '.join(f'{share:.0f}' for share in 100 * (every[:, :, 0] <= limit).mean(axis=0))} |")
    fidelity.show()


if __name__ == "__main__":
    Image.MAX_IMAGE_PIXELS = None
    main()
