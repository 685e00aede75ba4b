"""Measuring a calibration: counts against brute force, tails against what they must keep to, a folder as a whole."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from matcher.calibration.measuring.counting import Coded, distance_counts, joint_counts, near_pairs
from matcher.calibration.measuring.making import FEWEST, grouped, joined
from matcher.calibration.measuring.pictures import LONGEST, SMALLEST_SIDE, Measured, drawn_boxes, measure
from matcher.calibration.measuring.sample import Sample, tables
from matcher.calibration.measuring.tails import ENOUGH, tail, together
from matcher.calibration.tables import LEAST, STEP, Calibration
from matcher.commands import run
from matcher.examine.parts import PartFinder
from matcher.hashers import picture_hashers
from matcher.hashers.regularity import GATE, MOST_REGULARITY, REGION_QUALITY, regularity
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture
from matcher.imaging.reduced.picture import Reduced
from matcher.model import LOW_QUALITY
from tests.shared.composed import page, shown
from tests.shared.texture_cases import texture_share


def coded(random: np.random.Generator, rows: int, width: int) -> Coded:
    codes = random.integers(0, 4, (rows, width), np.uint8)  # few bits, so that some are near
    pictures = np.sort(random.integers(0, 6, rows))
    return Coded(codes, pictures, pictures // 2)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 12), st.sampled_from([8, 32]))
def test_counts_are_those_of_brute_force(seed: int, asked_rows: int, listed_rows: int, width: int) -> None:
    random = np.random.default_rng(seed)
    asked, listed = coded(random, asked_rows, width), coded(random, listed_rows, width)
    other = Coded(asked.codes[:, :8], asked.pictures, asked.groups)
    other_listed = Coded(listed.codes[:, :8], listed.pictures, listed.groups)
    counts, joint = np.zeros(8 * width + 1, np.int64), np.zeros((8 * width + 1, 65), np.int64)
    near = []
    for row in range(asked_rows):
        for place in range(listed_rows):
            if asked.groups[row] == listed.groups[place]:
                continue
            apart = int(np.unpackbits(asked.codes[row] ^ listed.codes[place]).sum())
            first = int(np.unpackbits(asked.codes[row, :8] ^ listed.codes[place, :8]).sum())
            counts[apart] += 1
            joint[apart, first] += 1
            near += [(row, place, apart)] * (apart <= 8)
    assert distance_counts(asked, listed).tolist() == counts.tolist()
    assert joint_counts((asked, other), (listed, other_listed)).tolist() == joint.tolist()
    assert near_pairs(asked, listed, within=8).tolist() == [list(pair) for pair in near]


class TestTail:
    @settings(max_examples=50)
    @given(st.lists(st.integers(0, 10**9), min_size=3, max_size=300), st.integers(1, 40) | st.none())
    def test_rises_to_certainty_and_is_never_below_what_was_seen(self, values: list[int], flattest: int | None) -> None:
        counts = np.array([*values, 10**6], np.int64)
        found = tail(counts, flattest=flattest)
        assert list(found.chance) == sorted(found.chance)
        assert found.chance[-1] == 0
        assert min(found.chance) >= LEAST
        within = np.cumsum(counts)
        for place in range(found.measured_from, len(counts)):
            assert within[place] >= ENOUGH
            assert 10 ** (found.chance[place] / 100) * within[-1] >= within[place] * (1 - 1e-9)

    def test_goes_on_along_a_straight_line(self) -> None:
        """One decade in ten places, so it was seen, and a little flatter, as errors are larger where less was seen."""
        within = np.floor(10.0 ** (np.arange(-40, 101) / 10))
        found = tail(np.diff(within, prepend=0).astype(np.int64))
        assert found.measured_from == 57
        assert 8.5 <= found.slope <= 10
        assert found.chance[found.measured_from] - found.chance[7] == pytest.approx(50 * found.slope, abs=1)
        assert tail(np.diff(within, prepend=0).astype(np.int64), flattest=4).slope == 4

    def test_a_tail_that_bends_is_taken_at_its_flattest(self) -> None:
        steep, flat = np.arange(100) * 0.3, np.arange(100) * 0.05
        within = np.floor(10 ** np.maximum(steep - 20, flat + 1.2))
        assert tail(np.diff(within, prepend=0).astype(np.int64)).slope <= 5.1

    def test_too_few_pairs(self) -> None:
        with pytest.raises(ValueError, match="3 pairs are too few"):
            tail(np.array([1, 2]))

    def test_together_counts_the_sums(self) -> None:
        first, second = (-40, -20, 0), (-60, 0)
        counts = np.array([[60, 100], [1000, 10**4], [10**5, 10**6]])
        found = together(counts, first, second)
        chance = found.chance[::-1]
        total = counts.sum()
        for place, at_least in ((10, 60), (8, 1060), (6, 101_060), (4, 101_160), (2, 111_160)):
            assert 10 ** (chance[place] / 100) >= at_least / total
            assert 10 ** (chance[place] / 100) < 1.5 * at_least / total
        assert chance[0] == 0
        assert len(chance) == -2 * LEAST // STEP + 1


def encoded(seed: int) -> bytes:
    stream = io.BytesIO()
    landscape(seed, width=320, height=240).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def one() -> Measured:
    hashers = picture_hashers(["pdq", "phash", "whash"])
    found = measure(encoded(1), hashers, boxes=12, boxed=hashers)
    assert found is not None
    return found


class TestPictures:
    def test_hashes_of_the_whole_and_of_boxes(self, one: Measured) -> None:
        assert {name: codes.shape for name, codes in one.whole.items()} == {
            "pdq": (8, 32),
            "phash": (8, 8),
            "whash": (8, 8),
        }
        assert set(one.regions) == {"pdq", "phash"}
        assert 4 <= len(one.regions[GATE]) <= 12

    def test_the_same_picture_gives_the_same(self, one: Measured) -> None:
        hashers = picture_hashers(["pdq"])
        again = measure(encoded(1), hashers, boxes=12, boxed=hashers)
        assert again is not None
        assert again.key == one.key
        assert again.regions["pdq"].tolist() == one.regions["pdq"].tolist()

    @pytest.mark.slow
    def test_boxes_without_texture_are_not_asked(self) -> None:
        """Half of the picture is a photograph, half of it stripes."""
        image = landscape(5, width=640, height=480)
        stripes = np.tile(np.array([[0] * 20 + [255] * 20], np.uint8), (480, 8))
        image.paste(Image.fromarray(stripes).convert("RGB"), (320, 0))
        stream = io.BytesIO()
        image.save(stream, "PNG")
        hashers = picture_hashers(["pdq"])
        some = measure(stream.getvalue(), hashers, boxes=1000, boxed=hashers)
        image.paste(Image.fromarray(stripes).convert("RGB"), (0, 0))
        stream = io.BytesIO()
        image.save(stream, "PNG")
        none = measure(stream.getvalue(), hashers, boxes=1000, boxed=hashers)
        assert some is not None
        assert none is not None
        assert len(some.regions["pdq"]) > 10
        assert not none.regions

    def test_what_is_no_picture(self) -> None:
        assert measure(b"text", [], boxes=1, boxed=[]) is None

    def test_boxes_lie_inside(self) -> None:
        view = Picture(landscape(2, width=700, height=500)).reduced()
        view = view.finer() or view
        boxes = list(drawn_boxes(view, seed=3, tries=400))
        assert len(boxes) > 100
        for x, y, width, height in boxes:
            assert min(x, y) >= 0
            assert x + width <= 700
            assert y + height <= 500
            assert min(width, height) >= SMALLEST_SIDE
            assert max(width, height) <= LONGEST * min(width, height)

    def test_sides_are_at_lines(self) -> None:
        """A bright square's sides are drawn more often than any others."""
        grey = np.zeros((400, 400), np.float32)
        grey[100:300, 100:300] = 200
        boxes = list(drawn_boxes(Reduced(grey, 400, 400, 1), seed=1, tries=4000))
        ends = [y for _, y, _, height in boxes for y in (y, y + height)]
        assert ends.count(100) > 20
        assert ends.count(100) > 2 * ends.count(150)

    @pytest.mark.slow
    def test_what_is_found_is_asked_as_in_an_examination(self) -> None:
        """The first of the boxes are those that a matcher asks about, by the same hashes."""
        stream = io.BytesIO()
        page([(shown(1), (60, 70)), (shown(2), (600, 300))]).save(stream, "PNG")
        hashers = picture_hashers(["pdq", "phash"])
        found = measure(stream.getvalue(), [], boxes=5, boxed=hashers)
        reduced = Picture(page([(shown(1), (60, 70)), (shown(2), (600, 300))])).reduced()
        asked = PartFinder(hashers, regions=True, reframings=False).parts_of(reduced)
        assert found is not None
        assert not found.whole
        assert found.detected == len(asked) >= 2
        for name in ("pdq", "phash"):
            rows = [codes.tobytes() for codes in found.regions[name][: found.detected]]
            assert rows == [each.screened[name].codes for each in asked]

    def test_drawn_boxes_pass_the_same_gates(self, one: Measured) -> None:
        assert one.detected == 0  # a photograph that fills its picture
        assert all(regularity(codes[0].tobytes()) <= MOST_REGULARITY for codes in one.regions[GATE])
        assert REGION_QUALITY == LOW_QUALITY


