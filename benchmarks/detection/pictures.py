"""The choice and loading of the pictures of the benchmark of detection.

From the corpus come its photographs in the order of their SHA-256, and its screenshots; from a lab's own folder every
picture in it, in the same order. Pictures that are too small, too long or too large are left out.
"""

from __future__ import annotations

import hashlib
import warnings
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageOps

from benchmarks.shared.corpus_pictures import PHOTOGRAPHS, manifest
from matcher.hashers import picture_hashers
from matcher.imaging.decode import decode
from matcher.imaging.embedded import Found
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import LOW_QUALITY, Hash

LONGEST = 2048
"""The most pixels of a photograph's longer side; larger ones are reduced before any use, also before listing."""

SHORTEST = 200
MOST_ASPECT = 3.0
MOST_PIXELS = 40_000_000

LEAST_BACKGROUND = 640, 480
"""The least width and height in pixels of a real screenshot that a photograph is pasted into."""

ALGORITHMS = ("pdq", "phash")
NEAR = {"pdq": 48, "phash": 8}
"""Two photographs within these distances, as they are, count as near-duplicates; only the first is used."""

MANIFEST = "MANIFEST.csv"


def photographs_of(folder: Path) -> list[Path]:
    """Photographs of a suitable size, in the order of their SHA-256."""
    return [path for path in _ordered(folder, PHOTOGRAPHS) if _suitable(path)]


def screenshots_of(folder: Path, *, least: tuple[int, int] = (1, 1)) -> list[Path]:
    """Screenshots of at least the width and height `least`, in the order of their SHA-256."""
    paths = []
    for path in _ordered(folder, None):
        size = _size(path)
        if size is not None and size[0] >= least[0] and size[1] >= least[1] and size[0] * size[1] <= MOST_PIXELS:
            paths.append(path)
    return paths


def _ordered(folder: Path, kinds: set[str] | None) -> list[Path]:
    """The files of a folder by SHA-256; where its corpus has a manifest, only those of `kinds`, one for each family."""
    corpus = folder.parent
    if not (corpus / MANIFEST).exists():
        every = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return sorted(every, key=lambda path: hashlib.sha256(path.read_bytes()).digest())
    taken: set[str] = set()
    paths = []
    for row in sorted(manifest(corpus), key=lambda row: row["sha256"]):
        if not row["file"].startswith(f"{folder.name}/") or not (kinds is None or row["kind"] in kinds):
            continue
        related = {row[key] for key in ("family", "dup_group") if row[key]}
        if kinds is None or not related & taken:
            taken |= related
            paths.append(corpus / row["file"])
    return paths


def _size(path: Path) -> tuple[int, int] | None:
    """The size of a picture in pixels; None where Pillow cannot read it."""
    try:
        with Image.open(path) as opened:
            return opened.size
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def _suitable(path: Path) -> bool:
    size = _size(path)
    return (
        size is not None
        and min(size) >= SHORTEST
        and max(size) <= MOST_ASPECT * min(size)
        and size[0] * size[1] <= MOST_PIXELS
    )


@lru_cache(maxsize=48)
def loaded(path: Path) -> Image.Image:
    """The picture upright, as RGB on white, its longer side at most LONGEST."""
    with warnings.catch_warnings(), Image.open(path) as opened:
        warnings.simplefilter("ignore")
        opened.draft("RGB", (LONGEST, LONGEST))
        turned = ImageOps.exif_transpose(opened)
        if "A" in turned.getbands() or "transparency" in turned.info:
            layered = turned.convert("RGBA")
            turned = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered)
        picture = turned.convert("RGB")
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return picture


def reference_hashes(data: bytes) -> dict[str, Hash]:
    """PDQ and pHash of a picture file by the reference profile, as far as their quality suffices."""
    kind = sniff(data[:HEAD])
    assert kind is not None
    picture = next(decode(data, kind, found=Found()).renderings())
    hashes = {hasher.algorithm.name: hasher.hash(picture) for hasher in picture_hashers(ALGORITHMS)}
    return {name: value for name, value in hashes.items() if value.quality is None or value.quality >= LOW_QUALITY}
