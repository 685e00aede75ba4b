"""Files that are small and would be huge: refused by count, before memory or time is spent on them."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from matcher.errors import DecodeError
from matcher.imaging.decode import decode
from matcher.imaging.drawing import landscape
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Reason

Encode = Callable[..., bytes]
SMALL = landscape(1, width=40, height=30)
HUGE = 30_000


def png(width: int, height: int, *, depth: int = 1, colour: int = 0, data: bytes = b"") -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def patched(data: bytes, at: int, layout: str, *values: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(layout, changed, at, *values)
    return bytes(changed)


def tiff_sized(encode: Encode) -> bytes:
    """A TIFF whose width and height are changed in its directory."""
    data = encode(SMALL, "TIFF")
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        (tag,) = struct.unpack_from("<H", data, entry)
        if tag in (256, 257):
            data = patched(data, entry + 2, "<HII", 4, 1, HUGE)
    return data


def tiff_tiled() -> bytes:
    """A TIFF of one pixel in a tile of 2^31 rows and columns."""
    tags = [
        (256, 1),
        (257, 1),
        (258, 8),
        (259, 5),
        (262, 1),
        (277, 1),
        (322, 1 << 31),
        (323, 1 << 31),
        (324, 8),
        (325, 4),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IIH", 12, 0, len(tags)) + entries + bytes(4)


def heic_sized() -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC NOT TESTED: pillow-heif is not installed")
    import io

    stream = io.BytesIO()
    pillow_heif.from_pillow(SMALL.resize((64, 64))).save(stream)
    data = stream.getvalue()
    return patched(data, data.index(b"ispe") + 8, ">II", HUGE, HUGE)


def avif_sized(encode: Encode) -> bytes:
    data = encode(SMALL, "AVIF")
    return patched(data, data.index(b"ispe") + 8, ">II", HUGE, HUGE)


def jp2_sized(encode: Encode) -> bytes:
    data = encode(SMALL, "JPEG2000")
    data = patched(data, data.index(b"ihdr") + 4, ">II", HUGE, HUGE)
    return patched(data, data.index(b"\xff\x51") + 6, ">II", HUGE, HUGE)


def icon_of(picture: bytes) -> bytes:
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(picture), 22) + picture


BOMBS: dict[str, Callable[[Encode], bytes]] = {
    "PNG": lambda encode: encode(Image.new("1", (HUGE, HUGE)), "PNG"),
    "PNG header": lambda encode: png(2**31 - 1, 2**31 - 1),
    "PNG 16 bits": lambda encode: png(HUGE, HUGE, depth=16, colour=6),
    "GIF screen": lambda encode: patched(encode(SMALL, "GIF"), 6, "<HH", 65535, 65535),
    "TIFF": tiff_sized,
    "BMP": lambda encode: patched(encode(SMALL, "BMP"), 18, "<ii", HUGE, HUGE),
    "BMP upside down": lambda encode: patched(encode(SMALL, "BMP"), 18, "<ii", HUGE, -HUGE),
    "JPEG": lambda encode: patched(jpeg := encode(SMALL, "JPEG"), jpeg.index(b"\xff\xc0") + 5, ">HH", 65500, 65500),
    "AVIF": avif_sized,
    "HEIC": lambda encode: heic_sized(),
    "JPEG 2000": jp2_sized,
    "PSD": lambda encode: struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, HUGE, HUGE, 8, 3) + bytes(1000),
    "PSB": lambda encode: struct.pack(">4sH6xHIIHH", b"8BPS", 2, 56, 300000, 300000, 32, 3) + bytes(1000),
    "icon with a PNG": lambda encode: icon_of(png(HUGE, HUGE)),
    "icon with a bitmap": lambda encode: icon_of(patched(encode(SMALL, "DIB"), 4, "<ii", HUGE, 2 * HUGE)),
    "TGA": lambda encode: b"\0\0\x0a" + bytes(9) + struct.pack("<HHBB", 16384, 16384, 24, 0) + b"\xff\0\0\0" * 100,
    "QOI": lambda encode: patched(encode(SMALL, "QOI"), 4, ">II", HUGE, HUGE),
    "SGI": lambda encode: patched(encode(SMALL, "SGI"), 6, ">HH", 65535, 65535),
    "DDS": lambda encode: patched(encode(SMALL, "DDS"), 12, "<II", HUGE, HUGE),
    "PCX": lambda encode: patched(encode(SMALL, "PCX"), 8, "<HH", 65534, 65534),
    "PPM": lambda encode: b"P6 30000 30000 255\n" + bytes(100),
    "FITS": lambda encode: (
        b"SIMPLE  =                    T".ljust(80)
        + b"BITPIX  =                    8".ljust(80)
        + b"NAXIS   =                    2".ljust(80)
        + b"NAXIS1  =                30000".ljust(80)
        + b"NAXIS2  =                30000".ljust(80)
        + b"END".ljust(80)
    ).ljust(2880),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(encoded: Encode, name: str) -> None:
    data = BOMBS[name](encoded)
    kind = sniff(data[:HEAD])
    assert kind is not None
    with pytest.raises(DecodeError) as caught:
        decode(data, kind, Limits(max_pixels=10_000))
    assert caught.value.reason in (Reason.TOO_MANY_PIXELS, Reason.CORRUPT, Reason.TRUNCATED)


def test_a_tile_that_is_larger_than_its_picture() -> None:
    data = tiff_tiled()
    kind = sniff(data[:HEAD])
    assert kind is not None
    with pytest.raises(DecodeError):
        decode(data, kind)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process as Linux does")
def test_bombs_fit_in_little_memory(encoded: Encode, tmp_path: object) -> None:
    """At the default limits too, each in a process that may have a gigabyte beyond what it begins with."""
    from pathlib import Path

    folder = Path(str(tmp_path))
    for name, make in BOMBS.items():
        if name not in ("TGA",):  # within the default limit: it may be decoded
            (folder / name.replace(" ", "-")).write_bytes(make(encoded))
    script = """
