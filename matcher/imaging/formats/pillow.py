"""The formats that Pillow reads, by its format classes, so that our limits are checked before a pixel is decoded.

One setting holds for a whole process and belongs to the host: Pillow's LOAD_TRUNCATED_IMAGES makes truncated files
decode. This tool's own processes leave it off. Pillow's own limit (MAX_IMAGE_PIXELS), which a few of its classes apply
to frames inside a container, is the host's setting too: at its default it refuses frames of more than 179 megapixels
there. Pillow's warnings are ignored (quiet.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from io import SEEK_END, BytesIO
from typing import BinaryIO

from PIL import Image, ImageFile

from matcher.errors import DecodeError
from matcher.imaging.animation import Selection, reach
from matcher.imaging.failures import reasons
from matcher.imaging.formats import gif_blocks as gif
from matcher.imaging.formats.apng import with_all_frames
from matcher.imaging.formats.png_key import bring_key_to_eight_bits
from matcher.imaging.formats.salvage import repair
from matcher.imaging.frame import Budget, Frame
from matcher.imaging.limits import FRAMES_PASSED, Limits
from matcher.model import Reason

_PAGED = frozenset({"TIFF", "JPEG", "DCX"})
"""The formats of which each page is read. A JPEG has more than one if it is an MPO."""

_AT_ONCE = 8

_ANIMATED = frozenset({"GIF", "PNG", "WEBP", "AVIF", "FLI"})
"""The formats of which each frame is read, and looked at where it differs."""


def frames(data: bytes, limits: Limits, *, decoder: str, at_once: bool = False) -> Iterator[Frame]:
    """A generator of frames, by Pillow's class `decoder`. It ends with a DecodeError where a frame could not be read.

    Where the first frame is damaged, its readable part is yielded before that error. `at_once`: the decoder cannot wait
    for more bytes, so it is given all.
    """
    if decoder == "PNG":
        data = with_all_frames(data)
    budget = Budget(limits)
    size = None
    try:
        with reasons():
            image = open_by(decoder, BytesIO(data), at_once=at_once)
            size = image.size
            budget.take(*size)
            image.load()
            if decoder == "PNG":
                bring_key_to_eight_bits(image, data)
    except DecodeError as error:
        if error.reason in (Reason.TRUNCATED, Reason.CORRUPT):
            yield from _salvaged(data, decoder, size, limits, at_once=at_once)
        if size is not None and decoder in _PAGED:  # the header was read, so there may be other pages
            with reasons():
                image = open_by(decoder, BytesIO(data), at_once=at_once)
            yield from _pages(image, budget, limits)
        raise error
    alone = _is_alone(image, decoder)
    if decoder in _ANIMATED and not alone:
        yield from _animation(image, data, budget, limits)
        return
    yield Frame(1, image, alone=alone)
    if decoder in _PAGED:
        yield from _pages(image, budget, limits)


def open_by(decoder: str, stream: BinaryIO, *, at_once: bool = False) -> ImageFile.ImageFile:
    """Open the file in `stream` by Pillow's class `decoder`, which reads the header. It may raise any exception.

    `at_once`: its decoder will be given the whole rest of the file; of one with more than _AT_ONCE pages, at most
    _AT_ONCE times the length of the file for all of them.
    """
    Image.preinit()
    if decoder not in Image.OPEN:
        Image.init()
    factory, _accept = Image.OPEN[decoder]
    image = factory(stream, "")
    if at_once:
        length = stream.seek(0, SEEK_END)
        image.decodermaxblock = max(image.decodermaxblock, _AT_ONCE * length // int(getattr(image, "n_frames", 1)))
    return image


def _is_alone(image: ImageFile.ImageFile, decoder: str) -> bool:
    if decoder in ("TIFF", "GIF"):  # counting their frames would read the whole file
        return False
    return int(getattr(image, "n_frames", 1)) == 1


def _animation(image: ImageFile.ImageFile, data: bytes, budget: Budget, limits: Limits) -> Iterator[Frame]:
    """A generator of the frames of an animation, the first of which is loaded and paid for.

    It ends with a DecodeError (frames-not-read) where the limits leave out frames that may differ.
    """
    with reasons():
        counted = _counted(image, data, limits)
    within = reach(counted.count, image.width * image.height, limits)
    selection = Selection(within.landmarks, limits.max_frames)
    yield Frame(1, image, selection=selection)
    for number in range(2, within.last + 1):
        with reasons():
            image.seek(number - 1)
            _afford(budget, image)
            image.load()
        yield Frame(number, image, selection=selection)
    if counted.reason is not None:
        raise DecodeError(counted.reason)
    if selection.left_out or not within.is_whole:
        raise DecodeError(Reason.FRAMES_NOT_READ)


def _afford(budget: Budget, image: ImageFile.ImageFile) -> None:
    """Count the frame to which `image` was moved. A GIF's canvas may grow from frame to frame."""
    try:
        budget.take(*image.size)
    except DecodeError as error:
        raise DecodeError(Reason.FRAMES_NOT_READ) from error


def _counted(image: ImageFile.ImageFile, data: bytes, limits: Limits) -> gif.Count:
    if image.format == "GIF":  # Pillow would count without a bound
        return gif.count(data, FRAMES_PASSED * limits.max_frames)
    return gif.Count(int(getattr(image, "n_frames", 1)))


def _pages(image: ImageFile.ImageFile, budget: Budget, limits: Limits) -> Iterator[Frame]:
    """A generator of the second page and all later ones. A page that cannot be decoded does not end it."""
    failed: DecodeError | None = None
    number = 2
    while _turn_to(image, number):
        if number > limits.max_frames:
            raise DecodeError(Reason.TOO_MANY_FRAMES)
        try:
            with reasons():
                budget.take(*image.size)
                image.load()
        except DecodeError as error:
            failed = failed or error
        else:
            yield Frame(number, image)
        number += 1
    if failed is not None:
        raise failed


def _turn_to(image: ImageFile.ImageFile, number: int) -> bool:
    """Go to a page; False where there is no such page. DecodeError where that cannot be determined."""
    with reasons():
        try:
            image.seek(number - 1)
        except EOFError:
            return False
        return True


def _salvaged(
    data: bytes, decoder: str, size: tuple[int, int] | None, limits: Limits, *, at_once: bool
) -> Iterator[Frame]:
    """A generator of the readable part of a damaged file's first frame, or of nothing.

    `size` is None where the header could not be read.
    """
    try:
        with reasons():
            stream, whole = repair(data, decoder, size, limits)
            image = open_by(decoder, stream, at_once=at_once)
            Budget(limits).take(*image.size)
            image.load()
            is_picture = whole or not _is_flat(image)
    except DecodeError:
        return
    if is_picture:
        yield Frame(1, image)


def _is_flat(image: Image.Image) -> bool:
    """Whether the image has one colour everywhere: it holds only padding."""
    extrema = image.getextrema()
    pairs = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(low == high for low, high in pairs)
