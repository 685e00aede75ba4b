"""The list in which the benchmark of detection looks pictures up: its photographs and a million random hashes."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.detection.cases import Material, entry_of, parts, saved
from benchmarks.detection.pictures import NEAR, loaded, reference_hashes
from benchmarks.shared.random_lists import random_store
from matcher import Matcher, Settings
from matcher.distances import hamming
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.store import Store
from matcher.model import CategoryProfile, Hash, RefusedLine

LIST = "photographs"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Photographs that are listed, others that are not, the hashes of the listed ones, and counts of omitted ones."""

    known: tuple[Path, ...]
    others: tuple[Path, ...]
    hashes: dict[str, dict[str, Hash]]
    near: int
    poor: int


def choose(paths: Sequence[Path], *, count: int, others: int) -> Chosen:
    """The first `count` photographs that a list could hold, and `others` more; none of them near another one.

    `poor`: too little detail for a PDQ of sufficient quality, so that no list has it. `near`: see pictures.NEAR.
    """
    chosen: list[Path] = []
    hashes: list[dict[str, Hash]] = []
    near = poor = 0
    for path in paths:
        if len(chosen) == count + others:
            break
        mine = reference_hashes(saved(loaded(path), "PNG")[0])
        if "pdq" not in mine:
            poor += 1
        elif any(_near(mine, other) for other in hashes):
            near += 1
        else:
            chosen.append(path)
            hashes.append(mine)
    listed = {entry_of(number): mine for number, mine in enumerate(hashes[:count])}
    return Chosen(tuple(chosen[:count]), tuple(chosen[count:]), listed, near, poor)


def _near(first: dict[str, Hash], second: dict[str, Hash]) -> bool:
    return any(
        hamming(first[name].value, second[name].value) <= most
        for name, most in NEAR.items()
        if name in first and name in second
    )


def hashes_of_parts(material: Material, grids: int) -> dict[str, dict[str, Hash]]:
    """The hashes of the parts of photographs that grids show, where their quality suffices for a list, by entry."""
    by_entry = {entry: reference_hashes(saved(shown, "PNG")[0]) for entry, shown in parts(material, grids)}
    return {entry: mine for entry, mine in by_entry.items() if "pdq" in mine}


def build_store(folder: Path, hashes: dict[str, dict[str, Hash]]) -> Path:
    """A new store with the list of the photographs and of their parts."""
    folder.mkdir(parents=True)
    source = folder / "photographs.jsonl"
    with source.open("w", encoding="utf-8") as stream:
        for entry, mine in hashes.items():
            for name, value in mine.items():
                line = {"id": entry, "algorithm": name, "value": value.value.hex(), "quality": value.quality}
                stream.write(json.dumps(line) + "\n")
    store = folder / "store"
    import_lists(Store(store), ImportRequest(LIST, [source], CategoryProfile()), on_refused=_refused)
    return store


def _refused(source: str, line: RefusedLine) -> None:
    raise SystemExit(f"{source}, line {line.line}: {line.reason}")


def matcher_of(work: Path, photographs: Path, *, listed: int, settings: Settings) -> Matcher:
    """The product, with `listed` random hashes of each algorithm and the photographs."""
    stores = [random_store(work / f"random-{listed}", listed), photographs]
    opened = [Store.open(folder) for folder in stores]
    return Matcher(
        [store.open_list(name, version) for store in opened for name, version in store.current()], settings=settings
    )


def settings_of(*, regions: bool, most: float | None) -> tuple[Settings, list[str]]:
    """The requested settings as far as this build has them, and a note for each that it does not have.

    With `most` pictures are also looked up reframed, by thresholds that may be above the published ones.
    """
    wanted: dict[str, Any] = {"regions": regions, "max_false_matches": most, "reframings": most is not None}
    lacking = [name for name in wanted if name not in Settings.__dataclass_fields__]
    return Settings(**{name: value for name, value in wanted.items() if name not in lacking}), lacking


def calibrated_threshold(algorithm: str, *, listed: int, queries: float, most: float) -> int | None:
    """The threshold with `most` expected false matches in 10,000 files of `queries` hashes each.

    It follows from the product's calibration; None where that does not cover the algorithm.
    """
    try:
        calibration = importlib.import_module("matcher.calibration.tables").Calibration.default()
    except ImportError:
        return None
    if not calibration.measures(algorithm, "whole"):
        return None
    threshold: int = calibration.threshold(
        algorithm, "whole", listed=listed, queries=max(1, round(10_000 * queries)), most=most
    )
    return threshold
