"""Images of disks that begin with a table of partitions or a file system, and files that only resemble them."""

from __future__ import annotations

import struct

import pytest

from matcher.examine.unopened import Unopened, unopened
from matcher.examine.unopened.edges import HEAD, Edges
from matcher.model import Reason

RAW = "application/x-raw-disk-image"


def told(data: bytes) -> Unopened | None:
    return unopened(Edges.of(data))


def partitioned(*entries: tuple[int, int, int, int], size: int = 4096) -> bytes:
    """A disk with a master boot record of (state, kind, first sector, sectors)."""
    disk = bytearray(size)
    for place, (state, kind, start, sectors) in enumerate(entries):
        struct.pack_into("<B3xB3xII", disk, 446 + 16 * place, state, kind, start, sectors)
    disk[510:512] = b"\x55\xaa"
    return bytes(disk)


def fat(
    jump: bytes = b"\xeb\x3c\x90", sector: int = 512, cluster: int = 4, tables: int = 2, media: int = 0xF8
) -> bytes:
    boot = bytearray(4096)
    boot[:11] = jump + b"mkfs.fat"
    struct.pack_into("<HBHBHHB", boot, 11, sector, cluster, 1, tables, 512, 8000, media)
    return bytes(boot)


def ext(inodes: int = 100, blocks: int = 400, log_size: int = 2, revision: int = 1) -> bytes:
    disk = bytearray(8192)
    struct.pack_into("<II16xI", disk, 1024, inodes, blocks, log_size)
    disk[1080:1082] = b"\x53\xef"
    struct.pack_into("<I", disk, 1024 + 76, revision)
    return bytes(disk)


def at(offset: int, magic: bytes, size: int = 8192) -> bytes:
    disk = bytearray(size)
    disk[offset : offset + len(magic)] = magic
    return bytes(disk)


def sun_label() -> bytes:
    label = bytearray(at(508, b"\xda\xbe"))
    label[0:4] = b"SUN0"
    summed = 0
    for (word,) in struct.iter_unpack(">H", label[:510]):
        summed ^= word
    label[510:512] = struct.pack(">H", summed)
    return bytes(label)


@pytest.mark.parametrize(
    "data",
    [
        partitioned((0x80, 7, 2048, 100_000)),
        partitioned((0, 0xEE, 1, 0xFFFFFFFF)),
        partitioned((0, 0x83, 63, 1), (0, 5, 64, 10), (0, 0, 0, 0), (0, 0x82, 90, 9)),
        fat(),
        fat(jump=b"\xe9\0\0", sector=4096, cluster=128, tables=1, media=0xF0),
        partitioned((0, 7, 2048, 100))[:-1],  # as an acquisition that was cut leaves it
        fat()[:-1],
        ext(),
        ext(log_size=0, revision=0),
        sun_label(),
        at(1024, b"H+\0\4" + bytes(36) + struct.pack(">I", 4096)),
        at(1024, b"HX\0\5" + bytes(36) + struct.pack(">I", 512)),
        at(1024, b"BD" + bytes(18) + struct.pack(">I", 4096) + bytes(12) + b"\4Disk"),
        at(1024, b"\2\0\0\0\0\0\x34\x34"),
        at(0, b"DOS\0", 901_120),
    ],
    ids=range(15),
)
def test_raw_disks_are_told(data: bytes) -> None:
    assert told(data) == Unopened(Reason.DISK_IMAGE_NOT_READ, RAW)


@pytest.mark.parametrize(
    "data",
    [
        partitioned(),
        partitioned((0x12, 7, 2048, 100)),
        partitioned((0, 7, 0, 100)),
        partitioned((0, 7, 2048, 0)),
        partitioned((0, 7, 2048, 100), size=512),
        fat(sector=600),
        fat(cluster=3),
        fat(tables=7),
        fat(media=0x10),
        fat(jump=b"\xeb\x3c\0"),
        ext(inodes=0),
        ext(log_size=40),
        ext(revision=7),
        at(508, b"\xda\xbe"),
        at(1024, b"H+\0\4"),
        at(1024, b"BD"),
        at(0, b"DOS\0", 901_632),
        b"QFI\xfb\0\0\0\x09" + bytes(60),
        bytes(1 << 20),
        b"\x90" * 510 + b"\x55\xaa" + b"\x90" * 512,
    ],
    ids=range(20),
)
def test_what_resembles_a_disk_is_none(data: bytes) -> None:
    assert told(data) is None


def test_footers_are_told_however_large_the_file_is() -> None:
    whole = bytes(HEAD + 200_000)
    vhd, dmg = whole + b"conectix".ljust(512, b"\0"), whole + b"koly".ljust(512, b"\0")
    assert told(vhd) == Unopened(Reason.DISK_IMAGE_NOT_READ, "application/x-vhd")
    assert told(dmg) == Unopened(Reason.DISK_IMAGE_NOT_READ, "application/x-apple-diskimage")
    assert told(whole + b"nero".ljust(512, b"\0")) is None


def test_images_of_other_formats_are_told_by_more_than_a_magic() -> None:
    assert told(b"QFI\xfb\0\0\0\3" + bytes(60)) == Unopened(Reason.DISK_IMAGE_NOT_READ, "application/x-qcow")
    name = b"container.description"
    aff4 = b"PK\3\4" + bytes(22) + struct.pack("<HH", len(name), 0) + name
    assert told(aff4) == Unopened(Reason.DISK_IMAGE_NOT_READ, "application/x-aff4")
