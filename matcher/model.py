"""The frozen values that everything else passes around. Bytes inside, hex at the edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from matcher.reasons import Reason as Reason  # noqa: PLC0414 - part of this vocabulary too

LOW_QUALITY = 50
"""A hash of a lower quality is hardly informative, whether or not it is looked up."""
SCHEMA = 1
"""Version of the JSON form of a finding."""

EMBEDDED = ("thumbnail", "preview", "appended", "auxiliary")
"""The kinds of pictures that are embedded in a file beside its own; the names of their renderings begin with them
(imaging/renderings.py). The order decides between equal distances, and `case.hashes` stores places in it: new kinds are
appended.

thumbnail: a small copy in the metadata. preview: a picture that a raw file or its metadata has in place of its own.
appended: a whole file behind the picture's end. auxiliary: a gain map, or another picture that belongs to the own one.
"""

Region = tuple[int, int, int, int]
"""x, y, width, height in pixels of the decoded picture."""

TRANSFORMS = ("none", "rotate90", "rotate180", "rotate270", "mirror", "flip", "transpose", "transverse")
"""The eight orientations, in the order that decides between equal distances."""


class Status(StrEnum):
    """The outcome of an item's examination."""

    EXAMINED = "examined"
    KNOWN = "known"
    EXCLUDED = "excluded"
    DUPLICATE = "duplicate"
    SKIPPED = "skipped"
    UNREADABLE = "unreadable"


class Disposition(StrEnum):
    """The meaning of a list's category to the lab."""

    NOTABLE = "notable"
    KNOWN_GOOD = "known-good"
    INFORMATION = "information"
    NEGATIVE = "negative"


