"""The negative bank: what is near is what comparing all finds, and simple pictures are common."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image, ImageDraw

from matcher.calibration.bank import FEWEST, FILE, MOST, RADII, Bank, turned_codes
from matcher.hashers.imagehashes import PHASH
from matcher.hashers.pdq import PDQ
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture

BANK = Bank.packaged()


def test_its_sources_are_named_with_their_licences() -> None:
    with FILE.with_suffix(".csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sum(int(row["pictures"]) for row in rows) == len(BANK) == len(BANK.phash) == len(BANK.sha256)
    assert all(row["package"] and row["version"] and row["licences"] for row in rows)


def test_a_file_of_it_is_known() -> None:
    assert BANK.has(BANK.sha256[7].tobytes())
    assert not BANK.has(bytes(32))


@pytest.mark.parametrize("name", RADII)
def test_near_is_what_comparing_all_finds(name: str) -> None:
    random = np.random.default_rng(3)
    codes = turned_codes(BANK.pdq, name) if name == "pdq" else BANK.phash
    asked = codes[random.integers(len(codes), size=6), 0].copy()
    asked[:, 0] ^= 3
    apart = np.bitwise_count(codes[None] ^ asked[:, None, None]).sum(axis=3, dtype=np.int64)
    near = (apart <= RADII[name]).any(axis=2).sum(axis=1)
    assert BANK.near(name, asked).tolist() == near.tolist()
    levels = [sum(int(count) >= fewest for fewest in FEWEST[name]) for count in near]
    assert BANK.commonness(name, asked).tolist() == levels
    assert max(levels) <= MOST[name]


def test_an_algorithm_without_commonness_has_none() -> None:
    assert BANK.commonness("dhash", np.zeros((3, 8), np.uint8)).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("name", "most"), [("pdq", 40), ("phash", 12)])
def test_turned_codes_are_about_those_of_the_turned_picture(name: str, most: int) -> None:
    hasher = PDQ if name == "pdq" else PHASH
    hashes = hasher.turned(Picture(landscape(5, width=640, height=480)))
    turned = turned_codes(np.frombuffer(hashes[0].value, np.uint8)[None], name)[0]
    assert turned[0].tobytes() == hashes[0].value
    for made, hashed in zip(turned, hashes, strict=True):
        assert np.bitwise_count(made ^ np.frombuffer(hashed.value, np.uint8)).sum() <= most


def test_a_simple_drawing_is_common_and_a_landscape_is_not() -> None:
    blob = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(blob).ellipse((50, 50, 150, 150), fill="black")
    values = [PHASH.hash(Picture(image)).value for image in (blob, landscape(5, width=640, height=480))]
    common = BANK.commonness("phash", np.stack([np.frombuffer(value, np.uint8) for value in values]))
    assert common[0] >= 3
    assert common[1] <= 1
