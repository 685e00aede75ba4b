"""The filters of one axis, in reduced pixels: against PDQ's own passes and Pillow's own resizing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from matcher.hashers.axes import Axis, filtered, halved, lanczos_axis, pdq_axis, transposed
from matcher.hashers.pdq_kernel import decimate
from matcher.hashers.phash_screen import columns_first, resized


def dense(axis: Axis, length: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(outputs, length): the same weights with their zeros."""
    found = np.zeros((len(axis.starts), length))
    for output, (start, count) in enumerate(zip(axis.starts, axis.counts, strict=True)):
        found[output, start : start + count] = axis.weights[output, :count]
    return found


@pytest.mark.slow
@given(width=st.integers(5, 400), height=st.integers(5, 400), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_at_full_size_pdq_axes_are_the_reference_filter(width: int, height: int, seed: int) -> None:
    grey = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    rgb = np.repeat(grey[:, :, None], 3, axis=2)
    expected = decimate([rgb], width=width, height=height)
    found = dense(pdq_axis(height, 1), height) @ grey @ dense(pdq_axis(width, 1), width).T
    assert np.abs(found - expected).max() < 0.01


@pytest.mark.parametrize("make", [pdq_axis, lambda length, scale: lanczos_axis(length, 32, scale)])
@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8, 13])
@pytest.mark.parametrize("length", [511, 640, 1201, 4000])
def test_reduced_axes_give_what_the_filter_gives_on_a_smooth_picture(make: Any, scale: int, length: int) -> None:
    """On a parabola nothing is lost, but at the ends, where a neighbour is missing; constants stay as they are."""
    full = np.linspace(-1, 1, length) ** 2 * 200 + np.linspace(0, 30, length)
    means = np.add.reduceat(full, np.arange(0, length, scale))
    means /= np.diff(np.append(np.arange(0, length, scale), length))
    reduced, whole = dense(make(length, scale), len(means)), dense(make(length, 1), length)
    assert np.allclose(reduced.sum(axis=1), 1, atol=1e-5)
    assert np.abs(reduced @ means - whole @ full)[4:-4].max() < 0.01 * scale


def test_the_axes_of_long_strips_are_not_remembered() -> None:
    """Each takes a megabyte, and hardly two strips have one length."""
    for make in (pdq_axis, lambda length, scale: lanczos_axis(length, 32, scale)):
        assert make(600, 1) is make(600, 1)
        assert make(60_000, 1) is not make(60_000, 1)


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_resizing_is_pillows_to_the_last_bit(data: st.DataObject) -> None:
    """Ties at a half may fall either way: Pillow's weights are whole numbers of 22 bits."""
    width, height = data.draw(st.integers(64, 300)), data.draw(st.integers(64, 300))
    across, down = data.draw(st.sampled_from([(32, 32), (64, 64), (9, 8), (8, 8)]))
    contrast = data.draw(st.sampled_from([2, 256]))
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    grey = random.integers(0, contrast, (height, width)).astype(np.uint8) * np.uint8(255 // (contrast - 1))
    image = Image.fromarray(grey)
    expected = np.asarray(image.resize((across, down), Image.Resampling.LANCZOS)).astype(np.int16)
    values = grey.astype(np.float32)
    axes = lanczos_axis(width, across, 1), lanczos_axis(height, down, 1)
    order = columns_first(width, height, across, down)
    found = resized(values, transposed(values), *axes, order, True).astype(np.int16)
    assert np.abs(found - expected).max() <= 1
    assert (found != expected).mean() < 0.03


@given(height=st.integers(1, 70), width=st.integers(1, 70), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_the_kernels_of_arrays(height: int, width: int, seed: int) -> None:
    grey = np.random.default_rng(seed).random((height, width), np.float32) * 255
    assert np.array_equal(transposed(grey), grey.T)
    padded = np.pad(grey, ((0, height % 2), (0, width % 2)), mode="edge")
    means = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2).mean(axis=(1, 3))
    assert np.allclose(halved(grey), means, rtol=1e-5)
    axis = lanczos_axis(height, 9, 1)
    assert np.allclose(filtered(grey, axis), dense(axis, height) @ grey, atol=1e-2)
