"""Pictures and entries of low quality: compared by stricter thresholds, and what has no information matches nothing."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from matcher import Finding, Matcher, Settings
from matcher.algorithms import ALGORITHMS
from matcher.calibration.tables import LOW_QUALITY, PLAIN, REGULAR
from matcher.hashers.pdq import PDQ
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture
from matcher.lookup.chances import MOST_BY_LOW_QUALITY, low_kind_of
from matcher.lookup.low_quality import MOST_PHASH
from matcher.model import Hash

Encode = Callable[..., bytes]
MakeStore = Callable[..., Path]
LEAST, FULL = ALGORITHMS["pdq"].least_quality, ALGORITHMS["pdq"].minimum_quality


def faint(seed: int, contrast: int) -> Image.Image:
    """A landscape of which little contrast remains: its values divided by `contrast`."""
    return landscape(seed).point(lambda value: 110 + value // contrast)


def quality(image: Image.Image) -> int:
    return PDQ.hash(Picture(image)).quality or 0


def lines(image: Image.Image, *, stated: bool = True, algorithm: str = "pdq") -> list[dict[str, Any]]:
    (value,) = [each for each in Matcher().examine(_png(image)).computed if each.algorithm == algorithm]
    line = {"id": "known", "algorithm": algorithm, "value": value.value.hex()}
    return [line | {"quality": value.quality}] if stated else [line]


def _png(image: Image.Image) -> bytes:
    stream = BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def near(value: str, bits: int) -> str:
    """The code with its first `bits` bits changed."""
    number = int(value, 16)
    for bit in range(bits):
        number ^= 1 << (4 * len(value) - 1 - bit)
    return f"{number:0{len(value)}x}"


def threshold(matcher: Matcher, algorithm: str = "pdq", kind: str = LOW_QUALITY) -> int:
    return next(each for each in matcher.lookups if each.algorithm == algorithm).threshold(kind)


@pytest.fixture
def as_of_a_long_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds as they are with 30,000 listed pictures of low quality."""
    monkeypatch.setattr("matcher.lookup.chances.MOST_BY_LOW_QUALITY", MOST_BY_LOW_QUALITY / 30_000)


@pytest.mark.usefixtures("as_of_a_long_list")
@pytest.mark.parametrize("stated", [True, False])
def test_a_picture_of_low_quality_matches_within_its_own_threshold_only(
    make_store: MakeStore, encoded: Encode, stated: bool
) -> None:
    image = faint(1, 4)
    assert LEAST < quality(image) < FULL
    (line,) = lines(image, stated=stated)
    most = threshold(Matcher.open(make_store([line])))
    assert 0 <= most < ALGORITHMS["pdq"].threshold
    for bits, found in ((0, 1), (most, 1), (most + 1, 0)):
        store = make_store([line | {"value": near(line["value"], bits)}])
        finding = Matcher.open(store).examine(encoded(image))
        assert finding.matches_total == found
        assert (finding.not_compared, finding.is_compared) == ({}, True)
        if found:
            (match,) = finding.matches
            assert (match.distance, match.threshold, match.doubtful, finding.doubtful) == (bits, most, True, True)


@pytest.mark.usefixtures("as_of_a_long_list")
def test_an_entry_of_low_quality_matches_within_that_threshold_whatever_the_picture(
    make_store: MakeStore, encoded: Encode
) -> None:
    image = landscape(1)
    assert quality(image) >= FULL
    (line,) = lines(image)
    most = threshold(Matcher.open(make_store([line])))
    for stated, bits, found in (
        *((FULL - 1, 0, 1), (FULL - 1, most, 1), (FULL - 1, most + 1, 0)),
        *((FULL, most + 1, 1), (None, most + 1, 1), (LEAST, 0, 1), (LEAST - 1, 0, 0)),
    ):
        store = make_store([line | {"value": near(line["value"], bits), "quality": stated}])
        finding = Matcher.open(store).examine(encoded(image))
        assert finding.matches_total == found, (stated, bits)
        assert finding.doubtful == (found == 1 and stated is not None and stated < FULL)


def test_the_chance_of_a_match_of_low_quality_is_from_its_own_calibration(
    make_store: MakeStore, encoded: Encode
) -> None:
    image = faint(1, 4)
    matcher = Matcher.open(make_store(lines(image)))
    (match,) = matcher.examine(encoded(image)).matches
    odds = matcher.chances.odds("pdq", LOW_QUALITY, 0)
    assert odds is not None
    assert match.chance is not None
    assert float(match.chance) == pytest.approx(8 * 10 ** (odds / 100), rel=0.2)