import resource, sys
from pathlib import Path
from matcher.errors import DecodeError
from matcher.imaging.decode import decode
from matcher.imaging.sniff import HEAD, sniff
for path in sorted(Path(sys.argv[1]).iterdir()):
    data = path.read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        list(decode(data, sniff(data[:HEAD])).renderings())
    except DecodeError as error:
        assert error.reason.value in ("too-many-pixels", "corrupt", "truncated"), (path, error.reason)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 1 << 20, (path, grown)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script, str(folder)], check=True, timeout=120)


def test_many_pages_of_one_large_picture_are_bounded_by_pixels(encoded: Encode) -> None:
    """A directory that is repeated costs a few bytes a page, and a whole picture to decode."""
    page = encoded(SMALL, "TIFF")
    (begin,) = struct.unpack_from("<I", page, 4)
    (count,) = struct.unpack_from("<H", page, begin)
    size = 2 + 12 * count
    directory, data = page[begin : begin + size], page
    chain = patched(data, begin + size, "<I", len(data))
    for _ in range(40):
        chain += directory + struct.pack("<I", len(chain) + size + 4)
    chain += directory + bytes(4)
    kind = sniff(chain[:HEAD])
    assert kind is not None
    decoded = decode(chain, kind, Limits(max_total_pixels=10 * 40 * 30))
    assert len(list(decoded.renderings())) == 1  # all pages are equal
    assert decoded.reason is Reason.TOO_MANY_PIXELS


def test_pages_in_a_circle_end(encoded: Encode) -> None:
    data = encoded(SMALL, "TIFF", save_all=True, append_images=[landscape(2, width=40, height=30)])
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    (second,) = struct.unpack_from("<I", data, first + 2 + 12 * count)
    (count,) = struct.unpack_from("<H", data, second)
    circle = patched(data, second + 2 + 12 * count, "<I", first)
    kind = sniff(circle[:HEAD])
    assert kind is not None
    assert len(list(decode(circle, kind).renderings())) == 2


class TestJPEGHeaders:
    @pytest.mark.parametrize("filling", [b"\0", b"\xff\0", b"\xff", b"\xff\xfe\0\2", b"\xff\xe1\0\2", b"\xff\1"])
    def test_filling_without_end_is_not_walked(self, filling: bytes) -> None:
        data = b"\xff\xd8" + (b"" if filling[0] == 0xFF else b"\xff") + filling * 1_000_000
        with pytest.raises(DecodeError) as caught:
            decode(data, sniff(b"\xff\xd8\xff") or pytest.fail("a JPEG"))
        assert caught.value.reason is Reason.CORRUPT

    def progressive(self, encode: Encode, more: int) -> bytes:
        """A progressive JPEG whose last scan comes `more` times more."""
        data = encode(landscape(2, width=400, height=300), "JPEG", progressive=True)
        last = data.rindex(b"\xff\xda")
        return data[:-2] + data[last:-2] * more + data[-2:]

    def test_scans_count_as_pixels_do(self, encoded: Encode) -> None:
        kind = sniff(b"\xff\xd8\xff")
        assert kind is not None
        list(decode(self.progressive(encoded, 5), kind, Limits(max_total_pixels=400 * 300 * 20)).renderings())
        with pytest.raises(DecodeError) as caught:
            decode(self.progressive(encoded, 30), kind, Limits(max_total_pixels=400 * 300 * 20))
        assert caught.value.reason is Reason.TOO_MANY_PIXELS

    def test_scans_behind_the_picture_do_not_count(self, encoded: Encode) -> None:
        kind = sniff(b"\xff\xd8\xff")
        assert kind is not None
        data = self.progressive(encoded, 5) + b"\xff\xda" * 100  # the film of a moving photograph
        decoded = decode(data, kind, Limits(max_total_pixels=400 * 300 * 20))
        list(decoded.renderings())
        assert decoded.reason is None
