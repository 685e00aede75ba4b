"""What is encrypted is told before what it is otherwise; what is not encrypted is not said to be."""

from __future__ import annotations

import random
import struct
import zlib

import pytest

from matcher.examine.unopened import Unopened, unopened
from matcher.examine.unopened.edges import HEAD, Edges
from matcher.model import Reason

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def told(data: bytes) -> Unopened | None:
    return unopened(Edges.of(data))


def entry(name: bytes, flags: int, content: bytes = b"text") -> bytes:
    return b"PK\3\4\x14\0" + struct.pack("<H10xIIHH", flags, len(content), len(content), len(name), 0) + name + content


def directory(name: bytes, flags: int) -> bytes:
    record = b"PK\1\2\x14\0\x14\0" + struct.pack("<H10xIIHHH12x", flags, 4, 4, len(name), 0, 0) + name
    return record + b"PK\5\6" + struct.pack("<4xHHIIH", 1, 1, len(record), 0, 0)


def seven_zip(header: bytes) -> bytes:
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<IQQI", 0, 100, len(header), 0) + bytes(100) + header


def rar5(*blocks: bytes) -> bytes:
    return b"Rar!\x1a\x07\1\0" + b"".join(bytes(4) + bytes([len(block)]) + block for block in blocks)


def rar4(*blocks: tuple[int, int, int]) -> bytes:
    """Blocks of (kind, flags, bytes of data)."""
    return b"Rar!\x1a\x07\0" + b"".join(
        struct.pack("<2xBHHI", kind, flags, 13, data) + bytes(2 + data) for kind, flags, data in blocks
    )


MAIN5, PLAIN5 = b"\1\0\0", b"\2\0\0\0"
HIDDEN5 = b"\2\1\4\0\0\3\1\0\0"  # flags say 4 bytes of records: one of 3 bytes, of type 1


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (entry(b"1.jpg", 1) + directory(b"1.jpg", 1), "application/zip"),
        (entry(b"folder/", 0, b"") + entry(b"1.jpg", 1), "application/zip"),
        (entry(b"1.jpg", 8) + bytes(2 * HEAD) + directory(b"1.jpg", 9), "application/zip"),
        (seven_zip(b"\x17\6\x06\xf1\x07\1"), "application/x-7z-compressed"),
        (rar5(b"\4\0\0\0"), "application/vnd.rar"),
        (rar5(MAIN5, HIDDEN5), "application/vnd.rar"),
        (rar4((0x73, 0x80, 0)), "application/vnd.rar"),
        (rar4((0x73, 0, 0), (0x74, 0x8000, 40), (0x74, 0x8004, 4)), "application/vnd.rar"),
        (b"%PDF-1.7\n" + bytes(2 * HEAD) + b"trailer << /Encrypt 12 0 R >>", "application/pdf"),
        (b"%PDF-1.7\n<< /Encrypt\n<< /Filter /Standard >> >>" + bytes(2 * HEAD), "application/pdf"),
        (OLE + bytes(600) + "EncryptedPackage\0".encode("utf-16-le"), "application/x-ole-storage"),
        (OLE + b"\xec\xa5" + bytes(9) + b"\1" + bytes(600), "application/msword"),
        (OLE + b"\x09\x08\x04\0abcd\x2f\0\x36\0" + bytes(600), "application/vnd.ms-excel"),
        (OLE + bytes(600) + "EncryptedSummary\0".encode("utf-16-le"), "application/vnd.ms-powerpoint"),
        (b"\x85\1\x0c\3" + bytes(8) + b"\1" + bytes(258) + b"\xd2", "application/pgp-encrypted"),
        (b"\x84\x5e\3" + bytes(8) + b"\x12" + bytes(84) + b"\xd4", "application/pgp-encrypted"),
        (b"\x8c\x0d\4\x09\3\x08" + bytes(9) + b"\xd2\xff", "application/pgp-encrypted"),
        (b"\x30\x82\1\0\x06\x09\x2a\x86\x48\x86\xf7\x0d\1\7\3\xa0" + bytes(40), "application/pkcs7-mime"),
        (bytes(8) + struct.pack(">II", 0x12345678, 0x12345678 ^ 0x3C81B7F5) + bytes(8192), "application/x-ecryptfs"),
        ((bytes(8) + b"\1\0\x10\0").ljust(88, b"\0") + b"CS" + bytes(422), "application/x-corestorage"),
    ],
    ids=range(20),
)
def test_what_only_a_key_opens_is_told(data: bytes, media_type: str) -> None:
    assert told(data) == Unopened(Reason.ENCRYPTED, media_type)


@pytest.mark.parametrize(
    "data",
    [
        entry(b"1.jpg", 0) + directory(b"1.jpg", 0),
        entry(b"1.jpg", 8, b"PK\3\4\xff\xff\xff\xff" * 9),
        seven_zip(b"\x17\6\3\1\1"),
        seven_zip(b"")[:12] + struct.pack("<QQ", 2**64 - 1, 2**64 - 1),
        rar5(MAIN5, PLAIN5),
        rar4((0x73, 0, 0), (0x74, 0x8000, 40)),
        b"%PDF-1.7\nThe word /Encrypt in a text.",
        OLE + b"\xec\xa5" + bytes(600),
        OLE + b"\x09\x08\x04\0abcd\x85\0\x36\0" + bytes(600),
    ],
    ids=range(9),
)
def test_what_is_not_encrypted_is_a_container(data: bytes) -> None:
    found = told(data)
    assert found is not None
    assert found.reason is Reason.CONTAINER_NOT_OPENED


@pytest.mark.parametrize("head", [b"Rar!\x1a\x07\1\0", b"Rar!\x1a\x07\0"])
def test_archives_of_nonsense_end(head: bytes) -> None:
    for seed in range(200):
        assert told(head + random.Random(seed).randbytes(200)) is not None
    assert told(head + b"\x80" * 5000) is not None
    assert told(head + b"\0" * 5000) is not None


def test_random_bytes_in_whole_sectors_are_a_guess_at_an_encrypted_volume() -> None:
    even = random.Random(1).randbytes(1 << 17)
    assert told(even) == Unopened(Reason.ENCRYPTED, "application/octet-stream")
    assert told(even[:-1]) is None, "volumes have whole sectors"
    assert told(even[: 32 << 10]) is None, "too little to judge by"
    compressed = zlib.compress(b"".join(b"%d is %x\n" % (at * at, at) for at in range(60_000)))
    assert told(compressed[2 : 2 + 512 * ((len(compressed) - 2) // 512)]) is None
