"""Bytes → pictures: the one place where Pillow meets bytes that may be hostile.

Limits count pixels, never time: the same file is unreadable on every machine. Pillow's own limit is a warning that
depends on the process's settings, so its format classes are called directly and ours is applied before any pixel is
decoded.

Two switches of Pillow hold for a whole process and stay the host's: LOAD_TRUNCATED_IMAGES makes truncated files decode,
and a warnings filter that raises makes odd metadata fail. This tool's own processes leave the first as it is (off) and
ignore warnings.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from matcher.errors import DecodeError
from matcher.imaging.picture import Picture
from matcher.imaging.sniff import Kind
from matcher.model import Reason

MAX_PIXELS = 2**28
"""268 megapixels: above every camera, and at most about 4 GB while a picture with alpha is hashed."""

ALPHA_DROPPED = "alpha-dropped"

_SIXTEEN_BIT = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
_WITH_ALPHA = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_SAYS_TRUNCATED = ("truncated", "unexpected end", "premature end", "not enough image data", "eof reached")


class Decoded:
    """A file's picture: `width` and `height` as stored, before any EXIF rotation."""

    def __init__(self, image: Image.Image) -> None:
        self.width, self.height = image.size
        self._image = image

    def renderings(self) -> Iterator[Picture]:
        """A generator of one picture, or of two where there is an alpha channel that is not opaque everywhere.

        Those are composited on white, and with the alpha channel dropped (what tools that know nothing of alpha
        hash); one after the other, so that a large picture is not held twice. DecodeError where memory runs out.
        """
        with _reasons():
            image = _eight_bits(self._image)
            if image.mode not in _WITH_ALPHA and "transparency" not in image.info:
                yield Picture(image if image.mode == "RGB" else image.convert("RGB"))
                return
            with_alpha = image if image.mode == "RGBA" else image.convert("RGBA")
            alpha = with_alpha.getchannel("A")
            if alpha.getextrema() != (255, 255):
                composited = Image.new("RGB", with_alpha.size, (255, 255, 255))
                composited.paste(with_alpha, mask=alpha)
                yield Picture(composited)
                del composited
                yield Picture(with_alpha.convert("RGB"), rendering=ALPHA_DROPPED)
            else:
                yield Picture(with_alpha.convert("RGB"))


def decode(data: bytes, kind: Kind, *, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode the first frame of `data`, which begins as `kind` does. DecodeError with a reason where that fails."""
    if kind.decoder is None:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    with _reasons(), _open(data, kind.decoder) as image:
        if image.width * image.height > max_pixels:
            raise DecodeError(Reason.TOO_MANY_PIXELS)
        image.load()
        return Decoded(image)


@contextmanager
def _reasons() -> Iterator[None]:
    """Whatever Pillow raises becomes a DecodeError with a reason of the fixed vocabulary."""
    try:
        yield
    except DecodeError:
        raise
    except MemoryError as error:
        raise DecodeError(Reason.OUT_OF_MEMORY) from error
    except Image.DecompressionBombError as error:
        raise DecodeError(Reason.TOO_MANY_PIXELS) from error
    except Exception as error:  # on hostile bytes Pillow's format classes raise whatever comes to hand
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


def _eight_bits(image: Image.Image) -> Image.Image:
    """Sixteen bits a channel become their high byte (a 32-bit picture that uses eight of them keeps those)."""
    if image.mode in _SIXTEEN_BIT:
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode == "I":
        values = np.clip(np.asarray(image), 0, 0xFFFF)
        return Image.fromarray((values >> 8 if values.max(initial=0) > 0xFF else values).astype(np.uint8))
    return image
