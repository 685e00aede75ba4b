"""TIFF pages of samples that Pillow has no mode for, or does not read exactly: any number of bits, signed, floats.

The files of microscopes, scanners and scientific tools: grey, RGB, palettes, inks and Lab; strips or tiles; samples
side by side or in planes; raw, or in a compression of bytes. What is not understood is `unsupported-format`.
Source: TIFF 6.0, sections 3 to 8, 14, 15, 16, 18 to 21 and 23.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

from matcher.errors import DecodeError
from matcher.imaging.colour import MAX_PROFILE, from_float, highest_bits
from matcher.imaging.formats.tiff_bytes import decompressed
from matcher.imaging.formats.tiff_directory import Directory, byte_order
from matcher.imaging.formats.tiff_layout import UNSIGNED, Layout, layout
from matcher.imaging.formats.tiff_readings import sane, smoother
from matcher.imaging.formats.tiff_samples import FLOAT, FLOAT_DIFFERENCES, SIGNED, Samples, sample_type, samples
from matcher.imaging.frame import Budget
from matcher.imaging.limits import Limits
from matcher.model import Reason

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _MASK, _CMYK, _YCBCR, _LAB, _ICC_LAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
_CHANNELS = {
    **{_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _MASK: 1, _CMYK: 4, _YCBCR: 3},
    **{_LAB: 3, _ICC_LAB: 3},
}
_COLOUR_MAP, _INK_SET, _SUBSAMPLING, _ICC_PROFILE = 320, 332, 530, 34675
_PREMULTIPLIED, _ALPHA = 1, 2
_PALETTE_BITS = 16
_NEGATIVES = (1, 2, 4, 8, 16)
"""The bits of pictures whose white is 0. Others, signed ones and floats are read in two ways by the programs."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page's picture, in eight bits. `is_whole` is False where pixels are missing in the file, and are zero here."""

    image: Image.Image
    is_whole: bool


def read(data: bytes, page: Directory, budget: Budget, limits: Limits) -> Page:
    """Read one page. It may raise any exception; a DecodeError (unsupported-format) where it is not understood."""
    facts = layout(page)
    if facts.photometric < 0 and facts.sample_format == FLOAT and facts.samples == 1:
        facts = replace(facts, photometric=_BLACK_IS_ZERO)  # it is often left out, and no program means the negative
    channels = _CHANNELS.get(facts.photometric, 0)
    if not 0 < channels <= facts.samples:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    _refuse(page, facts)
    budget.take(facts.width, facts.height)
    facts.check(limits)
    alpha = _alpha(facts, channels)
    values, is_whole = _values(data, facts, channels + (alpha is not None))
    if facts.predictor == FLOAT_DIFFERENCES and byte_order(data) == ">":
        values = sane(values)
    image = _image(values[:, :, :channels], facts, page, alpha)
    if alpha is not None:
        image = _with_alpha(image, values[:, :, channels], facts, alpha)
    profile = page.get(_ICC_PROFILE)
    if profile is not None and len(profile) == 2 and profile[1] <= MAX_PROFILE:
        image.info["icc_profile"] = data[profile[0] : sum(profile)]
    return Page(image, is_whole)


def _refuse(page: Directory, facts: Layout) -> None:
    """DecodeError (unsupported-format) for interpretations of samples that are not read."""
    is_plain = facts.sample_format == UNSIGNED and facts.bits in (8, 16)
    if (
        (facts.photometric in (_LAB, _ICC_LAB, _YCBCR) and not is_plain)
        or (facts.photometric == _YCBCR and page.get(_SUBSAMPLING) != (1, 1))
        or (facts.photometric == _CMYK and (facts.sample_format == SIGNED or page.get(_INK_SET, (1,))[0] != 1))
        or (facts.photometric == _MASK and facts.bits != 1)
        or (facts.bits == 1 and facts.photometric == _BLACK_IS_ZERO and facts.samples > 1)
        or (facts.photometric == _WHITE_IS_ZERO and not (facts.sample_format == UNSIGNED and facts.bits in _NEGATIVES))
        or (facts.photometric == _PALETTE and (facts.sample_format != UNSIGNED or facts.bits > _PALETTE_BITS))
    ):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    sample_type(facts)


def _alpha(facts: Layout, channels: int) -> int | None:
    """The kind of the first extra sample if that is alpha. Four samples of RGB without a word are so too."""
    if facts.photometric not in (_BLACK_IS_ZERO, _RGB) or facts.samples == channels:
        return None
    if not facts.extra:
        return _ALPHA if facts.photometric == _RGB and facts.samples == channels + 1 else None
    return facts.extra[0] if facts.extra[0] in (_PREMULTIPLIED, _ALPHA) else None


