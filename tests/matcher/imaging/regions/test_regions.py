"""Where a picture is shown inside another one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from benchmarks.shared.region_cases import as_jpeg, page, photograph, saved
from matcher.imaging.decode import decode, decode_reduced
from matcher.imaging.picture import Picture
from matcher.imaging.reduced.picture import MOST_VIEWED, Reduced, view_scale
from matcher.imaging.regions import MOST_REGIONS, cropped, find_regions, may_hold_regions
from matcher.imaging.regions.choosing import chosen
from matcher.imaging.regions.edges import FULL, STRIP, evidence, lines, segments, strips, summed
from matcher.imaging.regions.texture import TILE, inside, texture
from matcher.imaging.regions.trims import trims
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Region


def view_of(image: Image.Image) -> Reduced:
    view = Picture(image).reduced().view()
    assert view is not None
    return view


def misplaced(found: Region, true: Region) -> int:
    """The largest displacement of a side, in pixels."""
    x, y, width, height = np.subtract(found, true)
    return max(map(abs, (int(x), int(y), int(x + width), int(y + height))))


def nearest(image: Image.Image, true: Region) -> int:
    return min((misplaced(found, true) for found in find_regions(view_of(image))), default=9999)


BOX = (700, 210, 400, 300)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("jpeg", [False, True])
def test_a_picture_on_a_page(dark: bool, jpeg: bool) -> None:
    image = page(1280, 720, dark=dark)
    image.paste(photograph(400, 300, 3), BOX[:2])
    assert nearest(as_jpeg(image) if jpeg else image, BOX) <= 1


def test_rounded_corners_and_a_covered_one() -> None:
    image = page(1280, 720)
    mask = Image.new("L", (400, 300), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 399, 299), 14, fill=255)
    image.paste(photograph(400, 300, 3), BOX[:2], mask)
    ImageDraw.Draw(image).rectangle((1010, 430, 1200, 600), fill=(200, 30, 30))
    assert nearest(image, BOX) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("gutter", [0, 8, 12])
def test_every_cell_of_a_call(gutter: int) -> None:
    image = Image.new("RGB", (3 * 400 + 4 * gutter, 3 * 230 + 4 * gutter), (20, 20, 24))
    cells = []
    for number in range(9):
        x, y = gutter + number % 3 * (400 + gutter), gutter + number // 3 * (230 + gutter)
        image.paste(photograph(400, 230, number), (x, y))
        cells.append((x, y, 400, 230))
    assert [cell for cell in cells if nearest(as_jpeg(image), cell) > 2] == []


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (140, 40, 200)])
@pytest.mark.parametrize("jpeg", [False, True])
def test_a_frame_of_any_colour_is_stripped_first(colour: tuple[int, int, int], jpeg: bool) -> None:
    image = Image.new("RGB", (500, 420), colour)
    image.paste(photograph(400, 300, 7), (50, 60))
    if jpeg:
        assert nearest(as_jpeg(image), (50, 60, 400, 300)) <= 1
    else:
        assert find_regions(view_of(image))[0] == (50, 60, 400, 300)


def test_no_region_is_the_whole_picture_or_there_twice_or_leaves_it() -> None:
    image = page(1280, 720)
    for number in range(12):
        image.paste(photograph(150, 110, number), (440 + number % 4 * 180, 100 + number // 4 * 160))
    found = find_regions(view_of(image))
    assert 12 <= len(found) == len(set(found)) <= MOST_REGIONS
    assert (0, 0, 1280, 720) not in found
    assert all(x >= 0 and y >= 0 and x + width <= 1280 and y + height <= 720 for x, y, width, height in found)


@pytest.mark.parametrize(
    "image", [Image.new("RGB", (800, 600), (9, 9, 9)), photograph(40, 30, 1)], ids=["flat", "tiny"]
)
def test_nothing_in_what_is_flat_or_tiny(image: Image.Image) -> None:
    assert find_regions(view_of(image)) == ()


def test_text_and_windows_alone_make_few_regions() -> None:
    assert len(find_regions(view_of(page(1280, 720)))) <= 5


def test_photographs_are_passed_over_and_screenshots_are_not() -> None:
    assert not may_hold_regions(Picture(photograph(1200, 900, 5)).reduced())
    framed = Image.new("RGB", (1200, 900), (250, 250, 250))
    framed.paste(photograph(900, 700, 5), (150, 100))
    shown = page(1280, 720)
    shown.paste(photograph(400, 300, 3), BOX[:2])
    for image in (framed, shown):
        assert may_hold_regions(Picture(image).reduced())


def test_a_large_picture_is_viewed_smaller_and_its_boxes_are_in_its_own_pixels() -> None:
    image = page(1500, 900).resize((3000, 1800), Image.Resampling.NEAREST)
    image.paste(photograph(900, 700, 3), (1500, 500))
    view = view_of(image)
    assert view.scale == 2
    box = (1500, 500, 900, 700)
    found = min(find_regions(view), key=lambda region: misplaced(region, box))
    assert misplaced(found, box) <= 2
    part = cropped(view, found)
    assert (part.width, part.height) == found[2:]
    assert part.grey.shape == (-(-part.height // part.scale), -(-part.width // part.scale))


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_views_are_of_about_so_many_pixels(width: int, height: int) -> None:
    scale = view_scale(width, height)
    assert scale in (1, 2, 4, 8)
    assert scale == 8 or width * height <= MOST_VIEWED * scale * scale
    assert scale == 1 or width * height > MOST_VIEWED * scale * scale // 4


@pytest.mark.parametrize(("form", "tolerance"), [("PNG", 0), ("JPEG", 3)])
def test_the_view_of_a_file_is_the_grey_of_its_picture(form: str, tolerance: int) -> None:
    data = saved(photograph(1024, 768, 9), form)
    kind = sniff(data[:HEAD])
    assert kind is not None
    reduced = decode_reduced(data, kind)
    assert reduced is not None
    assert reduced.renderings[0].scale > 1
    view = reduced.renderings[0].view()
    assert view is not None
    assert view.scale == 1
    grey = np.asarray(next(decode(data, kind).renderings()).grey).astype(np.float32)
    assert np.abs(view.grey - grey).max() <= tolerance


@pytest.mark.slow
@given(st.integers(0, 99), st.integers(0, 60), st.integers(0, 60), st.integers(64, 700), st.integers(64, 700))
def test_a_region_is_reduced_as_a_picture_of_its_size(seed: int, x: int, y: int, width: int, height: int) -> None:
    grey = np.random.default_rng(seed).integers(0, 256, (y + height, x + width), np.uint8).astype(np.float32)
    part = cropped(Reduced(grey, x + width, y + height, 1), (x, y, width, height))
    picture = Picture(Image.fromarray(grey[y:, x:].astype(np.uint8)).convert("RGB")).reduced()
    assert (part.width, part.height, part.scale) == (picture.width, picture.height, picture.scale)
    assert np.abs(part.grey - picture.grey).max() <= 0.51  # Pillow rounds


GREYS = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).choice([0, 90, 92, 200], (40, 50)).astype(np.uint8)
)


@given(GREYS)
def test_strips_are_sums_of_eight_rows(grey: np.ndarray) -> None:
    sums, activity = strips(grey)
    wide = grey.astype(np.int64).reshape(-1, STRIP, grey.shape[1])
    assert (sums == wide.sum(axis=1)).all()
    assert (activity == np.abs(np.diff(wide, axis=1)).sum(axis=1)).all()


@given(GREYS)
def test_texture_is_counted_from_pixel_to_pixel(grey: np.ndarray) -> None:
    found = texture(grey)
    steps = np.abs(np.diff(grey.astype(np.int64), axis=1, prepend=0))
    steps[:, 0] = 255
    for top, left, bottom, right in ((0, 0, 5, 6), (1, 2, 4, 5)):
        part = steps[top * TILE : bottom * TILE, left * TILE : right * TILE]
        assert inside(found.flat, top, bottom, left, right) == (part == 0).sum()
        assert inside(found.fine, top, bottom, left, right) == ((part > 0) & (part <= 20)).sum()


@given(GREYS)
def test_evidence_is_summed_along_the_lines(grey: np.ndarray) -> None:
    values = evidence(*strips(grey))
    assert (summed(values)[1:] == values.astype(np.int64).cumsum(axis=0)).all()


def test_an_edge_is_found_where_it_is_and_a_slope_is_none() -> None:
    grey = np.full((160, 200), 100, np.uint8)
    grey[:, 120:] = 140
    grey[:, 20:80] = np.arange(100, 160, dtype=np.uint8)
    found = lines(grey, most=20)
    assert 120 in found.at
    assert found.before[-1, 120] == FULL * (160 // STRIP)
    assert not set(range(25, 78)) & set(found.at.tolist())


def test_segments_end_where_there_is_no_evidence_for_long() -> None:
    values = np.zeros((60, 3), np.uint8)
    values[5:25, 1] = FULL
    values[12, 1] = 0  # a gap
    values[40:58, 1] = FULL
    assert segments(values, 10)[:, :3].tolist() == [[1, 5, 25], [1, 40, 58]]


def test_alternatives_do_not_fill_the_list() -> None:
    near = [(100 + step * 8, 100, 400, 300) for step in range(20)]
    boxes = np.array([*near, (900, 100, 200, 200)], np.int32)
    places = chosen(boxes, np.arange(len(boxes)), 10)
    assert len(boxes) - 1 in places
    assert len(places) < 10


def test_a_dark_picture_between_black_bars_in_a_pane() -> None:
    image = page(1280, 720)
    ImageDraw.Draw(image).rectangle((480, 120, 1179, 519), fill=(0, 0, 0))
    night = np.random.default_rng(5).integers(1, 6, (400, 500, 3), np.uint8)
    night[120:300, 150:400] = np.asarray(photograph(250, 180, 3))
    image.paste(Image.fromarray(night), (580, 120))
    assert nearest(image, (580, 120, 500, 400)) <= 1


def test_a_margin_ends_where_any_pixel_differs() -> None:
    grey = np.full((200, 300), 80, np.uint8)
    grey[31:171, 42:262] = np.random.default_rng(3).integers(120, 200, (140, 220), np.uint8)
    assert list(trims(grey)) == [(42, 31, 220, 140)]
