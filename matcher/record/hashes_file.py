"""case.hashes: every hash that a scan computed, so that later versions of lists are looked up without the evidence.

    case.hashes/N.hashes    the hashes of scan N, written by the one process that scans, appended and never changed

A file is a header and groups, all numbers little-endian. The header: the 8 bytes of MAGIC, a uint32, and as many bytes
of JSON: `format`, `scan`, `digests` (name, width) and `pictures` (name, width, margin, profile, and of hashes of
reduced pictures screen_margin, quality_margin, screen_profile, screen_doubts). A group is GROUP (its mark, items n,
first seq, renderings r) and then these columns, each whole, one after the other:

    modified    (n,) int64        the item's time of modification, in nanoseconds since 1970; NO_TIME: not known
    flags       (n,) uint8        DIGESTED, NOTABLE, DOUBTFUL, CONFLICT, RETRIED
    renderings  (n,) uint32       how many of the group's renderings are the item's
    digest      (n, width) uint8  for each digest of the header; zeros without DIGESTED
    frame       (r,) uint32       which frame or page, from 1
    kind        (r,) uint8        the place in renderings.KINDS
    region      (r, 4) int32      x, y, width, height; all -1 for the whole picture, which stands before its regions
    codes       (r, 8, width) uint8   for each algorithm of the header: the eight orientations as they were looked up
    quality     (r, 8) uint8          and their qualities: NO_QUALITY none, ABSENT the hash was not computed
    slack       (r, 8) uint8          how far each may be from the reference hash; MARGIN_SLACK: the algorithm's margin,
                                      SCREEN_SLACK: its screen's
    doubtful    (r, 8, width) uint8   where the algorithm's screen_doubts: the bits that may differ; all where not known

A group is on the disk before the ledger's entries that speak of its items are. So after a crash at most the last groups
have no entries, and they are cut off when the scan is resumed. The SHA-256 of the whole file is in `scan.close`.
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
from matcher.imaging.renderings import KINDS, parse_rendering, rendering_name
from matcher.lookup.chances import REGION, WHOLE
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import NO_QUALITY as NO_QUALITY  # noqa: PLC0414 - part of this format
from matcher.model import TRANSFORMS, Finding, Item, OrientationHashes, Region

FOLDER = "case.hashes"
FORMAT = 2
MAGIC = b"MHASHES\x01"
GROUP = struct.Struct("<4sIQI")
MARK = b"GRUP"

DIGESTED, NOTABLE, DOUBTFUL, CONFLICT, RETRIED = 1, 2, 4, 8, 16
NO_TIME = -(2**63)
ABSENT = 254
SCREEN_SLACK = 254
MARGIN_SLACK = 255
_WHOLE = (-1, -1, -1, -1)
_MOST_HEADER = 1 << 20
_TURNS = len(TRANSFORMS)

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class StoredAlgorithm:
    """What the header says of one algorithm. `margin` and `profile` are of perceptual ones."""

    name: str
    width: int
    margin: int = 0
    profile: str = ""
    screen_margin: int = 0
    quality_margin: int = 0
    screen_profile: str = ""
    screen_doubts: bool = False

    def as_json(self) -> dict[str, Any]:
        return {field: getattr(self, field) for field in self.__slots__}

    def encode_slack(self, slack: tuple[int, ...]) -> bytes:
        """As it is kept: what does not fit a byte, as squared distances do not, becomes the margin above it."""
        return bytes(MARGIN_SLACK if found and found == self.margin else min(found, SCREEN_SLACK) for found in slack)

    def decode_slack(self, kept: Array) -> npt.NDArray[np.int64]:
        """What was packed, any shape of uint8."""
        special = np.where(kept == MARGIN_SLACK, self.margin, self.screen_margin)
        return np.where(kept >= SCREEN_SLACK, special, kept.astype(np.int64))


def stored_algorithm(lookup: PictureLookup) -> StoredAlgorithm:
    """What is kept of the hashes that a lookup asks for."""
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
    """Which scan, and what is kept of each item."""

    scan: int
    digests: tuple[StoredAlgorithm, ...]
    pictures: tuple[StoredAlgorithm, ...]

    def as_bytes(self) -> bytes:
        form = {
            "format": FORMAT,
            "scan": self.scan,
            "digests": [{"name": kept.name, "width": kept.width} for kept in self.digests],
            "pictures": [kept.as_json() for kept in self.pictures],
        }
        body = json.dumps(form, sort_keys=True, separators=(",", ":")).encode("ascii")
        return MAGIC + struct.pack("<I", len(body)) + body

    def columns(self, items: int, renderings: int) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """A generator of the name, dtype and shape of each column of a group, in order."""
        yield "modified", "<i8", (items,)
        yield "flags", "<u1", (items,)
        yield "renderings", "<u4", (items,)
        for kept in self.digests:
            yield kept.name, "<u1", (items, kept.width)
        yield "frame", "<u4", (renderings,)
        yield "kind", "<u1", (renderings,)
        yield "region", "<i4", (renderings, 4)
        for kept in self.pictures:
            yield f"{kept.name} codes", "<u1", (renderings, _TURNS, kept.width)
            yield f"{kept.name} quality", "<u1", (renderings, _TURNS)
            yield f"{kept.name} slack", "<u1", (renderings, _TURNS)
            if kept.screen_doubts:
                yield f"{kept.name} doubtful", "<u1", (renderings, _TURNS, kept.width)


Place = tuple[str, Region | None]
"""What one row speaks of: a rendering, and of it a region or the whole."""


@dataclass(frozen=True, slots=True)
class ItemHashes:
    """One item as it is kept."""

    modified: int
    flags: int
    digests: Mapping[str, bytes]
    pictures: Mapping[Place, Mapping[str, OrientationHashes]]
    """By place, then by algorithm."""

    def query_counts(self) -> dict[str, int]:
        """How many hashes of the item each algorithm looks up, by kind."""
        regions = sum(region is not None for _rendering, region in self.pictures)
        return {WHOLE: _TURNS * (len(self.pictures) - regions), REGION: _TURNS * regions}


def hashes_of(item: Item, finding: Finding, *, retried: bool) -> ItemHashes:
    """What the file stores of an item and its finding."""
    pictures: dict[Place, dict[str, OrientationHashes]] = {}
    for turned in finding.pictures:
        pictures.setdefault((turned.rendering, turned.region), {})[turned.algorithm] = turned
    flags = (
        (DIGESTED if finding.digests else 0)
        | (NOTABLE if finding.notable else 0)
        | (DOUBTFUL if finding.doubtful else 0)
        | (CONFLICT if finding.conflict else 0)
        | (RETRIED if retried else 0)
    )
    held = item.modified is not None and NO_TIME < item.modified < 2**63  # a damaged file system may say anything
    return ItemHashes(
        item.modified if held and item.modified is not None else NO_TIME,
        flags,
        {digest.algorithm: digest.value for digest in finding.digests},
        pictures,
    )


def encode_group(header: Header, first: int, items: list[ItemHashes]) -> bytes:
    """The bytes of one group whose first item has the seq `first`; `CaseHashes.decode_group` is the way back."""
    renderings = [hashes for item in items for hashes in item.pictures.values()]
    names = [place for item in items for place in item.pictures]
    places = [parse_rendering(name) for name, _region in names]
    regions = [_WHOLE if region is None else region for _name, region in names]
    columns: dict[str, Array] = {
        "modified": np.array([item.modified for item in items], "<i8"),
        "flags": np.array([item.flags for item in items], np.uint8),
        "renderings": np.array([len(item.pictures) for item in items], "<u4"),
        "frame": np.array([frame for frame, _kind in places], "<u4"),
        "kind": np.array([KINDS.index(kind) for _frame, kind in places], np.uint8),
        "region": np.array(regions, "<i4").reshape(-1, 4),
    }
    for kept in header.digests:
        blank = bytes(kept.width)
        columns[kept.name] = np.frombuffer(b"".join(item.digests.get(kept.name, blank) for item in items), np.uint8)
    for kept in header.pictures:
        codes = np.zeros((len(renderings), _TURNS, kept.width), np.uint8)
        quality = np.full((len(renderings), _TURNS), ABSENT, np.uint8)
        slack = np.zeros((len(renderings), _TURNS), np.uint8)
        doubtful = np.full(codes.shape, 255, np.uint8)
        for row, hashes in enumerate(renderings):
            turned = hashes.get(kept.name)
            if turned is not None:
                codes[row] = np.frombuffer(turned.codes, np.uint8).reshape(_TURNS, -1)
                quality[row] = np.frombuffer(turned.qualities, np.uint8)
                slack[row] = np.frombuffer(kept.encode_slack(turned.slack), np.uint8)
                if turned.doubtful:
                    doubtful[row] = np.frombuffer(turned.doubtful, np.uint8).reshape(_TURNS, -1)
        columns[f"{kept.name} codes"], columns[f"{kept.name} quality"] = codes, quality
        columns[f"{kept.name} slack"], columns[f"{kept.name} doubtful"] = slack, doubtful
    head = GROUP.pack(MARK, len(items), first, len(renderings))
    order = header.columns(len(items), len(renderings))
    return head + b"".join(columns[name].tobytes() for name, _dtype, _shape in order)


class Group:
    """One group of a file that is open: its columns, mapped."""

    def __init__(self, header: Header, first: int, columns: Mapping[str, Array]) -> None:
        self.first = first
        """The seq of its first item."""
        self._columns = columns
        self._kept = {kept.name: kept for kept in header.pictures}

    def __getitem__(self, column: str) -> Array:
        return self._columns[column]

    def __len__(self) -> int:
        """The number of items."""
        return len(self._columns["flags"])

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """(n + 1,): where each item's renderings begin."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self._columns["renderings"], dtype=np.int64)])

    def query_counts(self, place: int) -> dict[str, int]:
        """How many hashes of an item each algorithm looks up, by kind."""
        rows = slice(int(self.starts[place]), int(self.starts[place + 1]))
        regions = int(np.count_nonzero(self.is_region()[rows]))
        return {WHOLE: _TURNS * (rows.stop - rows.start - regions), REGION: _TURNS * regions}

    def slack(self, algorithm: str) -> npt.NDArray[np.int64]:
        """(r, 8) int64: how far each hash may be from the reference."""
        return self._kept[algorithm].decode_slack(self._columns[f"{algorithm} slack"])

    def turned(self, row: int, algorithm: str) -> OrientationHashes | None:
        """One rendering's hashes by one algorithm; None where it failed."""
        qualities = self._columns[f"{algorithm} quality"][row].tobytes()
        if qualities[0] == ABSENT:
            return None
        name = rendering_name(int(self._columns["frame"][row]), KINDS[self._columns["kind"][row]])
        kept = self._kept[algorithm]
        slack = tuple(kept.decode_slack(self._columns[f"{algorithm} slack"][row]).tolist())
        codes = self._columns[f"{algorithm} codes"][row].tobytes()
        doubtful = self._columns[f"{algorithm} doubtful"][row].tobytes() if kept.screen_doubts else b""
        if doubtful.count(255) == len(doubtful):
            doubtful = b""
        return OrientationHashes(name, algorithm, codes, qualities, slack, doubtful, self.region(row))

    def region(self, row: int) -> Region | None:
        """Of what part of its picture the hashes of a row are."""
        x, y, width, height = self._columns["region"][row].tolist()
        return None if (x, y, width, height) == _WHOLE else (x, y, width, height)

    def is_region(self) -> npt.NDArray[np.bool_]:
        """(r,): which rows are not of a whole picture."""
        return np.asarray(self._columns["region"][:, 0] >= 0)

    def doubtful(self, algorithm: str) -> Array | None:
        """(r, 8, width) uint8: the bits of each hash that may differ from the reference; None where nobody knows."""
        return self._columns.get(f"{algorithm} doubtful")


