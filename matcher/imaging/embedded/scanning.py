"""Whole files that lie anywhere in a stretch of bytes, found by their signatures.

A place counts only where more than the signature is right: a JPEG must have a frame and a scan, a PNG its header. The
search goes on behind the end of what was found, so nothing is looked at twice, and files inside of files are not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter

from matcher.imaging.embedded.boxes import boxes_end
from matcher.imaging.embedded.extents import EXTENTS, riff_end
from matcher.imaging.embedded.jpeg_extent import jpeg_extent
from matcher.imaging.embedded.search import Search
from matcher.imaging.embedded.tiff_tree import HEIGHT, WIDTH, directories
from matcher.imaging.readers import reader_of
from matcher.imaging.sniff import HEAD, sniff

_WINDOW = 1 << 16
_LONGEST = 128
"""The bytes of a window, and the most bytes that a signature takes."""
SMALLEST = 16
"""The fewest pixels of a side of a JPEG: smaller ones are icons, or chance."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies at a place: where it ends, and its decoder, or else the kind of a part that is not looked at.

    Neither where it is to be passed over.
    """

    end: int
    decoder: str = ""
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """The bytes by which a kind of file is found, how many bytes it begins before them, and what then lies there."""

    pattern: re.Pattern[bytes]
    look: Callable[[bytes, int, int, Search], Hit | None]
    before: int = 0


Labels = Callable[[int], str | None]
"""Where a picture begins → its kind, one of EMBEDDED; None for a picture that is known already."""


def scan(
    data: bytes,
    begin: int,
    end: int,
    search: Search,
    *,
    what: str | Labels,
    signatures: Sequence[Signature] | None = None,
) -> None:
    """Add the pictures that lie between `begin` and `end`, in order, and note the parts that are not looked at.

    `what` is their kind, one of EMBEDDED, or a function that returns it.
    """
    wanted = EVERYTHING if signatures is None else signatures
    at = begin
    while at < end:
        window = min(at + _WINDOW, end)
        for place, signature in sorted(_places(data, (at, window, end), wanted, search), key=itemgetter(0)):
            hit = signature.look(data, place, end, search) if place >= at else None
            if hit is None:
                continue
            kind = what if isinstance(what, str) else what(place)
            if hit.skipped:
                search.skip(hit.skipped)
            elif hit.decoder and kind is not None:
                add_file(data, place, hit, search, kind)
            at = max(hit.end, place + 1)
        at = max(at, window)


def _places(
    data: bytes, bounds: tuple[int, int, int], wanted: Sequence[Signature], search: Search
) -> Iterator[tuple[int, Signature]]:
    """A generator of the places in one window where a file may begin, by signature; `bounds` are the window's begin and
    end, and that of the stretch.

    All signatures are looked for in one window before the next: behind a picture there is often one long file.
    """
    begin, window, end = bounds
    for signature in wanted:
        at = begin + signature.before
        while found := signature.pattern.search(data, at, min(window + _LONGEST, end)):
            at = found.start() + 1  # the next one may overlap
            if found.start() - signature.before >= window:
                break
            search.step()
            yield found.start() - signature.before, signature


def add_file(data: bytes, at: int, hit: Hit, search: Search, kind: str) -> None:
    """Add the file at `at`, all of its frames; of a JPEG the first: others lie behind its end, and are found there."""
    read = reader_of(hit.decoder)
    search.add(kind, partial(_piece, data, at, hit.end), read, only_first=hit.decoder == "JPEG")


def _piece(data: bytes, begin: int, end: int) -> bytes:
    return data[begin:end]


def _jpeg(data: bytes, at: int, end: int, search: Search) -> Hit | None:
    extent = jpeg_extent(data, at, end, search)
    if not extent.is_picture or min(extent.width, extent.height) < SMALLEST:
        return None
    # without loss: the picture of a raw file itself, which is not decoded
    return Hit(extent.end, "" if extent.is_lossless else "JPEG")


def _by_structure(decoder: str) -> Callable[[bytes, int, int, Search], Hit | None]:
    def look(data: bytes, at: int, end: int, search: Search) -> Hit | None:
        stop = EXTENTS[decoder](data, at, end, search)
        return Hit(stop, decoder) if stop > at else None

    return look


def _riff(data: bytes, at: int, end: int, search: Search) -> Hit | None:
    stop = riff_end(data, at, end, search)
    return Hit(stop, "WEBP") if data[at + 8 : at + 12] == b"WEBP" else Hit(stop, skipped="video")


def _media(data: bytes, at: int, end: int, search: Search) -> Hit | None:
    """A file of boxes: a picture where its brand says so, else a film. Sound alone is passed over."""
    stop = boxes_end(data, at, end, search)
    if stop <= at:
        return None
    kind = sniff(data[at : at + HEAD])
    if kind is not None and kind.decoder is not None:
        return Hit(stop, kind.decoder)
    return Hit(stop) if data[at + 8 : at + 11] in (b"M4A", b"M4B") else Hit(stop, skipped="video")


def _boxed(decoder: str) -> Callable[[bytes, int, int, Search], Hit | None]:
    def look(data: bytes, at: int, end: int, search: Search) -> Hit | None:
        stop = boxes_end(data, at, end, search)
        return Hit(stop, decoder) if stop > at + 12 else None

    return look


def _tiff(data: bytes, at: int, end: int, search: Search) -> Hit | None:
    """A TIFF whose first directory states a size. It ends where its last strip, tile or directory does."""
    stop, is_picture = at, False
    for directory in directories(data, search, at, end):
        is_picture = is_picture or (WIDTH in directory and HEIGHT in directory)
        if not is_picture:
            return None
        ends = [span[1] for span in (*directory.pixels(search), directory.jpeg())]
        values = [directory.span(tag)[1] for tag in directory.tags]
        stop = max(stop, directory.at + 6 + 12 * len(directory.tags), *ends, *values)
    return Hit(min(stop, end), "TIFF") if is_picture else None


def _film(_data: bytes, _at: int, end: int, _search: Search) -> Hit | None:
    return Hit(end, skipped="video")


def _container(_data: bytes, at: int, _end: int, _search: Search) -> Hit | None:
    return Hit(at + 1, skipped="container")


def _signature(pattern: bytes, look: Callable[[bytes, int, int, Search], Hit | None], *, before: int = 0) -> Signature:
    return Signature(re.compile(pattern, re.DOTALL), look, before)


_ZIP = rb"PK\x03\x04[\x00-\x3f].{3}[\x00\x01\x06\x08-\x0e\x5d-\x63]\x00.{16}[\x01-\xff][\x00-\x03].{2}[\x20-\xff]"
"""A local header of a zip with a known method and a name. Source: PKWARE's APPNOTE, section 4.3.7."""

