"""Matcher.examine: what becomes of one file's bytes."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import matcher as package
from matcher import Matcher, Settings
from matcher.errors import SettingsError, StoreError
from matcher.hashers.pdq import PDQ
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture, turn
from matcher.model import TRANSFORMS, CategoryProfile, Disposition, Reason, Status
from matcher.record.entries import entry as ledger_entry

Encode = Callable[..., bytes]
MakeStore = Callable[..., Path]

UNDONE = {"rotate90": "rotate270", "rotate270": "rotate90"}
"""The transform that undoes each; all others undo themselves."""


@pytest.fixture(scope="module")
def matcher(known_store: Path) -> Matcher:
    return Matcher.open(known_store)


def original(seed: int) -> Image.Image:
    return landscape(seed, width=320, height=240)


def test_an_identical_file_is_known(matcher: Matcher, known_folder: Path) -> None:
    finding = matcher.examine((known_folder / "1.png").read_bytes(), name="1.png")
    assert finding.status is Status.KNOWN
    assert finding.notable
    assert [match.algorithm for match in finding.matches] == ["md5", "pdq", "phash", "sha256"]
    assert {match.distance for match in finding.matches} == {0}
    assert finding.matches_total == 4
    assert (finding.width, finding.height, finding.media_type) == (320, 240, "image/png")


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("exact", [False, True])
def test_turned_copies_are_found(known_store: Path, encoded: Encode, transform: str, exact: bool) -> None:
    """A copy turned by a transform is matched by the transform that undoes it, at any EXIF orientation."""
    opened = Matcher.open(known_store, settings=Settings(exact=exact))
    finding = opened.examine(encoded(turn(original(2), transform), "JPEG", quality=80))
    assert finding.status is Status.EXAMINED
    by_algorithm = {match.algorithm: match for match in finding.matches}
    assert set(by_algorithm) == {"pdq", "phash"}
    for match in by_algorithm.values():
        assert match.transform == UNDONE.get(transform, transform)
        assert match.distance <= match.threshold


@pytest.mark.slow
def test_exact_and_screened_findings_are_the_same(known_store: Path, encoded: Encode) -> None:
    screened, exact = (Matcher.open(known_store, settings=Settings(exact=exact)) for exact in (False, True))
    for seed in range(1, 7):
        for transform in TRANSFORMS:
            data = encoded(turn(original(seed), transform).resize((211, 173)), "JPEG", quality=40)
            assert screened.examine(data).as_json() == exact.examine(data).as_json()


@pytest.mark.parametrize("change", ["quality", "half", "double", "grey", "bright"])
def test_altered_copies_are_found(matcher: Matcher, encoded: Encode, change: str) -> None:
    altered = {
        "quality": original(3),
        "half": original(3).resize((160, 120)),
        "double": original(3).resize((640, 480)),
        "grey": original(3).convert("L"),
        "bright": original(3).point(lambda value: min(255, int(value * 1.15))),
    }[change]
    finding = matcher.examine(encoded(altered, "JPEG", quality=30 if change == "quality" else 85))
    assert {match.entry for match in finding.matches} == {f"known/{digest_of(3, encoded)}"}


def digest_of(seed: int, encoded: Encode) -> str:
    return hashlib.sha256(encoded(original(seed))).hexdigest()


def test_unrelated_pictures_match_nothing(matcher: Matcher, encoded: Encode) -> None:
    for seed in range(100, 130):
        finding = matcher.examine(encoded(landscape(seed, width=200, height=150), "JPEG"))
        assert (finding.status, finding.matches, finding.notable) == (Status.EXAMINED, (), False)


def test_hashes_are_those_that_take_part_in_a_match(matcher: Matcher, encoded: Encode) -> None:
    finding = matcher.examine(encoded(turn(original(2), "rotate90"), "JPEG"))
    assert {(value.algorithm, value.value) for value in finding.hashes} == {
        (match.algorithm, match.value) for match in finding.matches
    }
    assert matcher.examine(encoded(landscape(120), "JPEG")).hashes == ()


def test_every_default_hash_is_computed(matcher: Matcher, encoded: Encode) -> None:
    data = encoded(landscape(120), "JPEG")
    finding = matcher.examine(data)
    assert [value.algorithm for value in finding.digests] == ["md5", "sha256"]
    assert [turned.algorithm for turned in finding.pictures] == ["pdq", "phash"]
    assert [value.algorithm for value in finding.computed] == ["md5", "sha256"]  # nothing is near: it was only screened
    exact = Matcher(matcher.lists, settings=Settings(exact=True)).examine(data)
    assert [value.algorithm for value in exact.computed] == ["md5", "sha256", "pdq", "phash"]


def test_sha1_and_other_algorithms_come_with_the_list(make_store: MakeStore, encoded: Encode) -> None:
    data = encoded(original(1))
    sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    store = make_store(
        [{"id": "a", "algorithm": "sha1", "value": sha1}, {"id": "b", "algorithm": "dhash", "value": "0" * 16}]
    )
    finding = Matcher.open(store).examine(data)
    assert [match.algorithm for match in finding.matches] == ["sha1"]
    assert {value.algorithm for value in finding.digests} == {"md5", "sha1", "sha256"}
    assert {turned.algorithm for turned in finding.pictures} == {"pdq", "phash", "dhash"}


class TestAlpha:
    """A list may hold the hash of any rendering; all are looked up."""

    @pytest.fixture
    def image(self) -> Image.Image:
        drawn = landscape(9, width=200, height=200).convert("RGBA")
        drawn.putalpha(landscape(10, width=200, height=200).convert("L"))
        return drawn

    def test_the_rendering_without_alpha_is_found(
        self, make_store: MakeStore, encoded: Encode, image: Image.Image
    ) -> None:
        value = PDQ.hash(Picture(image.convert("RGB"))).value.hex()
        finding = Matcher.open(make_store([{"id": "a", "algorithm": "pdq", "value": value}])).examine(encoded(image))
        assert [(match.distance, match.transform) for match in finding.matches] == [(0, "alpha-dropped none")]

    def test_the_rendering_on_white_is_found(self, make_store: MakeStore, encoded: Encode, image: Image.Image) -> None:
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image)
        value = PDQ.hash(Picture(turn(white, "flip"))).value.hex()
        finding = Matcher.open(make_store([{"id": "a", "algorithm": "pdq", "value": value}])).examine(encoded(image))
        assert [match.transform for match in finding.matches] == ["flip"]

    def test_the_rendering_on_black_is_found(self, make_store: MakeStore, encoded: Encode, image: Image.Image) -> None:
        black = Image.new("RGB", image.size, "black")
        black.paste(image, mask=image)
        value = PDQ.hash(Picture(black)).value.hex()
        finding = Matcher.open(make_store([{"id": "a", "algorithm": "pdq", "value": value}])).examine(encoded(image))
        assert [(match.distance, match.transform) for match in finding.matches] == [(0, "on-black none")]


class TestStatus:
    """Whatever the bytes hold, there is a finding, and never a false all-clear."""

    @pytest.mark.parametrize(
        ("data", "name", "status", "reason"),
        [
            (b"", "empty", Status.SKIPPED, Reason.EMPTY),
            (b"", "empty.jpg", Status.UNREADABLE, Reason.EMPTY),
            (b"a text", "notes.txt", Status.SKIPPED, Reason.NOT_A_PICTURE),
            (b"a text", "notes.JPG", Status.UNREADABLE, Reason.NOT_A_PICTURE),
            (b"\xff\xd8\xff", "x", Status.UNREADABLE, Reason.CORRUPT),
            (b"gimp xcf v011\0", "x", Status.UNREADABLE, Reason.UNSUPPORTED_FORMAT),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "x", Status.UNREADABLE, Reason.CORRUPT),
        ],
    )
    def test_without_a_match(self, matcher: Matcher, data: bytes, name: str, status: Status, reason: Reason) -> None:
        finding = matcher.examine(data, name=name)
        assert (finding.status, finding.reason) == (status, reason)
        assert finding.sha256 == hashlib.sha256(data).digest()
        assert not finding.notable

    def test_a_known_digest_of_an_unreadable_picture(self, make_store: MakeStore, encoded: Encode) -> None:
        data = encoded(original(1))[:5000]
        digest = hashlib.sha256(data).hexdigest()
        finding = Matcher.open(make_store([{"id": "a", "algorithm": "sha256", "value": digest}])).examine(data)
        assert (finding.status, finding.reason, finding.notable) == (Status.KNOWN, Reason.TRUNCATED, True)

    def test_a_known_digest_of_no_picture(self, make_store: MakeStore) -> None:
        digest = hashlib.md5(b"film", usedforsecurity=False).hexdigest()
        finding = Matcher.open(make_store([{"id": "a", "algorithm": "md5", "value": digest}])).examine(b"film")
        assert (finding.status, finding.matches_total) == (Status.KNOWN, 1)

    def test_too_many_bytes(self, known_store: Path, encoded: Encode) -> None:
        data = encoded(original(1))
        small = Matcher.open(known_store, settings=Settings(max_bytes=len(data) - 1))
        finding = small.examine(data)
        assert (finding.status, finding.reason) == (Status.KNOWN, Reason.TOO_MANY_BYTES)  # its digest is listed
        changed = small.examine(data + b"\0")
        assert (changed.status, changed.reason) == (Status.UNREADABLE, Reason.TOO_MANY_BYTES)

    def test_giving_up_still_looks_digests_up(self, matcher: Matcher, known_folder: Path) -> None:
        with (known_folder / "1.png").open("rb") as stream:
            finding = matcher.examine_stream(stream, give_up=Reason.WORKER_DIED)
        assert (finding.status, finding.reason, finding.notable) == (Status.KNOWN, Reason.WORKER_DIED, True)
        assert {match.algorithm for match in finding.matches} == {"md5", "sha256"}


class TestCategories:
    GOOD = CategoryProfile({"good": Disposition.KNOWN_GOOD, "info": Disposition.INFORMATION})

    def lines(self, data: bytes, *categories: str) -> list[dict[str, object]]:
        digest = hashlib.sha256(data).hexdigest()
        return [{"id": name, "algorithm": "sha256", "value": digest, "category": name} for name in categories]

    def test_known_good_is_excluded_only_when_asked(self, make_store: MakeStore, encoded: Encode) -> None:
        data = encoded(original(1))
        store = make_store(self.lines(data, "good"), profile=self.GOOD)
        finding = Matcher.open(store).examine(data)
        assert (finding.status, finding.notable, finding.matches_total) == (Status.EXAMINED, False, 1)
        asked = Matcher.open(store, settings=Settings(exclude_known_good=True)).examine(data)
        assert (asked.status, asked.width, asked.notable) == (Status.EXCLUDED, None, False)

    def test_notable_beats_known_good(self, make_store: MakeStore, encoded: Encode) -> None:
        data = encoded(original(1))
        store = make_store(self.lines(data, "good", "1"), profile=self.GOOD)
        finding = Matcher.open(store, settings=Settings(exclude_known_good=True)).examine(data)
        assert (finding.status, finding.notable, finding.conflict) == (Status.KNOWN, True, True)
        assert {match.category for match in finding.matches} == {"good", "1"}

    def test_one_entry_in_two_categories_is_matched_in_both(self, make_store: MakeStore, encoded: Encode) -> None:
        data = encoded(original(1))
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        profile = CategoryProfile({"0": Disposition.KNOWN_GOOD})
        lines = [{"id": "a", "algorithm": "md5", "value": digest, "category": name} for name in ("0", "1", "0")]
        finding = Matcher.open(make_store(lines, profile=profile)).examine(data)
        assert [match.category for match in finding.matches] == ["0", "1"]
        assert (finding.status, finding.notable, finding.conflict) == (Status.KNOWN, True, True)

    def test_information_is_not_notable(self, make_store: MakeStore, encoded: Encode) -> None:
        data = encoded(original(1))
        finding = Matcher.open(make_store(self.lines(data, "info"), profile=self.GOOD)).examine(data)
        assert (finding.status, finding.notable, finding.matches_total) == (Status.EXAMINED, False, 1)


class TestQuality:
    def test_a_flat_picture_is_not_looked_up_by_pdq(self, make_store: MakeStore, encoded: Encode) -> None:
        flat = Image.new("RGB", (100, 100), "grey")
        value = PDQ.hash(Picture(flat)).value.hex()
        store = make_store([{"id": "a", "algorithm": "pdq", "value": value}])
        assert Matcher.open(store).examine(encoded(flat)).matches == ()
        lower = Settings(minimum_quality={"pdq": 0})
        assert len(Matcher.open(store, settings=lower).examine(encoded(flat)).matches) == 1

    @pytest.mark.parametrize(
        ("quality", "found", "doubtful"), [(None, 1, False), (50, 1, False), (49, 1, True), (0, 0, False)]
    )
    def test_an_entry_of_low_quality_is_doubtful_and_one_without_information_is_passed_over(
        self, make_store: MakeStore, encoded: Encode, quality: int | None, found: int, doubtful: bool
    ) -> None:
        value = PDQ.hash(Picture(original(1))).value.hex()
        store = make_store([{"id": "a", "algorithm": "pdq", "value": value, "quality": quality}])
        finding = Matcher.open(store).examine(encoded(original(1)))
        assert (finding.matches_total, finding.doubtful) == (found, doubtful)

    def test_a_flat_picture_by_phash_is_left_out_and_doubtful_on_request(
        self, make_store: MakeStore, encoded: Encode
    ) -> None:
        store = make_store([{"id": "a", "algorithm": "phash", "value": "8000000000000000"}])
        flat = encoded(Image.new("RGB", (100, 100), "grey"))
        finding = Matcher.open(store, settings=Settings(minimum_quality={"phash": 0})).examine(flat)
        assert (finding.notable, finding.doubtful, finding.matches[0].quality) == (True, True, 3)
        assert finding.matches[0].chance is None or float(finding.matches[0].chance) > 1e-3
        for settings in (Settings(), Settings(minimum_quality={"phash": 50})):
            assert Matcher.open(store, settings=settings).examine(flat).matches == ()

    def test_a_picture_with_detail_is_not_doubtful(self, matcher: Matcher, encoded: Encode) -> None:
        finding = matcher.examine(encoded(original(1), "JPEG"))
        assert (finding.notable, finding.doubtful) == (True, False)


class TestManyMatches:
    def test_the_nearest_hundred_are_listed_and_all_are_counted(self, make_store: MakeStore, encoded: Encode) -> None:
        value = PDQ.hash(Picture(original(1))).value
        lines = []
        for number in range(150):
            near = bytearray(value)
            for bit in range(number % 20):
                near[bit] ^= 1
            lines.append({"id": f"e{number:03d}", "algorithm": "pdq", "value": near.hex()})
        finding = Matcher.open(make_store(lines)).examine(encoded(original(1)))
        assert (len(finding.matches), finding.matches_total) == (100, 150)
        order = [(match.distance, match.list, match.entry) for match in finding.matches]
        assert order == sorted(order)
        assert order[-1][0] < 20

    def test_an_entry_is_matched_once_by_an_algorithm(self, make_store: MakeStore, encoded: Encode) -> None:
        value = PDQ.hash(Picture(original(1))).value
        far = bytes([value[0] ^ 0xFF]) + value[1:]
        lines = [{"id": "a", "algorithm": "pdq", "value": one.hex()} for one in (far, value)]
        (match,) = Matcher.open(make_store(lines)).examine(encoded(original(1))).matches
        assert (match.distance, match.entry_value) == (0, value)

    def test_a_finding_always_fits_a_ledger_entry(self, make_store: MakeStore, encoded: Encode) -> None:
        value = PDQ.hash(Picture(original(1))).value.hex()
        lines = [{"id": f"{number:03d}" + "ü\n" * 500, "algorithm": "pdq", "value": value} for number in range(120)]
        finding = Matcher.open(make_store(lines)).examine(encoded(original(1)), name="\x01" * 4096)
        assert 0 < len(finding.matches) < 100
        assert finding.matches_total == 120
        ledger_entry("item", scan=1, seq=2**40, finding=finding.as_json())


def test_the_json_form_is_the_documented_one(matcher: Matcher, encoded: Encode) -> None:
    finding = matcher.examine(encoded(original(1), "JPEG"), name="DCIM/1.jpg", exhibit="E1")
    form = json.loads(json.dumps(finding.as_json()))
    assert list(form) == [
        *("schema", "path", "exhibit", "size", "sha256", "status", "reason", "media_type", "width", "height"),
        *("hashes", "matches", "matches_total", "not_compared", "skipped_parts"),
    ]
    assert list(form["hashes"][0]) == ["algorithm", "value", "quality", "region"]
    assert list(form["matches"][0]) == [
        *("list", "entry", "category", "algorithm", "value", "entry_value"),
        *("distance", "threshold", "quality", "region", "transform", "chance", "doubtful", "trivial"),
    ]


@pytest.mark.slow
def test_threads_share_one_matcher(matcher: Matcher, encoded: Encode) -> None:
    pictures = [encoded(turn(original(seed), "mirror"), "JPEG") for seed in range(1, 7)] * 4
    expected = [matcher.examine(data).as_json() for data in pictures]
    barrier = threading.Barrier(4)

    def work(part: int) -> list[object]:
        barrier.wait()
        return [matcher.examine(data).as_json() for data in pictures[part::4]]

    with ThreadPoolExecutor(4) as pool:
        for part, found in enumerate(pool.map(work, range(4))):
            assert found == expected[part::4]


def test_a_file_is_read_once_in_chunks(matcher: Matcher) -> None:
    class Counting(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert size > 0
            Counting.largest = max(Counting.largest, size)
            return super().read(size)

    data = bytes(5_000_000)
    finding = matcher.examine_stream(Counting(data))
    assert (finding.size, finding.sha256) == (len(data), hashlib.sha256(data).digest())
    assert Counting.largest < 2_000_000


def test_senseless_settings_are_refused(known_store: Path) -> None:
    for settings in (
        {"thresholds": {"pdq": 257}},
        {"thresholds": {"md5": 0}},
        {"thresholds": {"nothing": 1}},
        {"minimum_quality": {"pdq": 101}},
    ):
        with pytest.raises(SettingsError):
            Settings(**settings)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="unknown algorithm 'nothing'"):
        Matcher.open(known_store, settings=Settings(algorithms=("nothing",)))
    with pytest.raises(SettingsError, match="ahash, which is not computed"):
        Matcher.open(known_store, settings=Settings(thresholds={"ahash": 3}))


def test_a_store_in_which_nothing_can_match_is_refused(make_store: MakeStore) -> None:
    with pytest.raises(StoreError, match="no hash that can be looked up"):
        Matcher.open(make_store([{"id": "a", "algorithm": "vpdq", "value": "00" * 144}]))


def test_noise_is_examined(matcher: Matcher, encoded: Encode) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    assert matcher.examine(encoded(Image.fromarray(noise))).status is Status.EXAMINED


def test_public_names() -> None:
    assert set(package.__all__) >= {"Matcher", "Settings", "Finding", "Match", "MatcherError"}
    assert all(hasattr(package, name) for name in package.__all__)
