"""Pictures inside a picture: found, with the screen and without, recorded, and looked up again."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from matcher import Matcher, Settings
from matcher.calibration.measuring.region_texture import texture_shares
from matcher.examine.parts import PartFinder
from matcher.hashers import picture_hashers
from matcher.hashers.pdq import PDQ
from matcher.hashers.regularity import MOST_REGULARITY, REGION_QUALITY, regularity
from matcher.imaging.decode import decode, decode_reduced
from matcher.imaging.picture import Picture
from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Finding, OrientationHashes, Status
from matcher.record.hashes_file import CaseHashes, path_of
from tests.shared.composed import exhibit, page, shown
from tests.shared.scan_cases import scan
from tests.shared.texture_cases import texture_share

Encode = Callable[..., bytes]
MakeStore = Callable[..., Path]


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exhibit(tmp_path_factory.mktemp("composed") / "exhibit")


@pytest.fixture(scope="module")
def default(known_store: Path) -> Matcher:
    return Matcher.open(known_store)


@pytest.fixture(scope="module")
def exact(known_store: Path) -> Matcher:
    return Matcher.open(known_store, settings=Settings(exact=True))


def regions(finding: Finding) -> set[tuple[Any, ...]]:
    return {(match.algorithm, match.region, match.transform) for match in finding.matches}


def test_a_known_picture_is_found_where_it_lies(default: Matcher, encoded: Encode) -> None:
    finding = default.examine(encoded(page([(shown(1), (60, 70)), (shown(101), (600, 300))])))
    assert finding.status is Status.EXAMINED
    assert finding.notable
    assert ("pdq", (60, 70, 320, 240), "none") in regions(finding)
    assert {value.region for value in finding.hashes} == {(60, 70, 320, 240)}
    for match in finding.matches:
        assert match.distance == 0 <= match.threshold
        assert match.chance is not None
        assert float(match.chance) < 1e-4
    assert all(form["region"] == [60, 70, 320, 240] for form in finding.as_json()["hashes"])


@pytest.mark.slow
def test_findings_are_those_of_an_exact_examination(default: Matcher, exact: Matcher, composed: Path) -> None:
    found = 0
    for path in sorted(composed.iterdir()):
        one, other = (matcher.examine(path.read_bytes(), name=path.name) for matcher in (default, exact))
        assert one.as_json() == other.as_json(), path.name
        assert [(turned.region, turned.algorithm) for turned in one.pictures] == [
            (turned.region, turned.algorithm) for turned in other.pictures
        ]
        assert not any(turned.slack[0] for turned in other.pictures)
        found += any(match.region for match in one.matches)
    assert found == 7


def test_only_what_is_near_is_hashed_by_the_reference(default: Matcher, encoded: Encode) -> None:
    finding = default.examine(encoded(page([(shown(1), (60, 70)), (shown(101), (600, 300))])))
    reference = {turned.region for turned in finding.pictures if not turned.slack[0]}
    screened = {turned.region for turned in finding.pictures if turned.slack[0]}
    assert reference == {(60, 70, 320, 240)}
    assert {None, (600, 300, 320, 240)} <= screened


def test_what_lies_in_a_picture_is_looked_for_unless_told_otherwise(known_store: Path, encoded: Encode) -> None:
    data = encoded(page([(shown(1), (60, 70))]))
    without = Matcher.open(known_store, settings=Settings(regions=False))
    assert without.examine(data).matches == ()
    assert {turned.region for turned in without.examine(data).pictures} == {None}
    assert {turned.region for turned in Matcher().examine(data).pictures} == {None}  # no list: nobody asks


@pytest.mark.slow
def test_of_equal_distances_the_whole_picture_is_named(make_store: MakeStore, encoded: Encode) -> None:
    """An entry is named once by an algorithm: by the nearest, and of equals by the whole picture."""
    framed = page([(shown(1), (60, 70))], (440, 380))
    whole = PDQ.hash(Picture(framed))
    part = PDQ.hash(Picture(shown(1)))
    lines: list[dict[str, object]] = [
        {"id": "a", "algorithm": "pdq", "value": value.hex()} for value in (whole.value, part.value)
    ]
    (match,) = Matcher.open(make_store(lines)).examine(encoded(framed)).matches
    assert (match.distance, match.region) == (0, None)
    (match,) = Matcher.open(make_store(lines[1:])).examine(encoded(framed)).matches
    assert (match.distance, match.region) == (0, (60, 70, 320, 240))


@pytest.mark.slow
def test_a_region_that_says_too_little_is_passed_over(make_store: MakeStore, encoded: Encode) -> None:
    faint = Image.linear_gradient("L").resize((320, 240)).point(lambda value: 150 + value // 6).convert("RGB")
    value = PDQ.hash(Picture(faint))
    assert value.quality is not None
    assert value.quality < REGION_QUALITY
    store = make_store([{"id": "a", "algorithm": "pdq", "value": value.value.hex()}])
    data = encoded(page([(faint, (60, 70)), (shown(101), (600, 300))]))
    for exact in (False, True):
        finding = Matcher.open(store, settings=Settings(exact=exact, minimum_quality={"pdq": 0})).examine(data)
        assert (60, 70, 320, 240) not in {turned.region for turned in finding.pictures}
        assert (600, 300, 320, 240) in {turned.region for turned in finding.pictures}
        assert finding.matches == ()


@pytest.mark.slow
def test_a_region_whose_hash_is_regular_is_passed_over(make_store: MakeStore, encoded: Encode) -> None:
    """A bright pane on a dark ground, both with texture."""
    down, across = np.mgrid[:240, :320]
    inside = (abs(across - 150) < 40) & (abs(down - 115) < 30)
    pane = np.where(inside, 250, 0) + np.random.default_rng(1).integers(0, 6, inside.shape)
    plain = Image.fromarray(pane.astype(np.uint8)).convert("RGB")
    value = PDQ.hash(Picture(plain))
    assert value.quality is not None
    assert value.quality >= REGION_QUALITY
    assert regularity(value.value) > MOST_REGULARITY
    store = make_store([{"id": "a", "algorithm": "pdq", "value": value.value.hex()}])
    data = encoded(page([(plain, (60, 70)), (shown(101), (600, 300))]))
    for exact in (False, True):
        finding = Matcher.open(store, settings=Settings(exact=exact)).examine(data)
        assert (600, 300, 320, 240) in {turned.region for turned in finding.pictures}
        assert (60, 70, 320, 240) not in {turned.region for turned in finding.pictures}
        assert finding.matches == ()


@pytest.mark.slow
def test_a_view_that_cannot_be_had_is_no_failure(
    default: Matcher, exact: Matcher, encoded: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(page([(shown(1), (60, 70))]))
    monkeypatch.setattr("matcher.imaging.reduced.png._larger", lambda *_given: None)
    for matcher in (default, exact):
        finding = matcher.examine(data)
        assert (finding.status, finding.reason, finding.matches) == (Status.EXAMINED, None, ())


@pytest.mark.slow
def test_a_region_is_asked_by_every_algorithm(known_store: Path, encoded: Encode) -> None:
    """With one that cannot screen, all are hashed by the reference."""
    algorithms = ("pdq", "phash", "whash", "dhash16")
    data = encoded(page([(shown(1), (60, 70)), (shown(101), (600, 300))]))
    opened = [
        Matcher.open(known_store, settings=Settings(algorithms=algorithms, exact=exact)) for exact in (False, True)
    ]
    one, other = (matcher.examine(data) for matcher in opened)
    assert one.as_json() == other.as_json()
    assert one.matches
    assert [turned.algorithm for turned in one.pictures if turned.region == (60, 70, 320, 240)] == list(algorithms)


@pytest.mark.slow
def test_the_store_of_hashes_gives_regions_back(tmp_path: Path, composed: Path, known_store: Path) -> None:
    _facts, heard = scan(tmp_path / "case", composed, known_store)
    hashes = CaseHashes(path_of(tmp_path / "case", 1))
    kept: list[OrientationHashes] = []
    for _end, group in hashes.groups():
        for row in range(int(group.starts[-1])):
            kept.extend(filter(None, (group.turned(row, name.name) for name in hashes.header.pictures)))
    assert kept == [turned for finding in heard.recorded_findings for turned in finding.pictures]
    assert any(turned.region for turned in kept)


@given(st.integers(0, 10**6))
def test_the_texture_of_a_region_is_that_of_its_pixels(seed: int) -> None:
    random = np.random.default_rng(seed)
    height, width = random.integers(3, 40, 2)
    grey = random.integers(0, 60, (height, width)).astype(np.float32)
    regions = []
    for _ in range(5):
        x, y = int(random.integers(0, width - 1)), int(random.integers(0, height))
        regions.append((x, y, int(random.integers(2, width - x + 1)), int(random.integers(1, height - y + 1))))
    expected = [texture_share(grey[y : y + high, x : x + wide]) for x, y, wide, high in regions]
    assert texture_shares(Reduced(grey, grey.shape[1], grey.shape[0], 1), regions) == expected


@pytest.mark.parametrize("quality", [20, 60])
def test_the_regions_of_a_saturated_jpeg_are_within_what_is_said_of_them(quality: int) -> None:
    random = np.random.default_rng(quality)
    coarse = random.choice([0, 255], (24, 32, 3)).astype(np.uint8)
    poster = Image.fromarray(coarse).resize((420, 300), Image.Resampling.BICUBIC)
    page = Image.new("RGB", (1280, 720), (120, 120, 120))
    page.paste(poster, (500, 200))
    stream = io.BytesIO()
    page.save(stream, "JPEG", quality=quality)
    data = stream.getvalue()
    kind = sniff(data[:HEAD])
    assert kind is not None
    reduced = decode_reduced(data, kind)
    assert reduced is not None
    whole = next(decode(data, kind).renderings())
    hashers = {hasher.algorithm.name: hasher for hasher in picture_hashers(["pdq", "phash"])}
    parts = PartFinder(hashers.values(), regions=True, reframings=False).parts_of(reduced.renderings[0])
    assert parts
    for part in parts:
        for name, screened in part.screened.items():
            reference = hashers[name].hash(part.cut_from(whole))
            differing = np.frombuffer(reference.value, np.uint8) ^ np.frombuffer(screened[0].value, np.uint8)
            if screened.doubtful:
                sure = ~np.frombuffer(screened.doubtful, np.uint8)[: len(differing)]
                differing = differing & sure
                assert not np.bitwise_count(differing).sum()
            else:
                assert np.bitwise_count(differing).sum() <= screened.slack[0]
