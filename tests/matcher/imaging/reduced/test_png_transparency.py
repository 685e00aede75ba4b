"""Transparent PNGs are reduced to the grey of each of their renderings, as Pillow composites them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.shared.png_cases import CHANNELS, COLOURS, is_read, means, ordinary, picture, pixels_of
from matcher.imaging.limits import Limits
from matcher.imaging.reduced.png import reduced

TRANSPARENT = ["", "alpha-dropped", "on-black"]


@pytest.mark.parametrize("colour", [4, 6])
def test_one_pixel_that_is_not_opaque_is_enough(colour: int) -> None:
    for x, y, used in [(0, 0, 0), (16, 16, 2), (39, 29, 4), (39, 0, 2), (5, 29, 0)]:
        pixels = pixels_of(1, 40, 30, CHANNELS[colour])
        assert renderings_of(picture(pixels, colour, (used,))) == [""]
        pixels[y, x, -1] = 254
        assert renderings_of(picture(pixels, colour, (used,))) == TRANSPARENT
        assert is_read(picture(pixels, colour, (used,)))


def test_a_transparent_colour_counts_where_it_is_used() -> None:
    pixels = np.zeros((30, 40, 1), np.uint8)
    data = picture(pixels, 3, palette=COLOURS, between=[(b"tRNS", b"\xff\0")])
    assert renderings_of(data) == [""]
    assert is_read(data)
    pixels[7, 8] = 1
    data = picture(pixels, 3, palette=COLOURS, between=[(b"tRNS", b"\xff\0")])
    assert renderings_of(data) == TRANSPARENT
    assert is_read(data)


@pytest.mark.parametrize("alphas", [b"\xff" * 256, b"\0", b"\xff\xff\0\xff", b"\x80" * 256, bytes(range(256))])
def test_palettes_with_alpha(alphas: bytes) -> None:
    assert is_read(picture(pixels_of(3, 300, 270, 1), 3, (4, 1), palette=COLOURS, between=[(b"tRNS", alphas)]))


@pytest.mark.parametrize("colour", [4, 6])
def test_every_value_with_every_alpha(colour: int) -> None:
    """Compositing is rounded as Pillow rounds it, for each value of a channel and of the alpha channel."""
    values, alphas = np.meshgrid(np.arange(256), np.arange(256))
    channels = [values, values[::-1], alphas.T[::-1]][: CHANNELS[colour] - 1]
    pixels = np.stack([*channels, alphas], 2).astype(np.uint8)
    assert is_read(picture(pixels, colour, (2, 4, 0)))


def test_large_transparent_pictures_are_reduced_and_available_at_full_size() -> None:
    pixels = pixels_of(5, 1100, 1030, 4)
    pixels[:, :, 3] = np.add.outer(np.arange(1030), np.arange(1100)) % 256
    data = picture(pixels, 6, (4, 2, 0, 2, 2, 1, 3, 0))
    greys = ordinary(data)
    results = reduced(data, Limits())
    assert results is not None
    assert greys is not None
    assert is_read(data)
    for result in results:
        finer, larger = result.finer(), result.larger()
        assert finer is not None
        assert larger is not None
        assert finer.rendering == larger.rendering == result.rendering
        assert np.array_equal(finer.grey, greys[result.rendering])
        assert np.array_equal(larger.grey, means(greys[result.rendering], larger.scale))


def renderings_of(data: bytes) -> list[str]:
    results = reduced(data, Limits())
    assert results is not None
    return [result.rendering for result in results]
