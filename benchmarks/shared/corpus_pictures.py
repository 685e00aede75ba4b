"""Pictures of the corpus, as they are and converted to a size and a format: the input of the throughput benchmarks.

    photographs = sharp_photographs(corpus, 12)
    samples = converted(photographs, "12 MP JPEG", work)

CORPUS has photos/, screenshots/ and a MANIFEST.csv. Converted files are stored in WORK and used again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

PHOTOGRAPHS = {"photo", "photo-and-filter-result", "photo-and-drawing", "photo-and-figure", "astro-photo", "wallpaper"}
"""The kinds of photographs in the manifest."""

FEWEST_PIXELS = 1_500_000
MOST_PIXELS = 40_000_000
FEWEST_BITS = 0.8
"""The fewest bits a pixel of a JPEG. One with fewer is smooth, and quick to decode."""

GRAIN = 5.0
"""Standard deviation of the noise that replaces a camera's, which is lost when a picture is enlarged."""


@dataclass(frozen=True, slots=True)
class Form:
    """A target of conversion. `kind` is Pillow's name of the format; `size` None leaves the size as it is."""

    kind: str
    size: tuple[int, int] | None
    suffix: str
    save: dict[str, Any] = field(default_factory=dict)
    grain: bool = False
    of: str = "photographs"


def _jpeg(width: int, height: int, *, grain: bool = False, **more: Any) -> Form:
    return Form("JPEG", (width, height), ".jpg", {"quality": 90, "subsampling": "4:2:0", **more}, grain)


FORMS = {
    "12 MP JPEG": _jpeg(4000, 3000),
    "12 MP JPEG, grain": _jpeg(4000, 3000, grain=True),
    "12 MP JPEG, progressive": _jpeg(4000, 3000, progressive=True),
    "2 MP JPEG": _jpeg(1600, 1200),
    "2 MP JPEG, progressive": _jpeg(1600, 1200, progressive=True),
    "1920x1080 PNG": Form("PNG", (1920, 1080), ".png", of="screenshots"),
    "2 MP WebP": Form("WEBP", (1600, 1200), ".webp", {"quality": 85}),
    "2 MP HEIC": Form("HEIF", (1600, 1200), ".heic", {"quality": 80}),
    "2 MP TIFF, LZW": Form("TIFF", (1600, 1200), ".tif", {"compression": "tiff_lzw"}),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One file to measure on, its bytes already read."""

    path: Path
    data: bytes


def manifest(corpus: Path) -> list[dict[str, str]]:
    with (corpus / "MANIFEST.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def related_pairs(
    corpus: Path, rows: Sequence[dict[str, str]], *, keys: Sequence[str] = ("package", "family", "dup_group")
) -> Iterator[tuple[int, int]]:
    """A generator of the places of rows that may show the same: by columns of the manifest, and NEAR_DUPLICATES.csv."""
    places = {row["file"]: place for place, row in enumerate(rows)}
    for key in keys:
        first: dict[str, int] = {}
        yield from ((first.setdefault(row[key], place), place) for place, row in enumerate(rows) if row[key])
    with (corpus / "NEAR_DUPLICATES.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["file_a"] in places and row["file_b"] in places:
                yield places[row["file_a"]], places[row["file_b"]]


def by_digest(corpus: Path, folder: str, where: Callable[[dict[str, str]], bool]) -> list[Path]:
    """The pictures of a folder that `where` accepts, in the order of their SHA-256, an arbitrary but fixed order."""
    rows = [row for row in manifest(corpus) if row["file"].startswith(f"{folder}/") and row["width"] and where(row)]
    return [corpus / row["file"] for row in sorted(rows, key=lambda row: row["sha256"])]


def sharp_photographs(corpus: Path, count: int) -> list[Path]:
    """Photographs that are JPEG, large, and not smooth: the first `count` by SHA-256, one a package's series."""

    def wanted(row: dict[str, str]) -> bool:
        pixels = int(row["width"]) * int(row["height"])
        sharp = 8 * int(row["bytes"]) >= FEWEST_BITS * pixels
        return row["format"] == "JPEG" and row["kind"] == "photo" and pixels >= FEWEST_PIXELS and sharp

    return by_digest(corpus, "photos", wanted)[:count]


def screenshots(corpus: Path, count: int) -> list[Path]:
    """Screenshots that are PNG and of at least 600,000 pixels, the first `count` by SHA-256."""

    def wanted(row: dict[str, str]) -> bool:
        return row["format"] == "PNG" and int(row["width"]) * int(row["height"]) >= 600_000

    return by_digest(corpus, "screenshots", wanted)[:count]


def evidence_files(corpus: Path, count: int) -> list[Path]:
    """`count` photographs of the corpus, then screenshots if there are fewer photographs. No two are equal.

    The corpus's two pictures of more than MOST_PIXELS are left out, since no second worker could share their cost.
    """

    def wanted(row: dict[str, str]) -> bool:
        return int(row["width"]) * int(row["height"]) <= MOST_PIXELS

    every = [path for folder in ("photos", "screenshots") for path in by_digest(corpus, folder, wanted)]
    return every[:count]


def upright(path: Path) -> Image.Image:
    """The picture as RGB; transparent parts are white."""
    with Image.open(path) as opened:
        if "A" in opened.getbands() or "transparency" in opened.info:
            white = Image.new("RGBA", opened.size, "white")
            return Image.alpha_composite(white, opened.convert("RGBA")).convert("RGB")
        return opened.convert("RGB")


def formed(path: Path, form: Form) -> bytes:
    """The picture converted to a form: cropped around its middle to the form's aspect, resized by Lanczos."""
    image = upright(path)
    if form.size is not None:
        image = ImageOps.fit(image, form.size, Image.Resampling.LANCZOS)
    if form.grain:
        noise = np.random.default_rng(1).normal(0, GRAIN, (image.height, image.width, 1))
        image = Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))
    stream = io.BytesIO()
    if form.kind == "HEIF":
        import pillow_heif  # noqa: PLC0415 - only to write this one

        pillow_heif.register_heif_opener()
    image.save(stream, form.kind, **form.save)
    return stream.getvalue()


def converted_files(paths: Sequence[Path], name: str, work: Path) -> list[Path]:
    """The pictures converted to the form of that name, stored in a folder of `work`."""
    form = FORMS[name]
    folder = work / name.replace(" ", "-").replace(",", "")
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for path in paths:
        files.append(folder / f"{path.stem}{form.suffix}")
        if not files[-1].exists():
            files[-1].write_bytes(formed(path, form))
    return files


def converted(paths: Sequence[Path], name: str, work: Path) -> list[Sample]:
    """The converted pictures with their bytes, all of them in memory."""
    return [Sample(path, path.read_bytes()) for path in converted_files(paths, name, work)]
