"""PhotoDNA's hashes: listed and looked up without any hasher, and computed by a plug-in, from scan to report."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from matcher import Hash, Matcher, Settings, SettingsError
from matcher.algorithms import ALGORITHMS
from matcher.commands import run
from matcher.distances import distance
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import turn
from matcher.lists.formats import ReadOptions, formats
from matcher.lists.formats.values import RefusedValue, parse_value
from matcher.model import ListedHash, RefusedLine
from matcher.record.case import CaseReader
from tests.shared.report_cases import PLAIN, written
from tests.shared.scan_cases import entries, scan

MakeStore = Callable[..., Path]
Encode = Callable[..., bytes]
Capture = pytest.CaptureFixture[str]

FACTS = ALGORITHMS["photodna"]
VALUE = bytes(range(100, 244))
MARGIN = 144
"""The stand-in screens by hashes that are one off in each of the 144 bytes."""

PLUG_IN = f"""
from PIL import Image
from matcher.algorithms import ALGORITHMS
from matcher.imaging.picture import turn
from matcher.model import TRANSFORMS, Hash

class StandIn:
    '''In the place of a licensed library: the mean greys of 12 x 12 blocks.'''

    algorithm = ALGORITHMS["photodna"]
    profile = "photodna: a test's stand-in"
    margin = {MARGIN}

    def hash(self, picture):
        return self.confirm(picture, "none")

    def turned(self, picture):
        exact = [self.confirm(picture, transform) for transform in TRANSFORMS]
        return (exact[0], *(Hash("photodna", bytes(byte + 1 for byte in one.value)) for one in exact[1:]))

    def confirm(self, picture, transform):
        return Hash("photodna", turn(picture.grey, transform).resize((12, 12), Image.Resampling.BOX).tobytes())

HASHER = StandIn()
"""


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package, as workers find it too."""
    from matcher import hashers

    folder = tmp_path / "installed"
    facts = folder / "stand_in-1.0.dist-info"
    facts.mkdir(parents=True)
    (folder / "stand_in_for_photodna.py").write_text(PLUG_IN, encoding="utf-8")
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: stand-in\nVersion: 1.0\n", encoding="utf-8")
    (facts / "entry_points.txt").write_text("[matcher.hashers]\nphotodna = stand_in_for_photodna:HASHER\n")
    monkeypatch.syspath_prepend(folder)
    for cached in (hashers._registered, hashers.hasher):
        cached.cache_clear()
    yield
    for cached in (hashers._registered, hashers.hasher):
        cached.cache_clear()


def original() -> Image.Image:
    return landscape(1, width=360, height=240)


def hash_of(image: Image.Image) -> bytes:
    return image.convert("L").resize((12, 12), Image.Resampling.BOX).tobytes()


def line(value: bytes, entry: str = "a", **more: object) -> dict[str, object]:
    return {"id": entry, "algorithm": "photodna", "value": base64.b64encode(value).decode(), **more}


class TestAsText:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "photodna needs 288 hex digits or 192 of base64, has 0"),
            ("g" * 288, "photodna needs 288 hex digits, has other characters"),
            ("_" * 192, "photodna needs 192 characters of base64, has other characters"),
            ("é" * 192, "photodna needs 192 characters of base64, has other characters"),
            ("A" * 190 + "==", "photodna needs 144 bytes, has 142"),
        ],
    )
    def test_refused(self, text: str, reason: str) -> None:
        with pytest.raises(RefusedValue, match=f"^{reason}$"):
            parse_value("photodna", text)

    def test_hex_of_any_case_and_base64(self) -> None:
        base = base64.b64encode(VALUE).decode()
        for text in (VALUE.hex(), VALUE.hex().upper(), base):
            assert parse_value("photodna", text) == VALUE
            for name, content, stated in (
                ("jsonl", json.dumps({"id": "a", "algorithm": "PhotoDNA", "value": text}), None),
                ("csv", f"id,PDNA\na,{text}\n", None),
                ("threatexchange", f"photodna {text}", None),
                ("bare", text, "photodna"),
            ):
                assert self.read(name, content, stated).value == VALUE  # type: ignore[union-attr]

    def test_alone_and_unstated_it_is_told_by_288_digits_only(self) -> None:
        hexed = self.read("bare", VALUE.hex(), None)
        assert isinstance(hexed, ListedHash)
        assert hexed.algorithm == "photodna"
        assert self.read("bare", base64.b64encode(VALUE).decode(), None) == RefusedLine(1, "not a hash in hex")

    def read(self, name: str, content: str, stated: str | None) -> ListedHash | RefusedLine:
        options = ReadOptions(algorithm=stated, source="a.txt")
        (found,) = formats()[name].read(io.BytesIO(content.encode()), options)
        assert isinstance(found, ListedHash | RefusedLine)
        return found


