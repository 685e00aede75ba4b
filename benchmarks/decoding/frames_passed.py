"""How near are the frames of animations that are passed over to those that are looked at, and what does looking cost?

    python -m benchmarks.decoding.frames_passed FOLDER… --work DIR [--rounds 3] [--drawn]

Reads every GIF, WebP, PNG, AVIF and FLI of the FOLDERs that has more than one frame; with --drawn also animations that
are drawn here: fades, pans, noise, and slides that are hardly visible. Prints a line for each: its frames; those of
which a rendering is looked at; the largest distance, by PDQ and by pHash, of a rendering that is passed over to the
last one of its kind that was looked at, and the PDQ quality of the better one of that pair (pairs below a quality of 20
are in columns of their own: PDQ says nothing about them); then milliseconds of the processor for an examination against
a list of 100,000 random hashes, where only the first, the middle and the last frame are looked at (as with
`max_frames` 1, so up to 100 frames are decoded) and where all are that differ: the best of the rounds.
"""

from __future__ import annotations

import argparse
import io
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.shared.random_lists import random_store
from matcher import Matcher, Settings
from matcher.distances import hamming
from matcher.hashers.imagehashes import PHASH
from matcher.hashers.pdq import PDQ
from matcher.imaging import colour
from matcher.imaging.decode import decode
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture
from matcher.imaging.renderings import rendering_name
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Hash

SUFFIXES = {".gif", ".webp", ".png", ".apng", ".avif", ".fli", ".flc"}
WEAK = 20
"""PDQ says nothing of pictures with a lower quality."""
MOST_FRAMES = 2000
SIZE = (320, 240)

Hashes = tuple[Hash, Hash]


@dataclass(slots=True)
class Outcome:
    """The number of frames and of those looked at; the largest distances by PDQ and pHash, of sound and weak pairs."""

    frames: int = 0
    looked_at: set[int] = field(default_factory=set)
    sound: tuple[int, int] = (0, 0)
    weak: tuple[int, int] = (0, 0)

    def add(self, last: Hashes, passed: Hashes) -> None:
        quality = max(last[0].quality or 0, passed[0].quality or 0)
        pdq, phash = (hamming(one.value, other.value) for one, other in zip(last, passed, strict=True))
        if quality >= WEAK:
            self.sound = max(self.sound[0], pdq), max(self.sound[1], phash)
        else:
            self.weak = max(self.weak[0], pdq), max(self.weak[1], phash)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--drawn", action="store_true")
    arguments = parser.parse_args()
    store = random_store(arguments.work / "store", 100_000)
    three = Matcher.open(store, settings=Settings(max_frames=1))
    every = Matcher.open(store)
    columns = f"{'frames':>7}{'looked':>7}{'sound':>8}{'weak':>8}{'three ms':>10}{'every ms':>10}"
    print(f"{'animation':<44}{'size':>11}{columns}")
    sums = [0.0, 0.0]
    worst, files = (0, 0), 0
    for name, data in (*animations(arguments.folders), *(drawn() if arguments.drawn else ())):
        outcome = compared(data)
        if outcome.frames < 2:
            continue
        times = [best(partial(matcher.examine, data), arguments.rounds) for matcher in (three, every)]
        sums = [total + taken for total, taken in zip(sums, times, strict=True)]
        worst, files = max(worst, outcome.sound), files + 1
        size = "{} × {}".format(*Image.open(io.BytesIO(data)).size)
        distances = "".join(f"{f'{pdq}/{phash}':>8}" for pdq, phash in (outcome.sound, outcome.weak))
        cost = "".join(f"{taken * 1e3:>10.1f}" for taken in times)
        print(f"{name[-43:]:<44}{size:>11}{outcome.frames:>7}{len(outcome.looked_at):>7}{distances}{cost}")
    print(f"{files} animations: at most {worst[0]} bits of PDQ; {sums[0]:.2f} s of the processor, now {sums[1]:.2f} s")


def animations(folders: list[Path]) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                yield path.name, path.read_bytes()


