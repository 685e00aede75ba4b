"""The reader of each format."""

from __future__ import annotations

from functools import partial

from matcher.imaging.formats import avif, fits, heif, icns, icon, jpeg, jxl, netpbm, pillow, png, psd, tiff
from matcher.imaging.frame import Reader

READERS: dict[str, Reader] = {
    "AVIF": avif.frames,
    "HEIF": heif.frames,
    "JXL": jxl.frames,
    "ICO": icon.frames,
    "ICNS": icns.frames,
    "PSD": psd.frames,
    "JPEG": jpeg.frames,
    "PNG": png.frames,
    "TIFF": tiff.frames,
    "FITS": fits.frames,
    "PPM": netpbm.frames,
}
"""The formats that Pillow does not read, or not as needed here."""


def reader_of(decoder: str) -> Reader:
    """The reader of the format with that name (`Kind.decoder`)."""
    return READERS.get(decoder) or partial(pillow.frames, decoder=decoder)