class TestSample:
    def test_pairs_belong_together_with_all_that_belong_to_either(self) -> None:
        groups = joined(6, [(0, 3), (4, 5), (3, 4)])
        assert len({groups[place] for place in (0, 3, 4, 5)}) == 1
        assert len(set(groups)) == 3

    def test_the_same_picture_is_found_turned_and_is_not_compared(self) -> None:
        random = np.random.default_rng(1)
        whole = [
            {"pdq": random.integers(0, 256, (8, 32), np.uint8), "phash": random.integers(0, 256, (8, 8), np.uint8)}
            for _ in range(3)
        ]
        turned = {name: np.roll(codes, 3, axis=0) for name, codes in whole[0].items()}
        pictures = [Measured(bytes([place]), codes) for place, codes in enumerate([*whole, turned])]
        groups, same = grouped(pictures)
        assert same == 1
        assert groups[0] == groups[3]
        assert Sample(pictures, groups, [True] * 4).counts("pdq", "whole").sum() == 8 * 10

    def test_a_picture_of_low_quality_is_left_out(self) -> None:
        code = np.zeros((8, 8), np.uint8)
        pictures = [Measured(b"1", {"phash": code}), Measured(b"2", {"phash": code}), Measured(b"3", {"phash": code})]
        with pytest.raises(ValueError, match="no picture has hashes of phash"):
            Sample(pictures, [0, 1, 2], [True] * 3).counts("phash", "whole")

    def test_no_tail_is_steeper_than_that_of_more_pictures(self) -> None:
        random = np.random.default_rng(1)
        pictures = [Measured(bytes([n]), {"pdq": random.integers(0, 256, (8, 32), np.uint8)}) for n in range(250)]
        sample = Sample(pictures, range(250), [True] * 250)
        free, held = (tables(sample, shape=shape)["whole"]["pdq"]["chance"] for shape in (None, Calibration.default()))
        assert held[90] > free[90]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(FEWEST + 2):
        landscape(seed, width=110, height=90).save(folder / f"{seed}.png")
    (folder / "again.png").write_bytes((folder / "1.png").read_bytes())
    (folder / "cut.png").write_bytes((folder / "1.png").read_bytes()[:60])
    (folder / "text.txt").write_text("text")
    return folder