def corner(reach: int) -> Image.Image:
    """A plain picture with a dark quarter of a disc in its corner: the larger, the less regular is its PDQ hash."""
    image = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(image).ellipse((-reach, -reach, reach, reach), fill=(60, 60, 60))
    return image


class TestRegularHashes:
    """Of pictures of which PDQ's bits follow from each other: neither hash decides alone."""

    @pytest.mark.parametrize(("reach", "kind"), [(90, REGULAR), (40, PLAIN)])
    @pytest.mark.parametrize("exact", [True, False])
    def test_both_hashes_must_be_near(
        self, make_store: MakeStore, encoded: Encode, reach: int, kind: str, exact: bool
    ) -> None:
        image = corner(reach)
        pdq, phash = *lines(image), *lines(image, algorithm="phash")
        assert low_kind_of(bytes.fromhex(pdq["value"])) == kind
        data = encoded(image, "JPEG", quality=95)
        settings = Settings(exact=exact)
        most = MOST_PHASH[kind]
        for apart, found in ((0, 2), (most, 2), (most + 2, 0)):
            store = make_store([pdq, phash | {"value": near(phash["value"], apart)}])
            finding = Matcher.open(store, settings=settings).examine(data)
            assert finding.matches_total == found, apart
            assert {match.algorithm for match in finding.matches} == ({"pdq", "phash"} if found else set())
            assert all(match.doubtful for match in finding.matches)
            assert (finding.not_compared, finding.is_compared) == ({}, True)
        for line in (pdq, phash):
            finding = Matcher.open(make_store([line]), settings=settings).examine(data)
            assert (finding.matches, finding.not_compared) == ((), {line["algorithm"]: "quality"})
            assert not finding.is_compared

    @pytest.mark.usefixtures("as_of_a_long_list")
    def test_a_plain_picture_is_not_compared_with_a_long_list(self, make_store: MakeStore, encoded: Encode) -> None:
        image = corner(40)
        store = make_store([*lines(image), *lines(image, algorithm="phash")])
        finding = Matcher.open(store).examine(encoded(image))
        assert (finding.matches, finding.is_compared) == ((), False)
        assert finding.not_compared == {"pdq": "quality", "phash": "quality"}

    def test_the_odds_are_those_of_its_kind(self, make_store: MakeStore, encoded: Encode) -> None:
        image = corner(90)
        matcher = Matcher.open(make_store([*lines(image), *lines(image, algorithm="phash")]))
        odds = matcher.chances.odds("pdq", REGULAR, 0)
        assert odds is not None
        for match in matcher.examine(encoded(image)).matches:
            assert match.chance is not None
            assert float(match.chance) == pytest.approx(8 * 10 ** (odds / 100), rel=0.2)


class TestFlatPictures:
    @pytest.mark.parametrize("colour", ["white", "red", "black", "grey"])
    @pytest.mark.parametrize("kind", ["PNG", "JPEG"])
    @pytest.mark.parametrize("exact", [True, False])
    def test_they_match_nothing_and_that_is_said(
        self, make_store: MakeStore, encoded: Encode, colour: str, kind: str, exact: bool
    ) -> None:
        store = make_store(
            [
                {"id": "a", "algorithm": "pdq", "value": 64 * "0"},
                {"id": "b", "algorithm": "phash", "value": "8000000000000000"},
                {"id": "c", "algorithm": "phash", "value": 16 * "0"},
            ]
        )
        flat = encoded(Image.new("RGB", (300, 200), colour), kind)
        finding = Matcher.open(store, settings=Settings(exact=exact)).examine(flat)
        assert finding.matches == ()
        assert finding.not_compared == {"pdq": "quality", "phash": "quality"}
        assert not finding.is_compared
        assert finding.as_json()["not_compared"] == {"pdq": "quality", "phash": "quality"}

    def test_only_listed_algorithms_are_missed(self, make_store: MakeStore, encoded: Encode) -> None:
        flat = encoded(Image.new("RGB", (300, 200), "white"))
        by_pdq = Matcher.open(make_store(lines(landscape(1)))).examine(flat)
        assert (dict(by_pdq.not_compared), by_pdq.is_compared) == ({"pdq": "quality"}, False)
        digests = make_store([{"id": "a", "algorithm": "md5", "value": 32 * "0"}])
        by_digest = Matcher.open(digests).examine(flat)
        assert (dict(by_digest.not_compared), by_digest.is_compared) == ({}, True)

    def test_a_digest_of_one_matches_all_the_same(self, make_store: MakeStore, encoded: Encode) -> None:
        flat = encoded(Image.new("RGB", (300, 200), "white"))
        (digest,) = [each for each in Matcher().examine(flat).digests if each.algorithm == "md5"]
        store = make_store([{"id": "a", "algorithm": "md5", "value": digest.value.hex()}, *lines(landscape(1))])
        finding = Matcher.open(store).examine(flat)
        assert (finding.status, finding.notable, finding.doubtful) == ("known", True, False)

    def test_a_hash_from_elsewhere_without_information_matches_nothing(self, make_store: MakeStore) -> None:
        store = make_store([{"id": "b", "algorithm": "phash", "value": "8000000000000000"}])
        matcher = Matcher.open(store)
        assert matcher.lookup(Hash("phash", bytes.fromhex("8000000000000000"), 3)) == ()
        assert matcher.lookup(Hash("pdq", bytes(32), 0)) == ()