@dataclass(frozen=True, slots=True)
class Hash:
    """A computed hash. `quality` is 0 to 100 or None (the algorithm has none); `region` is None for a whole picture."""

    algorithm: str
    value: bytes
    quality: int | None = None
    region: Region | None = None

    def as_json(self) -> dict[str, Any]:
        """The element of a finding's `hashes`."""
        return {
            "algorithm": self.algorithm,
            "value": self.value.hex(),
            "quality": self.quality,
            "region": None if self.region is None else list(self.region),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Hash:
        """The inverse of `as_json`. KeyError, TypeError or ValueError for any other form."""
        return cls(form["algorithm"], bytes.fromhex(form["value"]), form["quality"], _region(form["region"]))


def _region(form: Sequence[int] | None) -> Region | None:
    return None if form is None else (form[0], form[1], form[2], form[3])


NO_QUALITY = 255
"""In `OrientationHashes.qualities`: the algorithm has no quality."""


@dataclass(frozen=True, slots=True)
class OrientationHashes:
    """The eight hashes of a rendering, or of a region of it, by one algorithm, in the order of TRANSFORMS.

    `codes` are their values one after the other, `qualities` eight bytes. `slack` is for each the largest distance
    to the reference hash of the picture in that orientation: 0 where it is the reference hash.
    """

    rendering: str
    algorithm: str
    codes: bytes
    qualities: bytes
    slack: tuple[int, ...]
    doubtful: bytes = b""
    """The bits of each hash that may differ from the reference, laid out as `codes`; empty where they are not known."""
    region: Region | None = None
    """The region in the picture as it is stored, whatever the orientation; None for the whole picture."""

    @classmethod
    def of(
        cls, rendering: str, hashes: Sequence[Hash], slack: tuple[int, ...], *, region: Region | None = None
    ) -> OrientationHashes:
        """Build from eight hashes of one algorithm, in the order of TRANSFORMS."""
        qualities = bytes(NO_QUALITY if value.quality is None else value.quality for value in hashes)
        codes = b"".join(value.value for value in hashes)
        return cls(rendering, hashes[0].algorithm, codes, qualities, slack, region=region)

    @property
    def is_embedded(self) -> bool:
        """Whether these are of a picture that is embedded in the file, beside its own."""
        return self.rendering.startswith(EMBEDDED)

    def __getitem__(self, place: int) -> Hash:
        """The hash of the picture in the orientation TRANSFORMS[place]."""
        width = len(self.codes) // len(TRANSFORMS)
        quality = self.qualities[place]
        value = self.codes[place * width : (place + 1) * width]
        return Hash(self.algorithm, value, None if quality == NO_QUALITY else quality, self.region)

    @property
    def hashes(self) -> tuple[Hash, ...]:
        """All eight hashes, in the order of TRANSFORMS."""
        return tuple(self[place] for place in range(len(TRANSFORMS)))


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One known file in a hash list, without its hashes."""

    id: str
    category: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ListedHash:
    """One hash of a list entry, as a list format read it.

    `value` is bytes for an algorithm that can be looked up, and the original text for any other: unknown hash types
    are stored under their own name. `line` counts from 1. `short`: the line has fewer fields than the header names, or
    its hash fewer digits than every hash before it. At the end of a file that is the sign of a cut.
    """

    line: int
    entry: ListEntry
    algorithm: str
    value: bytes | str
    quality: int | None = None
    short: bool = False


@dataclass(frozen=True, slots=True)
class RemovedEntry:
    """An entry that a list marks as removed, by its id. `line` counts from 1."""

    line: int
    id: str


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line of a list that was not imported, and the reason. `line` counts from 1."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """One file inside an exhibit.

    `path` is the recorded name: relative to the source, `/` between parts, undecodable bytes as `%XX` and `%` as
    `%25`. The source opens the item by its `locator`. `modified` is in nanoseconds since 1970, None where it is not
    known; no finding contains it. An item with a `status` is already decided (a link, an unreadable folder) and is
    never opened.
    """

    path: str
    locator: bytes
    size: int | None
    status: Status | None = None
    reason: Reason | None = None
    modified: int | None = None
    may_repeat: bool = True
    """Whether the finding of an earlier item with the same content may be used for this one."""


@dataclass(frozen=True, slots=True)
class Match:
    """A list entry within the threshold of one of an item's hashes. `distance <= threshold`.

    `chance`: the number of matches as near as this one that the picture is expected to have by chance, with the lists
    that were open, as a decimal number (`3.2e-09`); None where that was not measured, and for digests. `doubtful`: the
    hash of the picture, or that of the entry, is of low quality. `trivial`: the digest is that of a content that many
    unrelated files have, as an empty file (lists/trivial.py); whatever the entry's category, the match is not notable.
    `negative_by`: the list of what matched wrongly, or BANK, that makes it not notable (lookup/negative.py); else None.
    """

    list: str
    entry: str
    category: str | None
    algorithm: str
    value: bytes
    entry_value: bytes
    distance: int
    threshold: int
    quality: int | None
    region: Region | None
    transform: str
    chance: str | None = None
    doubtful: bool = False
    trivial: bool = False
    negative_by: str | None = None

    def order(self) -> tuple[Any, ...]:
        """Sort key: distance, list, entry, then the remaining fields that make the order total."""
        return (
            *(self.distance, self.list, self.entry, self.algorithm, self.category or ""),
            *(self.transform, self.region or (), self.value, self.entry_value),
        )

    def as_json(self) -> dict[str, Any]:
        """The element of a finding's `matches`."""
        return {
            "list": self.list,
            "entry": self.entry,
            "category": self.category,
            "algorithm": self.algorithm,
            "value": self.value.hex(),
            "entry_value": self.entry_value.hex(),
            "distance": self.distance,
            "threshold": self.threshold,
            "quality": self.quality,
            "region": None if self.region is None else list(self.region),
            "transform": self.transform,
            "chance": self.chance,
            "doubtful": self.doubtful,
            "trivial": self.trivial,
            **({} if self.negative_by is None else {"negative": True, "negative_by": self.negative_by}),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Match:
        """The inverse of `as_json`. Entries that were written before `chance`, `doubtful` or `trivial` have none."""
        quality = form["quality"]
        return cls(
            list=form["list"],
            entry=form["entry"],
            category=form["category"],
            algorithm=form["algorithm"],
            value=bytes.fromhex(form["value"]),
            entry_value=bytes.fromhex(form["entry_value"]),
            distance=form["distance"],
            threshold=form["threshold"],
            quality=quality,
            region=_region(form["region"]),
            transform=form["transform"],
            chance=form.get("chance"),
            doubtful=form.get("doubtful", quality is not None and quality < LOW_QUALITY),
            trivial=form.get("trivial", False),
            negative_by=form.get("negative_by"),
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """An item with the outcome of its examination.

    `matches` contains at most the nearest hundred; `matches_total` counts all. `hashes` contains the hashes that take
    part in a listed match. Not part of the JSON form, since they follow from the lists' profiles or from the bytes:
    `notable` (any match, listed or not, is of a notable category and not trivial), `doubtful` (all of those are by
    hashes of low quality), `conflict` (notable, and another match is known good), `is_compared` (False for a picture of
    which no perceptual hash was looked up, although the lists have some), `digests`, `pictures` (the hashes of each
    rendering of the picture, followed by those of each of its regions, by each algorithm).

    `not_compared`: the algorithms by which no rendering of the whole picture was looked up, with the reason.
    `skipped_parts`: the parts of the file that were not looked at, by kind (SKIPPED_PARTS); `reason` is then
    `skipped-parts`, unless there is a graver one.
    """

    path: str
    size: int | None
    sha256: bytes | None
    status: Status
    reason: Reason | None = None
    exhibit: str | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    hashes: tuple[Hash, ...] = ()
    matches: tuple[Match, ...] = ()
    matches_total: int = 0
    not_compared: Mapping[str, str] = field(default_factory=dict)
    skipped_parts: tuple[str, ...] = ()
    notable: bool = False
    doubtful: bool = False
    conflict: bool = False
    is_compared: bool = True
    digests: tuple[Hash, ...] = ()
    pictures: tuple[OrientationHashes, ...] = ()

    @property
    def trivial(self) -> bool:
        """Whether the content is trivial and listed. All digest matches are trivial then, and stand first."""
        return any(match.trivial for match in self.matches)

    @property
    def negative(self) -> bool:
        """Whether a list of what matched wrongly, or the packaged bank, makes a match not notable."""
        return any(match.negative_by is not None for match in self.matches)

    @property
    def computed(self) -> tuple[Hash, ...]:
        """The digests, and the reference hash of each rendering of the whole picture, unturned, where it was computed.

        Those of embedded pictures (a thumbnail may show something else) are in `pictures` only. Without
        `Settings.exact` it is computed only where an entry may match; otherwise `pictures` has screened hashes.
        """
        own = (turned for turned in self.pictures if turned.region is None and not turned.is_embedded)
        return (*self.digests, *(turned[0] for turned in own if not turned.slack[0]))

    def as_json(self) -> dict[str, Any]:
        """The JSON form of a finding, its keys in the order of FINDING_KEYS. No clock, host or absolute path."""
        return {
            "schema": SCHEMA,
            "path": self.path,
            "exhibit": self.exhibit,
            "size": self.size,
            "sha256": None if self.sha256 is None else self.sha256.hex(),
            "status": self.status.value,
            "reason": None if self.reason is None else self.reason.value,
            "media_type": self.media_type,
            "width": self.width,
            "height": self.height,
            "hashes": [value.as_json() for value in self.hashes],
            "matches": [match.as_json() for match in self.matches],
            "matches_total": self.matches_total,
            "not_compared": dict(self.not_compared),
            "skipped_parts": list(self.skipped_parts),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Finding:
        """The inverse of `as_json`. Fields that the form does not contain have their defaults."""
        return cls(
            path=form["path"],
            size=form["size"],
            sha256=None if form["sha256"] is None else bytes.fromhex(form["sha256"]),
            status=Status(form["status"]),
            reason=None if form["reason"] is None else Reason(form["reason"]),
            exhibit=form["exhibit"],
            media_type=form["media_type"],
            width=form["width"],
            height=form["height"],
            hashes=tuple(map(Hash.from_json, form["hashes"])),
            matches=tuple(map(Match.from_json, form["matches"])),
            matches_total=form["matches_total"],
            not_compared=dict(form.get("not_compared", {})),
            skipped_parts=tuple(form.get("skipped_parts", ())),
        )


HASH_KEYS = tuple(Hash("", b"").as_json())
MATCH_KEYS = tuple(Match("", "", None, "", b"", b"", 0, 0, None, None, "none", negative_by="").as_json())
FINDING_KEYS = tuple(Finding("", 0, None, Status.EXAMINED).as_json())
"""The keys of these forms, in the order in which they are printed (the ledger stores them sorted)."""


@dataclass(frozen=True, slots=True)
class CategoryProfile:
    """The disposition of each category of a list. `other` is for unnamed categories and for entries without one."""

    categories: Mapping[str, Disposition] = field(default_factory=dict)
    other: Disposition = Disposition.NOTABLE

    def disposition(self, category: str | None) -> Disposition:
        """The disposition of a category; None stands for an entry without one."""
        if category is None:
            return self.other
        return self.categories.get(category, self.other)

    def meaning(self, category: str | None, *, trivial: bool, negative: bool = False) -> Disposition:
        """The disposition of a match with an entry of that category: a trivial or negative one is never notable."""
        disposition = self.disposition(category)
        is_none = (trivial or negative) and disposition is Disposition.NOTABLE
        return Disposition.INFORMATION if is_none else disposition

    def as_json(self) -> dict[str, Any]:
        """The JSON form of the profile, its categories sorted by name."""
        categories = {name: value.value for name, value in sorted(self.categories.items())}
        return {"categories": categories, "other": self.other.value}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> CategoryProfile:
        """The inverse of `as_json`. KeyError, TypeError, AttributeError or ValueError for any other form."""
        return cls({name: Disposition(value) for name, value in form["categories"].items()}, Disposition(form["other"]))