class TestCommand:
    @pytest.mark.slow
    def test_a_folder_becomes_a_calibration(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        output = tmp_path / "lab.json"
        assert run(["bench", "calibration", str(folder), "-o", str(output), "--name", "lab"]) == 0
        printed = capsys.readouterr()
        assert f"{FEWEST + 2} pictures" in printed.out
        assert "pairs were taken for the same picture" in printed.err
        made = Calibration.load(output)
        assert made.name == "lab"
        assert made.measures("pdq", "region")
        assert made.measures("pdq+phash", "whole")
        assert made.chance("pdq", "whole", 31) < made.chance("pdq", "whole", 100) < 0
        assert folder.name not in json.dumps(json.loads(output.read_text())["tables"])
        again = tmp_path / "again.json"
        assert run(["bench", "calibration", str(folder), "-o", str(again), "--name", "lab"]) == 0
        assert again.read_bytes() == output.read_bytes()

    @pytest.mark.slow
    def test_too_few(self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        few = tmp_path / "few"
        few.mkdir()
        (few / "1.png").write_bytes((folder / "1.png").read_bytes())
        assert run(["bench", "calibration", str(few), "-o", str(tmp_path / "lab.json")]) == 2
        assert f"1 pictures, and at least {FEWEST} are needed" in capsys.readouterr().err
        assert not (tmp_path / "lab.json").exists()

    @pytest.mark.slow
    def test_what_makes_no_sense(self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["bench", "calibration", str(folder), "-o", str(folder / "lab.json")]) == 2
        assert run(["bench", "calibration", str(tmp_path / "absent"), "-o", str(tmp_path / "lab.json")]) == 2
        more = ["--algorithms", "sha256"]
        assert run(["bench", "calibration", str(folder), "-o", str(tmp_path / "lab.json"), *more]) == 2
        assert "'sha256' is no algorithm whose distances are bits" in capsys.readouterr().err


class TestTexture:
    def test_what_is_flat_striped_or_lettered_has_none(self) -> None:
        stripes = np.tile(np.array([0, 0, 0, 255, 255, 255], np.float32), (20, 10))
        assert texture_share(stripes) == 0
        assert texture_share(np.full((9, 9), 7, np.float32)) == 0

    def test_a_photograph_has_it(self) -> None:
        grey = np.asarray(landscape(4).convert("L")).astype(np.float32)
        assert texture_share(grey) > 0.5

    def test_counts_small_steps(self) -> None:
        assert texture_share(np.array([[0, 1, 21, 42, 42]], np.float32)) == 0.5
