"""Hashes of reduced pictures beside the reference: within their margins, and sure where they say so."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from matcher import Matcher, Settings
from matcher.distances import hamming
from matcher.hashers import ScreeningHasher, hasher, picture_hashers
from matcher.hashers.imagehashes import ScreenedImageHasher
from matcher.imaging.decode import decode_reduced
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture, turn
from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.sniff import Kind, sniff
from matcher.model import TRANSFORMS, OrientationHashes

Encode = Callable[..., bytes]
SCREENED = ("pdq", "phash", "dhash", "ahash", "phash16", "dhash16", "ahash16")
SHAPES = {"small": (200, 150), "middle": (760, 560), "large": (2100, 1400), "tall": (300, 1300), "wide": (1500, 280)}


def screener(name: str) -> ScreeningHasher:
    found = hasher(name)
    assert isinstance(found, ScreeningHasher)
    return found


def scene(seed: int, size: tuple[int, int]) -> Image.Image:
    return landscape(seed, width=400, height=300).resize(size, Image.Resampling.BICUBIC)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", SCREENED)
def test_all_orientations_are_within_their_slack(name: str, shape: str) -> None:
    found = screener(name)
    for seed in range(1, 7):
        picture = Picture(scene(seed, SHAPES[shape]))
        screened = found.screened(picture.reduced())
        if screened is None:
            continue
        for place, transform in enumerate(TRANSFORMS):
            reference = found.confirm(picture, transform)
            apart = hamming(screened[place].value, reference.value)
            assert apart <= screened.slack[place] <= found.screen.margin, (seed, transform)
            assert screened.slack[place] > 0  # it is never passed off as the reference
            quality, expected = screened[place].quality, reference.quality
            assert quality is not None
            assert expected is not None
            assert abs(quality - expected) <= found.screen.quality_margin


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pdq", "phash", "phash16", "ahash"])
def test_most_pictures_of_scenes_are_screened(name: str) -> None:
    found = [screener(name).screened(Picture(scene(seed, (760, 560))).reduced()) for seed in range(1, 13)]
    assert sum(screened is not None for screened in found) >= 8


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 35}])
@pytest.mark.parametrize("size", [(500, 400), (1200, 900), (2100, 1500), (4000, 3000)])
def test_jpeg_by_its_reduced_decode(encoded: Encode, size: tuple[int, int], options: dict[str, object]) -> None:
    image = ImageEnhance.Color(scene(3, size)).enhance(1.5)
    data = encoded(image, "JPEG", **options)
    kind = sniff(data[:512])
    assert kind is not None
    reduced = decode_reduced(data, kind)
    assert reduced is not None
    (only,) = reduced.renderings
    with Image.open(BytesIO(data)) as opened:
        picture = Picture(opened.convert("RGB"))
    for found in (screener("pdq"), screener("phash")):
        screened = found.screened(only)
        assert screened is not None
        for place, transform in enumerate(TRANSFORMS):
            reference = found.confirm(picture, transform).value
            assert hamming(screened[place].value, reference) <= screened.slack[place]


def test_what_says_too_little_is_hashed_whole() -> None:
    flat = Picture(Image.new("RGB", (600, 400), (90, 120, 30))).reduced()
    chequers = np.kron(np.indices((8, 8)).sum(axis=0) % 2, np.ones((75, 75))) * 255
    drawn = Picture(Image.fromarray(chequers.astype(np.uint8)).convert("RGB")).reduced()
    tiny = Picture(scene(1, (63, 200))).reduced()
    for name in SCREENED:
        assert screener(name).screened(tiny) is None
        assert screener(name).screened(flat) is None, name
    assert screener("pdq").screened(drawn) is None
    assert screener("phash").screened(drawn) is None


@pytest.mark.parametrize("side", [512, 640, 768, 1030])
@pytest.mark.parametrize("grain", [30, 90])
def test_noise_is_within_the_margin_or_hashed_whole(side: int, grain: int) -> None:
    """Inside its blocks anything may be, so that a reduced picture says little of the filter's response."""
    for seed in range(4):
        noise = np.random.default_rng(seed).normal(120, grain, (side, side, 1)).clip(0, 255).repeat(3, axis=2)
        picture = Picture(Image.fromarray(noise.astype(np.uint8)))
        screened = screener("pdq").screened(picture.reduced())
        if screened is not None:
            reference = screener("pdq").hash(picture)
            assert hamming(screened[0].value, reference.value) <= screened.slack[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_long_strip_is_hashed_whole(known_store: Path, encoded: Encode, kind: str) -> None:
    """It keeps all of its pixels, and floats of them would take more memory than the whole picture."""
    size = (400, 12_000)
    data = encoded(scene(3, (400, 300)).resize(size), kind)
    finding = Matcher.open(known_store).examine(data)
    assert (finding.width, finding.height) == size
    assert [turned.slack[0] for turned in finding.pictures] == [0, 0]
    assert decode_reduced(data, Kind("", kind)) is None


def test_the_wavelet_hash_is_never_screened() -> None:
    assert not any(isinstance(found, ScreeningHasher) for found in picture_hashers(["whash", "whash16"]))


class TestFindings:
    """A default examination and an exact one find the same, and say the same."""

    @pytest.fixture
    def both(self, known_store: Path) -> tuple[Matcher, Matcher]:
        return Matcher.open(known_store), Matcher.open(known_store, settings=Settings(exact=True))

    @pytest.mark.slow
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
    @pytest.mark.parametrize("seed", [1, 2, 101])
    def test_alike(self, both: tuple[Matcher, Matcher], encoded: Encode, kind: str, seed: int) -> None:
        for size in ((300, 225), (1300, 975)):
            for transform in ("none", "rotate90", "transverse"):
                data = encoded(turn(landscape(seed, width=400, height=300).resize(size), transform), kind)
                default, exact = (matcher.examine(data, name="a") for matcher in both)
                assert default.as_json() == exact.as_json()
                assert bool(default.matches) == (seed < 100)
                whole = all(turned.slack[0] == 0 for turned in default.pictures if turned.region is None)
                assert whole == bool(default.matches)

    @pytest.mark.slow
    @pytest.mark.parametrize(("kind", "options"), [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {})])
    def test_bits_in_doubt_are_looked_at_in_full_size_first(
        self,
        both: tuple[Matcher, Matcher],
        encoded: Encode,
        monkeypatch: pytest.MonkeyPatch,
        kind: str,
        options: dict[str, bool],
    ) -> None:
        """A reduced picture that leaves too many is no reason to hash the whole one by the reference."""
        scales: list[int] = []
        right = ScreenedImageHasher.screened

        def doubting(found: ScreenedImageHasher, reduced: Reduced) -> OrientationHashes | None:
            scales.append(reduced.scale)
            return right(found, reduced) if reduced.scale == 1 else None

        monkeypatch.setattr(ScreenedImageHasher, "screened", doubting)
        data = encoded(landscape(101, width=400, height=300).resize((1300, 975)), kind, **options)
        finding = both[0].examine(data)
        assert scales == [3 if kind == "PNG" else 2, 1]
        assert finding.matches == ()
        (phash,) = (turned for turned in finding.pictures if turned.algorithm == "phash")
        (reference,) = (value for value in Matcher().examine(data).computed if value.algorithm == "phash")
        assert phash.slack[0] == 1
        assert hamming(phash[0].value, reference.value) <= 1

    @pytest.mark.slow
    def test_a_plug_in_that_cannot_screen_decodes_all_in_full(self, known_store: Path, encoded: Encode) -> None:
        matcher = Matcher.open(known_store, settings=Settings(algorithms=("pdq", "phash", "whash")))
        finding = matcher.examine(encoded(landscape(120, width=1200, height=900), "JPEG"))
        assert [turned.slack[0] for turned in finding.pictures if turned.region is None] == [0, 0, 0]
        assert not any(turned.slack[0] for turned in finding.pictures)

    def test_without_a_list_hashes_are_the_reference(self, encoded: Encode) -> None:
        finding = Matcher().examine(encoded(landscape(120, width=1200, height=900), "JPEG"))
        assert [value.algorithm for value in finding.computed] == ["md5", "sha256", "pdq", "phash"]

    @pytest.mark.slow
    def test_a_quality_at_the_limit_is_looked_at(self, make_store: Callable[..., Path], encoded: Encode) -> None:
        """Screened, a picture's quality may be a little below the minimum and its reference's above it."""
        data = encoded(landscape(7, width=1300, height=975), "JPEG", quality=85)
        value = next(found for found in Matcher().examine(data).computed if found.algorithm == "pdq")
        store = make_store([{"id": "a", "algorithm": "pdq", "value": value.value.hex(), "quality": 100}])
        assert value.quality is not None
        for minimum in (value.quality - 1, value.quality, min(100, value.quality + 1)):
            found = [
                Matcher.open(store, settings=Settings(minimum_quality={"pdq": minimum}, exact=exact)).examine(data)
                for exact in (False, True)
            ]
            assert found[0].as_json() == found[1].as_json()


