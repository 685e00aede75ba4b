"""Bytes → pictures: the one place where Pillow meets bytes that may be hostile.

Limits count pixels, never time: the same file is unreadable on every machine. Pillow's own limit is a warning that
depends on the process's settings, so its format classes are called directly and ours is applied before any pixel is
decoded.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from matcher.errors import DecodeError
from matcher.imaging.picture import Picture
from matcher.imaging.sniff import Kind
from matcher.model import Reason

MAX_PIXELS = 2**28
"""268 megapixels: above every camera, and at most about 3 GB while a picture with alpha is decoded."""

ALPHA_DROPPED = "alpha-dropped"

_SIXTEEN_BIT = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
_WITH_ALPHA = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_SAYS_TRUNCATED = ("truncated", "unexpected end", "premature end", "not enough image data", "eof reached")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's picture: `width` and `height` as stored, before any EXIF rotation; one or two renderings."""

    width: int
    height: int
    renderings: tuple[Picture, ...]


def decode(data: bytes, kind: Kind, *, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode the first frame of `data`, which begins as `kind` does. DecodeError with a reason where that fails.

    A picture with an alpha channel that is not opaque has two renderings: composited on white, and with the alpha
    channel dropped (what tools that know nothing of alpha hash).
    """
    if kind.decoder is None:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    try:
        with _open(data, kind.decoder) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise DecodeError(Reason.TOO_MANY_PIXELS)
            image.load()
            return Decoded(width, height, _renderings(image))
    except DecodeError:
        raise
    except MemoryError as error:
        raise DecodeError(Reason.OUT_OF_MEMORY) from error
    except Image.DecompressionBombError as error:
        raise DecodeError(Reason.TOO_MANY_PIXELS) from error
    except Exception as error:
        raise DecodeError(_reason(error)) from error


def _open(data: bytes, decoder: str) -> ImageFile.ImageFile:
    Image.preinit()
    if decoder not in Image.OPEN:
        Image.init()
    factory, _accept = Image.OPEN[decoder]
    return factory(BytesIO(data), "")


def _reason(error: Exception) -> Reason:
    if isinstance(error, UnidentifiedImageError):
        return Reason.CORRUPT
    if isinstance(error, EOFError | struct.error):
        return Reason.TRUNCATED
    text = str(error).lower()
    return Reason.TRUNCATED if any(words in text for words in _SAYS_TRUNCATED) else Reason.CORRUPT


def _renderings(image: Image.Image) -> tuple[Picture, ...]:
    if image.mode in _SIXTEEN_BIT:
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode == "I":
        image = Image.fromarray((np.clip(np.asarray(image), 0, 0xFFFF) >> 8).astype(np.uint8))
    if image.mode not in _WITH_ALPHA and "transparency" not in image.info:
        return (Picture(image if image.mode == "RGB" else image.convert("RGB")),)
    with_alpha = image.convert("RGBA")
    alpha = with_alpha.getchannel("A")
    dropped = with_alpha.convert("RGB")
    if alpha.getextrema() == (255, 255):
        return (Picture(dropped),)
    composited = Image.new("RGB", dropped.size, (255, 255, 255))
    composited.paste(dropped, mask=alpha)
    return (Picture(composited), Picture(dropped, rendering=ALPHA_DROPPED))