class CaseHashes:
    """A file of hashes, memory-mapped, read-only. CaseError where it is missing, cut or not one."""

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
        """A generator of every group and where it ends in the file. CaseError at the first that is not whole."""
        at, expected = self._begin, 0
        while at < len(self._bytes):
            at, group = self.decode_group(at, expected)
            expected += len(group)
            yield at, group

    def decode_group(self, at: int, expected: int) -> tuple[int, Group]:
        """Where the group that begins at `at` ends, and it. CaseError unless its first item is `expected`."""
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
        """Where the first group begins."""
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
            tuple(StoredAlgorithm(str(kept["name"]), int(kept["width"])) for kept in form["digests"]),
            tuple(
                StoredAlgorithm(
                    name=str(kept["name"]),
                    width=int(kept["width"]),
                    margin=int(kept["margin"]),
                    profile=str(kept["profile"]),
                    screen_margin=int(kept["screen_margin"]),
                    quality_margin=int(kept["quality_margin"]),
                    screen_profile=str(kept["screen_profile"]),
                    screen_doubts=bool(kept["screen_doubts"]),
                )
                for kept in form["pictures"]
            ),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CaseError(f"{path}: its header is damaged") from error
    if header.as_bytes() != data[: begin + length]:
        raise CaseError(f"{path}: its header is of another format than {FORMAT}, or damaged")
    return header, begin + length


def path_of(case: Path, scan: int) -> Path:
    """The file of a scan's hashes."""
    return case / FOLDER / f"{scan}.hashes"
