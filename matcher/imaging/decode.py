"""Bytes → pictures. Only this module passes bytes that may be hostile to decoders.

Limits count pixels and frames, never time: the same file is unreadable on every machine. A reader (one file a
library) yields frames, colour.py converts them to RGB, and `Decoded.reason` records why a file was not read whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial

from matcher.errors import DecodeError
from matcher.imaging import colour
from matcher.imaging.failures import reasons
from matcher.imaging.formats import avif, heif, icon, jpeg, jxl, pillow, psd, tiff
from matcher.imaging.frame import Frame, Reader
from matcher.imaging.limits import DEFAULT_LIMITS, Limits
from matcher.imaging.picture import Picture
from matcher.imaging.reduced import jpeg as jpeg_reduced
from matcher.imaging.reduced import png as png_reduced
from matcher.imaging.reduced.picture import Reduced
from matcher.imaging.renderings import rendering_name
from matcher.imaging.sniff import Kind
from matcher.model import Reason

_REDUCERS: dict[str, Callable[[bytes, Limits], list[Reduced] | None]] = {
    "JPEG": jpeg_reduced.reduced,
    "PNG": lambda data, limits: _alone(png_reduced.reduced(data, limits)),
}
"""The formats of which a reduced picture takes less time than the full one."""


def _alone(reduced: Reduced | None) -> list[Reduced] | None:
    return None if reduced is None else [reduced]


_READERS: dict[str, Reader] = {
    "AVIF": avif.frames,
    "HEIF": heif.frames,
    "JXL": jxl.frames,
    "ICO": icon.frames,
    "PSD": psd.frames,
    "JPEG": jpeg.frames,
    "TIFF": tiff.frames,
}
"""The formats that Pillow does not read, or not as needed here."""


class Decoded:
    """The pictures of one file. `width` and `height` are those of the first frame, as stored, before any EXIF rotation.

    Once `renderings` is exhausted, `reason` says why a part of the file could not be read; None where all was read.
    """

    def __init__(self, first: Frame, rest: Iterator[Frame]) -> None:
        self.width, self.height = first.image.size
        self.reason: Reason | None = None
        self._first: Frame | None = first
        self._rest = rest

    def renderings(self, beat: Callable[[], None] = lambda: None) -> Iterator[Picture]:
        """A generator of one picture for each frame, or of three where it has an alpha channel that is not opaque.

        The three are composited on white, without the alpha channel, and composited on black. Pictures are made one
        after the other, so that one is held at a time; a picture equal to an earlier one is left out, and in an
        animation one that hardly differs from the last that was given out. It can be called only once. `beat` is called
        after each frame that was decoded, also where it is passed over.
        """
        digests: set[bytes] = set()
        try:
            with reasons():
                for frame in self._frames():
                    for label, image in colour.renderings(frame.image):
                        picture = Picture(image, rendering=rendering_name(frame.number, label))
                        if _is_looked_at(frame, label, picture, digests):
                            yield picture
                        del image, picture  # or they would be held while the next one is made
                    beat()
        except DecodeError as error:
            self.reason = error.reason

    def _frames(self) -> Iterator[Frame]:
        first, self._first = self._first, None
        assert first is not None, "renderings was called twice"
        yield first
        del first
        yield from self._rest


def _is_looked_at(frame: Frame, kind: str, picture: Picture, digests: set[bytes]) -> bool:
    """Whether a rendering of a frame shows what no earlier one showed. `digests` are those of the earlier ones."""
    selection = frame.selection
    if selection is None:
        return frame.alone or _is_new(picture, digests)
    return (
        selection.differs(frame.number, kind, picture) and _is_new(picture, digests) and selection.takes(frame.number)
    )


def _is_new(picture: Picture, digests: set[bytes]) -> bool:
    """Whether the digest of the picture's size and pixels is not in `digests`, to which it is added."""
    running = hashlib.sha256(str(picture.image.size).encode())
    for band in picture.bands():
        running.update(band.data)
    digest = running.digest()
    if digest in digests:
        return False
    digests.add(digest)
    return True


def decode(data: bytes, kind: Kind, limits: Limits = DEFAULT_LIMITS) -> Decoded:
    """Decode the first frame of `data`, which is of format `kind`; the others are decoded by `Decoded.renderings`.

    DecodeError with a reason where nothing can be decoded. Of a damaged file the readable part is decoded.
    """
    if kind.decoder is None:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    reader = _READERS.get(kind.decoder) or partial(pillow.frames, decoder=kind.decoder)
    frames = reader(data, limits)
    with reasons():
        first = next(frames, None)
    if first is None:
        raise DecodeError(Reason.CORRUPT)
    return Decoded(first, frames)


def decode_reduced(data: bytes, kind: Kind, limits: Limits = DEFAULT_LIMITS) -> list[Reduced] | None:
    """Every rendering of a sound and ordinary file, reduced; None where the file must be decoded in full."""
    reducer = None if kind.decoder is None else _REDUCERS.get(kind.decoder)
    return None if reducer is None else reducer(data, limits)
