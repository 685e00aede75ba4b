"""The cases of the benchmark of detection: each makes a file to be examined that shows a known photograph.

A case's `query(material, number)` returns the file's bytes and the photographs that it shows. The same material and
number give the same bytes; the same screenshot is saved once as PNG and once as JPEG.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.detection import alterations, by_augly
from benchmarks.detection.compose import KINDS, compose
from benchmarks.detection.painting import Box, Composed, pick
from benchmarks.detection.pictures import loaded

IN_A_GRID = 16
"""The number of photographs that a grid is composed of; it shows between 4 and all of them."""

GRIDS = 8
"""The number of photographs for each grid; a grid shows about ten."""

BACKGROUNDS = 4

VISIBLE, ALONG = 6, 0.1
"""A side is visible where neighbouring pixels differ by more than VISIBLE of 255 on at least ALONG of its length."""

FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "PNG": (".png", {"format": "PNG", "compress_level": 1}),
    "JPEG 75": (".jpg", {"format": "JPEG", "quality": 75}),
    "WebP 80": (".webp", {"format": "WEBP", "quality": 80}),
}


@dataclass(frozen=True, slots=True)
class Material:
    """The pictures that cases are made of. `others`: photographs that are neither listed nor near a listed one."""

    known: tuple[Path, ...]
    others: tuple[Path, ...]
    screenshots: tuple[Path, ...]
    seed: int

    def generator(self, name: str, number: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(name.encode()), number])


@dataclass(frozen=True, slots=True)
class Query:
    """A file to be examined.

    `entries[i]` is the entry of the photograph `sources[i]`, or of its part that is shown; `hidden[i]`: not every side
    is visible.
    """

    data: bytes
    name: str
    sources: tuple[int, ...]
    entries: tuple[str, ...]
    boxes: tuple[Box | None, ...]
    hidden: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A case. `each` is the number of photographs for one of its files."""

    name: str
    group: str
    query: Callable[[Material, int], Query]
    each: int = 1
    planted: str = ""


def entry_of(source: int, part: str = "") -> str:
    """The id of a listed photograph, or of a part of it. The text before the dot is its family."""
    return f"p{source}.{part}" if part else f"p{source}"


def source_of(entry: str) -> int | None:
    """The number of an entry's photograph; None for a random entry."""
    family = entry.partition(".")[0]
    return int(family[1:]) if family.startswith("p") else None


def screenshot(material: Material, kind: str, number: int) -> Composed:
    """A screenshot of a kind; its sources are numbers of known photographs."""
    rng = material.generator(kind, number)
    count = min(IN_A_GRID, len(material.known)) if kind == "grid" else 1
    members = [(number * count + place) % len(material.known) for place in range(count)]
    behind = material.screenshots if kind == "pasted" else material.others
    backgrounds = [loaded(pick(rng, behind)) for _ in range(BACKGROUNDS if behind else 0)]
    composed = compose(kind, [loaded(material.known[member]) for member in members], backgrounds, rng)
    return Composed(composed.image, composed.boxes, [members[place] for place in composed.sources], composed.shown)


def shown_entries(material: Material, kind: str, number: int, composed: Composed) -> tuple[str, ...]:
    """The entry of each picture that is shown: of the photograph, or of its part after cropping."""
    return tuple(
        entry_of(source, "" if shown.size == loaded(material.known[source]).size else f"{kind}{number}")
        for source, shown in zip(composed.sources, composed.shown, strict=True)
    )


def parts(material: Material, count: int) -> Iterator[tuple[str, Image.Image]]:
    """A generator of the parts of photographs that the first `count` grids show, each with its entry."""
    for number in range(count):
        composed = screenshot(material, "grid", number)
        for entry, shown in zip(shown_entries(material, "grid", number, composed), composed.shown, strict=True):
            if "." in entry:
                yield entry, shown


def saved(image: Image.Image, form: str) -> tuple[bytes, str]:
    """The file's bytes and its suffix."""
    suffix, options = FORMATS[form]
    stream = io.BytesIO()
    image.save(stream, **options)
    return stream.getvalue(), suffix


def _planted(kind: str, form: str) -> Case:
    def query(material: Material, number: int) -> Query:
        composed = screenshot(material, kind, number)
        data, suffix = saved(composed.image, form)
        return Query(
            data,
            f"{kind}{number}{suffix}",
            tuple(composed.sources),
            shown_entries(material, kind, number, composed),
            tuple(composed.boxes),
            tuple(not all_sides_visible(composed.image, box) for box in composed.boxes),
        )

    return Case(f"{kind}, {form}", "screenshots", query, GRIDS if kind == "grid" else 1, kind)


def _altered(group: str, name: str, alteration: alterations.Alteration) -> Case:
    quality = alterations.QUALITY.get(name, 90)

    def query(material: Material, number: int) -> Query:
        image = alteration(loaded(material.known[number]), material.generator(name, number))
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        return Query(stream.getvalue(), f"{number}.jpg", (number,), (entry_of(number),), (None,), (False,))

    return Case(name, group, query)


def all_sides_visible(image: Image.Image, box: Box) -> bool:
    """Whether each side of a box differs from the pixels beside it, or lies at the image's edge."""
    grey = np.asarray(image.convert("L")).astype(np.int16)
    x, y, width, height = box
    height_of_all, width_of_all = grey.shape
    pairs = (
        (y > 0, grey[y, x : x + width], grey[y - 1, x : x + width]),
        (
            y + height < height_of_all,
            grey[y + height - 1, x : x + width],
            grey[(y + height) % height_of_all, x : x + width],
        ),
        (x > 0, grey[y : y + height, x], grey[y : y + height, x - 1]),
        (
            x + width < width_of_all,
            grey[y : y + height, x + width - 1],
            grey[y : y + height, (x + width) % width_of_all],
        ),
    )
    return all(not inside or (np.abs(one - other) > VISIBLE).mean() >= ALONG for inside, one, other in pairs)


def all_cases() -> dict[str, Case]:
    """All cases by name: screenshots first, then whole pictures, then AugLy's."""
    forms = {"phone": ("PNG", "JPEG 75", "WebP 80")}
    cases = [_planted(kind, form) for kind in KINDS for form in forms.get(kind, ("PNG", "JPEG 75"))]
    for group, changes in {**alterations.GROUPS, "AugLy": by_augly.ALTERATIONS}.items():
        cases += [_altered(group, name, change) for name, change in changes.items()]
    return {case.name: case for case in cases}
