"""Thumbnails and previews in the metadata of picture files."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from matcher.imaging.embedded import find
from matcher.imaging.limits import DEFAULT_LIMITS
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Reason
from tests.shared.embedded_cases import (
    OTHER,
    OWN,
    THIRD,
    as_base64,
    decoded,
    directory,
    exif,
    heic,
    long,
    pixels,
    psd,
    resource,
    saved,
    segment,
    short,
    thumbnail_resource,
    with_exif,
    with_segments,
    xmp,
)

THUMBNAIL = saved(OTHER)


def png_with(name: bytes, body: bytes) -> bytes:
    data = saved(OWN, "PNG")
    chunk = len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)
    return data[:33] + chunk + data[33:]


def webp_with(name: bytes, body: bytes) -> bytes:
    """A WebP with one more chunk, in the extended format."""
    data = saved(OWN, "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
    at = data.index(b"EXIF")
    chunks = data[12:at] + name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)
    return b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WEBP" + chunks


PLACES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a comment of JPEG": (lambda: with_segments(saved(OWN), segment(0xFE, THUMBNAIL)), "preview-1"),
    "Exif in JPEG": (lambda: with_exif(saved(OWN), exif(THUMBNAIL)), "thumbnail"),
    "Exif in PNG": (lambda: png_with(b"eXIf", exif(THUMBNAIL)), "thumbnail"),
    "Exif in WebP": (lambda: webp_with(b"EXIF", exif(THUMBNAIL)), "thumbnail"),
    "Exif in HEIC": (lambda: heic(OWN, exif=b"Exif\0\0" + exif(THUMBNAIL)), "thumbnail"),
    "Exif in AVIF": (lambda: saved(OWN, "AVIF", exif=b"Exif\0\0" + exif(THUMBNAIL)), "thumbnail"),
    "a maker's note": (lambda: with_exif(saved(OWN), exif(b"", note=b"Maker\0\1\2" + THUMBNAIL)), "preview-1"),
    "JFXX": (lambda: with_segments(saved(OWN), segment(0xE0, b"JFXX\0\x10" + THUMBNAIL)), "thumbnail"),
    "Photoshop's resources in JPEG": (
        lambda: with_segments(saved(OWN), segment(0xED, b"Photoshop 3.0\0" + thumbnail_resource(THUMBNAIL))),
        "thumbnail",
    ),
    "Photoshop's resources in two segments": (
        lambda: with_segments(
            saved(OWN),
            segment(0xED, b"Photoshop 3.0\0" + resource(1028, b"IPTC") + thumbnail_resource(THUMBNAIL)[:900]),
            segment(0xED, b"Photoshop 3.0\0" + thumbnail_resource(THUMBNAIL)[900:]),
        ),
        "thumbnail",
    ),
    "Photoshop's resources in PSD": (lambda: psd(OWN, thumbnail_resource(THUMBNAIL)), "thumbnail"),
    "Photoshop's resources in TIFF": (
        lambda: saved(OWN, "TIFF", tiffinfo={34377: thumbnail_resource(THUMBNAIL)}),
        "thumbnail",
    ),
    "XMP": (
        lambda: with_segments(saved(OWN), xmp(b"<xmpGImg:image>" + as_base64(THUMBNAIL) + b"</xmpGImg:image>")),
        "preview-1",
    ),
    "XMP in PNG": (
        lambda: png_with(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<image>" + as_base64(THUMBNAIL) + b"</image>"),
        "preview-1",
    ),
    "compressed XMP in PNG": (
        lambda: png_with(
            b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b'<x image="' + as_base64(THUMBNAIL) + b'"/>')
        ),
        "preview-1",
    ),
    "a raw profile in PNG": (
        lambda: png_with(
            b"zTXt",
            b"Raw profile type exif\0\0"
            + zlib.compress(
                b"\nexif\n 999\n" + (b"Exif\0\0" + exif(THUMBNAIL)).hex(" ", 36).replace(" ", "\n").encode()
            ),
        ),
        "thumbnail",
    ),
    "a chunk of PNG": (lambda: png_with(b"caBX", b"manifest" + THUMBNAIL + b"end"), "preview-1"),
    "a chunk of WebP": (lambda: webp_with(b"C2PA", b"manifest" + THUMBNAIL + b"end"), "preview-1"),
    "a segment of a maker": (lambda: with_segments(saved(OWN), segment(0xE4, b"Maker\0" + THUMBNAIL)), "preview-1"),
    "segments of a maker": (
        lambda: with_segments(saved(OWN), segment(0xE4, THUMBNAIL[:700]), segment(0xE4, THUMBNAIL[700:])),
        "preview-1",
    ),
    "FlashPix in two segments": (
        lambda: with_segments(
            saved(OWN),
            segment(0xE2, b"FPXR\0\0\2\0\1" + bytes(4) + b"stream" + THUMBNAIL[:700]),
            segment(0xE2, b"FPXR\0\0\2\0\1" + bytes(4) + THUMBNAIL[700:]),
        ),
        "preview-1",
    ),
    "boxes of JUMBF in two segments": (
        lambda: with_segments(
            saved(OWN),
            segment(0xEB, b"JP\0\1\0\0\0\1" + b"\0\0\xff\0jumb" + b"claim" + THUMBNAIL[:700]),
            segment(0xEB, b"JP\0\1\0\0\0\2" + b"\0\0\xff\0jumb" + THUMBNAIL[700:]),
        ),
        "preview-1",
    ),
    "HEIC's own": (lambda: heic(OWN.resize((256, 192)), thumbnails=[64]), "thumbnail"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_picture_in_the_metadata(place: str) -> None:
    make, name = PLACES[place]
    found, pictures = decoded(make())
    assert list(pictures) == ["", name]
    if place != "HEIC's own":
        assert pictures[name].tobytes() == pixels(THUMBNAIL)
    assert (found.reason, found.skipped_parts) == (None, ())


def test_a_long_xmp_packet_in_pieces() -> None:
    large = saved(OWN.resize((800, 600)), quality=95)
    text = b'<x GImage:Data="' + as_base64(large) + b'"/>'
    pieces = [text[at : at + 60_000] for at in range(0, len(text), 60_000)]
    assert len(pieces) > 1
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + len(text).to_bytes(4)
    segments = [segment(0xE1, head + (60_000 * number).to_bytes(4) + piece) for number, piece in enumerate(pieces)]
    _found, pictures = decoded(with_segments(saved(OWN), *segments))
    assert list(pictures) == ["", "preview-1"]
    assert pictures["preview-1"].tobytes() == pixels(large)


def test_thumbnails_that_are_pixels() -> None:
    small = OTHER.resize((40, 30))
    body = bytes([40, 30]) + small.tobytes()
    for made in (
        with_segments(saved(OWN), segment(0xE0, b"JFXX\0\x13" + body)),
        with_segments(saved(OWN), segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1" + body)),
    ):
        assert decoded(made)[1]["thumbnail"].tobytes() == small.tobytes()
    palette = small.quantize(256)
    colours = bytes(palette.getpalette() or ()).ljust(768, b"\0")
    made = with_segments(saved(OWN), segment(0xE0, b"JFXX\0\x11\x28\x1e" + colours + palette.tobytes()))
    assert decoded(made)[1]["thumbnail"].tobytes() == palette.convert("RGB").tobytes()


def test_an_uncompressed_exif_thumbnail() -> None:
    small = OTHER.resize((40, 30))
    first = directory([(274, 3, short(1))], at=8, following=26)
    tags = [(256, 3, short(40)), (257, 3, short(30)), (258, 3, short(8, 8, 8)), (259, 3, short(1)), (262, 3, short(2))]
    tags += [(273, 4, long(400)), (277, 3, short(3)), (278, 3, short(30)), (279, 4, long(3600))]
    block = (b"II*\0" + long(8) + first + directory(tags, at=26)).ljust(400, b"\0") + small.tobytes()
    assert decoded(with_exif(saved(OWN), block))[1]["thumbnail"].tobytes() == small.tobytes()


def test_red_and_blue_of_photoshop_4() -> None:
    red = saved(Image.new("RGB", (32, 32), (250, 10, 20)))
    _found, pictures = decoded(psd(OWN, thumbnail_resource(red, 1033)))
    middle = np.asarray(pictures["thumbnail"])[16, 16]
    assert middle[2] > 240
    assert middle[0] < 40


class TestLayers:
    INFO = staticmethod(lambda merged: resource(1057, b"\0\0\0\1" + bytes([merged]) + bytes(8)))

    @pytest.mark.parametrize(
        ("image", "merged", "layers", "skipped"),
        [
            (OWN, 1, 3, ()),
            (OWN, 0, 3, ("layers",)),
            (OWN, 0, 0, ()),
            (OWN, None, 3, ()),
            (None, None, 3, ("layers",)),
            (None, None, -3, ("layers",)),
            (None, 1, 3, ()),
            (None, None, 0, ()),
        ],
    )
    def test_without_a_merged_picture(
        self, image: Image.Image | None, merged: int | None, layers: int, skipped: tuple[str, ...]
    ) -> None:
        info = b"" if merged is None else self.INFO(merged)
        found, pictures = decoded(psd(image, info + thumbnail_resource(THUMBNAIL), layers=layers))
        assert list(pictures) == ["", "thumbnail"]
        assert found.skipped_parts == skipped
        assert found.reason is (Reason.SKIPPED_PARTS if skipped else None)


class TestDamage:
    def test_a_thumbnail_that_cannot_be_decoded_is_named(self) -> None:
        found, pictures = decoded(with_exif(saved(OWN), exif(b"\xff\xd8" + b"no picture" * 20)))
        assert (list(pictures), found.reason, found.skipped_parts) == ([""], Reason.SKIPPED_PARTS, ("thumbnail",))
        found, _pictures = decoded(with_exif(saved(OWN), exif(b"encrypted " * 20)))
        assert found.skipped_parts == ("thumbnail",)

    def test_the_readable_part_of_one_is_seen(self) -> None:
        found, pictures = decoded(with_exif(saved(OWN), exif(THUMBNAIL[:-300])))
        assert list(pictures) == ["", "thumbnail"]
        assert found.skipped_parts == ("thumbnail",)

    def test_one_that_was_taken_away_is_not(self) -> None:
        for block in (exif(bytes(500)), exif(b"", length=500), exif(b"")):
            found, pictures = decoded(with_exif(saved(OWN), block))
            assert (list(pictures), found.reason) == ([""], None)

    def test_a_damaged_picture_shows_its_thumbnail(self) -> None:
        data = with_exif(saved(OWN), exif(THUMBNAIL))
        broken = data[: data.rindex(b"\xff\xc0")] + bytes(200)
        found, pictures = decoded(broken)
        assert list(pictures) == ["thumbnail"]
        assert found.reason is not None
        assert found.reason is not Reason.SKIPPED_PARTS

    def test_no_search_raises_whatever_the_bytes(self) -> None:
        """Each file with a picture in its metadata, cut and overwritten anywhere."""
        random = np.random.default_rng(5)
        for make, _name in PLACES.values():
            data = make()
            kind = sniff(data[:HEAD])
            assert kind is not None
            for _ in range(40):
                changed = bytearray(data[: int(random.integers(32, len(data)))])
                for at in random.integers(12, min(len(changed), 2000), 6):
                    changed[at % len(changed)] = int(random.integers(256))
                find(bytes(changed), kind, DEFAULT_LIMITS)

    def test_directories_that_refer_to_themselves_end(self) -> None:
        block = b"II*\0" + long(8) + directory([(330, 4, long(8)), (34665, 4, long(8))], at=8, following=8)
        assert list(decoded(with_exif(saved(OWN), block))[1]) == [""]


def test_one_picture_of_each_place_in_one_file() -> None:
    data = with_segments(
        saved(OWN),
        segment(0xE1, b"Exif\0\0" + exif(THUMBNAIL, note=saved(THIRD))),
        segment(0xED, b"Photoshop 3.0\0" + thumbnail_resource(saved(THIRD.resize((64, 48))))),
    )
    assert list(decoded(data + saved(OWN.resize((90, 80))))[1]) == [
        *("", "thumbnail", "preview-1", "thumbnail-2", "appended-1"),
    ]
