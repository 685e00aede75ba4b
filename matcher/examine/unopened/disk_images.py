"""Files that are an image of a disk, a partition or a medium, in a format that states itself."""

from __future__ import annotations

from matcher.examine.unopened.edges import Edges, Signature, by_signature

_EWF, _VMDK, _DMG = "application/x-ewf", "application/x-vmdk", "application/x-apple-diskimage"

SIGNATURES: tuple[Signature, ...] = (
    (0, b"EVF\t\r\n\xff\0", _EWF),  # libewf, EWF: E01, S01
    (0, b"LVF\t\r\n\xff\0", _EWF),  # libewf, EWF: L01
    (0, b"EVF2\r\n\x81\0", _EWF),  # libewf, EWF 2: Ex01
    (0, b"LEF2\r\n\x81\0", _EWF),  # libewf, EWF 2: Lx01
    (0, b"AFF10\r\n\0", "application/x-aff"),  # AFFLIB, AF_HEADER
    (0, b"AFF\0", "application/x-aff"),  # AFFLIB, AF_SEGHEAD of a first segment
    (0, b"ADSEGMENTEDFILE\0", "application/x-ad1"),  # AccessData AD1
    (0, b"KDMV", _VMDK),  # VMware Virtual Disk Format 5.0
    (0, b"COWD", _VMDK),  # VMware Virtual Disk Format 5.0, ESX
    (0, b"# Disk DescriptorFile", _VMDK),  # VMware Virtual Disk Format 5.0, descriptor
    (0, b"conectix", "application/x-vhd"),  # Virtual Hard Disk Image Format 1.0
    (-512, b"conectix", "application/x-vhd"),  # the footer, of a fixed disk too
    (-511, b"conectix", "application/x-vhd"),  # the footer as early versions wrote it
    (0, b"vhdxfile", "application/x-vhdx"),  # MS-VHDX 2.2.1
    (0, b"QED\0", "application/x-qed"),  # QEMU docs, qed
    (64, b"\x7f\x10\xda\xbe", "application/x-virtualbox-vdi"),  # VirtualBox VDICore.h
    (0, b"WithoutFreeSpace", "application/x-parallels-disk"),  # QEMU docs, parallels
    (0, b"WithouFreSpacExt", "application/x-parallels-disk"),  # QEMU docs, parallels
    (-512, b"koly", _DMG),  # libmodi, UDIF resource file
    (0, b"sprs", _DMG),  # libmodi, sparse disk image
    (-12, b"NER5", "application/x-nrg"),  # NRG footer, version 2
    (-8, b"NERO", "application/x-nrg"),  # NRG footer, version 1
    (0, b"MEDIA DESCRIPTOR", "application/x-mds"),  # Alcohol 120 %
    (0, b"MComprHD", "application/x-chd"),  # MAME chd.h
    (0, b"CISO\0", "application/x-cso"),  # compressed ISO
    (0, b"CISO\x18", "application/x-cso"),
    (0, b"\xfe\xef\x01", "application/x-ghost"),  # Norton Ghost
    (0, b"\xce\x24\xb9\xa2", "application/x-acronis-tib"),  # Acronis True Image
    (0, b"\xb4\x6e\x68\x44", "application/x-acronis-tib"),  # Acronis True Image
    (0, b"PaRtImAgE-VoLuMe", "application/x-partimage"),  # partimage
    (0, b"partclone-image", "application/x-partclone"),  # partclone IMAGE_FORMATS.md
    (0, b"FsArCh_0", "application/x-fsarchiver"),  # fsarchiver
    (0, b"\x3a\xff\x26\xed\1\0", "application/x-android-sparse-image"),  # AOSP sparse_format.h
    (0, b"\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0", "application/x-cd-image"),  # ECMA-130, sectors of 2,352 bytes
)


def _qcow(file: Edges) -> str | None:
    """QEMU docs, qcow2: magic and a version that exists."""
    known = file.head[:4] == b"QFI\xfb" and file.head[4:8] in (b"\0\0\0\1", b"\0\0\0\2", b"\0\0\0\3")
    return "application/x-qcow" if known else None


def _aff4(file: Edges) -> str | None:
    """AFF4 standard 1.0: a zip whose first entries say so."""
    head = file.head[:4096]
    is_one = head[:4] == b"PK\x03\x04" and (b"container.description" in head or b"information.turtle" in head)
    return "application/x-aff4" if is_one else None


TESTS = (by_signature(SIGNATURES), _qcow, _aff4)
