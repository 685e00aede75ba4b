"""Documents, mail, databases and caches: files that hold pictures beside their own content."""

from __future__ import annotations

import re

from matcher.examine.unopened.edges import Edges, Signature, by_signature

SIGNATURES: tuple[Signature, ...] = (
    (0, b"\x0e\x11\xfc\x0d\xd0\xcf\x11\x0e", "application/x-ole-storage"),  # a beta of MS-CFB
    (0, b"{\\rtf", "application/rtf"),  # Rich Text Format 1.9.1
    (0, b"%!PS", "application/postscript"),  # PLRM 3.3.1
    (0, b"\x04%!PS", "application/postscript"),  # the same, as Windows drivers write it
    (0, b"\x1b%-12345X", "application/vnd.hp-pcl"),  # PJL reference, universal exit language
    (0, b"ITSF\3\0\0\0", "application/vnd.ms-htmlhelp"),  # chmspec
    (0, b"ITOLITLS", "application/x-ms-reader"),  # Microsoft Reader
    (60, b"BOOKMOBI", "application/x-mobipocket-ebook"),  # MobileRead wiki, PDB
    (60, b"TEXtREAd", "application/x-palm-database"),  # MobileRead wiki, PDB
    (0, b"\xffWPC", "application/vnd.wordperfect"),  # WordPerfect 6 file format
    (0, b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "application/onenote"),  # MS-ONESTORE guidFileType
    (0, b"\xa1\x2f\xff\x43\xd9\xef\x76\x4c", "application/onenote"),  # MS-ONESTORE, .onetoc2
    (0, b"\x06\x06\xed\xf5\xd8\x1d\x46\xe5\xbd\x31\xef\xe7\xfe\x74\xb7\x1d", "application/x-indesign"),  # XMP part 3
    (0, b"\x78\x9f\x3e\x22", "application/vnd.ms-tnef"),  # MS-OXTNEF signature
    (0, b"!BDN", "application/vnd.ms-outlook-pst"),  # MS-PST dwMagic
    (0, b"\xcf\xad\x12\xfe", "application/x-outlook-express-dbx"),  # libdbx
    (0, b"!\x09p\x19", "application/x-the-bat-tbb"),  # The Bat! message base
    (0, b"\x1a\0\0\4\0\0", "application/vnd.lotus-notes"),  # libnsfdb
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),  # sqlite.org fileformat2 1.3
    (0, b"\x37\x7f\x06\x82", "application/x-sqlite3-wal"),  # sqlite.org fileformat2 4.1
    (0, b"\x37\x7f\x06\x83", "application/x-sqlite3-wal"),  # sqlite.org fileformat2 4.1
    (0, b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", "application/x-sqlite3-journal"),  # sqlite.org fileformat2 3
    (0, b"\0\1\0\0Standard Jet DB", "application/vnd.ms-access"),  # mdbtools HACKING
    (0, b"\0\1\0\0Standard ACE DB", "application/vnd.ms-access"),  # mdbtools HACKING
    (4, b"\xef\xcd\xab\x89", "application/x-ms-ese"),  # libesedb
    (16, b"T-DB", "application/x-realm"),  # realm-core file header
    (0, b"CMMM", "application/x-windows-thumbcache"),  # libwtcdb
    (0, b"\x30\x5c\x72\xa7\x1b\x6d\xfb\xfc", "application/x-chrome-cache"),  # Chromium simple_entry_format.h
    (0, b"\xc3\xca\x03\xc1", "application/x-chrome-cache"),  # Chromium disk_format_base.h, kBlockMagic
    (0, b"\xd4\xc3\xb2\xa1", "application/vnd.tcpdump.pcap"),  # pcap(5)
    (0, b"\xa1\xb2\xc3\xd4", "application/vnd.tcpdump.pcap"),  # pcap(5)
    (0, b"\x4d\x3c\xb2\xa1", "application/vnd.tcpdump.pcap"),  # pcap(5), nanoseconds
    (0, b"\n\r\r\n", "application/x-pcapng"),  # draft-ietf-opsawg-pcapng, section header block
    (0, b"BLENDER-v", "application/x-blender"),  # Blender file header
    (0, b"BLENDER_v", "application/x-blender"),
    (0, b"glTF\2\0\0\0", "model/gltf-binary"),  # glTF 2.0, GLB header
    (0, b"Kaydara FBX Binary  \0", "application/x-fbx"),  # FBX binary header
    (0, b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),  # HDF5 superblock
    (128, b"DICM", "application/dicom"),  # DICOM part 10, 7.1
)


