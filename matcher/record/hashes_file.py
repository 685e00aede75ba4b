"""case.hashes: every hash that a scan computed, for looking up later versions of lists without the evidence.

    case.hashes/N.hashes    the hashes of scan N, written by the one process that scans, appended and never changed

A file is a header and groups, all numbers little-endian. The header: the 8 bytes of MAGIC, a uint32, and as many bytes
of JSON: `format`, `scan`, `digests` (name, width) and `pictures` (name, width, margin, profile, and for hashes of
reduced pictures screen_margin, quality_margin, screen_profile, screen_doubts). A group is GROUP (MARK, the number of
items n, the first seq, the number of renderings r) and then these columns, each whole, one after the other:

    modified    (n,) int64        the item's time of modification, in nanoseconds since 1970; NO_TIME: not known
    flags       (n,) uint8        DIGESTED, NOTABLE, DOUBTFUL, CONFLICT, RETRIED, NOT_COMPARED
    renderings  (n,) uint32       the number of the group's renderings that belong to the item
    digest      (n, width) uint8  for each digest of the header; zeros without DIGESTED
    part        (r,) uint16       the embedded picture: its place in renderings.EMBEDDED times PART_STEP + number;
                                  0: the file's own picture. Format 2 has no such column
    frame       (r,) uint32       the number of the frame or page, from 1
    kind        (r,) uint8        the place in renderings.KINDS
    region      (r, 4) int32      x, y, width, height; all -1 for the whole picture, which comes before its regions
    codes       (r, 8, width) uint8   for each algorithm of the header: the eight orientations as they were looked up
    quality     (r, 8) uint8          and their qualities: NO_QUALITY none, ABSENT the hash was not computed
    slack       (r, 8) uint8          the largest distance of each to its reference hash; MARGIN_SLACK: the algorithm's
                                      margin, SCREEN_SLACK: the margin of its screen
    doubtful    (r, 8, width) uint8   only with screen_doubts: the bits that may differ; all bits where not known

A group is on the disk before the ledger's entries of its items are. So after a crash at most the last groups have no
entries, and they are cut off when the scan is resumed. The SHA-256 of the whole file is in `scan.close`.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.errors import CaseError
from matcher.imaging.renderings import KINDS, EmbeddedPart, parse_rendering, rendering_name
from matcher.lookup.chances import REGION, WHOLE
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import NO_QUALITY as NO_QUALITY  # noqa: PLC0414 - part of this format
from matcher.model import TRANSFORMS, Finding, Item, OrientationHashes, Region

FOLDER = "case.hashes"
FORMAT = 3
READABLE = (2, FORMAT)
"""The formats that are read. Only FORMAT is written."""
MAGIC = b"MHASHES\x01"
GROUP = struct.Struct("<4sIQI")
MARK = b"GRUP"

DIGESTED, NOTABLE, DOUBTFUL, CONFLICT, RETRIED, NOT_COMPARED = 1, 2, 4, 8, 16, 32
NO_TIME = -(2**63)
PART_STEP = 10_000
ABSENT = 254
SCREEN_SLACK = 254
MARGIN_SLACK = 255
_WHOLE = (-1, -1, -1, -1)
_MOST_HEADER = 1 << 20
_TURNS = len(TRANSFORMS)

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class StoredAlgorithm:
    """One algorithm in the header. Only perceptual ones have the fields from `margin` on."""

    name: str
    width: int
    margin: int = 0
    profile: str = ""
    screen_margin: int = 0
    quality_margin: int = 0
    screen_profile: str = ""
    screen_doubts: bool = False

    def as_json(self) -> dict[str, Any]:
        """The element of the header's `pictures`."""
        return {field: getattr(self, field) for field in self.__slots__}

    def encode_slack(self, slack: tuple[int, ...]) -> bytes:
        """The slack as stored: a value too large for a byte, as squared distances are, becomes the margin above it."""
        return bytes(MARGIN_SLACK if value and value == self.margin else min(value, SCREEN_SLACK) for value in slack)

    def decode_slack(self, stored: Array) -> npt.NDArray[np.int64]:
        """The slack of `stored`, uint8 of any shape: the inverse of `encode_slack`, for the same shape."""
        special = np.where(stored == MARGIN_SLACK, self.margin, self.screen_margin)
        return np.where(stored >= SCREEN_SLACK, special, stored.astype(np.int64))


