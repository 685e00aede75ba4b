"""Items of a closed scan, opened again: candidates by stored hashes are confirmed by the reference hash."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.errors import DecodeError, SourceError
from matcher.examine.parts import cut_out
from matcher.imaging.decode import decode
from matcher.imaging.picture import Picture
from matcher.imaging.quiet import quiet_decoders
from matcher.imaging.reframing import named, reframed_picture
from matcher.imaging.renderings import split_reframing
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import Item, Region
from matcher.settings import Settings
from matcher.sources import Source, open_source
from matcher.sources.files import FILES, FilesSource
from matcher.sources.folder import raw_path

_CHUNK = 1 << 20


class CannotConfirmError(Exception):
    """The evidence is not available, or has changed. Never leaves the relookup, which records it."""


@dataclass(slots=True)
class _Open:
    """The item that was opened last: its renderings that are not decoded yet, and the one that was decoded last."""

    path: str
    later: Iterator[Picture]
    plain: Picture | None = None


@dataclass(slots=True)
class _Last:
    """The picture that was asked for last, and the region that was cut out of it last."""

    path: str
    rendering: str
    picture: Picture
    region: Region | None = None
    part: Picture | None = None


class ReopenedSource:
    """The source of a closed scan. Nothing of it is opened before the first call of `picture`.

    `paths` are the recorded paths of the items that may be opened. `kind` is that of the scan's source: a list of files
    is made again of those paths, which start at `location`.
    """

    def __init__(self, location: Path, settings: Settings, paths: Collection[str], *, kind: str = "") -> None:
        self._location = location
        self._kind = kind
        self._settings = settings
        self._paths = set(paths)
        self._source: Source | None = None
        self._items: dict[str, Item] = {}
        self._open: _Open | None = None
        self._last: _Last | None = None
        self.opened: set[str] = set()
        """The paths of the items that were opened."""

    def picture(self, finding: Mapping[str, Any], rendering: str, region: Region | None = None) -> Picture:
        """One rendering of an item's picture, or a region of it.

        CannotConfirmError where its bytes are not those of its finding.
        """
        path = finding["path"]
        if self._last is None or (self._last.path, self._last.rendering) != (path, rendering):
            self._last = None  # or two pictures would be in memory
            self._last = _Last(path, rendering, self._rendered(finding, rendering))
        if region is None:
            return self._last.picture
        if self._last.region != region or self._last.part is None:
            self._last.region, self._last.part = region, cut_out(self._last.picture, region)
        return self._last.part

    def _read(self, finding: Mapping[str, Any]) -> bytes:
        path, left = finding["path"], finding["size"]
        source = self._listed()
        item = self._items.get(path)
        if item is None or item.status is not None:
            raise CannotConfirmError("not in the evidence any more")
        self.opened.add(path)
        digest, parts = hashlib.sha256(), []
        try:
            with source.open(item) as stream:
                while left >= 0 and (chunk := stream.read(_CHUNK)):  # a file that has grown is not read to its end
                    digest.update(chunk)
                    parts.append(chunk)
                    left -= len(chunk)
        except OSError as error:
            raise CannotConfirmError(error.strerror or "cannot be read") from error
        if digest.hexdigest() != finding["sha256"]:
            raise CannotConfirmError("changed since it was examined")
        return b"".join(parts)

    def _listed(self) -> Source:
        if self._source is None:
            try:
                source = self._opened()
                if source.describe()["kind"] == "file":  # it may have been named by a link
                    self._items = dict.fromkeys(self._paths, next(iter(source.items())))
                else:
                    self._items = {item.path: item for item in source.items() if item.path in self._paths}
            except (SourceError, OSError) as error:
                raise CannotConfirmError("the evidence is not there") from error
            self._source = source
        return self._source

    def _opened(self) -> Source:
        if self._kind != FILES:
            return open_source(self._location)
        if not self._location.is_dir():
            raise SourceError(f"{self._location}: no such folder")
        return FilesSource(map(raw_path, self._paths), self._location, follow=True, as_recorded=True)

    def _rendered(self, finding: Mapping[str, Any], rendering: str) -> Picture:
        plain, reframing = split_reframing(rendering)
        with quiet_decoders():
            picture = self._plain(finding, plain)
        return reframed_picture(picture, named(reframing)) if reframing else picture

    def _plain(self, finding: Mapping[str, Any], rendering: str) -> Picture:
        """A rendering that is not reframed. To decode a later frame of an animation, those before it are decoded: where
        renderings are asked for in their order, each is decoded once.
        """
        path = finding["path"]
        if self._open is None or self._open.path != path:
            self._open = _Open(path, iter(()))
        if self._open.plain is not None and self._open.plain.rendering == rendering:
            return self._open.plain
        self._open.plain = _next_named(rendering, self._open.later)
        if self._open.plain is None:
            self._open = _Open(path, self._renderings(self._read(finding)))
            self._open.plain = _next_named(rendering, self._open.later)
        if self._open.plain is None:
            raise CannotConfirmError("is not decoded here as it was")
        return self._open.plain

    def _renderings(self, data: bytes) -> Iterator[Picture]:
        kind = sniff(data[:HEAD])
        if kind is None:
            raise CannotConfirmError("is not decoded here as it was")
        try:
            return decode(data, kind, self._settings.limits).renderings()
        except DecodeError as error:
            raise CannotConfirmError(f"cannot be decoded here: {error.reason.value}") from error


def _next_named(rendering: str, pictures: Iterator[Picture]) -> Picture | None:
    """The next picture with this name; None where there is none, and then `pictures` are exhausted."""
    return next((picture for picture in pictures if picture.rendering == rendering), None)
