"""What every hasher must do. A new one passes by being named in a subclass of PictureHasherContract or of
FileHasherContract."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import numpy as np
import pytest

from matcher.algorithms import ALGORITHMS, Algorithm, Metric
from matcher.hashers import (
    FileHasher,
    PictureHasher,
    ScreeningHasher,
    file_hashers,
    hasher,
    is_sound,
    known_algorithm,
    picture_hashers,
)
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture, turn
from matcher.model import TRANSFORMS, Hash

DIGESTS = ("md5", "sha1", "sha256")
PERCEPTUAL = ("pdq", *(f"{kind}hash{size}" for size in ("", "16") for kind in "apdw"))


def distance(algorithm: Algorithm, one: bytes, other: bytes) -> int:
    if algorithm.metric is Metric.EUCLIDEAN:
        first, second = (np.frombuffer(code, np.uint8).astype(np.int64) for code in (one, other))
        return int(((first - second) ** 2).sum())
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def check_facts(found: Any, name: str) -> None:
    assert found.algorithm.name == name
    assert found.profile
    assert known_algorithm(name) == found.algorithm


class PictureHasherContract:
    """A subclass has a fixture `name`: that of the entry point."""

    SIZES = ((320, 240), (640, 480), (97, 301), (8, 8), (1, 1), (1000, 20))

    @pytest.fixture
    def name(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def found(self, name: str) -> PictureHasher:
        (found,) = picture_hashers([name])
        return found

    @pytest.fixture(params=range(len(SIZES)))
    def picture(self, request: pytest.FixtureRequest) -> Picture:
        width, height = self.SIZES[request.param]
        return Picture(landscape(request.param + 1, width=width, height=height))

    def check_hash(self, found: PictureHasher, value: Hash) -> None:
        assert value.algorithm == found.algorithm.name
        assert isinstance(value.value, bytes)
        assert len(value.value) == found.algorithm.width
        assert value.quality is None or 0 <= value.quality <= 100
        assert value.region is None

    def test_facts(self, found: PictureHasher, name: str) -> None:
        check_facts(found, name)
        assert found.algorithm.metric is not Metric.EXACT
        assert 0 <= found.margin <= found.algorithm.furthest
        assert 0 <= found.algorithm.threshold <= found.algorithm.furthest

    def test_the_same_picture_has_the_same_hash(self, found: PictureHasher, picture: Picture) -> None:
        first = found.hash(picture)
        self.check_hash(found, first)
        assert first == found.hash(picture) == found.hash(Picture(picture.image.copy()))

    def test_turned_hashes_keep_to_their_margin(self, found: PictureHasher, picture: Picture) -> None:
        turned = found.turned(picture)
        assert len(turned) == len(TRANSFORMS)
        assert turned[0] == found.hash(picture)
        for transform, value in zip(TRANSFORMS, turned, strict=True):
            self.check_hash(found, value)
            reference = found.confirm(picture, transform)
            self.check_hash(found, reference)
            assert distance(found.algorithm, value.value, reference.value) <= found.margin

    def test_the_reference_is_the_hash_of_the_picture_turned(self, found: PictureHasher, picture: Picture) -> None:
        """Nearly, where turning is done on coefficients; of a picture with too little in it that says nothing."""
        if min(picture.image.size) < 200:
            return
        for transform in TRANSFORMS:
            direct = found.hash(Picture(turn(picture.image, transform)))
            apart = distance(found.algorithm, found.confirm(picture, transform).value, direct.value)
            assert apart <= max(found.margin, found.algorithm.threshold)

    def test_what_it_screens_is_what_it_says(self, found: PictureHasher, picture: Picture) -> None:
        if not isinstance(found, ScreeningHasher) or not picture.is_reducible:
            return
        screened = found.screened(picture.reduced())
        if screened is None:
            return
        assert is_sound(screened, found)
        for place, transform in enumerate(TRANSFORMS):
            apart = distance(found.algorithm, screened[place].value, found.confirm(picture, transform).value)
            assert apart <= screened.slack[place]


class FileHasherContract:
    """A subclass has a fixture `name`: that of the entry point."""

    @pytest.fixture
    def name(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def found(self, name: str) -> FileHasher:
        (found,) = file_hashers([name])
        return found

    def test_facts(self, found: FileHasher, name: str) -> None:
        check_facts(found, name)
        assert found.algorithm.metric is Metric.EXACT

    def test_how_the_bytes_are_cut_does_not_matter(self, found: FileHasher) -> None:
        data = bytes(range(256)) * 40
        values = set()
        for size in (1, 7, 4096, len(data)):
            running = found.start()
            for start in range(0, len(data), size):
                running.update(data[start : start + size])
            values.add(running.digest())
        (value,) = values
        assert len(value) == found.algorithm.width
        assert value != found.start().digest()

    def test_running_digests_are_apart(self, found: FileHasher) -> None:
        one, other = found.start(), found.start()
        one.update(b"a")
        assert one.digest() != other.digest()
        other.update(b"a")
        assert one.digest() == other.digest()


class TestPerceptual(PictureHasherContract):
    @pytest.fixture(params=PERCEPTUAL)
    def name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)


class TestDigests(FileHasherContract):
    @pytest.fixture(params=DIGESTS)
    def name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)


def test_every_built_in_hasher_is_named_here() -> None:
    own = {point.name for point in entry_points(group="matcher.hashers") if point.value.startswith("matcher.")}
    assert own == {*DIGESTS, *PERCEPTUAL}
    assert all(hasher(name).algorithm is ALGORITHMS[name] for name in own)
