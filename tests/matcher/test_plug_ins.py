"""Plug-in hashers, and failures that are not an item's: what is recorded, and what stops everything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from matcher import Matcher, Settings, hashers
from matcher.algorithms import Algorithm, Metric
from matcher.calibration.tables import SCHEMA
from matcher.errors import IndexFileError
from matcher.examine.content import Content
from matcher.hashers import Screen
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture
from matcher.imaging.reduced.picture import Reduced
from matcher.model import NO_QUALITY, Hash, OrientationHashes, Reason, Status
from matcher.record.hashes_file import CaseHashes, path_of
from tests.shared.scan_cases import scan

Encode = Callable[..., bytes]
MakeStore = Callable[..., Path]


def original(seed: int) -> Image.Image:
    return landscape(seed, width=320, height=240)


class LabHasher:
    """A plug-in: the mean of the picture's grey values, eight times."""

    algorithm = Algorithm("labhash", 8, Metric.HAMMING, threshold=3)
    profile = "labhash: a test's"
    margin = 0

    def hash(self, picture: Picture) -> Hash:
        return Hash("labhash", bytes([int(np.asarray(picture.grey).mean())] * 8))

    def turned(self, picture: Picture) -> tuple[Hash, ...]:
        return (self.hash(picture),) * 8

    def confirm(self, picture: Picture, transform: str) -> Hash:
        return self.hash(picture)


class ScreeningLabHasher(LabHasher):
    """The same, screened: of squared distances, whose margins do not fit a byte."""

    algorithm = Algorithm("labhash", 8, Metric.EUCLIDEAN, threshold=8)
    screen = Screen(5000, 0, "labhash: a test's, on reduced pictures")
    slack = 4000

    def screened(self, reduced: Reduced) -> OrientationHashes | None:
        code = bytes([int(reduced.grey.mean())] * 8)
        return OrientationHashes(reduced.rendering, "labhash", 8 * code, bytes([NO_QUALITY] * 8), (self.slack,) * 8)


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An entry point, as an installed package has it."""
    from matcher.lists.formats import values

    registered = {**hashers._registered(), "labhash": SimpleNamespace(load=LabHasher)}
    caches = (hashers.hasher, values._indexed, values._digits)
    for cached in caches:
        cached.cache_clear()
    monkeypatch.setattr(hashers, "_registered", lambda: registered)
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.usefixtures("plugin")
class TestPlugIn:
    def test_its_hashes_are_listed_indexed_and_matched(self, make_store: MakeStore, encoded: Encode) -> None:
        value = LabHasher().hash(Picture(original(1))).value.hex()
        store = make_store([{"id": "a", "algorithm": "labhash", "value": value}])
        (match,) = Matcher.open(store).examine(encoded(original(1))).matches
        assert (match.algorithm, match.distance, match.threshold) == ("labhash", 0, 3)

    def test_a_match_has_its_chance_where_it_was_measured(
        self, tmp_path: Path, make_store: MakeStore, encoded: Encode
    ) -> None:
        hashed = LabHasher().hash(Picture(original(1)))
        store = make_store([{"id": "a", "algorithm": "labhash", "value": hashed.value.hex()}])
        table = {"chance": [*range(-64, 0), 0], "pairs": 100, "seen": 3}
        measured = {"schema": SCHEMA, "name": "a lab's", "tables": {"whole": {"labhash": table}}}
        (tmp_path / "calibration.json").write_text(json.dumps(measured))
        matcher = Matcher.open(
            store, settings=Settings(calibration=tmp_path / "calibration.json", published_thresholds=True)
        )
        (looked_up,) = matcher.lookup(hashed)
        assert looked_up.chance == "2.3e-01"  # 10 ** -0.64, of one listed hash and one query
        (examined,) = matcher.examine(encoded(original(1))).matches
        assert examined.chance == "1.9e+00"  # eight orientations are eight queries

    def test_a_failing_one_costs_one_item(
        self, make_store: MakeStore, encoded: Encode, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_self: object, _picture: Picture) -> Hash:
            raise ZeroDivisionError

        store = make_store([{"id": "a", "algorithm": "labhash", "value": "00" * 8}])
        opened = Matcher.open(store)
        monkeypatch.setattr(LabHasher, "hash", broken)
        assert opened.examine(encoded(original(1))).reason is Reason.HASHER_FAILED


@pytest.mark.usefixtures("plugin")
class TestScreeningPlugIn:
    @pytest.fixture
    def plug_in(self, monkeypatch: pytest.MonkeyPatch) -> type[ScreeningLabHasher]:
        registered = {**hashers._registered(), "labhash": SimpleNamespace(load=ScreeningLabHasher)}
        monkeypatch.setattr(hashers, "_registered", lambda: registered)
        return ScreeningLabHasher

    @pytest.fixture
    def evidence(self, tmp_path: Path, encoded: Encode) -> Path:
        folder = tmp_path / "evidence"
        folder.mkdir()
        for seed in (1, 2):
            (folder / f"{seed}.png").write_bytes(encoded(original(seed)))
        return folder

    @pytest.mark.slow
    def test_wide_margins_are_kept(
        self, plug_in: type[ScreeningLabHasher], make_store: MakeStore, evidence: Path, tmp_path: Path
    ) -> None:
        store = make_store([{"id": "a", "algorithm": "labhash", "value": "00" * 8}])
        scan(tmp_path / "case", evidence, store)
        (_end, group) = next(CaseHashes(path_of(tmp_path / "case", 1)).groups())
        whole = group.slack("labhash")[~group.is_region()]
        assert np.array_equal(whole, np.full((2, 8), plug_in.screen.margin))

    @pytest.mark.parametrize("fault", ["raises", "too much slack"])
    def test_where_its_screen_fails_the_whole_picture_is_hashed(
        self,
        plug_in: type[ScreeningLabHasher],
        make_store: MakeStore,
        encoded: Encode,
        monkeypatch: pytest.MonkeyPatch,
        fault: str,
    ) -> None:
        def broken(_self: object, _reduced: Reduced) -> OrientationHashes:
            raise ZeroDivisionError

        if fault == "raises":
            monkeypatch.setattr(plug_in, "screened", broken)
        else:
            monkeypatch.setattr(plug_in, "slack", plug_in.screen.margin + 1)
        store = make_store([{"id": "a", "algorithm": "labhash", "value": "00" * 8}])
        finding = Matcher.open(store).examine(encoded(original(1)))
        assert finding.status is Status.EXAMINED
        assert {turned.slack[0] for turned in finding.pictures} == {0}


def test_a_damaged_index_is_not_an_items_fault(
    make_store: MakeStore, encoded: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Matcher.open(make_store([{"id": "a", "algorithm": "pdq", "value": "00" * 32}]))

    def damaged(*_arguments: object, **_options: object) -> None:
        raise IndexFileError("damaged")

    monkeypatch.setattr("matcher.index.flat.FlatIndex.range_search", damaged)
    with pytest.raises(IndexFileError):
        opened.examine(encoded(original(1)))


def test_too_little_memory_keeps_the_digests(
    known_store: Path, known_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_content: Content) -> bytes:
        raise MemoryError

    monkeypatch.setattr(Content, "take", full)
    finding = Matcher.open(known_store).examine((known_folder / "1.png").read_bytes())
    assert (finding.status, finding.reason, finding.notable) == (Status.KNOWN, Reason.OUT_OF_MEMORY, True)
