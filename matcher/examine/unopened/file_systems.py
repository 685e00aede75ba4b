"""Raw images of disks and partitions: a table of partitions or a file system, where one begins."""

from __future__ import annotations

import struct

from matcher.examine.unopened.edges import Edges, Signature, by_signature

_RAW = "application/x-raw-disk-image"

SIGNATURES: tuple[Signature, ...] = (
    (0x8001, b"CD001", "application/x-iso9660-image"),  # ECMA-119 8.1
    (0x8001, b"BEA01", "application/x-udf-image"),  # ECMA-167 2/9.1
    (0x8001, b"NSR0", "application/x-udf-image"),  # ECMA-167 3/9.1
    (0x8001, b"CDROM", "application/x-iso9660-image"),  # High Sierra
    (512, b"EFI PART", _RAW),  # UEFI 5.3.2, sectors of 512 bytes
    (4096, b"EFI PART", _RAW),  # UEFI 5.3.2, sectors of 4,096 bytes
    (512, b"PM\0\0", _RAW),  # Inside Macintosh: Devices, partition map
    (512, b"LABELONE", _RAW),  # LVM2 label.h
    (0, b"LABELONE", _RAW),
    (3, b"NTFS    ", _RAW),  # libfsntfs, volume header
    (3, b"EXFAT   ", _RAW),  # exFAT specification 3.1
    (3, b"ReFS\0\0\0\0", _RAW),  # libfsrefs, volume header
    (32, b"NXSB", _RAW),  # Apple File System Reference, nx_superblock
    (0, b"XFSB\0\0", _RAW),  # XFS algorithms and data structures, superblock
    (65600, b"_BHRfS_M", _RAW),  # Btrfs on-disk format, superblock
    (1024, b"\x10\x20\xf5\xf2", _RAW),  # Linux f2fs_fs.h
    (1024, b"\xe2\xe1\xf5\xe0", _RAW),  # Linux erofs_fs.h
    (4120, b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81", _RAW),  # bcachefs_format.h
    (65588, b"ReIsEr", _RAW),  # Linux reiserfs.h
    (8244, b"ReIsEr", _RAW),  # Linux reiserfs.h, the old place
    (32768, b"JFS1", _RAW),  # Linux jfs_superblock.h
    (9564, b"\x54\x19\x01\0", _RAW),  # FreeBSD fs.h, UFS1
    (9564, b"\0\x01\x19\x54", _RAW),
    (66908, b"\x19\x01\x54\x19", _RAW),  # FreeBSD fs.h, UFS2
    (66908, b"\x19\x54\x01\x19", _RAW),
    (0, b"hsqs", "application/x-squashfs"),  # Linux squashfs_fs.h
    (0, b"sqsh", "application/x-squashfs"),
    (0, b"\x45\x3d\xcd\x28", _RAW),  # Linux cramfs_fs.h
    (0, b"\x28\xcd\x3d\x45", _RAW),
    (0, b"-rom1fs-", _RAW),  # Linux romfs_fs.h
    (0, b"UBI#\1\0\0\0", _RAW),  # Linux ubi-media.h
    (0, b"\x31\x18\x10\x06", _RAW),  # Linux ubifs-media.h
    (4096, b"\xfc\x4e\x2b\xa9\1\0\0\0", _RAW),  # Linux md_p.h, version 1.2
    (0, b"\xfc\x4e\x2b\xa9\1\0\0\0", _RAW),  # Linux md_p.h, version 1.1
    (4086, b"SWAPSPACE2", _RAW),  # mkswap(8)
    (0, b"RDSK", _RAW),  # Amiga rigid disk block
    (512, b"\x57\x45\x56\x82", _RAW),  # BSD disklabel.h
)


def _raw(is_one: bool) -> str | None:
    return _RAW if is_one else None


def _partitions(file: Edges) -> str | None:
    """UEFI 5.2.1, the master boot record: four entries, each blank or of a known state, and one that lies in range."""
    head = file.head
    if head[510:512] != b"\x55\xaa" or file.size < 1024:
        return None
    used = 0
    for at in range(446, 510, 16):
        state, kind, start, sectors = head[at], head[at + 4], *struct.unpack_from("<II", head, at + 8)
        if state not in (0, 0x80) or (kind == 0) != (sectors == 0):
            return None
        if kind and not start:
            return None
        used += kind != 0
    return _raw(used > 0)


def _sun(file: Edges) -> str | None:
    """Linux sun.h, the disk label: magic at 508, and words whose exclusive or is 0."""
    if file.head[508:510] != b"\xda\xbe":
        return None
    summed = 0
    for (word,) in struct.iter_unpack(">H", file.part(0, 512)):
        summed ^= word
    return _raw(summed == 0)


def _fat(file: Edges) -> str | None:
    """Microsoft FAT specification 3: a jump, and a table of parameters of which every field is possible."""
    head = file.head
    if len(head) < 512 or not (head[0] == 0xE9 or (head[0] == 0xEB and head[2] == 0x90)):
        return None
    sector, cluster, reserved, tables = struct.unpack_from("<HBHB", head, 11)
    return _raw(
        sector in (512, 1024, 2048, 4096)
        and cluster in (1, 2, 4, 8, 16, 32, 64, 128)
        and reserved > 0
        and tables in (1, 2)
        and head[21] >= 0xF0
    )


def _ext(file: Edges) -> str | None:
    """Linux ext4 documentation, super block at 1,024: magic at 56, and counts, sizes and revision that are possible."""
    block = file.part(1024, 1024)
    if len(block) < 1024 or block[56:58] != b"\x53\xef":
        return None
    inodes, blocks = struct.unpack_from("<II", block)
    (log_size,) = struct.unpack_from("<I", block, 24)
    (revision,) = struct.unpack_from("<I", block, 76)
    return _raw(inodes > 0 and blocks > 0 and log_size <= 6 and revision <= 1)


def _hfs(file: Edges) -> str | None:
    """Apple TN1150, volume header at 1,024; Inside Macintosh: Files, master directory block."""
    block = file.part(1024, 162)
    if block[:4] in (b"H+\0\4", b"HX\0\5"):
        size = int.from_bytes(block[40:44], "big")
        return _raw(size >= 512 and size & (size - 1) == 0)
    if block[:2] == b"BD" and len(block) == 162:
        size, name = int.from_bytes(block[20:24], "big"), block[36]
        return _raw(size > 0 and size % 512 == 0 and 1 <= name <= 27)
    return None


def _nilfs(file: Edges) -> str | None:
    """Linux nilfs2_ondisk.h, super block at 1,024: revision 2, magic at 6, and the size of the block."""
    block = file.part(1024, 64)
    return _raw(block[:4] == b"\2\0\0\0" and block[6:8] == b"\x34\x34")


def _zfs(file: Edges) -> str | None:
    """ZFS on-disk specification 1.3: the ring of uberblocks, from 128 to 256 KiB of a label."""
    places = range(128 << 10, 256 << 10, 1024)
    magics = (b"\x0c\xb1\xba\0\0\0\0\0", b"\0\0\0\0\0\xba\xb1\x0c")
    return _raw(file.size >= 64 << 20 and any(file.head[at : at + 8] in magics for at in places))


def _amiga_floppy(file: Edges) -> str | None:
    """Amiga floppies: `DOS` and a kind of file system, in a file of exactly one disk."""
    return _raw(file.head[:3] == b"DOS" and file.head[3:4] <= b"\7" and file.size in (901_120, 1_802_240))


TESTS = (by_signature(SIGNATURES), _partitions, _sun, _fat, _ext, _hfs, _nilfs, _zfs, _amiga_floppy)