def _values(data: bytes, facts: Layout, kept: int) -> tuple[Samples, bool]:
    """The first `kept` samples of each pixel, (height, width, kept), and whether all of them are the file's own."""
    order = byte_order(data)
    values = np.zeros((facts.height, facts.width, kept), sample_type(facts))
    is_whole = True
    for found in decompressed(data, facts):
        segment = found.segment
        if segment.plane >= kept:
            break
        is_whole = is_whole and found.is_whole
        rows, columns = min(segment.rows, facts.height - segment.top), min(facts.columns, facts.width - segment.left)
        if rows <= 0:  # a tile's padding
            continue
        part = samples(found.rows[:rows], facts, order)[:, :columns]
        place = values[segment.top : segment.top + rows, segment.left : segment.left + columns]
        if facts.is_separate:
            place[:, :, segment.plane] = part[:, :, 0]
        else:
            place[:] = part[:, :, :kept]
    return values, is_whole


def _image(values: Samples, facts: Layout, page: Directory, alpha: int | None) -> Image.Image:
    """The picture of the samples of colour, (height, width, channels)."""
    if facts.photometric in (_LAB, _ICC_LAB):
        high = (values >> (facts.bits - 8)).astype(np.uint8)
        if facts.photometric == _ICC_LAB:  # grey is at 128 there, and Pillow reads two's complement
            high[:, :, 1:] ^= 0x80
        return Image.frombytes("LAB", (facts.width, facts.height), high.tobytes())
    if facts.photometric == _YCBCR:
        high = (values >> (facts.bits - 8)).astype(np.uint8)
        return Image.frombytes("YCbCr", (facts.width, facts.height), high.tobytes())
    if facts.photometric == _PALETTE:
        return Image.fromarray(_table(page, facts)[values[:, :, 0]])
    if facts.sample_format == SIGNED:
        values = smoother(values)
    image = _eight_bits(values, facts, is_scaled=alpha != _PREMULTIPLIED)
    if facts.photometric == _CMYK:
        return Image.frombytes("CMYK", image.size, image.tobytes())
    return ImageChops.invert(image) if facts.photometric == _WHITE_IS_ZERO else image


def _table(page: Directory, facts: Layout) -> npt.NDArray[np.uint8]:
    """The colours of a palette, (2^bits, 3). Some programs wrote values of 8 bits into it instead of 16."""
    table = np.array(page.get(_COLOUR_MAP, ()), np.uint32)
    if len(table) != 3 << facts.bits:
        raise DecodeError(Reason.CORRUPT)
    shift = 8 if table.max() > 255 else 0
    return (table.reshape(3, -1).T >> shift).astype(np.uint8)


def _eight_bits(values: Samples, facts: Layout, *, is_scaled: bool) -> Image.Image:
    """Samples of grey, RGB or CMYK in eight bits. Unless `is_scaled`, unsigned ones keep what their bits mean."""
    if values.shape[2] == 1:
        values = values[:, :, 0]
    if facts.sample_format == FLOAT:
        return from_float(values)
    if facts.sample_format == UNSIGNED and facts.bits < 8:
        table = np.arange(1 << facts.bits) * 255 // ((1 << facts.bits) - 1)
        return Image.fromarray(table.astype(np.uint8)[values])
    if facts.sample_format == UNSIGNED and (facts.photometric == _CMYK or not is_scaled):
        high = (values >> (facts.bits - 8)).astype(np.uint8)
        if values.any() and not high.any():  # the samples use fewer bits than the page states, and it is not said which
            raise DecodeError(Reason.UNSUPPORTED_FORMAT)
        return Image.fromarray(high)
    return highest_bits(values)


def _with_alpha(image: Image.Image, values: Samples, facts: Layout, alpha: int) -> Image.Image:
    """The picture with its alpha channel, as Pillow has it: multiplied into the colours or not."""
    if facts.sample_format == FLOAT:
        opacity = np.rint(np.clip(np.nan_to_num(values), 0, 1).astype(np.float32) * 255).astype(np.uint8)
    elif facts.sample_format != UNSIGNED:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    elif facts.bits < 8:
        opacity = (values.astype(np.uint16) * 255 // ((1 << facts.bits) - 1)).astype(np.uint8)
    else:
        opacity = (values >> (facts.bits - 8)).astype(np.uint8)
    if alpha == _ALPHA or not _is_multiplied(image, opacity):
        image.putalpha(Image.fromarray(opacity))
        return image
    mode = {"L": "La", "RGB": "RGBa"}[image.mode]
    return Image.merge(mode, (*image.split(), Image.fromarray(opacity)))


def _is_multiplied(image: Image.Image, opacity: npt.NDArray[np.uint8]) -> bool:
    """Whether the colours are multiplied by the alpha: none is above it. Some programs say so and do not do it."""
    alpha = Image.fromarray(opacity)
    return all(ImageChops.subtract(band, alpha, offset=-1).getbbox() is None for band in image.split())
