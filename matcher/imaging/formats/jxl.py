"""JPEG XL by libjxl, through pylibjxl. An installation without that library reports `unsupported-format`.

libjxl turns the picture as its header requires and converts any depth to eight bits. pylibjxl decodes one frame only.
Pictures of high dynamic range are converted for an ordinary display.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

try:
    import pylibjxl
except ImportError:  # no wheel for this platform
    _INSTALLED = False
else:
    _INSTALLED = True

from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.failures import reasons
from matcher.imaging.formats.jxl_header import stated_coding
from matcher.imaging.frame import Budget, Frame
from matcher.imaging.hdr import to_sdr
from matcher.imaging.limits import Limits
from matcher.model import Reason


def builds() -> dict[str, str]:
    """The libraries that decode JPEG XL, name → version; empty where none is installed."""
    if not _INSTALLED:
        return {}
    return {"pylibjxl": version("pylibjxl"), "libjxl": str(pylibjxl.decoder_version())}


def frames(data: bytes, limits: Limits) -> Iterator[Frame]:
    """A generator of the picture in a JPEG XL file. For an animation it ends with a DecodeError (frames-not-read)."""
    if not _INSTALLED:
        raise DecodeError(Reason.UNSUPPORTED_FORMAT)
    with reasons():
        facts = pylibjxl.probe(data)
        Budget(limits).take(facts["width"], facts["height"])
        image = Image.fromarray(pylibjxl.decode(data))
        coding = stated_coding(data)
        if coding is not None:
            image = to_sdr(image, coding)
    yield Frame(1, image, alone=True)
    if facts["have_animation"]:
        raise DecodeError(Reason.FRAMES_NOT_READ)