def _riff(file: Edges) -> str | None:
    """Animated cursors (Multimedia Programming Interface 1.0) and drawings of CorelDRAW (libcdr)."""
    if file.head[:4] != b"RIFF":
        return None
    form = file.head[8:12]
    if form == b"ACON":
        return "application/x-navi-animation"
    return "image/x-coreldraw" if form[:3] in (b"CDR", b"cdr") else None


def _flash(file: Edges) -> str | None:
    """SWF file format specification 19, the header: a version that exists, and what follows in each compression."""
    head = file.head
    if len(head) < 21 or not 1 <= head[3] <= 50:
        return None
    plain = head[:3] == b"FWS" and int.from_bytes(head[4:8], "little") == file.size
    packed = (head[:3] == b"CWS" and head[8] == 0x78) or (head[:3] == b"ZWS" and head[12] == 0x5D)
    return "application/vnd.adobe.flash.movie" if plain or packed else None


def _dwg(file: Edges) -> str | None:
    """Open Design specification for .dwg 3.1: a version, and zeros behind it."""
    return "image/vnd.dwg" if re.match(rb"AC10[0-9]{2}\0", file.head) else None


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""MS-CFB 2.2."""

_STREAMS = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
)
"""Names of streams (MS-DOC, MS-XLS, MS-PPT, MS-OXMSG)."""


def names_stream(file: Edges, name: str) -> bool:
    """Whether an OLE compound file names a stream or storage, as far as its edges show."""
    wide = name.encode("utf-16-le") + b"\0\0"
    return wide in file.head or wide in file.tail


def _ole(file: Edges) -> str | None:
    if not file.head.startswith(OLE):
        return None
    return next((kind for name, kind in _STREAMS if names_stream(file, name)), "application/x-ole-storage")


def is_pdf(file: Edges) -> bool:
    """Whether `%PDF-` begins a line in the first 1,024 bytes, where readers accept it (ISO 32000-1, annex H)."""
    at = file.head.find(b"%PDF-", 0, 1024)
    return at == 0 or (at > 0 and file.head[at - 1 : at] in b"\r\n\0\xbf\x0c")


def _pdf(file: Edges) -> str | None:
    return "application/pdf" if is_pdf(file) else None


_FIELD = rb"[A-Za-z][A-Za-z0-9-]{0,60}:[ \t][^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*"
_HEADERS = re.compile(rb"(?:[0-9]{1,10} *\r?\n|>?From [^\r\n]*\r?\n)?((?:" + _FIELD + rb"){2,60})", re.IGNORECASE)
_MAIL = re.compile(
    rb"^(?:mime-version|message-id|return-path|received|delivered-to|x-mozilla-status|content-type: multipart)\b|"
    rb"^from:.*\n(?:.*\n)*?^(?:to|subject|date):|^(?:to|subject|date):.*\n(?:.*\n)*?^from:",
    re.IGNORECASE | re.MULTILINE,
)
_BOX = re.compile(rb"From \S+ +(?:\S+ +)?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d")
_PATCH = re.compile(rb"From [0-9a-f]{40} Mon Sep 17 00:00:00 2001")
_MOST_HEADERS = 16 << 10


def _mail(file: Edges) -> str | None:
    """A message (RFC 5322, MIME, MHTML, emlx) or a mailbox (RFC 4155); patches of git look like one and are none."""
    head = file.head[:_MOST_HEADERS].lstrip(b"\xef\xbb\xbf\r\n")
    if _PATCH.match(head):
        return None
    if _BOX.match(head):
        return "application/mbox"
    headers = _HEADERS.match(head)
    return "message/rfc822" if headers is not None and _MAIL.search(headers[1]) else None


TESTS = (by_signature(SIGNATURES), _ole, _pdf, _riff, _flash, _dwg, _mail)
