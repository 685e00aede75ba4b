"""Files with pictures embedded in them, written by hand: metadata, indexes, trailers, raw files."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Sequence
from typing import Any

from PIL import Image

from matcher.imaging.decode import Decoded, decode
from matcher.imaging.drawing import landscape
from matcher.imaging.sniff import HEAD, sniff

OWN = landscape(11, width=200, height=150)
OTHER = landscape(12, width=160, height=120)
THIRD = landscape(13, width=120, height=90)


def saved(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    """A picture encoded by Pillow."""
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def heic(*images: Image.Image, **options: Any) -> bytes:
    """A HEIC file. Skips where pillow-heif is not installed."""
    import pytest

    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC NOT TESTED: pillow-heif is not installed")
    opened = pillow_heif.HeifFile()
    for image in images:
        opened.add_from_pillow(image)
    stream = io.BytesIO()
    opened.save(stream, quality=90, **options)
    return stream.getvalue()


def decoded(data: bytes, **more: Any) -> tuple[Decoded, dict[str, Image.Image]]:
    """The decoded file, and its pictures by the names of their renderings."""
    kind = sniff(data[:HEAD])
    assert kind is not None
    found = decode(data, kind, **more)
    return found, {picture.rendering: picture.image for picture in found.renderings()}


def pixels(data: bytes) -> bytes:
    """The pixels of a file's first frame, as RGB."""
    return next(iter(decoded(data)[1].values())).tobytes()


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """A JPEG with more segments behind its start."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def directory(tags: Sequence[tuple[int, int, bytes]], *, at: int, following: int = 0) -> bytes:
    """A little-endian directory of a TIFF at that place, with the values that it has no room for behind it."""
    entries, values = b"", b""
    behind = at + 2 + 12 * len(tags) + 4
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1}
    for tag, kind, value in sorted(tags):
        entries += struct.pack("<HHI", tag, kind, len(value) // sizes[kind])
        if len(value) <= 4:
            entries += value.ljust(4, b"\0")
        else:
            entries += struct.pack("<I", behind + len(values))
            values += value + bytes(len(value) % 2)
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", following) + values


def long(value: int) -> bytes:
    return struct.pack("<I", value)


def short(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def exif(thumbnail: bytes, *, note: bytes = b"", length: int | None = None) -> bytes:
    """A block of Exif metadata: a first directory with a maker's note, a second one with a thumbnail."""
    first = directory([(37500, 7, note or b"none ")], at=8)
    second_at = 8 + len(first)
    size = len(thumbnail) if length is None else length
    tags = [(259, 3, short(6)), (513, 4, long(second_at + 2 + 12 * 3 + 4)), (514, 4, long(size))]
    first = directory([(37500, 7, note or b"none ")], at=8, following=second_at)
    return b"II*\0" + long(8) + first + directory(tags, at=second_at) + thumbnail


def with_exif(jpeg: bytes, block: bytes) -> bytes:
    return with_segments(jpeg, segment(0xE1, b"Exif\0\0" + block))


def resource(number: int, body: bytes) -> bytes:
    """An image resource of Photoshop."""
    return b"8BIM" + number.to_bytes(2) + b"\0\0" + len(body).to_bytes(4) + body + bytes(len(body) % 2)


def thumbnail_resource(jpeg: bytes, number: int = 1036) -> bytes:
    return resource(number, struct.pack(">IIIIIIHH", 1, 1, 1, 1, 1, 1, 24, 1) + jpeg)


def psd(image: Image.Image | None, resources: bytes = b"", *, layers: int = 0) -> bytes:
    """A Photoshop document of raw RGB: white where there is no merged picture."""
    shown = image or Image.new("RGB", (80, 60), "white")
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, shown.height, shown.width, 8, 3)
    info = struct.pack(">Ih", 2, layers) if layers else b""
    planes = b"".join(band.tobytes() for band in shown.split())
    sections = b"".join(len(part).to_bytes(4) + part for part in (b"", resources, info))
    return head + sections + b"\0\0" + planes


def raw_file(preview: bytes, *, page: Image.Image | None = None, below: Sequence[tuple[int, int, bytes]] = ()) -> bytes:
    """A TIFF whose first directory is a small raw picture, and has a directory below it with a preview.

    `below` are the tags of that directory in place of those of a JPEG.
    """
    small = page or Image.new("RGB", (8, 8), "grey")
    body = small.tobytes()
    sub_at = 8 + len(body)
    preview_at = sub_at + 1000
    tags = list(below) or [(254, 4, long(1)), (513, 4, long(preview_at)), (514, 4, long(len(preview)))]
    sub = directory(tags, at=sub_at).ljust(1000, b"\0")
    first_at = preview_at + len(preview) + len(preview) % 2
    own = [(254, 4, long(1)), (256, 4, long(small.width)), (257, 4, long(small.height)), (258, 3, short(8, 8, 8))]
    own += [(259, 3, short(1)), (262, 3, short(2)), (273, 4, long(8)), (277, 3, short(3))]
    own += [(278, 4, long(small.height)), (279, 4, long(len(body))), (330, 4, long(sub_at))]
    head = b"II*\0" + long(first_at) + body + sub + preview + bytes(len(preview) % 2)
    return head + directory(own, at=first_at)


def samsung_trailer(parts: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The trailer of a Samsung phone: blocks with a name, then a directory of them."""
    blocks = [short(0, 2560) + long(len(name)) + name + body for name, body in parts]
    entries, behind = b"", sum(map(len, blocks))
    for block in blocks:
        entries += short(0, 2560) + long(behind) + long(len(block))
        behind -= len(block)
    head = b"SEFH" + long(107) + long(len(parts)) + entries
    return b"".join(blocks) + head + long(len(head)) + b"SEFT"


def film(size: int = 5000) -> bytes:
    """A film's boxes, without a film."""
    return struct.pack(">I4s4sI", 16, b"ftyp", b"mp42", 0) + struct.pack(">I4s", 8 + size, b"mdat") + bytes(size)


def multi_picture(own: bytes, *others: bytes, more: bytes = b"") -> bytes:
    """A JPEG with an index of the others, which follow it; `more` are segments before the index."""
    count = 1 + len(others)
    length = 2 + 2 + 4 + 8 + 2 + 12 * 3 + 4 + 16 * count
    begin = 2 + len(more) + 8  # of the index's header, from which places count
    sizes = [len(own) + len(more) + length, *map(len, others)]
    places = [0] + [sum(sizes[:number]) - begin for number in range(1, count)]
    entries = b"".join(
        struct.pack("<IIIHH", 0 if place else 0x030000, size, place, 0, 0)
        for size, place in zip(sizes, places, strict=True)
    )
    tags = [(0xB000, 7, b"0100"), (0xB001, 4, long(count)), (0xB002, 7, entries)]
    index = segment(0xE2, b"MPF\0II*\0" + long(8) + directory(tags, at=8))
    assert len(index) == length
    return own[:2] + more + index + own[2:] + b"".join(others)


def xmp(text: bytes) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + text)


def as_base64(data: bytes, *, line: int = 76) -> bytes:
    """Base64 in lines, as XML has it."""
    text = base64.b64encode(data)
    return b"&#xA;".join(text[at : at + line] for at in range(0, len(text), line))
