"""Bytes → pictures: the one place where decoders meet bytes that may be hostile.

Limits count pixels and frames, never time: the same file is unreadable on every machine. A reader (one file a
library) gives frames, colour.py makes RGB of them, and here is remembered what could not be read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial

from matcher.errors import DecodeError
from matcher.imaging import colour
from matcher.imaging.failures import reasons
from matcher.imaging.formats import heif, icon, jpeg, jxl, pillow, psd, tiff
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
"""Formats that give a reduced picture sooner than a whole one."""


def _alone(reduced: Reduced | None) -> list[Reduced] | None:
    return None if reduced is None else [reduced]


_READERS: dict[str, Reader] = {
    "HEIF": heif.frames,
    "JXL": jxl.frames,
    "ICO": icon.frames,
    "PSD": psd.frames,
    "JPEG": jpeg.frames,
    "TIFF": tiff.frames,
}
"""Formats that Pillow does not read, or not as we want them."""


class Decoded:
    """A file's pictures: `width` and `height` of the first frame, as stored, before any EXIF rotation.

    `reason`, once `renderings` is exhausted: why the file could not be read whole, although some of it was.
    """

    def __init__(self, first: Frame, rest: Iterator[Frame]) -> None:
        self.width, self.height = first.image.size
        self.reason: Reason | None = None
        self._first: Frame | None = first
        self._rest = rest

    def renderings(self) -> Iterator[Picture]:
        """A generator of one picture for each frame, or of two where it has an alpha channel that is not opaque.

        Those are composited on white, and with the alpha channel dropped. One after the other, so that one is held at
        a time; what is equal to a picture before it is left out. To be asked for once.
        """
        seen: set[bytes] = set()
        try:
            with reasons():
                for frame in self._frames():
                    for label, image in colour.renderings(frame.image):
                        picture = Picture(image, rendering=rendering_name(frame.number, label))
                        if frame.alone or _is_new(picture, seen):
                            yield picture
                        del image, picture  # or they would be held while the next one is made
        except DecodeError as error:
            self.reason = error.reason

    def _frames(self) -> Iterator[Frame]:
        first, self._first = self._first, None
        assert first is not None, "asked for twice"
        yield first
        del first
        yield from self._rest


def _is_new(picture: Picture, seen: set[bytes]) -> bool:
    """Whether no picture with these pixels is in `seen`, to which its digest is added."""
    running = hashlib.sha256(str(picture.image.size).encode())
    for band in picture.bands():
        running.update(band.data)
    digest = running.digest()
    if digest in seen:
        return False
    seen.add(digest)
    return True


def decode(data: bytes, kind: Kind, limits: Limits = DEFAULT_LIMITS) -> Decoded:
    """Decode the first frame of `data`, which begins as `kind` does; the others follow when they are asked for.

    DecodeError with a reason where nothing at all can be shown. Of a damaged file the part that can be is shown.
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
    """Every rendering of a sound and ordinary file, reduced; None where it must be decoded in full to tell."""
    reducer = None if kind.decoder is None else _REDUCERS.get(kind.decoder)
    return None if reducer is None else reducer(data, limits)
