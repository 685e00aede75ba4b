"""Contents that many unrelated files have: empty files, blocks of zeros, blank pictures of one pixel.

A digest of such a content on a list identifies nothing: a disk has thousands of empty files. The digests are computed
here from the contents. The contents are the same on every machine, so no compressor has a part in making them.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product

ALGORITHMS = ("md5", "sha1", "sha256", "sha512")
"""The digests by which trivial contents are known."""

_BLOCKS = tuple(1 << power for power in range(9, 21))
"""The usual sizes of blocks, in bytes: 512 to 1 MiB."""
_EMPTY_TAR = 10_240

_SMALL = {
    b"": "the empty file",
    b"\0": "one zero byte",
    b"\xff": "one byte 0xFF",
    b" ": "one space",
    b"\n": "one line end",
    b"\r\n": "one line end (Windows)",
    b"\xef\xbb\xbf": "a byte order mark alone (UTF-8)",
    b"\xef\xbb\xbf\r\n": "a byte order mark (UTF-8) and a line end",
    b"\xff\xfe": "a byte order mark alone (UTF-16)",
    b"\xfe\xff": "a byte order mark alone (UTF-16, big-endian)",
    b"PK\x05\x06" + bytes(18): "an empty ZIP archive",
    b"\x1f\x8b\x08" + bytes(6) + b"\x03\x03" + bytes(9): "an empty file in gzip",
    **{
        text + end: "an empty JSON document" for text in (b"{}", b"[]", b"null", b'""') for end in (b"", b"\n", b"\r\n")
    },
}

_PIXEL_PNGS = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR42mNgAAIAAAUAAen63NgAAAAASUVORK5CYII=",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVQYV2NgAAIAAAUAAarVyFEAAAAASUVORK5CYII=",
)
"""Blank PNGs of one pixel that web pages embed, in base64."""


def trivial_content(algorithm: str, digest: bytes) -> str | None:
    """What the trivial content with this digest is, in words; None where it is no digest of a trivial content."""
    return trivial_digests(algorithm).get(digest)


@cache
def trivial_digests(algorithm: str) -> Mapping[bytes, str]:
    """The digests of all trivial contents, each with the content in words; empty for other algorithms than ours."""
    if algorithm not in ALGORITHMS:
        return {}
    digests: dict[bytes, str] = {}
    for content, words in contents():
        digests.setdefault(hashlib.new(algorithm, content, usedforsecurity=False).digest(), words)
    return digests


def contents() -> Iterator[tuple[bytes, str]]:
    """A generator of every trivial content, with the words for it."""
    yield from _SMALL.items()
    yield bytes(_EMPTY_TAR), "an empty tar archive"
    for size in _BLOCKS:
        yield bytes(size), f"{size:,} zero bytes"
        yield b"\xff" * size, f"{size:,} bytes 0xFF"
    for gif in _pixel_gifs():
        yield gif, "a blank GIF of one pixel"
    for png in _PIXEL_PNGS:
        yield b64decode(png), "a blank PNG of one pixel"


def _pixel_gifs() -> Iterator[bytes]:
    """A generator of the GIFs of one pixel that differ in the fields in which the usual ones do."""
    colours = (b"\0\0\0", b"\xff\xff\xff")
    versions, backgrounds = (b"GIF89a", b"GIF87a"), (b"\0", b"\xff", b"\x01")
    controls = (b"", *(bytes((0x21, 0xF9, 4, flags, 0, 0, index, 0)) for flags, index in product((0, 1), repeat=2)))
    data = (b"\x02\x02\x44\x01\0", b"\x02\x02\x4c\x01\0", b"\x02\x01\x44\0", b"\x02\x02\x04\x01\0")
    frame = b"\x2c" + bytes(4) + b"\1\0\1\0\0"
    for version, background, first, second in product(versions, backgrounds, colours, colours):
        head = version + b"\1\0\1\0\x80" + background + b"\0" + first + second
        for control, pixel in product(controls, data):
            yield head + control + frame + pixel + b"\x3b"