class TestWithoutAHasher:
    """The store takes the hashes and finds them; what looks at pictures says that it does not."""

    @pytest.fixture
    def store(self, make_store: MakeStore) -> Path:
        pdq = {"id": "p", "algorithm": "pdq", "value": "0f" * 32}
        return make_store([line(VALUE), line(bytes(144), "far", category="2"), pdq])

    def test_lookup_is_squared_and_inclusive(self, store: Path) -> None:
        opened = Matcher.open(store)
        for value, distance_ in ((VALUE, 0), (bytes([VALUE[0] + 100, VALUE[1] - 100, *VALUE[2:]]), 20_000)):
            (match,) = opened.lookup(Hash("photodna", value))
            assert (match.entry, match.distance, match.threshold) == ("a", distance_, 40_000)
        at = bytes([*bytes(143), 200])
        assert [match.distance for match in opened.lookup(Hash("photodna", at))] == [40_000]
        assert opened.lookup(Hash("photodna", at[:-2] + b"\x01\xc8")) == ()
        strict = Matcher.open(store, settings=Settings(thresholds={"photodna": 39_999}))
        assert strict.lookup(Hash("photodna", at)) == ()
        widest = Matcher.open(store, settings=Settings(thresholds={"photodna": FACTS.furthest}))
        assert len(widest.lookup(Hash("photodna", bytes([255] * 144)))) == 2

    def test_thresholds_are_checked_as_squares(self) -> None:
        assert FACTS.furthest == 144 * 255**2
        for value in (-1, FACTS.furthest + 1):
            with pytest.raises(SettingsError, match="its distances are 0 to 9363600"):
                Settings(thresholds={"photodna": value})
        with pytest.raises(SettingsError, match="photodna, which is not computed"):
            Matcher(settings=Settings(thresholds={"photodna": 1}))

    @pytest.mark.slow
    def test_pictures_are_examined_by_the_rest(self, store: Path, encoded: Encode) -> None:
        opened = Matcher.open(store)
        assert opened.not_computed == {"photodna": 2}
        finding = opened.examine(encoded(original()))
        assert {turned.algorithm for turned in finding.pictures} == {"pdq", "phash"}
        with pytest.raises(SettingsError, match="unknown algorithm 'photodna': installed are"):
            Matcher.open(store, settings=Settings(algorithms=("photodna",)))

    @pytest.mark.slow
    def test_every_command_says_so(self, tmp_path: Path, capsys: Capture, encoded: Encode) -> None:
        listed = tmp_path / "l.jsonl"
        listed.write_text(
            "".join(
                json.dumps(one) + "\n" for one in (line(VALUE), {**line(VALUE), "algorithm": "md5", "value": "00" * 16})
            )
        )
        (tmp_path / "e").mkdir()
        (tmp_path / "e/a.png").write_bytes(encoded(original()))
        store = ["--store", str(tmp_path / "s")]
        case = ["--case", str(tmp_path / "case"), "--key", str(tmp_path / "key")]
        why = "no hasher that computes them is installed here"
        assert run(["lists", "import", str(listed), *store, "--name", "x"]) == 3
        assert f"1 photodna hashes are indexed, and scans do not look them up: {why}" in capsys.readouterr().err
        assert run(["lists", "show", *store]) == 0
        shown = capsys.readouterr().out
        assert "1 entry: 1 md5, 1 photodna" in shown
        assert f"1 photodna hashes are indexed and scans do not look them up: {why}" in shown
        assert run(["lists", "show", *store, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["not_computed"] == {"photodna": 1}
        assert run(["match", *store, str(tmp_path / "e/a.png")]) == 0
        assert f"the lists have 1 photodna hashes, which are not looked up: {why}" in capsys.readouterr().err
        assert run(["scan", str(tmp_path / "e"), *store, *case, "--workers", "0", "--quiet"]) == 0
        assert f"list x: 1 photodna hashes are not looked up: {why}" in capsys.readouterr().err
        with CaseReader(tmp_path / "case") as reader:
            assert "photodna 1 (not computed by this scan, not compared)" in written(reader, "html", PLAIN).decode()

    def test_nothing_else_in_the_store_is_no_all_clear(
        self, make_store: MakeStore, tmp_path: Path, capsys: Capture, encoded: Encode
    ) -> None:
        store = make_store([line(VALUE)])
        assert len(Matcher.open(store).lookup(Hash("photodna", VALUE))) == 1
        (tmp_path / "a.png").write_bytes(encoded(original()))
        for command in (["match"], ["scan", "--case", str(tmp_path / "case"), "--key", str(tmp_path / "key")]):
            assert run([*command, "--store", str(store), str(tmp_path / "a.png")]) == 2
            assert "only hashes that nothing installed here computes (photodna)" in capsys.readouterr().err
        assert not (tmp_path / "case").exists()


@pytest.mark.usefixtures("plug_in")
class TestPlugIn:
    @pytest.fixture
    def exhibit(self, tmp_path: Path) -> Path:
        folder = tmp_path / "exhibit"
        folder.mkdir()
        original().save(folder / "same.png")
        turn(original(), "rotate90").save(folder / "turned.png")
        original().resize((300, 200)).save(folder / "small.jpg", quality=60)
        landscape(9, width=360, height=240).save(folder / "other.png")
        return folder

    @pytest.mark.process
    @pytest.mark.slow
    @pytest.mark.parametrize("workers", ["0", "1"])
    def test_from_scan_to_report(
        self, make_store: MakeStore, exhibit: Path, tmp_path: Path, capsys: Capture, workers: str
    ) -> None:
        store = make_store([line(hash_of(original()), category="1")])
        case, key = tmp_path / "case", ["--key", str(tmp_path / "key")]
        scan_ = ["scan", str(exhibit), "--store", str(store), "--case", str(case), *key, "--workers", workers]
        assert run(scan_) == 1
        assert "photodna" not in [
            word for text in capsys.readouterr().err.splitlines() if "warning" in text for word in text.split()
        ]
        assert run(["findings", "--case", str(case)]) == 0
        findings = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
        found = {one["path"]: one["matches"][0] for one in findings if one["matches"]}
        assert set(found) == {"same.png", "small.jpg", "turned.png"}
        assert (found["same.png"]["distance"], found["same.png"]["transform"]) == (0, "none")
        assert (found["turned.png"]["distance"], found["turned.png"]["transform"]) == (0, "rotate270")
        assert 0 < found["small.jpg"]["distance"] <= 40_000
        for match in found.values():
            value, listed = bytes.fromhex(match["value"]), bytes.fromhex(match["entry_value"])
            assert match["distance"] == distance(FACTS.metric, value, listed)
        (opened,) = entries(case, "scan.open")
        (facts,) = (one for one in opened["algorithms"] if one["name"] == "photodna")
        assert facts == {
            "name": "photodna",
            "profile": "photodna: a test's stand-in",
            "metric": "euclidean",
            "threshold": 40_000,
            "region_threshold": -1,
            "minimum_quality": 0,
            "margin": MARGIN,
        }
        assert entries(case, "self.test")[0]["untested"] == ["photodna"]
        assert run(["verify", "--case", str(case)]) == 0
        assert "matches      3 recomputed" in capsys.readouterr().out
        with CaseReader(case) as reader:
            page = written(reader, "html", PLAIN).decode()
        assert "squared Euclidean distance" in page
        assert "of 40,000" in page

    @pytest.mark.slow
    def test_relookup_finds_what_was_listed_later(
        self, make_store: MakeStore, exhibit: Path, tmp_path: Path, capsys: Capture
    ) -> None:
        case, key = str(tmp_path / "case"), ["--key", str(tmp_path / "key")]
        store = str(make_store([line(bytes(144))]))
        assert run(["scan", str(exhibit), "--store", store, "--case", case, *key, "--workers", "0"]) == 0
        make_store([line(hash_of(original()), "later", category="1")], name="new")
        capsys.readouterr()
        assert run(["relookup", "--case", case, "--store", store, *key]) == 0
        changes = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
        assert {(one["change"], one["path"], one["match"]["transform"]) for one in changes} == {
            ("new", "same.png", "none"),
            ("new", "small.jpg", "none"),
            ("new", "turned.png", "rotate270"),
        }
        assert run(["verify", "--case", case]) == 0

    @pytest.mark.slow
    def test_screening_reaches_as_far_as_roots_add_up(
        self, make_store: MakeStore, exhibit: Path, tmp_path: Path
    ) -> None:
        """Listed at the threshold from the reference, on the side away from the screened hash."""
        value = hash_of(original())
        assert 3 <= min(value) <= max(value) < 255
        store = make_store([line(bytes(byte - 3 for byte in value))])
        results = []
        for name, exact in (("screened", False), ("exact", True)):
            options: dict[str, Any] = {"thresholds": {"photodna": 144 * 9}, "exact": exact, "algorithms": ("photodna",)}
            _facts, listener = scan(tmp_path / name / "case", exhibit, store, **options)
            results.append(
                {one.path: [(m.distance, m.transform) for m in one.matches] for one in listener.recorded_findings}
            )
        assert results[0] == results[1]
        assert results[0]["turned.png"] == [(144 * 9, "rotate270")]

    def test_one_of_other_facts_is_refused(self, make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
        from stand_in_for_photodna import HASHER  # type: ignore[import-not-found]

        monkeypatch.setattr(HASHER, "algorithm", ALGORITHMS["pdq"], raising=False)
        with pytest.raises(SettingsError, match="must have algorithm = ALGORITHMS"):
            Matcher.open(make_store([line(VALUE)]))
