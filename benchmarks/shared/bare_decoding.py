"""The minimum cost of hashing a picture: decoding it at a sufficient scale, and nothing else.

JPEG is decoded by libjpeg's reduced decode in grey, through Pillow; PNG by our own decoder where it accepts the file;
other files by Pillow's full decode. `examine` is compared with this floor.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import struct
import zlib
from collections.abc import Callable, Sequence

from PIL import Image
from zlib_ng import zlib_ng

from benchmarks.shared.corpus_pictures import Sample
from matcher.imaging.reduced.picture import scale_for

_STEPS = (8, 4, 2, 1)


def jpeg_scale(width: int, height: int) -> int:
    """The scale at which libjpeg decodes a picture: the largest of its scales within `scale_for`."""
    most = scale_for(width, height)
    return next(step for step in _STEPS if step <= most)


def reduced_jpeg(sample: Sample) -> None:
    """Decode to grey at the scale that screening needs."""
    with Image.open(io.BytesIO(sample.data)) as image:
        width, height = image.size
        scale = jpeg_scale(width, height)
        image.draft("L", (width // scale, height // scale))
        image.load()


def whole(sample: Sample) -> None:
    """Decode all pixels by Pillow."""
    with Image.open(io.BytesIO(sample.data)) as image:
        image.load()


def has_own_png() -> bool:
    """Whether the fast PNG decoder is available."""
    return importlib.util.find_spec("matcher.imaging.reduced.png") is not None


def own_png(sample: Sample) -> None:
    """The grey means of a PNG's blocks. ValueError where our decoder leaves the file to Pillow."""
    from matcher.imaging.limits import Limits  # noqa: PLC0415 - together
    from matcher.imaging.reduced.png import reduced  # noqa: PLC0415 - imported only where it exists

    if reduced(sample.data, Limits()) is None:
        raise ValueError(f"{sample.path.name}: not taken by our PNG decoder")


def _compressed(data: bytes) -> tuple[bytes, int]:
    """The compressed data of a PNG's IDAT chunks, and the number of bytes that it inflates to."""
    parts, at = [], 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] == b"IDAT":
            parts.append(data[at + 8 : at + 8 + length])
        at += length + 12
    joined = b"".join(parts)
    return joined, len(zlib.decompress(joined))


def inflating(samples: Sequence[Sample]) -> dict[str, Callable[[Sample], object]]:
    """Methods that only inflate the data of PNGs: by zlib, zlib-ng and, where it is installed, libdeflate."""
    parts = {sample.path: _compressed(sample.data) for sample in samples}
    methods: dict[str, Callable[[Sample], object]] = {
        "inflate alone, zlib": lambda sample: zlib.decompress(parts[sample.path][0], bufsize=parts[sample.path][1]),
        "inflate alone, zlib-ng": lambda sample: zlib_ng.decompressobj().decompress(*parts[sample.path]),
    }
    try:
        deflate = importlib.import_module("deflate")
    except ImportError:
        return methods
    return {**methods, "inflate alone, libdeflate": lambda sample: deflate.zlib_decompress(*parts[sample.path])}


def bare(sample: Sample) -> None:
    """The cheapest of these decodes for this file."""
    if sample.data[:3] == b"\xff\xd8\xff":
        reduced_jpeg(sample)
    elif sample.data[:4] == b"\x89PNG" and has_own_png():
        try:
            own_png(sample)
        except ValueError:
            whole(sample)
    else:
        whole(sample)
