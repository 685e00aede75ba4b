"""Items of a scan that was closed, opened once more: to confirm by the reference hash what stored hashes suggest."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import DecodeError, SourceError
from matcher.imaging.decode import Decoded, decode
from matcher.imaging.picture import Picture
from matcher.imaging.sniff import HEAD, Kind, sniff
from matcher.model import Item
from matcher.settings import Settings
from matcher.sources import Source, open_source

_CHUNK = 1 << 20


class CannotConfirmError(Exception):
    """The evidence cannot be had, or is not what it was. Never leaves the relookup, which records it."""


@dataclass(slots=True)
class _Last:
    path: str
    rendering: str
    picture: Picture


class Evidence:
    """A source of a scan. Nothing of it is touched before the first question."""

    def __init__(self, location: Path, settings: Settings, wanted: Collection[str]) -> None:
        self._location = location
        self._settings = settings
        self._wanted = set(wanted)
        self._source: Source | None = None
        self._items: dict[str, Item] = {}
        self._last: _Last | None = None
        self.opened: set[str] = set()
        """The items that were opened."""

    def picture(self, path: str, sha256: str, rendering: str) -> Picture:
        """One rendering of an item's picture. CannotConfirmError where its bytes are not those that were examined."""
        if self._last is None or (self._last.path, self._last.rendering) != (path, rendering):
            self._last = None  # or two would be held
            self._last = _Last(path, rendering, self._rendered(self._read(path, sha256), rendering))
        return self._last.picture

    def _read(self, path: str, sha256: str) -> bytes:
        source = self._listed()
        item = self._items.get(path)
        if item is None or item.status is not None:
            raise CannotConfirmError("not in the evidence any more")
        self.opened.add(path)
        digest, parts = hashlib.sha256(), []
        try:
            with source.open(item) as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    parts.append(chunk)
        except OSError as error:
            raise CannotConfirmError(error.strerror or "cannot be read") from error
        if digest.hexdigest() != sha256:
            raise CannotConfirmError("changed since it was examined")
        return b"".join(parts)

    def _listed(self) -> Source:
        if self._source is None:
            try:
                source = open_source(self._location)
                self._items = {item.path: item for item in source.items() if item.path in self._wanted}
            except (SourceError, OSError) as error:
                raise CannotConfirmError("the evidence is not there") from error
            self._source = source
        return self._source

    def _rendered(self, data: bytes, rendering: str) -> Picture:
        kind = sniff(data[:HEAD])
        if kind is not None:
            try:
                for picture in self._decoded(data, kind).renderings():
                    if picture.rendering == rendering:
                        return picture
            except DecodeError as error:
                raise CannotConfirmError(f"cannot be decoded here: {error.reason.value}") from error
        raise CannotConfirmError("is not decoded here as it was")

    def _decoded(self, data: bytes, kind: Kind) -> Decoded:
        settings = self._settings
        return decode(
            data,
            kind,
            max_pixels=settings.max_pixels,
            max_frames=settings.max_frames,
            max_total_pixels=settings.max_total_pixels,
        )
