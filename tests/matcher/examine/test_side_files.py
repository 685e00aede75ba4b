"""AppleDouble files by content: attributes alone are skipped as such, anything that may be a picture is not."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from matcher.examine.engine import Matcher
from matcher.examine.side_files import SEEN, side_file
from matcher.model import Reason, Status

FINDER, FORK, DATA = 9, 2, 1
BLANK_FORK = bytes(30) + b"This resource fork intentionally left blank   ".ljust(256, b"\0")
"""What macOS writes where a file has no resources: 286 bytes."""
ATTRIBUTES = b"ATTR" + bytes(40) + b"com.apple.quarantine\0" + b"0081;5f8f;Safari;" + b"bplist00\xa1PICTURES"


def apple_double(*entries: tuple[int, bytes], magic: int = 0x00051607, version: int = 0x20000) -> bytes:
    at = 26 + 12 * len(entries)
    made = struct.pack(">II16sH", magic, version, b"Mac OS X        ", len(entries))
    for kind, body in entries:
        made += struct.pack(">III", kind, at, len(body))
        at += len(body)
    return made + b"".join(body for _, body in entries)


def reason(data: bytes) -> Reason | None:
    return side_file(data[:SEEN], len(data))


USUAL = apple_double((FINDER, bytes(32) + ATTRIBUTES.ljust(3738, b"\0")), (FORK, BLANK_FORK))


@pytest.mark.parametrize(
    "data",
    [
        USUAL,
        apple_double((FINDER, bytes(32)), (FORK, b"")),
        apple_double(),
        apple_double((FINDER, b""), version=0x10000),
    ],
)
def test_attributes_are_a_side_file(data: bytes) -> None:
    assert reason(data) is Reason.SIDE_FILE


@pytest.mark.parametrize("name", ["._IMG_0001.jpg", "notes", "x.heic"])
def test_a_side_file_is_skipped_whatever_its_name(name: str) -> None:
    finding = Matcher([]).examine(USUAL, name=name)
    assert (finding.status, finding.reason) == (Status.SKIPPED, Reason.SIDE_FILE)


PICTURES: Sequence[bytes] = [
    b"\xff\xd8\xff\xe0JFIF",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"\0\x11\2\xff\x0c\0",
    b"ftypheic",
]


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("kind", [FINDER, FORK])
def test_a_picture_in_the_attributes_or_resources_is_not_passed_over(kind: int, picture: bytes) -> None:
    data = apple_double((FINDER, bytes(32)), (kind, bytes(300) + picture + bytes(50)))
    assert reason(data) is Reason.CONTAINER_NOT_OPENED
    finding = Matcher([]).examine(data, name="._a.jpg")
    assert (finding.status, finding.reason) == (Status.SKIPPED, Reason.CONTAINER_NOT_OPENED)


@pytest.mark.parametrize("resource", [b"icns", b"PICT", b"pnot", b"ICN#"])
def test_resources_that_hold_pictures(resource: bytes) -> None:
    assert reason(apple_double((FORK, bytes(256) + resource + bytes(20)))) is Reason.CONTAINER_NOT_OPENED
    assert reason(apple_double((FINDER, bytes(256) + resource + bytes(20)))) is Reason.SIDE_FILE  # a word of a text


def test_what_is_large_cut_or_odd_is_not_passed_over() -> None:
    large = apple_double((FINDER, bytes(32)), (FORK, bytes(SEEN)))
    hidden = USUAL + bytes(100) + b"\xff\xd8\xff\xe0"
    for data in (large, hidden, USUAL[:60], USUAL[:20], USUAL[:4], apple_double((DATA, b"text"))):
        assert reason(data) is Reason.CONTAINER_NOT_OPENED
    assert reason(apple_double((FINDER, b""), version=3)) is Reason.CONTAINER_NOT_OPENED


def test_other_files_are_none() -> None:
    for data in (apple_double((DATA, b"text"), magic=0x00051600), b"", b"\0\5\x16", b"\xff\xd8\xff" + USUAL):
        assert reason(data) is None
