"""Embedded pictures → their frames, within limits that all of them share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from matcher.errors import DecodeError
from matcher.imaging.embedded.search import Embedded
from matcher.imaging.frame import Frame
from matcher.imaging.limits import Limits
from matcher.model import Reason

_SCAN = b"\xff\xda"
_INDEXES = (b"MPF\0II*\0", b"MPF\0MM\0*")
_LIMITS = frozenset({Reason.TOO_MANY_PIXELS, Reason.TOO_MANY_FRAMES, Reason.FRAMES_NOT_READ})


class Allowance:
    """The pixels that all embedded pictures of one file may cost together: `max_total_pixels`.

    A picture counts by its pixels, a JPEG's as often as it has scans. One that may have several frames is given half of
    what is left and counts as all of that where it has more than one; so does one that fails count as the largest.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.max_total_pixels

    def frames(self, embedded: Embedded) -> Iterator[Frame]:
        """A generator of the frames of a picture. It ends with a DecodeError where one could not be read.

        Its reason is FRAMES_NOT_READ where a limit was reached.
        """
        data = _without_index(embedded.load()) if embedded.is_jpeg else embedded.load()
        granted = self._left if embedded.only_first else self._left // 2
        pixels = 0
        count = 0
        failed = True
        try:
            for frame in embedded.read(data, replace(self._limits, max_total_pixels=granted)):
                if count and embedded.only_first:
                    break
                pixels += frame.image.width * frame.image.height
                count += 1
                yield frame
            failed = False
        except DecodeError as error:
            if error.reason in _LIMITS:
                raise DecodeError(Reason.FRAMES_NOT_READ) from error
            raise
        finally:
            used = pixels * max(1, data.count(_SCAN)) if embedded.is_jpeg else pixels
            if count > 1:
                used = granted
            elif failed:
                used = max(used, min(granted, self._limits.max_pixels))
            self._left = max(0, self._left - used)


def _without_index(jpeg: bytes) -> bytes:
    """The JPEG without its index of other pictures: they lie behind its end, and are parts of their own."""
    for index in _INDEXES:
        jpeg = jpeg.replace(index, index.lower())
    return jpeg
