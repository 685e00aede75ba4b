"""A decoded frame of any colour mode → RGB pictures of 8 bits a channel, so that the mode does not change the hash.

RGB, grey, palette and bilevel pictures are converted by Pillow's `convert("RGB")`, bit for bit as `imagehash` and
`pdqhash` users do; an embedded profile of such a picture is not applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageCms

from matcher.imaging.renderings import ALPHA_DROPPED, INKS_INVERTED, ON_BLACK

_SIXTEEN_BIT = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
_WITH_ALPHA = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})

_SAMPLE_FORMAT, _UNSIGNED = 339, 1

_BAND = 1 << 20
"""How many values are computed at a time."""

_NARROW = 4
"""How many of the highest bits are the same in all values where these lie close together."""

MAX_PROFILE = 4 << 20
"""The largest ICC profile that is applied, in bytes; those of printing presses have about one megabyte."""


def renderings(image: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """A generator of one (label, RGB picture), or of more where the picture can be interpreted in several ways.

    A picture with an alpha channel that is not opaque everywhere is composited on white, rendered without alpha (as
    tools that ignore alpha hash it), and composited on black (as tools that have no ground flatten it). A CMYK JPEG
    has its inks read both ways: Adobe's programs write them inverted, and Pillow assumes that; other programs do not
    invert them, and the file does not say which. The renderings are made one after the other, so that a large picture
    is not held twice.
    """
    image = _with_key(image) if image.mode in _SIXTEEN_BIT and "transparency" in image.info else eight_bits(image)
    if image.mode in _TO_RGB:
        yield "", _TO_RGB[image.mode](image)
        if image.mode == "CMYK" and getattr(image, "format", None) in ("JPEG", "MPO"):
            yield INKS_INVERTED, _from_ink(ImageChops.invert(image), image.info.get("icc_profile"))
        return
    if image.mode not in _WITH_ALPHA and "transparency" not in image.info:
        yield "", image if image.mode == "RGB" else image.convert("RGB")
        return
    with_alpha = _rgba(image)
    alpha = with_alpha.getchannel("A")
    if alpha.getextrema() == (255, 255):
        yield "", with_alpha.convert("RGB")
        return
    yield "", _composited(with_alpha, alpha, 255)
    yield ALPHA_DROPPED, with_alpha.convert("RGB")
    yield ON_BLACK, _composited(with_alpha, alpha, 0)


def _with_key(image: Image.Image) -> Image.Image:
    """A grey picture of sixteen bits, in eight, with an alpha channel: the value that `info` names is transparent."""
    opaque = np.asarray(image) != image.info["transparency"]
    return Image.merge("LA", (eight_bits(image), Image.fromarray(opaque.astype(np.uint8) * 255)))


def _composited(image: Image.Image, alpha: Image.Image, ground: int) -> Image.Image:
    """An RGBA picture on a grey ground."""
    composited = Image.new("RGB", image.size, (ground, ground, ground))
    composited.paste(image, mask=alpha)
    return composited


def _rgba(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA":
        return image
    if image.mode == "La":  # Pillow converts this one only to LA
        return image.convert("LA").convert("RGBA")
    return image.convert("RGBA")


def eight_bits(image: Image.Image) -> Image.Image:
    """The picture with more than eight bits a channel cut to eight; pictures of other modes are returned unchanged.

    Sixteen bits become their high byte. Where the picture's greatest value uses fewer bits, say twelve, the highest
    eight of those are taken: a gain does not change perceptual hashes, four missing bits would.
    """
    if image.mode in _SIXTEEN_BIT:
        return highest_bits(np.asarray(image))
    if image.mode == "I":
        values = np.asarray(image)
        tags = getattr(image, "tag_v2", None)
        if tags is not None and tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))[0] == _UNSIGNED:
            values = values.view(np.uint32)  # Pillow keeps a TIFF's unsigned 32 bits as if they were signed
        return highest_bits(values)
    if image.mode == "F":
        return from_float(np.asarray(image))
    return image


def highest_bits(values: npt.NDArray[np.integer]) -> Image.Image:
    """The highest eight of the bits that the greatest value uses. `values` has two dimensions, or three for RGB.

    Where there are values below 0, all are raised so that the least is 0. Values of 32 bits and more that lie close
    together are lowered so.
    """
    lowest, highest = (int(values.min()), int(values.max())) if values.size else (0, 0)
    is_narrow = values.dtype.itemsize > 2 and (highest - lowest).bit_length() <= highest.bit_length() - _NARROW
    if lowest > 0 and not is_narrow:
        lowest = 0
    shift = max(0, (highest - lowest).bit_length() - 8)
    if lowest:
        # in 64 bits the difference to the least may be beyond a signed number: it is right modulo 2^64
        raised = np.uint64(-lowest % 2**64)
        return _by_bands(values, lambda band: (band.astype(np.int64).view(np.uint64) + raised) >> np.uint64(shift))
    return _by_bands(values, lambda band: band >> shift)


def from_float(values: npt.NDArray[np.floating]) -> Image.Image:
    """Floats in 8 bits: of those from 0 to 1, white is 1, and of those from 0 to 255, it is 255.

    Where the greatest is far below such a white, or above 255, it becomes white: a gain does not change perceptual
    hashes. Values below 0, or that lie close together, are stretched from the least to the greatest. NaN and ∞ are
    black.
    """
    low, high = _range(values)
    is_narrow = low > 0 and 0 < high - low <= high / 2**_NARROW
    if low < 0 or is_narrow:
        # by halves: the difference of two floats may be too large for one
        half = high / 2 - low / 2 or 1.0
        return _by_bands(values, lambda band: np.rint((_finite(band, low) / 2 - low / 2) * (255 / half)))
    white = next((white for white in (1.0, 255.0) if white / 4 <= high <= white), high) or 1.0
    return _by_bands(values, lambda band: np.rint(_finite(band, 0) / white * 255))


def _range(values: npt.NDArray[np.floating]) -> tuple[float, float]:
    """The least and the greatest of the finite values; 0 and 0 where there are none."""
    low, high = np.inf, -np.inf
    for band in _bands(values):
        finite = band[np.isfinite(band)]
        low, high = min(low, float(finite.min(initial=low))), max(high, float(finite.max(initial=high)))
    return (low, high) if low <= high else (0.0, 0.0)


def _finite(values: npt.NDArray[np.floating], other: float) -> npt.NDArray[np.float64]:
    """The values with `other` in place of NaN and ∞."""
    return np.where(np.isfinite(values), values, other).astype(np.float64)


def _by_bands(values: npt.NDArray[np.generic], function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Image.Image:
    """The picture of `function` of all values, applied to some rows at a time: a large picture in wide numbers would
    take gigabytes.
    """
    result = np.empty(values.shape, np.uint8)
    top = 0
    for band in _bands(values):
        result[top : top + len(band)] = function(band)
        top += len(band)
    return Image.fromarray(result)


def _bands(values: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """A generator of some rows at a time."""
    step = max(1, _BAND // max(1, values[:1].size))
    for top in range(0, len(values), step):
        yield values[top : top + step]


def _from_ink(image: Image.Image, profile: object = None) -> Image.Image:
    """CMYK → RGB by its embedded profile, since inks are darker than their complements; else by (255-C)(255-K)/255."""
    profile = image.info.get("icc_profile", profile)
    if isinstance(profile, bytes) and len(profile) <= MAX_PROFILE and profile[16:20] == b"CMYK":
        try:
            return _converted(image, ImageCms.ImageCmsProfile(BytesIO(profile)))
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a broken profile is ignored
    return image.convert("RGB")


def _from_lab(image: Image.Image) -> Image.Image:
    return _converted(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))


def _converted(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    transform = ImageCms.buildTransform(
        source,
        _srgb(),
        image.mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,  # nearest to the original of all intents (docs/formats.md)
    )
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # None is for in-place conversion
    return converted


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


_TO_RGB: dict[str, Callable[[Image.Image], Image.Image]] = {"CMYK": _from_ink, "LAB": _from_lab}
