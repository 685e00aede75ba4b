"""Matcher.lookup, and digests that a caller brings along."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from matcher import Disposition, Hash, Match, Matcher, Settings, SettingsError, Status
from matcher.calibration.tables import LOW_QUALITY
from matcher.distances import hamming
from matcher.hashers import known_algorithm
from matcher.imaging.drawing import landscape
from matcher.lookup.chances import WHOLE
from matcher.model import CategoryProfile, Finding

Encode = Callable[..., bytes]
MakeStore = Callable[..., Path]


@pytest.fixture(scope="module")
def matcher(known_store: Path) -> Matcher:
    return Matcher.open(known_store)


def near(random_: random.Random, value: bytes, bits: int) -> bytes:
    """A value that differs in so many bits."""
    number = int.from_bytes(value)
    for place in random_.sample(range(len(value) * 8), bits):
        number ^= 1 << place
    return number.to_bytes(len(value))


def lines(seed: int, count: int) -> list[dict[str, object]]:
    """Hashes by several algorithms near a few centres, some with one id, in two categories, of low quality."""
    drawn = random.Random(seed)
    centres = {name: [drawn.randbytes(width) for _ in range(3)] for name, width in WIDTHS.items()}
    made = []
    for number in range(count):
        name = drawn.choice(list(WIDTHS))
        value = near(drawn, drawn.choice(centres[name]), drawn.randrange(0, 40) if name in ("pdq", "phash") else 0)
        line: dict[str, object] = {"id": f"e{number % (count // 2)}", "algorithm": name, "value": value.hex()}
        line["category"] = drawn.choice(["1", "2"])
        if name == "pdq":
            line["quality"] = drawn.choice([None, 30, 90])
        made.append(line)
    return made


WIDTHS = {"md5": 16, "sha1": 20, "sha256": 32, "pdq": 32, "phash": 8}


def brute_force(
    listed: list[dict[str, object]], asked: Hash, settings: Settings, usual: dict[str, int], low: dict[str, int]
) -> list[tuple[object, ...]]:
    """What must be found: list entries by their text, one after the other.

    `usual` are the thresholds of hashes that are not common, `low` those for low quality, which are those of irregular
    hashes: random ones are neither common nor regular.
    """
    best: dict[tuple[object, object], int] = {}
    facts = known_algorithm(asked.algorithm)
    assert facts is not None
    perceptual = asked.algorithm in ("pdq", "phash")
    threshold = usual[asked.algorithm] if perceptual else 0
    lowest = settings.least_quality(asked.algorithm) if perceptual else 0
    full = settings.quality(asked.algorithm) if perceptual else 0
    if asked.quality is not None and asked.quality < lowest:
        return []
    for line in listed:
        quality = line.get("quality")
        if line["algorithm"] != asked.algorithm or (isinstance(quality, int) and quality < lowest):
            continue
        distance = hamming(asked.value, bytes.fromhex(str(line["value"])))
        key = (line["id"], line["category"])
        is_low = any(isinstance(each, int) and each < full for each in (quality, asked.quality))
        most = low[asked.algorithm] if is_low else threshold
        if distance <= most and distance <= best.get(key, threshold):
            best[key] = distance
    return sorted((distance, *key) for key, distance in best.items())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "settings",
    [Settings(), Settings(published_thresholds=True), Settings(thresholds={"pdq": 60}, minimum_quality={"phash": 50})],
)
def test_lookup_finds_what_brute_force_finds(make_store: MakeStore, seed: int, settings: Settings) -> None:
    listed = lines(seed, 400)
    opened = Matcher.open(make_store(listed), settings=settings)
    drawn = random.Random(seed)
    asked = []
    for line in drawn.sample(listed, 80):
        name, value = str(line["algorithm"]), bytes.fromhex(str(line["value"]))
        bits = drawn.randrange(0, 6) if name in ("pdq", "phash") else 0
        asked.append(Hash(name, near(drawn, value, bits), drawn.choice([None, 0, 49, 50, 100])))
    answers = opened.lookup_many(asked)
    assert sum(map(len, answers)) > 300
    usual = {lookup.algorithm: lookup.threshold(WHOLE) for lookup in opened.lookups}
    low = {lookup.algorithm: lookup.threshold(LOW_QUALITY) for lookup in opened.lookups}
    for one, answer in zip(asked, answers, strict=True):
        assert answer == opened.lookup(one)
        assert sorted((match.distance, match.entry, match.category) for match in answer) == brute_force(
            listed, one, settings, usual, low
        )
        assert list(answer) == sorted(answer, key=Match.order)
        for match in answer:
            assert (match.value, match.quality, match.algorithm) == (
                one.value,
                one.quality if one.algorithm in ("pdq", "phash") else None,
                one.algorithm,
            )
            assert hamming(match.value, match.entry_value) == match.distance <= match.threshold
            assert (match.transform, match.region, match.list) == ("none", None, "made")


def test_lookup_agrees_with_examine(matcher: Matcher, known_folder: Path) -> None:
    for path in known_folder.iterdir():
        finding = matcher.examine(path.read_bytes())
        found = [match for matches in matcher.lookup_many(finding.computed) for match in matches]
        assert [without_chance(match) for match in sorted(found, key=Match.order)] == [
            without_chance(match) for match in finding.matches
        ]
        for match in found:  # one question is asked here, where a picture asks eight
            whole = next(each for each in finding.matches if each.algorithm == match.algorithm)
            assert (match.chance is None) == (whole.chance is None)


def without_chance(match: Match) -> Match:
    """Without what depends on the other hash of the entry: the chance, and the threshold of what decides together."""
    return replace(match, chance=None, threshold=0)


def test_more_than_a_hundred_are_all_given(make_store: MakeStore) -> None:
    code = random.Random(1).randbytes(32)
    listed = [{"id": f"{number:03d}", "algorithm": "pdq", "value": code.hex()} for number in range(150)]
    found = Matcher.open(make_store(listed)).lookup(Hash("pdq", code))
    assert [match.entry for match in found] == [f"{number:03d}" for number in range(150)]


def test_an_algorithm_that_no_list_has_finds_nothing(matcher: Matcher) -> None:
    assert matcher.lookup(Hash("dhash", bytes(8))) == ()
    assert matcher.lookup(Hash("sha1", bytes(20))) == ()
    assert matcher.lookup_many([]) == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Hash("vpdq", bytes(144)), "unknown algorithm 'vpdq'"),
        (Hash("photodna", bytes(143)), "photodna: a value of 143 bytes, not 144"),
        (Hash("", bytes(8)), "unknown algorithm ''"),
        (Hash(None, bytes(8)), "unknown algorithm None"),  # type: ignore[arg-type]
        (Hash([], bytes(8)), "unknown algorithm"),  # type: ignore[arg-type]
        (Hash("pdq", bytes(31)), "pdq: a value of 31 bytes, not 32"),
        (Hash("dhash", b""), "dhash: a value of 0 bytes, not 8"),
        (Hash("md5", bytes(20)), "md5: a value of 20 bytes, not 16"),
        (Hash("pdq", "00" * 16), "pdq: the value is str, not bytes"),  # type: ignore[arg-type]
        (Hash("pdq", bytes(32), 101), "quality of 101"),
        (Hash("pdq", bytes(32), -1), "quality of -1"),
        (Hash("pdq", bytes(32), "50"), "quality of '50'"),  # type: ignore[arg-type]
        ("00" * 32, "a Hash is expected, not str"),
        (None, "a Hash is expected, not NoneType"),
        (b"\0" * 32, "a Hash is expected, not bytes"),
    ],
)
def test_what_cannot_be_asked_is_an_error_and_no_empty_answer(matcher: Matcher, asked: Hash, message: str) -> None:
    with pytest.raises(SettingsError, match=message.replace("(", r"\(")):
        matcher.lookup(asked)
    with pytest.raises(SettingsError):
        matcher.lookup_many([Hash("pdq", bytes(32)), asked])


def test_disposition(make_store: MakeStore) -> None:
    code = random.Random(1).randbytes(32)
    listed = [
        {"id": name, "algorithm": "pdq", "value": code.hex(), "category": name} for name in ("bad", "good", "info")
    ]
    profile = CategoryProfile({"good": Disposition.KNOWN_GOOD, "info": Disposition.INFORMATION})
    opened = Matcher.open(make_store(listed, profile=profile))
    found = {match.entry: opened.disposition(match) for match in opened.lookup(Hash("pdq", code))}
    assert found == {"bad": Disposition.NOTABLE, "good": Disposition.KNOWN_GOOD, "info": Disposition.INFORMATION}
    with pytest.raises(SettingsError, match="no list 'made' is open"):
        Matcher().disposition(opened.lookup(Hash("pdq", code))[0])


class TestGivenDigests:
    def digests(self, data: bytes) -> dict[str, bytes]:
        return {name: hashlib.new(name, data, usedforsecurity=False).digest() for name in ("md5", "sha1", "sha256")}

    def test_the_finding_is_the_same(self, matcher: Matcher, known_folder: Path, encoded: Encode) -> None:
        for data in ((known_folder / "1.png").read_bytes(), encoded(landscape(50), "JPEG"), b"text", b""):
            expected = matcher.examine(data, name="a.jpg")
            given = self.digests(data)
            hashes = [Hash(name, value) for name, value in given.items()]
            for some in (given, hashes, hashes[1:], tuple(hashes[:1]), iter(hashes), {"md5": given["md5"]}):
                assert matcher.examine(data, name="a.jpg", digests=some) == expected
            assert matcher.examine_stream(io.BytesIO(data), name="a.jpg", digests=given) == expected

    def test_they_are_not_computed_again(self, known_store: Path, known_folder: Path) -> None:
        class Untouchable:
            algorithm = known_algorithm("sha256")

            def start(self) -> None:
                raise AssertionError

        opened = Matcher.open(known_store)
        opened.file_hashers = [*(one for one in opened.file_hashers if one.algorithm.name != "sha256"), Untouchable()]  # type: ignore[list-item]
        data = (known_folder / "1.png").read_bytes()
        assert opened.examine(data, digests=self.digests(data)).status is Status.KNOWN

    def test_a_finding_is_as_true_as_they_are(self, matcher: Matcher, known_folder: Path) -> None:
        lie = self.digests((known_folder / "1.png").read_bytes())
        finding = matcher.examine(b"text", digests=lie)
        assert (finding.status, finding.sha256) == (Status.KNOWN, lie["sha256"])

    @pytest.mark.parametrize(
        "given",
        [
            {"md5": bytes(15)},
            {"md5": "00" * 16},
            {"sha512": bytes(64)},
            {"pdq": bytes(32)},
            {None: bytes(16)},
            [Hash("md5", bytes(16)), Hash("md5", b"1" * 16)],
            ["md5"],
            "md5",
            b"0123456789abcdef",
            5,
            None,
        ],
    )
    def test_what_is_no_digest_is_refused_before_anything_is_read(self, matcher: Matcher, given: object) -> None:
        class Unread(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                raise AssertionError

        with pytest.raises(SettingsError):
            matcher.examine_stream(Unread(b"text"), digests=given)  # type: ignore[arg-type]


class TestWrongTypes:
    @pytest.mark.parametrize("wrong", [None, "text", 5, Path("a.jpg"), [1, 2], io.BytesIO(b"")])
    def test_data(self, matcher: Matcher, wrong: bytes) -> None:
        with pytest.raises(TypeError, match="data: bytes are expected"):
            matcher.examine(wrong)

    def test_names(self, matcher: Matcher) -> None:
        for names in ({"name": Path("a.jpg")}, {"name": None}, {"exhibit": 5}):
            with pytest.raises(TypeError, match="name and exhibit: text is expected"):
                matcher.examine(b"", **names)

    def test_streams(self, matcher: Matcher) -> None:
        class NothingYet(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                return None  # type: ignore[return-value]  # as streams do that do not block

        for wrong in (io.StringIO("text"), NothingYet(b"\xff\xd8\xff")):
            with pytest.raises(TypeError, match="stream: bytes are expected to be read"):
                matcher.examine_stream(wrong)  # type: ignore[arg-type]

    def test_any_bytes(self, matcher: Matcher, known_folder: Path) -> None:
        data = (known_folder / "1.png").read_bytes()
        findings: list[Finding] = [matcher.examine(kind(data)) for kind in (bytes, bytearray, memoryview)]
        assert findings == [findings[0]] * 3


def test_a_candidate_that_is_too_far_is_no_match(make_store: MakeStore) -> None:
    code = random.Random(4).randbytes(32)
    low: dict[str, object] = {"id": "a", "algorithm": "pdq", "value": code.hex(), "quality": 30}
    matcher = Matcher.open(make_store([{**low, "id": f"{number}"} for number in range(400)]))
    far = near(random.Random(5), code, 31)
    assert matcher.lookup(Hash("pdq", far, 100)) == ()
