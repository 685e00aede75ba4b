"""Pictures framed anew: the kernels against numpy and Pillow, and whether what was done to a copy is undone."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from matcher.distances import hamming
from matcher.hashers.pdq import PDQ
from matcher.imaging import reframing
from matcher.imaging.picture import Picture
from matcher.imaging.reduced.picture import Reduced, nothing_finer
from matcher.imaging.reframing import REFRAMINGS, Reframing, named, reframed, reframed_picture
from matcher.imaging.renderings import REFRAMINGS as NAMES

Floats = npt.NDArray[np.float64]


def places(anew: Reframing, width: int, height: int, *, scale: int, fewer: int) -> tuple[Floats, Floats]:
    """Columns and rows in the picture, reduced by `scale`, that the output shows, where they lie inside."""
    step = scale * fewer
    x = (np.arange(-(-width // step)) + 0.5) * step - width / 2
    y = (np.arange(-(-height // step)) + 0.5)[:, None] * step - height / 2
    along = anew.map(width, height)
    columns = (along.xx * x + along.xy * y + width / 2) / scale - 0.5
    rows = (along.yx * x + along.yy * y + height / 2) / scale - 0.5
    return np.clip(columns, 0, -(-width // scale) - 1), np.clip(rows, 0, -(-height // scale) - 1)


def bilinear(values: Floats, columns: Floats, rows: Floats) -> Floats:
    """The oracle: values (h, w) or (h, w, 3) between the four pixels around each place."""
    left, top = np.floor(columns).astype(int), np.floor(rows).astype(int)
    right, below = np.minimum(left + 1, values.shape[1] - 1), np.minimum(top + 1, values.shape[0] - 1)
    q, p = columns - left, rows - top
    if values.ndim == 3:
        q, p = q[..., None], p[..., None]
    upper = values[top, left] * (1 - q) + values[top, right] * q
    lower = values[below, left] * (1 - q) + values[below, right] * q
    between: Floats = upper * (1 - p) + lower * p
    return between


def noise(width: int, height: int, seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def scene(width: int = 640, height: int = 480) -> Image.Image:
    """Smooth and irregular, as photographs are."""
    coarse = np.random.default_rng(5).integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


@settings(max_examples=60, deadline=None)
@given(
    anew=st.sampled_from(REFRAMINGS),
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    seed=st.integers(0, 999),
)
def test_the_whole_picture_is_as_the_oracle_has_it(anew: Reframing, width: int, height: int, seed: int) -> None:
    picture = Picture(noise(width, height, seed))
    shown = np.asarray(reframed_picture(picture, anew).image).astype(float)
    wanted = bilinear(np.asarray(picture.image).astype(float), *places(anew, width, height, scale=1, fewer=1))
    assert np.abs(shown - wanted).max() <= 0.5 + 2 * 255 / 256  # rounded; and either weight by less than 1/256


@settings(max_examples=60, deadline=None)
@given(
    anew=st.sampled_from(REFRAMINGS),
    width=st.integers(64, 900),
    height=st.integers(64, 900),
    scale=st.sampled_from([1, 2, 3]),
    seed=st.integers(0, 999),
)
def test_the_reduced_picture_is_as_the_oracle_has_it(
    anew: Reframing, width: int, height: int, scale: int, seed: int
) -> None:
    shape = -(-height // scale), -(-width // scale)
    grey = np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)
    shown = reframed(Reduced(grey, width, height, scale, "frame-2"), anew)
    fewer = shown.scale // scale
    assert (shown.width, shown.height, shown.rendering) == (width, height, f"frame-2 {anew.name}")
    assert shown.grey.dtype == np.float32
    assert shown.grey.flags.c_contiguous
    assert shown.finer is nothing_finer
    wanted = bilinear(grey.astype(float), *places(anew, width, height, scale=scale, fewer=fewer))
    assert shown.grey.shape == wanted.shape
    assert np.abs(shown.grey - wanted).max() < 0.01


def test_the_reduced_picture_is_reduced_further_where_it_is_large() -> None:
    for side, scale in ((383, 1), (384, 2), (575, 2), (576, 3)):
        assert reframed(Reduced(np.zeros((side, 900), np.float32), 900, side, 1), REFRAMINGS[0]).scale == scale


@pytest.mark.slow
@pytest.mark.parametrize("anew", REFRAMINGS, ids=lambda anew: anew.name)
def test_bands_change_nothing(anew: Reframing, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in ((300, 200), (40, 700)):
        picture = Picture(noise(*size, 3))
        whole = reframed_picture(picture, anew).image.tobytes()
        with monkeypatch.context() as patch:
            patch.setattr(reframing, "BAND", 3 * size[0] * 7)
            assert reframed_picture(picture, anew).image.tobytes() == whole


def test_every_machine_says_the_same() -> None:
    running = hashlib.sha256()
    at = np.arange(61 * 83 * 3, dtype=np.uint64)
    pixels = ((at * np.uint64(2654435761)) >> np.uint64(13)).astype(np.uint8).reshape(61, 83, 3)
    for anew in REFRAMINGS:
        running.update(reframed_picture(Picture(Image.fromarray(pixels)), anew).image.tobytes())
    assert running.hexdigest() == "cc4fef9addc0af27e23c9ba3c30896973842239a8dc85b922462ad869a399cb4"


def test_a_tilt_is_as_pillow_has_it() -> None:
    picture = scene()
    for name, degrees in (("tilt+3", 3), ("tilt-3", -3)):
        shown = np.asarray(reframed_picture(Picture(picture), named(name)).image).astype(int)
        wanted = np.asarray(picture.rotate(degrees, Image.Resampling.BILINEAR)).astype(int)
        assert np.abs(shown - wanted)[40:-40, 40:-40].max() <= 2


def _expanded(picture: Image.Image, degrees: int) -> Image.Image:
    return picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True)


def _kept(picture: Image.Image, degrees: int) -> Image.Image:
    return picture.rotate(degrees, Image.Resampling.BICUBIC)


def _cut(picture: Image.Image, degrees: int) -> Image.Image:
    width, height = picture.size
    cosine, sine = math.cos(math.radians(3)), math.sin(math.radians(3))
    across = (width * cosine - height * sine) / (cosine**2 - sine**2)
    down = (height * cosine - width * sine) / (cosine**2 - sine**2)
    left, top = (width - across) / 2, (height - down) / 2
    return _kept(picture, degrees).crop((round(left), round(top), round(left + across), round(top + down)))


@pytest.mark.parametrize(
    ("copy", "name"),
    [
        *((_expanded(scene(), degrees), f"tilt{-degrees:+}-inside") for degrees in (3, -3)),
        *((_kept(scene(), degrees), f"tilt{-degrees:+}") for degrees in (3, -3)),
        *((_cut(scene(), degrees), f"tilt{-degrees:+}-around") for degrees in (3, -3)),
        (scene().crop((26, 19, 614, 461)), "widen4"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_was_done_to_a_copy_is_undone(copy: Image.Image, name: str) -> None:
    listed = PDQ.hash(Picture(scene())).value
    distances = {
        anew.name: hamming(listed, PDQ.hash(reframed_picture(Picture(copy), anew)).value) for anew in REFRAMINGS
    }
    assert min(distances, key=distances.__getitem__) == name
    assert distances[name] < hamming(listed, PDQ.hash(Picture(copy)).value) / 2


@pytest.mark.slow
@pytest.mark.parametrize("anew", REFRAMINGS, ids=lambda anew: anew.name)
def test_the_screen_is_near_the_reference(anew: Reframing) -> None:
    picture = Picture(scene())
    screened = PDQ.screened(reframed(picture.reduced(), anew))
    assert screened is not None
    reference = PDQ.turned(reframed_picture(picture, anew))
    near = [hamming(one.value, other.value) for one, other in zip(screened.hashes, reference, strict=True)]
    assert max(near) <= PDQ.screen.margin


def test_names() -> None:
    assert tuple(anew.name for anew in REFRAMINGS) == NAMES
    assert [named(name) for name in NAMES] == list(REFRAMINGS)
    with pytest.raises(ValueError, match="no reframing"):
        named("tilt+5")


def test_nothing_is_framed_anew_twice() -> None:
    once = reframed_picture(Picture(noise(20, 20, 1), rendering="alpha-dropped"), REFRAMINGS[0])
    assert once.rendering == f"alpha-dropped {NAMES[0]}"
    with pytest.raises(ValueError, match="no name of a rendering"):
        reframed_picture(once, REFRAMINGS[1])


def test_the_angle_is_three_degrees() -> None:
    along = named("tilt+3").map(4, 3)
    assert math.isclose(along.xx, math.cos(math.radians(3)), rel_tol=1e-15)
    assert math.isclose(along.yx, math.sin(math.radians(3)), rel_tol=1e-15)
    assert named("tilt-3").map(4, 3).yx == -along.yx


def test_a_strip_keeps_half_of_its_side() -> None:
    along = named("tilt+3-inside").map(5000, 50)
    assert math.isclose(along.yy, 0.5 * math.cos(math.radians(3)), rel_tol=1e-12)
