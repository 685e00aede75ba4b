"""What only a key opens: encrypted volumes, archives, documents and messages."""

from __future__ import annotations

import re
import struct

import numpy as np

from matcher.examine.unopened.archives import is_zip, zip_entries
from matcher.examine.unopened.documents import OLE, is_pdf, names_stream
from matcher.examine.unopened.edges import Edges, Signature, by_signature

SIGNATURES: tuple[Signature, ...] = (
    (0, b"LUKS\xba\xbe", "application/x-luks"),  # LUKS1 and LUKS2 on-disk format
    (3, b"-FVE-FS-", "application/x-bitlocker"),  # libbde, volume header
    (  # libbde, volume header of BitLocker To Go
        424,
        b"\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01",
        "application/x-bitlocker",
    ),
    (0, b"encrcdsa", "application/x-apple-diskimage"),  # vfdecrypt, header version 2
    (-8, b"cdsaencr", "application/x-apple-diskimage"),  # vfdecrypt, header version 1
    (0, b"ADCRYPT\0", "application/x-ad1"),  # FTK Imager, AD encryption
    (0, b"PGPdMAIN", "application/x-pgp-disk"),  # PGP Virtual Disk
    (0, b"-----BEGIN PGP MESSAGE-----", "application/pgp-encrypted"),  # RFC 9580 6.2
    (0, b"Salted__", "application/x-openssl-enc"),  # openssl-enc(1)
    (0, b"U2FsdGVkX1", "application/x-openssl-enc"),  # the same in base64
    (0, b"age-encryption.org/v1\n", "application/x-age"),  # c2sp.org/age
    (0, b"-----BEGIN AGE ENCRYPTED FILE-----", "application/x-age"),  # c2sp.org/age
    (0, b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5", "application/x-keepass"),  # KeePass 1
    (0, b"\x03\xd9\xa2\x9a\x66\xfb\x4b\xb5", "application/x-keepass"),  # KeePass 2 before its release
    (0, b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5", "application/x-keepass"),  # KeePass 2
    (0, b"\xc0\xb9\x07\x2e\x4f\x93\xf1\x46\xa0\x15\x79\x2c\xa1\xd9\xe8\x21", "application/x-axcrypt"),  # AxCrypt
    (0, b"AES\0", "application/x-aescrypt"),  # AES Crypt file format 0
    (0, b"AES\1", "application/x-aescrypt"),  # AES Crypt file format 1
    (0, b"AES\2", "application/x-aescrypt"),  # AES Crypt file format 2
    (0, b"AES\3", "application/x-aescrypt"),  # AES Crypt file format 3
    (0, b"\0GITCRYPT\0", "application/x-git-crypt"),  # git-crypt commands.cpp
)


def _zip(file: Edges) -> str | None:
    """APPNOTE 4.4.4: bit 0 of an entry's flags, or bit 13, an encrypted directory."""
    hidden = is_zip(file) and any(flags & 0x2001 for flags, _name in zip_entries(file))
    return "application/zip" if hidden else None


def _seven_zip(file: Edges) -> str | None:
    """7zFormat.txt: the header behind the data names the method 06 F1 07 01, AES-256."""
    if not file.head.startswith(b"7z\xbc\xaf\x27\x1c") or len(file.head) < 32:
        return None
    offset, size = struct.unpack_from("<QQ", file.head, 12)
    header = file.part(32 + offset, min(size, 1 << 16)) if offset < file.size else b""
    return "application/x-7z-compressed" if b"\x06\xf1\x07\x01" in header else None


_MOST_BLOCKS = 64


def _rar(file: Edges) -> str | None:
    head, kind = file.head, "application/vnd.rar"
    if head.startswith(b"Rar!\x1a\x07\x01\x00"):
        return kind if _is_encrypted_rar5(head) else None
    return kind if head.startswith(b"Rar!\x1a\x07\x00") and _is_encrypted_rar4(head) else None


def _is_encrypted_rar4(head: bytes) -> bool:
    """RAR 4 technote: flag 0x80 of the archive's header, or flag 4 of a file's."""
    at = 7
    for _block in range(_MOST_BLOCKS):
        if at + 11 > len(head):
            return False
        kind, flags, size, data = struct.unpack_from("<BHHI", head, at + 2)
        if (kind == 0x73 and flags & 0x80) or (kind == 0x74 and flags & 4):
            return True
        if size < 7:
            return False
        at += size + (data if kind == 0x74 or flags & 0x8000 else 0)
    return False


def _is_encrypted_rar5(head: bytes) -> bool:
    """RAR 5.0 archive format: an encryption header (type 4), or the record of encryption (type 1) of a file."""
    at = 8
    for _block in range(_MOST_BLOCKS):
        size, begin = _number(head, at + 4)
        kind, place = _number(head, begin)
        flags, place = _number(head, place)
        end = begin + size
        if kind == 4:
            return True
        if kind not in (1, 2, 3) or not size:
            return False
        extra = data = 0
        if flags & 1:
            extra, place = _number(head, place)
        if flags & 2:
            data, place = _number(head, place)
        if kind == 2 and _has_encryption(head[max(end - extra, begin) : end]):
            return True
        at = end + data
    return False


def _has_encryption(records: bytes) -> bool:
    at = 0
    for _record in range(_MOST_BLOCKS):
        size, begin = _number(records, at)
        kind, _place = _number(records, begin)
        if not size:
            return False
        if kind == 1:
            return True
        at = begin + size
    return False


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and the offset behind it; 0 where it does not end."""
    value = 0
    for place in range(10):
        if at + place >= len(data):
            return 0, at + place
        value |= (data[at + place] & 0x7F) << 7 * place
        if not data[at + place] & 0x80:
            return value, at + place + 1
    return 0, at + 10


_ENCRYPT = re.compile(rb"/Encrypt[ \t\r\n]*(?:[0-9]{1,10}[ \t\r\n]+[0-9]{1,5}[ \t\r\n]+R|<<)")


def _pdf(file: Edges) -> str | None:
    """ISO 32000-1, 7.6.1: the trailer has an Encrypt dictionary. It stands at the end, or in the first page's part."""
    if not is_pdf(file):
        return None
    return "application/pdf" if _ENCRYPT.search(file.tail) or _ENCRYPT.search(file.head[:8192]) else None


def _office(file: Edges) -> str | None:
    """MS-OFFCRYPTO: an encrypted package, and the flags of a document of Word, Excel or PowerPoint before 2007."""
    head = file.head
    if not head.startswith(OLE):
        return None
    if names_stream(file, "EncryptedPackage"):
        return "application/x-ole-storage"
    if head[512:514] == b"\xec\xa5" and len(head) > 524 and head[523] & 1:  # MS-DOC FibBase, fEncrypted
        return "application/msword"
    if head[512:514] == b"\x09\x08":  # MS-XLS: FilePass follows the first BOF
        behind = 516 + int.from_bytes(head[514:516], "little")
        if head[behind : behind + 2] == b"\x2f\0":
            return "application/vnd.ms-excel"
    return "application/vnd.ms-powerpoint" if names_stream(file, "EncryptedSummary") else None


def _open_pgp(file: Edges) -> str | None:
    """RFC 9580 4 and 5: a packet with a session key, for a public key (tag 1) or a passphrase (tag 3), comes first."""
    head = file.head
    if len(head) < 16 or not head[0] & 0x80:
        return None
    if head[0] & 0x40:
        tag, begin = head[0] & 0x3F, 2 if head[1] < 192 else 3
        length = head[1] if begin == 2 else ((head[1] - 192) << 8) + head[2] + 192
    else:
        tag, begin = (head[0] >> 2) & 15, (2, 3, 5, 1)[head[0] & 3]
        length = int.from_bytes(head[1:begin], "big")
    body, follows = head[begin : begin + 12], file.part(begin + length, 1)
    behind = follows[:1] and follows[0] & 0x80
    if tag == 1 and behind and body[0] == 3 and body[9] in (1, 2, 16, 18) and 20 <= length <= 4096:
        return "application/pgp-encrypted"
    if tag == 3 and behind and body[0] == 4 and 1 <= body[1] <= 13 and body[2] in (0, 1, 3) and 4 <= length <= 64:
        return "application/pgp-encrypted"
    return None


def _enveloped(file: Edges) -> str | None:
    """RFC 5652: the content type enveloped-data, 1.2.840.113549.1.7.3, at the beginning of a DER sequence."""
    der = file.head[:1] == b"\x30" and b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03" in file.head[:24]
    return "application/pkcs7-mime" if der else None


def _ecryptfs(file: Edges) -> str | None:
    """eCryptfs crypto.c: two words at 8 that differ by the marker 0x3C81B7F5."""
    if file.size < 8192 or len(file.head) < 16:
        return None
    first, second = struct.unpack_from(">II", file.head, 8)
    return "application/x-ecryptfs" if first ^ second == 0x3C81B7F5 else None


def _core_storage(file: Edges) -> str | None:
    """libfvde, CoreStorage volume header: version 1, block type 0x10, `CS` at 88."""
    head = file.head
    is_one = head[88:90] == b"CS" and head[8:12] == b"\1\0\x10\0"
    return "application/x-corestorage" if is_one else None


_SAMPLE = 64 << 10
_MOST_CHI_SQUARE = 390.0
"""Chi-square of 256 kinds of bytes: six standard deviations above the 255 that is expected of random bytes."""


def _random(file: Edges) -> str | None:
    """A guess: bytes without any structure, in whole sectors, as volumes of VeraCrypt are; they have no signature."""
    if file.size < _SAMPLE or file.size % 512:
        return None
    return "application/octet-stream" if _is_even(file.head[:_SAMPLE]) and _is_even(file.head) else None


def _is_even(data: bytes) -> bool:
    """Whether every value of a byte occurs as often as in random data."""
    counts = np.bincount(np.frombuffer(data, np.uint8), minlength=256)
    expected = len(data) / 256
    return float(((counts - expected) ** 2).sum()) / expected <= _MOST_CHI_SQUARE


TESTS = (
    by_signature(SIGNATURES),
    _zip,
    _seven_zip,
    _rar,
    _pdf,
    _office,
    _open_pgp,
    _enveloped,
    _ecryptfs,
    _core_storage,
)
GUESSES = (_random,)
"""For a file that is nothing else that is told apart."""
