"""Archives that programs make, and files that only resemble them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile

import pytest

from matcher.examine.unopened import Unopened, unopened
from matcher.examine.unopened.edges import HEAD, Edges
from matcher.model import Reason

CONTAINER = Reason.CONTAINER_NOT_OPENED


def told(data: bytes) -> Unopened | None:
    return unopened(Edges.of(data))


def zip_of(*names: str, content: bytes = b"text " * 50, stored: bool = False) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return stream.getvalue()


def tar_of(variant: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=variant) as archive:
        member = tarfile.TarInfo("ä/1.txt")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"text"))
    return stream.getvalue()


def old_tar() -> bytes:
    """A tar without a signature, as those before POSIX."""
    block = bytearray(tar_of(tarfile.USTAR_FORMAT)[:512])
    block[257:512] = bytes(255)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + bytes(1024)


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (zip_of("1.txt"), "application/zip"),
        (zip_of(), "application/zip"),
        (zip_of("[Content_Types].xml", "word/document.xml"), DOCX),
        (zip_of("META-INF/MANIFEST.MF", "A.class"), "application/java-archive"),
        (
            zip_of("mimetype", content=b"application/vnd.oasis.opendocument.text", stored=True),
            "application/vnd.oasis.opendocument.text",
        ),
        (zip_of("mimetype", content=b"<script>alert(1)</script>", stored=True), "application/zip"),
        (b"#!/bin/sh\nexec unzip $0\n" + zip_of("1.txt"), "application/zip"),
        (tar_of(tarfile.USTAR_FORMAT), "application/x-tar"),
        (tar_of(tarfile.GNU_FORMAT), "application/x-tar"),
        (tar_of(tarfile.PAX_FORMAT), "application/x-tar"),
        (old_tar(), "application/x-tar"),
        (gzip.compress(b"text"), "application/gzip"),
        (bz2.compress(b"text"), "application/x-bzip2"),
        (bz2.compress(b"", 3), "application/x-bzip2"),
        (lzma.compress(b"text"), "application/x-xz"),
        (lzma.compress(b"text" * 100, format=lzma.FORMAT_ALONE), "application/x-lzma"),
        (b"\x50\x2a\x4d\x18\4\0\0\0abcd\x28\xb5\x2f\xfd", "application/zstd"),
        (b"\x1f\x9d\x90text", "application/x-compress"),
        (b"\x21\0-lh5-" + bytes(13) + b"\2name", "application/x-lha"),
        (b"\x60\xea\x29\0\x22\x0b\1\2\x10\0\2" + bytes(64), "application/x-arj"),
        (
            struct.pack("<13H", 0o70707, 0, 1, 0o100644, 0, 0, 1, 0, 0, 0, 6, 0, 4) + b"1.txt\0text",
            "application/x-cpio",
        ),
        (b"\x7fELF\2\1\1\0AI\2" + bytes(100), "application/vnd.appimage"),
    ],
    ids=range(22),
)
def test_archives_are_told(data: bytes, media_type: str) -> None:
    assert told(data) == Unopened(CONTAINER, media_type)


@pytest.mark.parametrize(
    "data",
    [
        b"PK is how these names begin\n" * 10,
        b"Rar! said the lion\n",
        b"BZh is no word\n" * 9,
        b"-lh5-",
        b"]" + bytes(40),
        b"\x1f\x8b\x08\xff" + bytes(40),
        b"\x1f\x9d\x05text" * 4,
        bytes(4096),
        b"\0" * 148 + b"0001234\0" + b"\0" * 400,
        b"a" * 148 + b"7777777\0" + b"a" * 400,
        b"PK\x05\x06" + b"\xff" * 14,
        b"binary\0" + b"PK\x05\x06PK\x01\x02PK\x03\x04\xff\xff\xff\xff" + bytes(40),
    ],
    ids=range(12),
)
def test_what_resembles_an_archive_is_none(data: bytes) -> None:
    assert told(data) is None or told(data[:4]) is not None


def test_a_large_zip_behind_a_program_is_told_by_its_end() -> None:
    program = b"MZ" + bytes(2 * HEAD)
    assert told(program) is None
    assert told(program + zip_of("1.jpg")) == Unopened(CONTAINER, "application/zip")
    assert told(program + zip_of("1.jpg") + bytes(30_000)) == Unopened(CONTAINER, "application/zip")


@pytest.mark.parametrize("behind", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x01\0", b"MSCF\0\0\0\0"])
def test_an_archive_behind_the_last_section_of_a_program_is_told(behind: bytes) -> None:
    header = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HH12xHH", 0x14C, 1, 0, 0)
    section = b".text\0\0\0" + struct.pack("<IIII", 512, 4096, 512, 1024) + bytes(16)
    program = (header + section).ljust(1536, b"\0")
    assert told(program) is None
    assert told(program[:1024] + behind + bytes(600)) is None, "inside of a section it is the program's own"
    found = told(program + behind + bytes(100))
    assert found is not None
    assert found.reason is CONTAINER


def test_a_zip_whose_entries_point_at_one_another_costs_little() -> None:
    entry = b"PK\x03\x04" + bytes(14) + struct.pack("<IIHH", 0xFFFFFFFF, 0, 0xFFFF, 0xFFFF)
    assert told(entry * 1000) == Unopened(CONTAINER, "application/zip")
    end = b"PK\x05\x06" + bytes(8) + struct.pack("<IIH", 22 * 900, 0, 0)
    assert told(b"\0" + end * 1000) is None
