"""Icons of macOS: every picture, the largest first, by Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from matcher.errors import DecodeError
from matcher.imaging.failures import reasons
from matcher.imaging.formats import pillow
from matcher.imaging.frame import Budget, Frame
from matcher.imaging.limits import Limits
from matcher.model import Reason


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the pictures of an icon. It ends with a DecodeError where one could not be read."""
    for frame in pillow.frames(data, limits, decoder="ICNS"):
        yield Frame(frame.number, frame.image)
    with reasons():
        opened: Any = pillow.open_by("ICNS", BytesIO(data))
        sizes = [size for size in opened.info["sizes"] if size != opened.best_size]
    budget = Budget(limits)
    failed: DecodeError | None = None
    for number, size in enumerate(sizes, 2):
        if number > limits.max_frames:
            raise DecodeError(Reason.TOO_MANY_FRAMES)
        try:
            with reasons():
                image = opened.icns.getimage(size)
                budget.take(*image.size)
                image.load()
        except DecodeError as error:
            failed = failed or error
        else:
            yield Frame(number, image)
    if failed is not None:
        raise failed
