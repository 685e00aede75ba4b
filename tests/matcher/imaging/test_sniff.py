"""Formats by their first bytes: what is refused is refused by name, and what only looks like a picture is none."""

from __future__ import annotations

import io
import struct

import pytest

from matcher.examine.engine import Matcher
from matcher.imaging.drawing import landscape
from matcher.imaging.sniff import HEAD, named_as_picture, sniff
from matcher.model import Reason, Status

PICT_FRAME = struct.pack(">Hhhhh", 100, 0, 0, 90, 120)
REFUSED: dict[str, tuple[bytes, str]] = {
    "ORF": (b"IIRO\x08\0\0\0", "image/x-raw"),
    "ORF of the other order": (b"MMOR\0\0\0\x08", "image/x-raw"),
    "RW2": (b"IIU\0\x08\0\0\0", "image/x-raw"),
    "RAF": (b"FUJIFILMCCD-RAW 0201", "image/x-raw"),
    "CRW": (b"II\x1a\0\0\0HEAPCCDR", "image/x-raw"),
    "CRW of the other order": (b"MM\0\0\0\x1aHEAPCCDR", "image/x-raw"),
    "CR3": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "image/x-raw"),
    "X3F": (b"FOVb\0\0\2\0", "image/x-raw"),
    "MRW": (b"\0MRM\0\1\2\3", "image/x-raw"),
    "JPEG XR": (b"II\xbc\x01\x20\0\0\0", "image/jxr"),
    "JPEG XS": (b"\xff\x10\xff\x50\0\0", "image/jxs"),
    "JPEG XS in boxes": (b"\0\0\0\x0cJXS \r\n\x87\n", "image/jxs"),
    "JBIG2": (b"\x97JB2\r\n\x1a\n\1\0\0\0\1", "image/x-jbig2"),
    "JBIG": (struct.pack(">BBBBIII", 0, 4, 1, 0, 640, 480, 30) + bytes([8, 0, 3, 0x5C]) + bytes(8), "image/x-jbig"),
    "BPG": (b"BPG\xfb\0\0", "image/bpg"),
    "FLIF": (b"FLIF31\x81\0", "image/flif"),
    "WebP 2": (b"\xf4\xff\x6f\0\0\0", "image/x-webp2"),
    "PGF": (b"PGF6" + struct.pack("<I", 16) + bytes(16), "image/x-pgf"),
    "AOL's ART": (b"JG\x04\x0e\0\0\0\0", "image/x-jg"),
    "DPX": (b"SDPX\0\0\x20\0V1.0\0\0\0\0", "image/x-dpx"),
    "DPX of the other order": (b"XPDS\0\x20\0\0V2.0\0\0\0\0", "image/x-dpx"),
    "Cineon": (b"\x80\x2a\x5f\xd7\0\0\x08\0", "image/x-cineon"),
    "OpenEXR": (b"v/1\x01\2\0\0\0", "image/x-hdr"),
    "DICOM": (bytes(128) + b"DICM\2\0\0\0", "application/dicom"),
    "NIfTI": (b"\x5c\1\0\0" + bytes(340) + b"n+1\0", "application/x-nifti"),
    "NITF": (b"NITF02.1003", "image/nitf"),
    "Photo CD": (bytes(2048) + b"PCD_IPI", "image/x-photo-cd"),
    "PICT, version 2": (bytes(512) + PICT_FRAME + b"\0\x11\2\xff\x0c\0", "image/x-pict"),
    "PICT, version 1": (bytes(512) + PICT_FRAME + b"\x11\x01\1\0", "image/x-pict"),
    "PICT without the program's bytes": (PICT_FRAME + b"\0\x11\2\xff\x0c\0", "image/x-pict"),
    "PICT with the program's bytes": (b"MyDraw" * 85 + b"\0\0" + PICT_FRAME + b"\0\x11\2\xff\x0c\0", "image/x-pict"),
    "ILBM": (b"FORM\0\0\1\0ILBMBMHD", "image/x-ilbm"),
    "MIFF": (b"id=ImageMagick  version=1.0\n", "image/x-miff"),
    "VIPS": (b"\x08\xf2\xa6\xb6\0\0\0\1", "image/x-vips"),
    "VIFF": (b"\xab\x01\x01\x03\2\0\0\0", "image/x-viff"),
    "PAM": (b"P7\nWIDTH 2\n", "image/x-portable-anymap"),
    "farbfeld": (b"farbfeld" + struct.pack(">II", 4, 3), "image/x-farbfeld"),
    "XWD": (struct.pack(">10I", 107, 7, 2, 24, 640, 480, 0, 1, 32, 1) + bytes(80), "image/x-xwindowdump"),
    "animated cursor": (b"RIFF\0\1\0\0ACONanih", "application/x-navi-animation"),
    "KTX": (b"\xabKTX 11\xbb\r\n\x1a\n\1\2\3\4", "image/ktx"),
    "KTX 2": (b"\xabKTX 20\xbb\r\n\x1a\n\1\2\3\4", "image/ktx2"),
    "PVR": (b"PVR\x03\0\0\0\0", "image/x-pvr"),
    "PVR, version 2": (b"\x34\0\0\0" + bytes(40) + b"PVR!" + bytes(4), "image/x-pvr"),
    "ASTC": (b"\x13\xab\xa1\x5c\4\4\1", "image/x-astc"),
    "VTF": (b"VTF\0\7\0\0\0", "image/x-vtf"),
    "MNG": (b"\x8aMNG\r\n\x1a\n", "video/x-mng"),
    "JNG": (b"\x8bJNG\r\n\x1a\n", "image/x-jng"),
    "XCF": (b"gimp xcf v011\0", "image/x-xcf"),
    "BLP": (b"BLP2\1\0\0\0", "image/x-blp"),
    "EMF": (b"\1\0\0\0" + bytes(36) + b" EMF", "image/emf"),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "image/x-eps"),
    "Paint Shop Pro": (b"Paint Shop Pro Image File\n\x1a\0\0\0\0\0", "image/x-psp"),
    "Paint of Windows 1": (struct.pack("<16H", 0x6144, 0x4D6E, 8, 8, *[0] * 11, 0x6144 ^ 0x4D6E), "image/x-msp"),
}
NONE: dict[str, bytes] = {
    "AppleSingle": b"\0\5\x16\0\0\2\0\0" + bytes(40),
    "sound in an IFF": b"FORM\0\0\1\0AIFFCOMM",
    "sound in a RIFF": b"RIFF\0\1\0\0WAVEfmt ",
    "a text": b"SDPX is a format. FLIFs too, msid as well\n" * 20,
    "a page with a drawing": b"<?xml version='1.0'?><html><body>" + b"<p>text</p>" * 60 + b"<svg></svg>",
    "zeros": bytes(4096),
    "zeros and a frame": bytes(512) + PICT_FRAME + bytes(20),
    "program's bytes and version 1": b"MyDraw" * 85 + b"\0\0" + PICT_FRAME + b"\x11\x01",
    "JBIG whose stripe is longer than the picture": struct.pack(">BBBBIII", 0, 4, 1, 0, 64, 48, 300)
    + bytes([8, 0, 3, 0]),
    "MPEG": b"\0\0\1\xba\x44\0\4\0\4\1" + bytes(40),
    "a video": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2",
    "PGF without a header": b"PGF6\xff\xff\xff\xff",
    "a window's dump without a window": struct.pack(">10I", 107, 7, 2, 24, 0, 480, 0, 1, 32, 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_format_that_is_not_decoded_has_its_name(name: str) -> None:
    data, media_type = REFUSED[name]
    kind = sniff(data[:HEAD])
    assert kind is not None
    assert (kind.media_type, kind.decoder) == (media_type, None)


@pytest.mark.parametrize("name", NONE)
def test_what_only_looks_like_a_picture_is_none(name: str) -> None:
    assert sniff(NONE[name][:HEAD]) is None


@pytest.mark.parametrize("length", [0, 1, 4, 9, 15, 21, 39, 200, 523])
def test_short_heads_are_no_error(length: int) -> None:
    for data, _ in REFUSED.values():
        sniff(data[:length])


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"mif2", b"avci", b"jpeg", b"vvic", b"j2ki"])
def test_brands_of_heif(brand: bytes) -> None:
    kind = sniff(b"\0\0\0\x18ftyp" + brand + bytes(4) + brand + b"miaf")
    assert kind is not None
    assert kind.decoder == "HEIF"


def test_a_refused_format_is_unreadable_whatever_its_name() -> None:
    matcher = Matcher([])
    for name in ("DPX", "X3F", "PICT, version 2", "JBIG"):
        finding = matcher.examine(REFUSED[name][0], name="a.bin")
        assert (finding.status, finding.reason) == (Status.UNREADABLE, Reason.UNSUPPORTED_FORMAT)


def test_jpeg_ls_is_unsupported_and_not_corrupt() -> None:
    stream = io.BytesIO()
    landscape(1, width=32, height=24).convert("L").save(stream, "JPEG")
    data = bytearray(stream.getvalue())
    data[data.index(b"\xff\xc0") + 1] = 0xF7
    finding = Matcher([]).examine(bytes(data), name="a.jpg")
    assert (finding.status, finding.reason) == (Status.UNREADABLE, Reason.UNSUPPORTED_FORMAT)
    assert finding.media_type == "image/jpeg"


def test_names_of_camera_raw() -> None:
    assert all(named_as_picture(f"DSC1.{suffix}") for suffix in ("NRW", "srf", "PEF", "3fr", "x3f", "mrw", "jls"))
    assert not named_as_picture("notes.txt")
