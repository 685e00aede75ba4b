"""PDQ and pHash decided together, beside a slow way to do so."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher import Finding, Matcher, Settings
from matcher.calibration.bank import FEWEST, RADII, Bank, turned_codes
from matcher.distances import hamming
from matcher.hashers.imagehashes import PHASH
from matcher.hashers.pdq import PDQ
from matcher.imaging.picture import Picture
from matcher.lookup.chances import REGION, WHOLE
from matcher.lookup.pdq_with_phash import WIDER
from matcher.model import TRANSFORMS
from tests.shared.composed import exhibit, page, shown

pytestmark = pytest.mark.slow

Encode = Callable[..., bytes]
MakeStore = Callable[..., Path]
Line = dict[str, object]


def away(random_: random.Random, value: bytes, bits: int) -> bytes:
    """A hash so many bits from another."""
    changed = int.from_bytes(value)
    for bit in random_.sample(range(8 * len(value)), bits):
        changed ^= 1 << bit
    return changed.to_bytes(len(value))


def lines(seed: int, picture: Picture, count: int, most: tuple[int, int]) -> list[Line]:
    """Entries around a picture's hashes, in its orientations: with both hashes, or with one of them."""
    random_ = random.Random(seed)
    made: list[Line] = []
    for number in range(count):
        transform = random_.choice(TRANSFORMS)
        for name, hasher, furthest in (("pdq", PDQ, most[0]), ("phash", PHASH, most[1])):
            if (number % 5 == 3 and name == "pdq") or (number % 5 == 4 and name == "phash"):
                continue
            value = hasher.confirm(picture, transform).value
            for _ in range(1 + (number % 7 == 0)):
                listed = away(random_, value, random_.randrange(furthest))
                made.append({"id": f"e{number}", "algorithm": name, "value": listed.hex(), "quality": 100})
    return made


def oracle(matcher: Matcher, listed: list[Line], picture: Picture, kind: str) -> set[tuple[str, str]]:
    """Entry and algorithm of every match."""
    chances = matcher.chances
    upright = {"pdq": PDQ.hash(picture).value, "phash": PHASH.hash(picture).value}
    own = {name: commonness(name, value) for name, value in upright.items()}
    found = set()
    for entry in {str(line["id"]) for line in listed}:
        values = {
            name: [
                (bytes.fromhex(str(line["value"])))
                for line in listed
                if (line["id"], line["algorithm"]) == (entry, name)
            ]
            for name in ("pdq", "phash")
        }
        for transform in TRANSFORMS:
            asked = {"pdq": PDQ.confirm(picture, transform).value, "phash": PHASH.confirm(picture, transform).value}
            near = {
                name: [(hamming(asked[name], value), min(own[name], commonness(name, value))) for value in values[name]]
                for name in values
            }
            if near["pdq"] and near["phash"]:
                for first, common in near["pdq"]:
                    for second, other in near["phash"]:
                        levels = {"pdq": common, "phash": other}
                        odds = chances.calibration.combined(kind, {"pdq": first, "phash": second}, levels)
                        if chances.settings.reframings:
                            candidate = first <= chances.threshold("pdq", kind) + WIDER
                        elif kind == WHOLE:
                            candidate = first <= 31 or second <= 8
                        else:
                            candidate = first <= chances.threshold("pdq", kind) or second <= chances.threshold(
                                "phash", kind
                            )
                        if candidate and odds <= chances.limit("pdq", kind, max(common, other)):
                            found |= {(entry, "pdq"), (entry, "phash")}
            else:
                found |= {
                    (entry, name)
                    for name in near
                    for one, common in near[name]
                    if one <= chances.threshold(name, kind, common)
                }
    return found


@cache
def commonness(name: str, value: bytes) -> int:
    """The commonness of a hash, counted in Python."""
    apart = np.bitwise_count(bank_words(name) ^ np.frombuffer(value, np.uint64)).sum(axis=2, dtype=np.int64)
    near = int((apart <= RADII[name]).any(axis=1).sum())
    return sum(near >= fewest for fewest in FEWEST[name])


