"""Picture formats that are recognised and not decoded: such a file is unreadable (`unsupported-format`), not ignored.

A signature is a number that its format's specification requires at a fixed place. Where it has fewer than four bytes,
or only common ones, the header's other fields must be valid too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import reduce
from operator import xor

Test = Callable[[bytes], bool]
"""Whether a file that begins with these bytes is of a format."""


def starts(*magics: bytes) -> Test:
    """A test for a file that begins with one of `magics`."""
    return lambda head: head.startswith(magics)


def holds(at: int, *magics: bytes) -> Test:
    """A test for a file with one of `magics` at the place `at`."""
    return lambda head: head.startswith(magics, at)


def _is_riff(*kinds: bytes) -> Test:
    return lambda head: head[:4] in (b"RIFF", b"RIFX") and head.startswith(kinds, 8)


def _is_iff(*kinds: bytes) -> Test:
    return lambda head: head[:4] in (b"FORM", b"CAT ", b"LIST") and head.startswith(kinds, 8)


def _is_dpx(head: bytes) -> bool:
    return head[:4] in (b"SDPX", b"XPDS") and head[8:9] in (b"V", b"v")


def _is_pict(head: bytes) -> bool:
    """A QuickDraw picture: 512 bytes for the program, which some lack, a length, a frame, the opcode of the version.

    Source: Inside Macintosh, Imaging With QuickDraw, appendix A.
    """
    for begin, blank in ((512, head[:512].strip(b"\0") == b""), (0, False)):
        frame = head[begin + 2 : begin + 10]
        if len(frame) < 8:
            continue
        top, left, bottom, right = struct.unpack(">hhhh", frame)
        if top >= bottom or left >= right:
            continue
        opcode = head[begin + 10 : begin + 16]
        if opcode == b"\x00\x11\x02\xff\x0c\x00" or (blank and opcode[:2] == b"\x11\x01"):
            return True
    return False


def _is_jbig(head: bytes) -> bool:
    """A JBIG bi-level image entity of one plane. It has no number, so every field must be valid.

    A picture of less than 65,536 pixels a side begins as icons do, which have a count where this has zeros. Source:
    ITU-T T.82, section 6.2.
    """
    if len(head) < 24:
        return False
    first, layers, planes, fill, width, height, stripe = struct.unpack_from(">BBBBIII", head)
    across, down, order, options = head[16:20]
    return (
        (first, planes, fill) == (0, 1, 0)
        and layers <= 6
        and 0 < width < 1 << 16
        and 0 < height < 1 << 16
        and 0 < stripe <= height
        and across <= 127
        and down == 0
        and order in (0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12)
        and options & 0x80 == 0
    )


def _is_flif(head: bytes) -> bool:
    return head[:4] == b"FLIF" and head[4:5] in b"134ACDQSTacdqst" and head[5:6] in b"012"


def _is_xwd(head: bytes) -> bool:
    """A dump of a window. Source: X11/XWDFile.h, version 7."""
    for order in "><":
        if len(head) < 40:
            return False
        size, version, kind, depth, width, height, _, byte_order, unit, bit_order = struct.unpack_from(
            f"{order}10I", head
        )
        if version == 7 and 100 <= size < 4096 and kind <= 2 and 0 < depth <= 32 and byte_order <= 1 and bit_order <= 1:
            return unit in (8, 16, 32) and 0 < width < 1 << 16 and 0 < height < 1 << 16
    return False


def _is_msp(head: bytes) -> bool:
    """Microsoft Paint's of Windows 1 and 2: the words of its header add up to 0, without carrying."""
    if head[:4] not in (b"DanM", b"LinS") or len(head) < 32:
        return False
    words: tuple[int, ...] = struct.unpack_from("<16H", head)
    return reduce(xor, words) == 0


def _is_pgf(head: bytes) -> bool:
    """Progressive graphics: a version, and the length of a header with a palette at most."""
    return head[:3] == b"PGF" and head[3:4] in b"4567" and 16 <= int.from_bytes(head[4:8], "little") < 1 << 20