@pytest.mark.parametrize("exact", [True, False])
def test_a_picture_of_which_pdq_says_nothing_is_compared_by_none(
    make_store: MakeStore, encoded: Encode, exact: bool
) -> None:
    image = faint(1, 40)
    assert quality(image) == 0
    pages = [*lines(image, algorithm="phash"), *lines(landscape(1))]
    finding = Matcher.open(make_store(pages), settings=Settings(exact=exact)).examine(encoded(image))
    assert (finding.matches, finding.is_compared) == ((), False)
    assert finding.not_compared == {"pdq": "quality", "phash": "quality"}


def test_one_frame_with_detail_is_enough(make_store: MakeStore) -> None:
    stream = BytesIO()
    Image.new("RGB", (200, 150), "black").save(
        stream, "GIF", save_all=True, append_images=[landscape(3, width=200, height=150)]
    )
    finding = Matcher.open(make_store(lines(landscape(1)))).examine(stream.getvalue())
    assert (dict(finding.not_compared), finding.is_compared) == ({}, True)


def test_a_minimum_quality_alone_decides(make_store: MakeStore, encoded: Encode) -> None:
    image = faint(1, 4)
    (line,) = lines(image, stated=False)
    store = make_store([line | {"value": near(line["value"], 31)}])
    lower = Settings(minimum_quality={"pdq": 0})
    assert Matcher.open(store, settings=lower).examine(encoded(image)).matches_total == 1
    higher = Settings(minimum_quality={"pdq": quality(image) + 1})
    finding = Matcher.open(make_store([line]), settings=higher).examine(encoded(image))
    assert (finding.matches, finding.not_compared) == ((), {"pdq": "quality"})


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("contrast", [1, 3, 4, 5, 7, 9, 14, 40])
def test_screened_and_exact_findings_are_equal(
    make_store: MakeStore, encoded: Encode, seed: int, contrast: int
) -> None:
    """Whatever the quality: also near the limits, where a reduced picture's is on the other side."""
    image = faint(seed, contrast).resize((1200, 900), Image.Resampling.BICUBIC)
    store = make_store([*lines(image), *lines(image, algorithm="phash"), *lines(landscape(9))])
    for data in (encoded(image, "JPEG", quality=90), encoded(image)):
        found: list[Finding] = [
            Matcher.open(store, settings=Settings(exact=exact)).examine(data) for exact in (False, True)
        ]
        assert found[0].as_json() == found[1].as_json()
        assert found[0].is_compared == found[1].is_compared


def test_settings_of_a_scan_are_read_back() -> None:
    recorded = [
        {
            "name": "pdq",
            "threshold": 31,
            "minimum_quality": 50,
            "least_quality": LEAST,
            "low_quality_thresholds": {"low-quality": 9},
        },
        {"name": "phash", "threshold": 8, "minimum_quality": 0},
    ]
    settings = Settings.from_json(Settings().as_json(), recorded)
    assert settings.minimum_quality == {"phash": 0}  # as in a scan from before: its minimum alone decides
    assert (settings.is_stricter_by_quality("pdq"), settings.is_stricter_by_quality("phash")) == (True, False)


def test_a_nearly_flat_page_of_a_list_does_not_match_others(make_store: MakeStore, encoded: Encode) -> None:
    pages = []
    for seed in range(6):
        page = Image.new("RGB", (600, 800), "white")
        x, y = np.random.default_rng(seed).integers(50, 500, 2).tolist()
        ImageDraw.Draw(page).text((x, y), f"page {seed}", fill="black")
        pages.append(page)
    store = make_store([*lines(pages[0]), *lines(pages[0], algorithm="phash")])
    matcher = Matcher.open(store)
    for page in pages[1:]:
        assert matcher.examine(encoded(page)).matches == ()