JPEG_FILE = _signature(rb"\xff\xd8\xff[\xc0-\xcf\xdb-\xfe]", _jpeg)
PNG_FILE = _signature(rb"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", _by_structure("PNG"))
WEBP_FILE = _signature(rb"RIFF....(?:WEBPVP8|AVI LIST)", _riff)

METADATA = (JPEG_FILE, PNG_FILE, WEBP_FILE)
"""The files that metadata hold."""

EVERYTHING = (
    *METADATA,
    _signature(rb"GIF8[79]a(?!\0\0)..(?!\0\0)..", _by_structure("GIF")),
    _signature(rb"BM....\0\0\0\0..\0\0[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", _by_structure("BMP")),
    _signature(rb"ftyp[\x20-\x7e]{3}", _media, before=4),
    _signature(rb"JXL \r\n\x87\n", _boxed("JXL"), before=4),
    _signature(rb"jP  \r\n\x87\n", _boxed("JPEG2000"), before=4),
    _signature(rb"II\*\0", _tiff),
    _signature(rb"MM\0\*", _tiff),
    _signature(rb"\x1a\x45\xdf\xa3.{0,64}?\x42\x82[\x84-\x88](?:webm|matroska)", _film),
    _signature(_ZIP, _container),
    _signature(rb"Rar!\x1a\x07[\0\1]", _container),
    _signature(rb"7z\xbc\xaf\x27\x1c", _container),
    _signature(rb"%PDF-[12]\.", _container),
)
"""The files that are found behind a picture's end, and the containers and films there, which are not opened."""


def known_places(places: Collection[int], what: str) -> Labels:
    """Every picture is of kind `what`, except those that begin at `places`."""
    return lambda at: None if at in places else what