def stored_algorithm(lookup: PictureLookup) -> StoredAlgorithm:
    """The header's description of the hashes that a lookup computes."""
    facts, screen = lookup.hasher.algorithm, lookup.screen
    return StoredAlgorithm(
        facts.name,
        facts.width,
        lookup.margin,
        lookup.hasher.profile,
        screen.margin,
        screen.quality_margin,
        screen.profile,
        screen.marks_doubtful,
    )


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a file: the scan, and the algorithms whose hashes are stored."""

    scan: int
    digests: tuple[StoredAlgorithm, ...]
    pictures: tuple[StoredAlgorithm, ...]
    format: int = FORMAT

    def as_bytes(self) -> bytes:
        """The header as it begins the file: MAGIC, the length, the JSON."""
        form = {
            "format": self.format,
            "scan": self.scan,
            "digests": [{"name": algorithm.name, "width": algorithm.width} for algorithm in self.digests],
            "pictures": [algorithm.as_json() for algorithm in self.pictures],
        }
        body = json.dumps(form, sort_keys=True, separators=(",", ":")).encode("ascii")
        return MAGIC + struct.pack("<I", len(body)) + body

    def columns(self, items: int, renderings: int) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """A generator of the name, dtype and shape of each column of a group, in order."""
        yield "modified", "<i8", (items,)
        yield "flags", "<u1", (items,)
        yield "renderings", "<u4", (items,)
        for algorithm in self.digests:
            yield algorithm.name, "<u1", (items, algorithm.width)
        if self.format > 2:
            yield "part", "<u2", (renderings,)
        yield "frame", "<u4", (renderings,)
        yield "kind", "<u1", (renderings,)
        yield "region", "<i4", (renderings, 4)
        for algorithm in self.pictures:
            yield f"{algorithm.name} codes", "<u1", (renderings, _TURNS, algorithm.width)
            yield f"{algorithm.name} quality", "<u1", (renderings, _TURNS)
            yield f"{algorithm.name} slack", "<u1", (renderings, _TURNS)
            if algorithm.screen_doubts:
                yield f"{algorithm.name} doubtful", "<u1", (renderings, _TURNS, algorithm.width)


Place = tuple[str, Region | None]
"""The picture of one row: a rendering, and a region of it or None for the whole."""


@dataclass(frozen=True, slots=True)
class ItemHashes:
    """The stored hashes of one item, with its flags and its time of modification."""

    modified: int
    flags: int
    digests: Mapping[str, bytes]
    pictures: Mapping[Place, Mapping[str, OrientationHashes]]
    """By place, then by algorithm."""

    def query_counts(self) -> dict[str, int]:
        """The number of the item's hashes that each algorithm looks up, by kind."""
        regions = sum(region is not None for _rendering, region in self.pictures)
        return {WHOLE: _TURNS * (len(self.pictures) - regions), REGION: _TURNS * regions}


def hashes_of(item: Item, finding: Finding, *, retried: bool) -> ItemHashes:
    """The part of an item and its finding that the file stores."""
    pictures: dict[Place, dict[str, OrientationHashes]] = {}
    for turned in finding.pictures:
        pictures.setdefault((turned.rendering, turned.region), {})[turned.algorithm] = turned
    flags = (
        (DIGESTED if finding.digests else 0)
        | (NOTABLE if finding.notable else 0)
        | (DOUBTFUL if finding.doubtful else 0)
        | (CONFLICT if finding.conflict else 0)
        | (RETRIED if retried else 0)
        | (0 if finding.is_compared else NOT_COMPARED)
    )
    fits = item.modified is not None and NO_TIME < item.modified < 2**63  # a damaged file system may report any time
    return ItemHashes(
        item.modified if fits and item.modified is not None else NO_TIME,
        flags,
        {digest.algorithm: digest.value for digest in finding.digests},
        pictures,
    )


