"""HEIC and HEIF by libheif, through pillow-heif; nothing is registered with Pillow.

An installation without that library reports `unsupported-format`. Each picture of the file is read, the primary one
first; thumbnails, depth maps and auxiliary pictures are left out, and pillow-heif gives no frames of a track. libheif
turns and crops as the file requires (`irot`, `imir`, `clap` are part of the picture, unlike EXIF orientation) and cuts
deeper channels to eight bits. Pictures of high dynamic range are
converted for an ordinary display.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from io import BytesIO
from typing import Any

from PIL import Image

try:
    import pillow_heif
except ImportError:  # no wheel for this platform
    _INSTALLED = False
else:
    _INSTALLED = True

from matcher.errors import DecodeError
from matcher.imaging.failures import reasons
from matcher.imaging.formats.iso_boxes import PICTURES, TRACKS, may_have_box, stated_coding
from matcher.imaging.frame import Budget, Frame
from matcher.imaging.hdr import Coding, coding_of_profile, to_sdr
from matcher.imaging.limits import Limits
from matcher.model import Reason


def builds() -> dict[str, str]:
    """The libraries that decode HEIF, name → version; empty where none is installed."""
    if not _INSTALLED:
        return {}
    facts = pillow_heif.libheif_info()
    decoders = {f"libheif/{name}": str(value) for name, value in facts["decoders"].items()}
    return {"pillow-heif": version("pillow-heif"), "libheif": str(facts["libheif"])} | decoders


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the pictures in a HEIF file.

    It ends with a DecodeError where one could not be read, or where the file has a track too (frames-not-read).
    """
    if not _INSTALLED:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    has_track = may_have_box(data, TRACKS)
    if has_track and not may_have_box(data, PICTURES):
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    with reasons():
        opened = pillow_heif.open_heif(BytesIO(data), convert_hdr_to_8bit=True)
        primary = opened.primary_index
        order = [primary, *(place for place in range(len(opened)) if place != primary)]
    budget = Budget(limits)
    failed: DecodeError | None = None
    for number, place in enumerate(order, 1):
        if number > limits.max_frames:
            raise DecodeError(Reason.TOO_MANY_FRAMES)
        try:
            with reasons():
                picture = opened[place]
                budget.take(*picture.size)
                image = picture.to_pillow()
                image = as_displayed(image, data, opened, place)
        except DecodeError as error:
            failed = failed or error
        else:
            yield Frame(number, image, alone=len(order) == 1)
    if failed is not None:
        raise failed
    if has_track:
        raise DecodeError(Reason.FRAMES_NOT_READ)


def as_displayed(image: Image.Image, data: bytes, opened: Any, place: int) -> Image.Image:
    """A picture of the opened file, or its thumbnail, for an ordinary display. `place` is that of the picture."""
    coding = _coding(opened[place].info) or (stated_coding(data) if place == opened.primary_index else None)
    return image if coding is None else to_sdr(image, coding)


def _coding(facts: Mapping[str, Any]) -> Coding | None:
    """How the samples of a picture code light; None where the file does not say it in numbers."""
    numbers = facts.get("nclx_profile")
    if numbers:
        return Coding(int(numbers["color_primaries"]), int(numbers["transfer_characteristics"]))
    return coding_of_profile(facts.get("icc_profile"))
