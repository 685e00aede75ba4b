"""Lists for tests of changes to lists, and a slow model of a list: a dict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest

from matcher.algorithms import ALGORITHMS, Metric
from matcher.distances import hamming
from matcher.lists.exporting import exported_lines
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.opened import OpenList
from matcher.lists.store import Store
from matcher.lists.version import ListVersion

NAME = "made"
Line = dict[str, object]


def value(number: int, algorithm: str) -> str:
    """A hash for each number, as far from those of other numbers as these differ in bits.

    Perceptual ones have about half of their bits set, and an irregular pattern, as those of pictures.
    """
    known = ALGORITHMS.get(algorithm)
    width = 144 if known is None else known.width
    base = Random(1).getrandbits(8 * width) if known is not None and known.metric is Metric.HAMMING else 0
    return (number ^ base).to_bytes(width).hex()


def line(entry_id: str, algorithm: str, number: int, **more: object) -> Line:
    return {"id": entry_id, "algorithm": algorithm, "value": value(number, algorithm), **more}


def bring(store: Path, *lines: Line, update: bool = False, name: str = NAME, **more: object) -> ListVersion:
    store.mkdir(exist_ok=True)
    path = store / "brought.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    request = ImportRequest(name, [path], update=update, **more)  # type: ignore[arg-type]
    return import_lists(Store(store), request, on_refused=lambda _source, line: pytest.fail(line.reason))


def newest(store: Path, name: str = NAME) -> OpenList:
    opened = Store.open(store)
    return opened.open_list(name, opened.current_version(name), check=True)


def exported(opened: OpenList) -> set[str]:
    return {text.decode() for text in exported_lines(opened)}


def canonical(one: Line) -> str:
    keys = ("id", "algorithm", "value", "quality", "category", "note")
    return json.dumps({key: one.get(key) for key in keys}, ensure_ascii=False) + "\n"


def matches_near(opened: OpenList, algorithm: str, number: int, radius: int) -> list[tuple[str, str | None, str]]:
    """The matches of one query, sorted: id, category and listed value, in hex."""
    code = np.frombuffer(bytes.fromhex(value(number, algorithm)), np.uint8)[None]
    near = opened.find_near(algorithm, code, radius=radius, minimum_quality=50)
    matches = []
    for row, entry in zip(near.rows.tolist(), near.entries.tolist(), strict=True):
        listed = opened.entry(entry)
        matches.append((listed.id, listed.category, opened.code(algorithm, row).hex()))
    return sorted(matches, key=str)


def digested(opened: OpenList, algorithm: str, number: int) -> list[tuple[str, str | None]]:
    """The id and category of each entry with one digest, sorted."""
    numbers = find_digest(opened, algorithm, bytes.fromhex(value(number, algorithm)))
    return sorted(((opened.entry(entry).id, opened.entry(entry).category) for entry in numbers), key=str)


class Model:
    """A list as a dict of ids: the slow oracle."""

    def __init__(self) -> None:
        self.entries: dict[str, list[Line]] = {}

    def add(self, lines: list[Line]) -> None:
        for entry_id in {str(one["id"]) for one in lines}:
            self.entries[entry_id] = [one for one in lines if one["id"] == entry_id]

    def lines(self) -> Iterator[Line]:
        for lines in self.entries.values():
            yield from lines

    def near(self, algorithm: str, number: int, radius: int) -> list[tuple[object, object, object]]:
        code = bytes.fromhex(value(number, algorithm))
        return sorted(
            (
                (one["id"], one["category"], one["value"])
                for one in self.lines()
                if one["algorithm"] == algorithm
                and hamming(code, bytes.fromhex(str(one["value"]))) <= radius
                and (one["quality"] is None or int(str(one["quality"])) >= 50)
            ),
            key=str,
        )

    def digest(self, algorithm: str, number: int) -> list[tuple[object, object]]:
        wanted = value(number, algorithm)
        matches = (
            (o["id"], o["category"]) for o in self.lines() if (o["algorithm"], o["value"]) == (algorithm, wanted)
        )
        return sorted(matches, key=str)


def check(opened: OpenList, model: Model) -> None:
    """Assert that a list has the lines, the matches and the counts of its model."""
    assert sorted(text.decode() for text in exported_lines(opened)) == sorted(map(canonical, model.lines()))
    for algorithm in ("pdq", "phash"):
        for number in range(0, 64, 5):
            assert matches_near(opened, algorithm, number, 2) == model.near(algorithm, number, 2)
    for algorithm in ("md5", "sha1"):
        for number in range(0, 64, 3):
            assert digested(opened, algorithm, number) == model.digest(algorithm, number)
    counts = opened.facts.counts
    assert counts["entries"] == len(model.entries)
    by_type: dict[str, int] = {}
    for one in model.lines():
        by_type[str(one["algorithm"])] = by_type.get(str(one["algorithm"]), 0) + 1
    assert {**counts["hashes"], **counts["kept"]} == by_type
    assert set(opened.algorithms) == by_type.keys() & ALGORITHMS.keys()


def find_digest(opened: OpenList, algorithm: str, digest: bytes) -> list[int]:
    """The numbers of the entries with one digest."""
    numbers: list[int] = opened.find_digests(algorithm, np.frombuffer(digest, np.uint8).reshape(1, -1))[1].tolist()
    return numbers