def encode_group(header: Header, first: int, items: list[ItemHashes]) -> bytes:
    """The bytes of one group whose first item has the seq `first`; `CaseHashes.decode_group` is the inverse."""
    renderings = [hashes for item in items for hashes in item.pictures.values()]
    names = [place for item in items for place in item.pictures]
    places = [parse_rendering(name) for name, _region in names]
    regions = [_WHOLE if region is None else region for _name, region in names]
    columns: dict[str, Array] = {
        "modified": np.array([item.modified for item in items], "<i8"),
        "flags": np.array([item.flags for item in items], np.uint8),
        "renderings": np.array([len(item.pictures) for item in items], "<u4"),
        "part": np.array([_encoded_part(place.part) for place in places], "<u2"),
        "frame": np.array([place.frame for place in places], "<u4"),
        "kind": np.array([KINDS.index(place.kind) for place in places], np.uint8),
        "region": np.array(regions, "<i4").reshape(-1, 4),
    }
    for algorithm in header.digests:
        name, blank = algorithm.name, bytes(algorithm.width)
        columns[name] = np.frombuffer(b"".join(item.digests.get(name, blank) for item in items), np.uint8)
    for algorithm in header.pictures:
        codes = np.zeros((len(renderings), _TURNS, algorithm.width), np.uint8)
        quality = np.full((len(renderings), _TURNS), ABSENT, np.uint8)
        slack = np.zeros((len(renderings), _TURNS), np.uint8)
        doubtful = np.full(codes.shape, 255, np.uint8)
        for row, hashes in enumerate(renderings):
            turned = hashes.get(algorithm.name)
            if turned is not None:
                codes[row] = np.frombuffer(turned.codes, np.uint8).reshape(_TURNS, -1)
                quality[row] = np.frombuffer(turned.qualities, np.uint8)
                slack[row] = np.frombuffer(algorithm.encode_slack(turned.slack), np.uint8)
                if turned.doubtful:
                    doubtful[row] = np.frombuffer(turned.doubtful, np.uint8).reshape(_TURNS, -1)
        columns[f"{algorithm.name} codes"], columns[f"{algorithm.name} quality"] = codes, quality
        columns[f"{algorithm.name} slack"], columns[f"{algorithm.name} doubtful"] = slack, doubtful
    head = GROUP.pack(MARK, len(items), first, len(renderings))
    order = header.columns(len(items), len(renderings))
    return head + b"".join(columns[name].tobytes() for name, _dtype, _shape in order)


def _encoded_part(part: EmbeddedPart | None) -> int:
    return 0 if part is None else PART_STEP * part.kind + part.number


def _decoded_part(stored: int) -> EmbeddedPart | None:
    return EmbeddedPart(*divmod(stored, PART_STEP)) if stored else None


