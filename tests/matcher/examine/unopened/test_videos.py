"""Films and sound: the first are told, the second are no pictures."""

from __future__ import annotations

import struct

import pytest

from matcher.examine.unopened import Unopened, unopened
from matcher.examine.unopened.edges import HEAD, Edges
from matcher.model import Reason


def told(data: bytes) -> Unopened | None:
    return unopened(Edges.of(data))


def atom(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def ftyp(brand: bytes) -> bytes:
    return atom(b"ftyp", brand + bytes(4) + b"isom")


FILM, SOUND = atom(b"moov", atom(b"hdlr", bytes(8) + b"vide")), atom(b"moov", atom(b"hdlr", bytes(8) + b"soun"))
DATA = atom(b"mdat", bytes(1000))
LARGE = atom(b"mdat", bytes(HEAD))
SOUND_GUID = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")
VIDEO_GUID = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")


def asf(*streams: bytes) -> bytes:
    content = bytes(6) + b"".join(streams)
    guid = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
    return guid + struct.pack("<Q", 24 + len(content)) + content + bytes(500)


def ebml(kind: bytes, codec: bytes) -> bytes:
    return b"\x1a\x45\xdf\xa3\x93\x42\x82" + bytes([0x80 | len(kind)]) + kind + bytes(60) + codec + bytes(200)


def packets(size: int, before: int = 0) -> bytes:
    return (bytes(before) + b"\x47\x40\0\x10").ljust(size, b"\xff") * 8


def ogg(first: bytes) -> bytes:
    return b"OggS\0\2" + bytes(20) + b"\1\x1e" + first + bytes(60)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (ftyp(b"isom") + DATA + FILM, "video/mp4"),
        (ftyp(b"mp42") + LARGE + FILM, "video/mp4"),
        (ftyp(b"M4A ") + FILM + DATA, "video/mp4"),
        (ftyp(b"3gp5") + FILM + DATA, "video/3gpp"),
        (ftyp(b"qt  ") + FILM + DATA, "video/quicktime"),
        (ftyp(b"isom") + LARGE + bytes(2 * HEAD), "video/mp4"),
        (atom(b"wide") + DATA + FILM, "video/quicktime"),
        (FILM + DATA, "video/quicktime"),
        (struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 16 + 1000) + bytes(1000) + FILM, "video/quicktime"),
        (atom(b"free", b"    ") + DATA + FILM, "video/quicktime"),
        (atom(b"styp", b"msdh") + atom(b"sidx", bytes(20)) + atom(b"moof", bytes(20)) + DATA, "video/quicktime"),
        (ebml(b"matroska", b"V_MPEG4/ISO/AVC"), "video/x-matroska"),
        (ebml(b"webm", b"V_VP9"), "video/webm"),
        (b"RIFF\xff\xff\0\0AVI LIST", "video/x-msvideo"),
        (asf(VIDEO_GUID), "video/x-ms-asf"),
        (asf(SOUND_GUID, VIDEO_GUID), "video/x-ms-asf"),
        (asf(bytes(16)), "video/x-ms-asf"),
        (ftyp(b"qt  ") + atom(b"moov", atom(b"cmov", bytes(40))) + DATA, "video/quicktime"),
        (ftyp(b"isom") + atom(b"moov", bytes(40)) + DATA, "video/mp4"),
        (b"FLV\1\5\0\0\0\x09\0\0\0\0\x12" + bytes(60), "video/x-flv"),
        (ogg(b"\x80theora\3\2\1"), "video/ogg"),
        (b"\0\0\1\xba\x44\0\4\0\4\1\0\0\3\xf8" + bytes(20), "video/mpeg"),
        (b"\0\0\1\xba\x21\0\1\0\1\x80\0\1" + bytes(20), "video/mpeg"),
        (b"\0\0\1\xb3\x16\x01\x20\x13\xff\xff\xe0\xa0\0\0\1\xb8" + bytes(20), "video/mpeg"),
        (b"\0\0\1\xb0\1\0\0\1\xb5\x09\0\0\1\0" + bytes(20), "video/mp4v-es"),
        (b"\0\0\0\1\x67\x64\0\x1f" + bytes(10) + b"\0\0\0\1\x68" + bytes(20), "video/h264"),
        (b"\0\0\0\1\x09\x10\0\0\0\1\x67\x42\0\x1f" + bytes(20), "video/h264"),
        (b"\0\0\0\1\x40\1\x0c\1" + bytes(10) + b"\0\0\0\1\x42" + bytes(20), "video/h265"),
        (b"\x12\0\x0a\x0b\0\0\0\x24" + bytes(40), "video/av1"),
        (packets(188), "video/mp2t"),
        (packets(192, 4), "video/mp2t"),
        (packets(204), "video/mp2t"),
        (b"\x1f\x07\0\xbf".ljust(80, b"\xff") + b"\x3f\x07\0".ljust(200, b"\xff"), "video/x-dv"),
        (b"FORM\0\0\1\0ANIM" + bytes(40), "video/x-anim"),
        (
            bytes.fromhex("060e2b34 02050101 0d010201 01020400 83000078") + bytes(200),
            "application/mxf",
        ),
        (b"head" * 99 + bytes.fromhex("060e2b34 02050101 0d010201 01020400 83000078") + bytes(200), "application/mxf"),
    ],
    ids=range(36),
)
def test_films_are_told(data: bytes, media_type: str) -> None:
    assert told(data) == Unopened(Reason.VIDEO_NOT_READ, media_type)


@pytest.mark.parametrize(
    "data",
    [
        ftyp(b"M4A ") + SOUND + DATA,
        ftyp(b"M4A ") + LARGE + bytes(2 * HEAD),
        ftyp(b"mp42") + SOUND + DATA,
        SOUND + DATA,
        ebml(b"matroska", b"A_VORBIS"),
        asf(SOUND_GUID),
        ogg(b"\1vorbis"),
        ogg(b"OpusHead"),
        b"RIFF\xff\xff\0\0WAVEfmt ",
        b"FLV\1\4\0\0\0\x09\0\0\0\0\x08" + bytes(60),
        b"ID3\3\0\0\0\0\0\x10" + bytes(40),
        b"fLaC\0\0\0\x22" + bytes(40),
    ],
    ids=range(12),
)
def test_sound_is_not_told(data: bytes) -> None:
    assert told(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"the free world\n" * 20,
        b"the mdat and the moov\n" * 20,
        b"G" * 4000,
        b"GGGG" + b"\0" * 4000,
        b"\0\0\1\0\1\0\x10\x10" + bytes(60),
        b"\0\0\0\1" * 40,
        b"\0\0\1\xb3" + bytes(40),
        b"FORM of the letter",
        b"RIFF",
        b"\0\0\0\x08ftyp",
    ],
    ids=range(10),
)
def test_what_resembles_a_film_is_none(data: bytes) -> None:
    assert told(data) is None


def test_sound_with_a_cover_holds_a_picture() -> None:
    cover = b"APIC\0\0\1\0\0\0\0image/jpeg\0\3\0\xff\xd8\xff\xe0\0\x10JFIF\0"
    assert told(b"ID3\3\0\0\0\0\0\x10" + cover + bytes(40)) == Unopened(
        Reason.CONTAINER_NOT_OPENED, "application/octet-stream"
    )
    covered = atom(b"moov", atom(b"hdlr", bytes(8) + b"soun") + atom(b"covr", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"))
    assert told(ftyp(b"M4A ") + covered + DATA) == Unopened(Reason.CONTAINER_NOT_OPENED, "application/octet-stream")