@cache
def bank_words(name: str) -> Any:
    bank = Bank.packaged()
    codes = turned_codes(bank.pdq, "pdq") if name == "pdq" else bank.phash
    return np.ascontiguousarray(codes).view(np.uint64)


def matched(finding: Finding) -> set[tuple[str, str]]:
    return {(match.entry, match.algorithm) for match in finding.matches}


@pytest.mark.parametrize(("most", "reframings"), [(0.001, False), (1.0, False), (1.0, True), (50.0, True)])
@pytest.mark.parametrize("kind", [WHOLE, REGION])
def test_what_is_found_is_what_comparing_all_finds(
    make_store: MakeStore, encoded: Encode, kind: str, most: float, reframings: bool
) -> None:
    picture = Picture(shown(1))
    data = encoded(shown(1) if kind == WHOLE else page([(shown(1), (60, 70))]))
    listed = lines(int(most), picture, 45, (100, 30))
    store = make_store(listed)
    opened = [
        Matcher.open(store, settings=Settings(max_false_matches=most, reframings=reframings, exact=exact))
        for exact in (False, True)
    ]
    one, other = (matcher.examine(data) for matcher in opened)
    assert one.as_json() == other.as_json()
    assert matched(one) == oracle(opened[0], listed, picture, kind)
    names = {line["id"]: {each["algorithm"] for each in listed if each["id"] == line["id"]} for line in listed}
    assert {len(names[entry]) for entry, _algorithm in matched(one)} == {1, 2}
    for match in one.matches:
        assert match.distance <= match.threshold
        assert match.chance is not None
        assert (match.region is None) == (kind == WHOLE)


@pytest.mark.parametrize("exact", [False, True])
def test_neither_alone_and_both_together(make_store: MakeStore, encoded: Encode, exact: bool) -> None:
    """A little too far by PDQ alone, and too far by pHash alone."""
    random_ = random.Random(5)
    picture = Picture(shown(1))
    settings = Settings(max_false_matches=1.0, reframings=True, exact=exact)
    values = PDQ.hash(picture).value, PHASH.hash(picture).value

    def listed(first: int, second: int | None) -> Matcher:
        some: list[Line] = [{"id": "a", "algorithm": "pdq", "value": away(random_, values[0], first).hex()}]
        if second is not None:
            some.append({"id": "a", "algorithm": "phash", "value": away(random_, values[1], second).hex()})
        return Matcher.open(make_store(some), settings=settings)

    data = encoded(shown(1))
    single = listed(0, None).chances.threshold("pdq", WHOLE)
    assert listed(single + 1, None).examine(data).matches == ()
    assert len(listed(single, None).examine(data).matches) == 1
    alone = listed(0, 0).chances.threshold("pdq", WHOLE)  # two algorithms share what may be false
    assert alone <= single
    found = listed(alone + 4, 1).examine(data).matches
    assert {match.algorithm for match in found} == {"pdq", "phash"}
    by_name = {match.algorithm: match for match in found}
    assert by_name["pdq"].threshold >= alone + 4
    assert by_name["pdq"].chance == by_name["phash"].chance or by_name["pdq"].transform != by_name["phash"].transform
    threshold = by_name["pdq"].threshold
    assert listed(threshold + 1, 1).examine(data).matches == ()
    assert listed(threshold, 1).examine(data).matches != ()
    assert listed(alone, 32).examine(data).matches == ()  # the other hash says that it is another picture


def test_findings_are_those_of_an_exact_examination(known_store: Path, tmp_path: Path) -> None:
    opened = [
        Matcher.open(known_store, settings=Settings(max_false_matches=1.0, reframings=True, exact=exact))
        for exact in (False, True)
    ]
    for path in sorted(exhibit(tmp_path / "exhibit").iterdir()):
        one, other = (matcher.examine(path.read_bytes(), name=path.name) for matcher in opened)
        assert one.as_json() == other.as_json(), path.name
        assert bool(one.matches) == (path.name not in ("blank.png", "stranger.png"))
