"""Real screenshots without planted pictures: every match is counted, listed, and drawn for inspection."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.detection.cases import Material, source_of
from benchmarks.detection.pictures import loaded
from benchmarks.detection.sheets import Pair, draw
from matcher import Matcher


@dataclass(frozen=True, slots=True)
class Unplanted:
    """The result: the number of screenshots, those with a match, every match, the total seconds, and the sheets."""

    screenshots: int
    matched: int
    matches: list[dict[str, Any]]
    unread: list[str]
    seconds: float
    sheets: list[Path]


def look(matcher: Matcher, material: Material, screenshots: Sequence[Path], folder: Path) -> Unplanted:
    """Examine each screenshot. Whether one really shows a listed photograph is decided by inspecting the sheets."""
    matches = []
    pairs: list[Pair] = []
    unread = []
    matched: set[Path] = set()
    seconds = 0.0
    for path in screenshots:
        data = path.read_bytes()
        begun = time.perf_counter()
        finding = matcher.examine(data, name=path.name)
        seconds += time.perf_counter() - begun
        if finding.reason is not None:
            unread.append(f"{path.name}: {finding.reason.value}")
        for match in finding.matches:
            matched.add(path)
            matches.append({"screenshot": path.name, **match.as_json()})
            source = source_of(match.entry)
            if source is not None and len(pairs) < MOST_PAIRS:
                label = f"{path.name}: {match.algorithm} {match.distance}, {match.entry}, {match.transform}"
                with Image.open(path) as opened:
                    image = opened.convert("RGB")
                pairs.append(Pair(image, match.region, loaded(material.known[source]), label))
    return Unplanted(len(screenshots), len(matched), matches, unread, seconds, draw(pairs, folder, name="unplanted"))


MOST_PAIRS = 160
"""The most pairs that are drawn; all are listed."""
