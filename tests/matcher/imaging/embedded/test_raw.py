"""Previews of camera raw files, and pictures in other files whose own picture is not decoded."""

from __future__ import annotations

import base64
import struct

import pytest

from matcher.imaging.embedded import find
from matcher.imaging.limits import DEFAULT_LIMITS
from matcher.imaging.sniff import HEAD, Kind, sniff
from matcher.model import Reason
from tests.shared.embedded_cases import (
    OTHER,
    OWN,
    THIRD,
    decoded,
    directory,
    exif,
    long,
    pixels,
    raw_file,
    saved,
    short,
)

PREVIEW = saved(OTHER)


def test_a_preview_below_a_page() -> None:
    found, pictures = decoded(raw_file(PREVIEW, page=THIRD))
    assert list(pictures) == ["", "preview-1"]
    assert pictures[""].tobytes() == THIRD.tobytes()
    assert pictures["preview-1"].tobytes() == pixels(PREVIEW)
    assert (found.reason, found.skipped_parts, found.width) == (Reason.UNSUPPORTED_FORMAT, (), 120)


def below(compression: int, photometric: int, at: int, length: int) -> list[tuple[int, int, bytes]]:
    """The tags of a directory of OTHER's size, RGB, in one strip."""
    return [
        *((254, 4, long(1)), (256, 4, long(160)), (257, 4, long(120)), (258, 3, short(8, 8, 8))),
        *((259, 3, short(compression)), (262, 3, short(photometric)), (273, 4, long(at)), (277, 3, short(3))),
        *((278, 4, long(120)), (279, 4, long(length))),
    ]


def test_previews_in_strips() -> None:
    at = 8 + 3 * 64 + 1000  # behind the first page's pixels and the directory
    raw = OTHER.tobytes()
    _found, pictures = decoded(raw_file(raw, below=below(1, 2, at, len(raw))))
    assert pictures["preview-1"].tobytes() == raw
    _found, pictures = decoded(raw_file(PREVIEW, below=below(7, 6, at, len(PREVIEW))))
    assert pictures["preview-1"].tobytes() == pixels(PREVIEW)


@pytest.mark.parametrize(("compression", "photometric"), [(1, 32803), (7, 34892), (34713, 32803), (65535, 2)])
def test_what_a_sensor_saw_is_no_preview(compression: int, photometric: int) -> None:
    at = 8 + 3 * 64 + 1000
    found, pictures = decoded(raw_file(PREVIEW, below=below(compression, photometric, at, len(PREVIEW))))
    assert (list(pictures), found.skipped_parts) == ([""], ())


def test_a_preview_that_only_the_makers_notes_know() -> None:
    data = raw_file(PREVIEW) + b"maker" + saved(THIRD)
    _found, pictures = decoded(data)
    assert list(pictures) == ["", "preview-1", "preview-2"]
    assert pictures["preview-2"].tobytes() == pixels(saved(THIRD))


def test_a_preview_that_is_damaged_is_named() -> None:
    found, pictures = decoded(raw_file(PREVIEW[:-500]))
    assert list(pictures) == ["", "preview-1"]
    assert (found.reason, found.skipped_parts) == (Reason.UNSUPPORTED_FORMAT, ("preview",))


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


UNDECODED = {
    "CR3": lambda: b"".join(
        (
            box(b"ftyp", b"crx \0\0\0\1crx isom"),
            box(b"moov", box(b"uuid", bytes(16) + box(b"THMB", bytes(16) + saved(THIRD)))),
            box(b"mdat", bytes(100) + PREVIEW + bytes(100)),
        )
    ),
    "RAF": lambda: b"FUJIFILMCCD-RAW 0201".ljust(148, b"\0") + saved(THIRD) + bytes(50) + PREVIEW + bytes(5000),
    "ORF": lambda: b"IIRO" + exif(saved(THIRD))[4:] + b"notes" + PREVIEW,
    "RW2": lambda: b"IIU\0" + long(8) + directory([(0x2E, 7, saved(THIRD))], at=8) + PREVIEW,
    "CRW": lambda: b"II\x1a\0\0\0HEAPCCDR".ljust(40, b"\0") + saved(THIRD) + PREVIEW,
    "EPS": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n" + saved(THIRD) + PREVIEW,
    "SVG": lambda: b"".join(
        (
            b'<svg xmlns="x"><image href="data:image/jpeg;base64,' + base64.b64encode(saved(THIRD)) + b'"/>',
            b"<image href='data:image/jpeg;base64," + base64.b64encode(PREVIEW).replace(b"+", b"%2B") + b"'/></svg>",
        )
    ),
}


@pytest.mark.parametrize("form", UNDECODED)
def test_pictures_in_a_file_that_is_not_decoded(form: str) -> None:
    found, pictures = decoded(UNDECODED[form]())
    assert list(pictures) == ["preview-1", "preview-2"]
    assert pictures["preview-1"].tobytes() == pixels(saved(THIRD))
    assert pictures["preview-2"].tobytes() == pixels(PREVIEW)
    assert (found.reason, found.width, found.height) == (Reason.UNSUPPORTED_FORMAT, None, None)


def test_small_and_lossless_ones_are_no_previews() -> None:
    lossless = bytearray(PREVIEW)
    lossless[lossless.index(b"\xff\xc0") + 1] = 0xC3
    tiny = saved(OTHER.resize((15, 40)))
    assert find(b"FUJIFILMCCD-RAW" + lossless + tiny, Kind("image/x-raw"), DEFAULT_LIMITS).pictures == ()


def test_directories_that_share_the_file_are_copied_a_bounded_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each directory below a page is read from a copy of the file."""
    subs = [directory(below(1, 2, 8, 57_600), at=60_000 + 200 * number).ljust(200, b"\0") for number in range(20)]
    places = b"".join(long(60_000 + 200 * number) for number in range(20))
    first = directory([*below(1, 2, 8, 57_600), (330, 4, places)], at=64_000)
    data = (b"II*\0" + long(64_000) + OTHER.tobytes()).ljust(60_000, b"\0") + b"".join(subs) + first
    kind = sniff(data[:HEAD])
    assert kind is not None
    assert len(find(data, kind, DEFAULT_LIMITS).pictures) == 20
    monkeypatch.setattr("matcher.imaging.embedded.search.MOST_COPIED", 5 * len(data))
    found = find(data, kind, DEFAULT_LIMITS)
    assert (len(found.pictures), found.is_cut) == (5, True)
    assert list(decoded(data)[1]) == [""]


def test_previews_of_a_page_are_read_once() -> None:
    """A classic JPEG in a TIFF: the tags 513 and 514 lie beside strips, which are that page's own."""
    data = saved(OWN, "TIFF", compression="jpeg")
    assert list(decoded(data)[1]) == [""]
