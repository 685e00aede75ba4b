"""Floats that are no sensible light: the picture is examined or refused, and the host's stderr stays empty.

Warnings are errors in the tests, so a warning of numpy would fail these calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from matcher import Matcher, Settings
from matcher.imaging.decode import decode
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Status
from tests.shared.tiff_files import BLACK, RGB, Form, tiff_file

HEIGHT, WIDTH = 40, 50


def garbage(kind: str, dtype: type[np.floating[Any]], channels: int) -> npt.NDArray[Any]:
    values = np.linspace(0, 1, HEIGHT * WIDTH * channels).reshape(HEIGHT, WIDTH, channels).astype(dtype)
    largest = np.finfo(dtype).max
    if kind == "random":
        data = np.random.default_rng(channels).bytes(values.nbytes)
        return np.frombuffer(data, dtype).reshape(values.shape)
    for rows, value in (
        ((5, 10), np.nan),
        ((10, 15), np.inf),
        ((15, 20), -np.inf),
        ((20, 25), largest),
        ((25, 30), -largest),
    ):
        values[slice(*rows)] = value
    return values


@pytest.mark.parametrize("kind", ["random", "extremes"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_tiff_of_floats_with_and_without_alpha(dtype: type[np.floating[Any]], channels: int, kind: str) -> None:
    samples = garbage(kind, dtype, channels)
    tags: dict[int, Sequence[int]] = {338: [2]} if channels in (2, 4) else {}
    form = Form(BLACK if channels < 3 else RGB, samples.itemsize * 8, tags=tags)
    data = tiff_file((samples, form))
    found = sniff(data[:HEAD])
    assert found is not None
    renderings = list(decode(data, found, Limits()).renderings())
    assert renderings


@pytest.mark.parametrize("kind", ["random", "extremes"])
@pytest.mark.parametrize("exact", [True, False])
def test_pfm_and_pillow_s_floats(tmp_path: Any, kind: str, exact: bool) -> None:
    matcher = Matcher(settings=Settings(exact=exact))
    grey = garbage(kind, np.float32, 1)[:, :, 0]
    Image.fromarray(grey, "F").save(tmp_path / "a.tif")
    pfm = f"Pf\n{WIDTH} {HEIGHT}\n-1.0\n".encode() + grey.astype("<f4").tobytes()
    for name, data in (("a.tif", (tmp_path / "a.tif").read_bytes()), ("a.pfm", pfm)):
        assert matcher.examine(data, name=name).status is Status.EXAMINED