@pytest.mark.slow
def test_reduced_pictures_of_all_scales_hash_alike() -> None:
    """The margin holds for any reduction, not only those that one format has."""
    picture = Picture(scene(5, (2100, 1600)))
    reference = [screener("pdq").confirm(picture, transform).value for transform in TRANSFORMS]
    for scale in (2, 3, 4, 5, 6):
        grey = np.asarray(picture.grey.reduce(scale)).astype(np.float32)
        screened = screener("pdq").screened(Reduced(grey, 2100, 1600, scale))
        assert screened is not None
        assert max(map(hamming, (value.value for value in screened.hashes), reference)) <= 4


@pytest.mark.slow
@pytest.mark.parametrize("size", [(64, 64), (200, 150), (90, 480), (500, 511), (700, 640)])
def test_unreduced_pdq_is_within_a_smaller_slack(size: tuple[int, int]) -> None:
    """Where nothing was reduced, only coefficients that are tied with the median may fall otherwise."""
    slacks = []
    for seed in range(1, 13):
        picture = Picture(scene(seed, size))
        grey = np.asarray(picture.grey).astype(np.float32)
        screened = screener("pdq").screened(Reduced(grey, *size, 1))
        if screened is None:
            continue
        slacks.append(screened.slack[0])
        for place, transform in enumerate(TRANSFORMS):
            reference = screener("pdq").confirm(picture, transform)
            assert hamming(screened[place].value, reference.value) <= screened.slack[place] <= 16
    assert len(slacks) > 6
    assert sorted(slacks)[len(slacks) // 2] < 12