class Group:
    """One group of an open file: its columns, memory-mapped."""

    def __init__(self, header: Header, first: int, columns: Mapping[str, Array]) -> None:
        self.first = first
        """The seq of its first item."""
        self._columns = columns
        self._algorithms = {algorithm.name: algorithm for algorithm in header.pictures}

    def __getitem__(self, column: str) -> Array:
        return self._columns[column]

    def __len__(self) -> int:
        """The number of items."""
        return len(self._columns["flags"])

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """(n + 1,): the first row of each item's renderings, and the number of rows."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self._columns["renderings"], dtype=np.int64)])

    def query_counts(self, place: int) -> dict[str, int]:
        """The number of hashes of the item at `place` that each algorithm looks up, by kind."""
        rows = slice(int(self.starts[place]), int(self.starts[place + 1]))
        regions = int(np.count_nonzero(self.is_region()[rows]))
        return {WHOLE: _TURNS * (rows.stop - rows.start - regions), REGION: _TURNS * regions}

    def slack(self, algorithm: str) -> npt.NDArray[np.int64]:
        """(r, 8) int64: the largest distance of each hash to its reference hash."""
        return self._algorithms[algorithm].decode_slack(self._columns[f"{algorithm} slack"])

    def turned(self, row: int, algorithm: str) -> OrientationHashes | None:
        """The eight hashes of one row by one algorithm; None where they were not computed."""
        qualities = self._columns[f"{algorithm} quality"][row].tobytes()
        if qualities[0] == ABSENT:
            return None
        part = _decoded_part(int(self._columns["part"][row])) if "part" in self._columns else None
        name = rendering_name(int(self._columns["frame"][row]), KINDS[self._columns["kind"][row]], part)
        stored = self._algorithms[algorithm]
        slack = tuple(stored.decode_slack(self._columns[f"{algorithm} slack"][row]).tolist())
        codes = self._columns[f"{algorithm} codes"][row].tobytes()
        doubtful = self._columns[f"{algorithm} doubtful"][row].tobytes() if stored.screen_doubts else b""
        if doubtful.count(255) == len(doubtful):
            doubtful = b""
        return OrientationHashes(name, algorithm, codes, qualities, slack, doubtful, self.region(row))

    def region(self, row: int) -> Region | None:
        """The region whose hashes a row contains; None for a whole picture."""
        x, y, width, height = self._columns["region"][row].tolist()
        return None if (x, y, width, height) == _WHOLE else (x, y, width, height)

    def is_region(self) -> npt.NDArray[np.bool_]:
        """(r,): which rows are of a region, and not of a whole picture."""
        return np.asarray(self._columns["region"][:, 0] >= 0)

    def doubtful(self, algorithm: str) -> Array | None:
        """(r, 8, width) uint8: the bits of each hash that may differ from the reference; None where not stored."""
        return self._columns.get(f"{algorithm} doubtful")


class CaseHashes:
    """A file of hashes, memory-mapped, read-only. CaseError where it is missing, truncated or something else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as stream:
                self._bytes: bytes | mmap.mmap = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:  # an empty file cannot be mapped
            raise CaseError(f"{path}: empty") from error
        except OSError as error:
            raise CaseError(f"{path}: {error.strerror}") from error
        self.header, self._begin = _read_header(path, self._bytes)

    def groups(self) -> Iterator[tuple[int, Group]]:
        """A generator of (end offset, group) of every group. CaseError at the first that is incomplete or damaged."""
        at, expected = self._begin, 0
        while at < len(self._bytes):
            at, group = self.decode_group(at, expected)
            expected += len(group)
            yield at, group

    def decode_group(self, at: int, expected: int) -> tuple[int, Group]:
        """The end offset of the group that begins at offset `at`, and the group.

        CaseError where it is incomplete or damaged, or its first item does not have the seq `expected`.
        """
        fits = at + GROUP.size <= len(self._bytes)
        mark, items, first, renderings = GROUP.unpack_from(self._bytes, at) if fits else (b"", 0, 0, 0)
        at += GROUP.size
        columns = {}
        for name, dtype, shape in self.header.columns(items, renderings):
            count = int(np.prod(shape, dtype=object))
            if mark != MARK or first != expected or at + count * np.dtype(dtype).itemsize > len(self._bytes):
                raise CaseError(f"{self.path}: is cut or damaged behind item {expected}")
            columns[name] = np.frombuffer(self._bytes, dtype, count, at).reshape(shape)
            at += count * np.dtype(dtype).itemsize
        group = Group(self.header, first, columns)
        if int(group.starts[-1]) != renderings:
            raise CaseError(f"{self.path}: is damaged behind item {expected}")
        return at, group

    @property
    def begin(self) -> int:
        """The offset of the first group."""
        return self._begin


def _read_header(path: Path, data: bytes | mmap.mmap) -> tuple[Header, int]:
    begin = len(MAGIC) + 4
    if data[: len(MAGIC)] != MAGIC or len(data) < begin:
        raise CaseError(f"{path}: not a file of hashes")
    (length,) = struct.unpack_from("<I", data, len(MAGIC))
    try:
        if length > _MOST_HEADER:
            raise ValueError("too long")
        form = json.loads(data[begin : begin + length])
        header = Header(
            int(form["scan"]),
            tuple(StoredAlgorithm(str(field["name"]), int(field["width"])) for field in form["digests"]),
            tuple(
                StoredAlgorithm(
                    name=str(field["name"]),
                    width=int(field["width"]),
                    margin=int(field["margin"]),
                    profile=str(field["profile"]),
                    screen_margin=int(field["screen_margin"]),
                    quality_margin=int(field["quality_margin"]),
                    screen_profile=str(field["screen_profile"]),
                    screen_doubts=bool(field["screen_doubts"]),
                )
                for field in form["pictures"]
            ),
            int(form["format"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CaseError(f"{path}: its header is damaged") from error
    if header.format not in READABLE or header.as_bytes() != data[: begin + length]:
        raise CaseError(f"{path}: its header is of another format than {FORMAT}, or damaged")
    return header, begin + length


def path_of(case: Path, scan: int) -> Path:
    """The path of the file of a scan's hashes."""
    return case / FOLDER / f"{scan}.hashes"