def compared(data: bytes) -> Outcome:
    """Every frame, decoded by Pillow alone, beside what is looked at. Files that Pillow refuses have no frames."""
    outcome = Outcome()
    kind = sniff(data[:HEAD])
    try:
        with Image.open(io.BytesIO(data)) as image:
            if kind is None or not 1 < getattr(image, "n_frames", 1) <= MOST_FRAMES:
                return outcome
            looked_at = {picture.rendering for picture in decode(data, kind).renderings()}
            last: dict[str, tuple[Hashes, bytes]] = {}
            seen: dict[bytes, Hashes] = {}
            for number in range(1, image.n_frames + 1):  # type: ignore[attr-defined]
                image.seek(number - 1)
                image.load()
                outcome.frames = number
                for label, rendered in colour.renderings(image):
                    pixels = rendered.tobytes()
                    hashes = seen.get(pixels) or (PDQ.hash(Picture(rendered)), PHASH.hash(Picture(rendered)))
                    if rendering_name(number, label) in looked_at:
                        outcome.looked_at.add(number)
                        seen[pixels] = hashes
                    if rendering_name(number, label) in looked_at or pixels in seen:
                        last[label] = hashes, pixels
                    else:
                        outcome.add(last[label][0], hashes)
    except Exception as error:  # noqa: BLE001 - damaged files raise anything
        print(f"  ends at frame {outcome.frames}: {type(error).__name__}")
    return outcome


def drawn() -> Iterator[tuple[str, bytes]]:
    """A generator of the name and the file of drawn animations, lossless."""
    one, other = (landscape(seed, width=SIZE[0], height=SIZE[1]) for seed in (1, 2))
    wide = landscape(3, width=3 * SIZE[0], height=SIZE[1])
    slides = [landscape(seed, width=SIZE[0], height=SIZE[1]) for seed in range(1, 8)]
    for steps in (25, 100, 400):
        yield f"fade in {steps} steps", webp(faded(one, other, steps))
    for ground in ("black", "white"):
        yield f"fade from {ground} in 200 steps", webp(faded(Image.new("RGB", SIZE, ground), one, 200))
    for contrast in (0.3, 0.1, 0.05):
        pair = faint(one, contrast), faint(other, contrast)
        yield f"fade in 100 steps, contrast {contrast}", webp(faded(*pair, 100))
        yield f"slides, contrast {contrast}", webp([faint(slide, contrast) for slide in slides])
    yield "pan by one pixel", webp(panned(wide))
    yield "pan by one pixel, blurred", webp(panned(wide.filter(ImageFilter.GaussianBlur(8))))
    for strength in (2, 8):
        yield f"noise {strength}", webp(noisy(one, strength))
        yield f"noise {strength}, contrast 0.1", webp(noisy(faint(one, 0.1), strength))


def webp(frames: list[Image.Image]) -> bytes:
    stream = io.BytesIO()
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:], lossless=True, method=0)
    return stream.getvalue()


def faded(one: Image.Image, other: Image.Image, steps: int) -> list[Image.Image]:
    return [Image.blend(one, other, step / steps) for step in range(steps + 1)]


def faint(image: Image.Image, contrast: float) -> Image.Image:
    values = np.asarray(image).astype(float)
    return Image.fromarray(((values - values.mean()) * contrast + 128).round().astype(np.uint8))


def panned(wide: Image.Image) -> list[Image.Image]:
    return [wide.crop((step, 0, step + SIZE[0], SIZE[1])) for step in range(100)]


def noisy(image: Image.Image, strength: float) -> list[Image.Image]:
    drawn_from = np.random.default_rng(1)
    values = np.asarray(image).astype(float)
    return [
        Image.fromarray((values + drawn_from.normal(0, strength, values.shape)).clip(0, 255).astype(np.uint8))
        for _ in range(20)
    ]


def best(work: Callable[[], object], rounds: int) -> float:
    """The seconds of the processor of the fastest round."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None
    main()