def _is_nifti(head: bytes) -> bool:
    return head[344:348] in (b"n+1\0", b"ni1\0") and head[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c")


def _is_word_perfect_graphic(head: bytes) -> bool:
    return head[:4] == b"\xffWPC" and head[8:10] == b"\x01\x16"


UNREAD: tuple[tuple[Test, str], ...] = (
    # cameras; those whose files are TIFF files are told in formats/tiff.py
    (starts(b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW"), "image/x-raw"),  # ORF, RW2, RAF
    (holds(6, b"HEAPCCDR", b"HEAPJPGM"), "image/x-raw"),  # CRW
    (starts(b"FOVb", b"\0MRM", b"qktk", b"qktn", b"DSC-Image", b"ARRI\x12\x34\x56\x78"), "image/x-raw"),
    # relatives of JPEG, and what came after it
    (starts(b"II\xbc\x00", b"II\xbc\x01"), "image/jxr"),
    (starts(b"\xff\x10\xff\x50", b"\0\0\0\x0cJXS \r\n\x87\n"), "image/jxs"),
    (starts(b"\x97JB2\r\n\x1a\n"), "image/x-jbig2"),
    (_is_jbig, "image/x-jbig"),
    (starts(b"BPG\xfb"), "image/bpg"),
    (_is_flif, "image/flif"),
    (starts(b"\xf4\xff\x6f"), "image/x-webp2"),
    (starts(b"\xd7LM\n"), "image/x-pik"),
    (starts(b"\n\x04B\xd2\xd5N"), "image/x-brunsli"),
    (starts(b"\xcf\x84\x01Z", b"\xcf\x84\x01Y", b"\xcf\x84\x01X"), "image/x-lepton"),
    (starts(b"JG\x03\x0e", b"JG\x04\x0e"), "image/x-jg"),
    (_is_pgf, "image/x-pgf"),
    (starts(b"\x8bJNG\r\n\x1a\n"), "image/x-jng"),
    (starts(b"\x8aMNG\r\n\x1a\n"), "video/x-mng"),
    # film, science, medicine, archives
    (_is_dpx, "image/x-dpx"),
    (starts(b"\x80\x2a\x5f\xd7", b"\xd7\x5f\x2a\x80"), "image/x-cineon"),
    (starts(b"#?RADIANCE", b"#?RGBE", b"v/1\x01"), "image/x-hdr"),
    (holds(128, b"DICM"), "application/dicom"),
    (_is_nifti, "application/x-nifti"),
    (starts(b"NRRD000"), "image/x-nrrd"),
    (starts(b"NITF02.", b"NSIF01."), "image/nitf"),
    (starts(b"EHFA_HEADER_TAG"), "image/x-erdas-hfa"),
    (starts(b"LBLSIZE="), "image/x-vicar"),
    (starts(b"XISF0100"), "image/x-xisf"),
    (starts(b"msid\x01", b"msid\x02", b"msid\x03", b"msid\x04"), "image/x-mrsid"),
    (starts(b"PCD_OPA"), "image/x-photo-cd"),
    (holds(2048, b"PCD_IPI"), "image/x-photo-cd"),
    (starts(b"AT&TFORM"), "image/vnd.djvu"),
    (starts(b"srcdocid:"), "image/x-cals"),
    # programs
    (starts(b"gimp xcf "), "image/x-xcf"),
    (holds(20, b"GIMP", b"GPAT"), "image/x-gimp"),  # brushes, patterns
    (starts(b"id=ImageMagick", b"id=MagickPixelCache", b"id=MagickCache"), "image/x-miff"),
    (starts(b"\x08\xf2\xa6\xb6", b"\xb6\xa6\xf2\x08"), "image/x-vips"),
    (starts(b"\xab\x01\x01\x03"), "image/x-viff"),
    (starts(b"farbfeld\0\0"), "image/x-farbfeld"),
    (starts(b"Paint Shop Pro Image File\n\x1a"), "image/x-psp"),
    (starts(b"PDN3"), "image/x-paint-net"),
    (starts(b"CPT7FILE", b"CPT8FILE", b"CPT9FILE"), "image/x-corelphotopaint"),
    (starts(b"CSFCHUNK"), "image/x-clip-studio"),
    (starts(b"\0\xffKA"), "image/x-affinity"),
    (_is_msp, "image/x-msp"),
    (lambda head: head[:12] == b"Image type: " and b"\x1a" in head[:512], "image/x-im"),
    (_is_pict, "image/x-pict"),
    (_is_iff(b"ILBM", b"PBM ", b"ACBM", b"RGB8", b"RGBN", b"ANIM", b"DEEP", b"FAXX"), "image/x-ilbm"),
    (lambda head: head[:4] == b"FOR4" and head[8:12] == b"CIMG", "image/x-maya-iff"),
    (_is_riff(b"ACON"), "application/x-navi-animation"),
    (_is_riff(b"RDIB"), "image/x-rdib"),
    (_is_xwd, "image/x-xwindowdump"),
    # textures
    (starts(b"BLP1", b"BLP2"), "image/x-blp"),
    (starts(b"\xabKTX 11\xbb\r\n\x1a\n"), "image/ktx"),
    (starts(b"\xabKTX 20\xbb\r\n\x1a\n"), "image/ktx2"),
    (starts(b"PVR\x03", b"\x03RVP"), "image/x-pvr"),
    (lambda head: head[:4] == b"\x34\0\0\0" and head[44:48] == b"PVR!", "image/x-pvr"),
    (starts(b"\x13\xab\xa1\x5c"), "image/x-astc"),
    (starts(b"PKM 10", b"PKM 20"), "image/x-pkm"),
    (starts(b"VTF\0"), "image/x-vtf"),
    # vector graphics
    (starts(b"\xd7\xcd\xc6\x9a\0\0"), "image/wmf"),
    (lambda head: head[:4] == b"\1\0\0\0" and head[40:44] == b" EMF", "image/emf"),
    (starts(b"\xc5\xd0\xd3\xc6"), "image/x-eps"),
    (lambda head: head[:11] == b"%!PS-Adobe-" and b"EPSF" in head[11:32], "image/x-eps"),
    (_is_word_perfect_graphic, "image/x-wpg"),
    (_is_riff(b"CDR"), "image/x-coreldraw"),
)
"""Tests and media types. The first test that holds decides."""
