"""Matcher: opened lists, ready to examine bytes. The library's entry point.

Examination is pure: the same bytes, lists and settings give the same finding, in any process and on any thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import BinaryIO

import numpy as np

from matcher.algorithms import Metric
from matcher.calibration.tables import KINDS
from matcher.errors import DecodeError, SettingsError
from matcher.examine.arguments import Data, Digests, check_hash, check_names, checked_data, checked_digests
from matcher.examine.content import Content, read_content
from matcher.examine.origin import Origin, selected_lists
from matcher.examine.pictures import PictureExaminer, PictureResult
from matcher.examine.side_files import side_file
from matcher.executors import no_op
from matcher.executors.limits import room
from matcher.hashers import FileHasher, PictureHasher, file_hashers, known_algorithm, picture_hashers
from matcher.imaging.quiet import quiet_decoders
from matcher.imaging.sniff import Kind, named_as_picture
from matcher.imaging.stated import stated_pixels
from matcher.lists.opened import OpenList
from matcher.lists.store import Store, check_lists, check_opened
from matcher.lists.together import OpenLists
from matcher.lookup.all_algorithms import CombinedLookup
from matcher.lookup.chances import Chances, count_queries
from matcher.lookup.digests import match_digests, match_each_digest
from matcher.lookup.hash_lookup import HashLookup
from matcher.lookup.negative import marked
from matcher.lookup.outcome import Matched, fit_to_entry, nearest, outcome
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import Disposition, Finding, Hash, Match, Reason, Status
from matcher.settings import Settings


class Matcher:
    """Examines bytes and looks hashes up in the lists that are open. Immutable; share one between all threads."""

    def __init__(self, lists: Sequence[OpenList] = (), *, settings: Settings | None = None) -> None:
        self.lists = tuple(lists)
        self.origin: Origin | None = None
        """Where the lists were opened; None where they were passed in."""
        self.open_lists = OpenLists(self.lists)
        self.settings = Settings() if settings is None else settings
        names = algorithms_for(self.settings.algorithms, self.lists)
        listed = {name for opened in self.lists for name in opened.algorithms}
        for name in (*self.settings.thresholds, *self.settings.minimum_quality):
            if name not in names and name not in listed:
                raise SettingsError(f"a threshold or quality is set for {name}, which is not computed: ask for it too")
        self.file_hashers: list[FileHasher] = file_hashers(names)
        self.picture_hashers: list[PictureHasher] = picture_hashers(names)
        self.chances = Chances(self.open_lists, self.settings)
        self.lookups = [
            PictureLookup(self.open_lists, self.settings, hasher, self.chances) for hasher in self.picture_hashers
        ]
        self.combined_lookup = CombinedLookup(self.lookups, self.chances)
        self._pictures = PictureExaminer(self.combined_lookup, self.settings)
        self._by_hash = {
            name: HashLookup(self.open_lists, self.settings, facts, self.chances)
            for name in sorted(listed)
            if (facts := known_algorithm(name)) is not None and facts.metric is not Metric.EXACT
        }

    @classmethod
    def open(
        cls,
        store: str | PathLike[str],
        *,
        lists: Iterable[str | tuple[str, int]] | None = None,
        settings: Settings | None = None,
        check: bool = False,
    ) -> Matcher:
        """Open the current lists of a store, or those of `lists`. Cheap: files are memory-mapped.

        `lists` are names, for the current version of a list, or (name, version) pairs. With `check`, every byte of the
        lists is read first and compared with what was imported. StoreError or IndexFileError where something is missing
        or damaged, or where the store's lists have nothing to look up; SettingsError where `lists` is something else.
        `not_computed` counts the listed hashes that no picture can match here, because their hasher is missing.
        """
        opened = Store.open(Path(store))
        if lists is None:
            check_lists(opened, computed=False)
        chosen = opened.current() if lists is None else selected_lists(opened, lists)
        matcher = cls.of_store(opened, chosen, settings=settings, check=check)
        matcher.origin = Origin(opened.folder.absolute(), whole=lists is None)
        return matcher

    @classmethod
    def of_store(
        cls, store: Store, lists: Iterable[tuple[str, int]], *, settings: Settings | None = None, check: bool = False
    ) -> Matcher:
        """Open lists of an open store, by their names and versions. Raises the same errors of lists as `open`."""
        matcher = cls([store.open_list(name, version, check=check) for name, version in lists], settings=settings)
        matcher.origin = Origin(store.folder.absolute(), whole=False)
        return matcher

    def is_current(self) -> bool:
        """Whether the lists that are open are those that opening the store again would open. Cheap: reads one table.

        False where the store has a newer version of one, also of one that was opened by its version, where one was
        removed, and, if all lists of the store were opened, where it has another. StoreError where the store cannot be
        read; SettingsError for lists that were not opened from a store.
        """
        return self._newest() == [(opened.name, opened.version) for opened in self.lists]

    def reopened(self, *, check: bool = False) -> Matcher:
        """A matcher of the current versions, with the same settings; this one, where it is current.

        Lists that have not changed stay open and are shared with this matcher, which remains usable; with `check`, the
        bytes of the others are read first. The errors of `open` and of `is_current`.
        """
        newest, held = self._newest(), {(opened.name, opened.version): opened for opened in self.lists}
        if newest == list(held):
            return self
        assert self.origin is not None, "_newest has raised"
        store = Store.open(self.origin.store)
        lists = [held.get(key) or store.open_list(*key, check=check) for key in newest]
        check_opened(store.folder, lists, computed=False)
        matcher = type(self)(lists, settings=self.settings)
        matcher.origin = self.origin
        return matcher

    def _newest(self) -> list[tuple[str, int]]:
        """The names and versions that `reopened` opens."""
        if self.origin is None:
            raise SettingsError("this matcher's lists were not opened from a store, which could have newer ones")
        store = Store.open(self.origin.store)
        return store.current() if self.origin.whole else selected_lists(store, [opened.name for opened in self.lists])

    def __reduce__(self) -> tuple[Callable[..., Matcher], tuple[object, ...]]:
        """Pickled are the store's place, the versions and the settings: another process opens the same lists."""
        if self.origin is None and self.lists:
            raise TypeError("a Matcher of lists that were not opened from a store cannot be pickled")
        versions = tuple((opened.name, opened.version) for opened in self.lists)
        return _unpickled, (type(self), self.origin, versions, self.settings)

    def __copy__(self) -> Matcher:
        """A second object with the same open lists."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    @property
    def not_computed(self) -> dict[str, int]:
        """The number of listed hashes, by algorithm, that only `lookup` can match: `examine` lacks their hasher."""
        counts: dict[str, int] = {}
        for opened in self.lists:
            for name, count in opened.not_computed.items():
                counts[name] = counts.get(name, 0) + count
        return counts

    def examine(self, data: Data, *, name: str = "", exhibit: str | None = None, digests: Digests = ()) -> Finding:
        """Digest, decode, hash and look up one file's bytes. Never raises for what the bytes hold.

        `name` becomes the finding's path; only its suffix has an effect: it distinguishes an unreadable picture from
        a file that is not a picture. `digests` are used as passed and not computed again: the finding is only as
        correct as they are. SettingsError where they cannot be digests of an installed algorithm, TypeError where
        `data` is not bytes.
        """
        return self.examine_stream(BytesIO(checked_data(data)), name=name, exhibit=exhibit, digests=digests)

    def examine_stream(
        self,
        stream: BinaryIO,
        *,
        name: str = "",
        exhibit: str | None = None,
        digests: Digests = (),
        give_up: Reason | None = None,
        beat: Callable[[], None] = no_op,
    ) -> Finding:
        """Examine a stream as `examine` does. It is read once, to its end, in chunks: only a picture is held in memory.

        With `give_up` the picture is not decoded, and `give_up` is the finding's reason; this is for an item whose
        decoding killed its worker. `beat` is called after every chunk and every rendering. Raises the OSError of the
        stream.
        """
        check_names(name, exhibit)
        content = read_content(
            stream,
            self.file_hashers,
            max_bytes=self.settings.max_bytes,
            known_digests=checked_digests(digests),
            keep=give_up is None,
            beat=beat,
        )
        return self.examine_content(content, name=name, exhibit=exhibit, give_up=give_up, beat=beat)

    def examine_content(
        self,
        content: Content,
        *,
        name: str = "",
        exhibit: str | None = None,
        give_up: Reason | None = None,
        beat: Callable[[], None] = no_op,
    ) -> Finding:
        """Examine the result of `read_content` as `examine_stream` does; the bytes in `content` are released."""
        digest_matches = match_digests(self.open_lists, content.digests)
        by_digest = outcome(digest_matches)
        result = PictureResult()
        kind = content.kind
        if self.settings.exclude_known_good and by_digest.known_good and not by_digest.known:
            status, reason = Status.EXCLUDED, None
        else:
            status, reason = self._readable(name, content, give_up)
            if status is Status.EXAMINED and kind is not None:
                reason = self._examine_picture(content, kind, result, beat)
                if reason not in (None, Reason.SKIPPED_PARTS):
                    status = Status.UNREADABLE  # a part may have been examined: its matches remain
        not_compared = self.combined_lookup.not_compared(result.pictures)
        overall = by_digest
        if result.matched:
            matches = self.chances.with_chances(result.matched, count_queries(result.pictures))
            overall = outcome(self.marked([*digest_matches, *matches], sha256=content.sha256))
        if overall.known:
            status = Status.KNOWN
        finding = Finding(
            path=name,
            size=content.size,
            sha256=content.sha256,
            status=status,
            reason=reason,
            exhibit=exhibit,
            media_type=content.media_type,
            width=result.width,
            height=result.height,
            hashes=overall.hashes,
            matches=overall.listed,
            matches_total=overall.total,
            skipped_parts=result.skipped_parts,
            notable=overall.notable,
            doubtful=overall.doubtful,
            conflict=overall.conflict,
            not_compared=dict.fromkeys(not_compared, LOW),
            is_compared=not not_compared or len(not_compared) < len(self.combined_lookup.listed),
            digests=tuple(content.digests),
            pictures=tuple(result.pictures),
        )
        return fit_to_entry(finding)

    def lookup(self, query: Hash) -> tuple[Match, ...]:
        """Every listed entry within the threshold of a hash that was computed elsewhere, nearest first, not cut.

        The hash is looked up unchanged: as that of the picture in its stored orientation only, or, with a region, as
        that of the region. A hash below the minimum quality matches nothing. No hasher for its algorithm is needed.
        SettingsError unless it is a valid hash of a known algorithm.
        """
        return self.lookup_many([query])[0]

    def lookup_many(self, queries: Iterable[Hash]) -> list[tuple[Match, ...]]:
        """The result of `lookup` for each hash, from one search of each list by each algorithm."""
        hashes = list(queries)
        matched: list[list[Matched]] = [[] for _ in hashes]
        places: dict[str, list[int]] = {}
        for place, value in enumerate(hashes):
            places.setdefault(check_hash(value).name, []).append(place)
        for algorithm, own_places in places.items():
            one_query = Counter({(algorithm, kind): 1 for kind in KINDS})
            own_queries = [hashes[place] for place in own_places]
            if algorithm in self._by_hash:
                results = self._by_hash[algorithm].each(own_queries)
            else:
                results = match_each_digest(self.open_lists, own_queries)
            for place, matches in zip(own_places, results, strict=True):
                matched[place] = self.marked(self.chances.with_chances(matches, one_query))
        return [tuple(nearest(matches)) for matches in matched]

    def marked(self, matched: Sequence[Matched], *, sha256: bytes | None = None) -> list[Matched]:
        """All matches of one item with this SHA-256, those marked that what matched wrongly makes not notable."""
        return marked(matched, self.chances.bank, sha256=sha256)

    def disposition(self, match: Match) -> Disposition:
        """The disposition of a match: its category's in the lab's profile; a marked match is never notable.

        SettingsError where its list is not open.
        """
        found = {
            opened.facts.profile.meaning(match.category, trivial=match.trivial, negative=match.negative_by is not None)
            for opened in self.lists
            if opened.name == match.list
        }
        if not found:
            raise SettingsError(f"no list {match.list!r} is open")
        return next(meaning for meaning in Disposition if meaning in found)  # of two versions: notable comes first

    def _examine_picture(
        self, content: Content, kind: Kind, result: PictureResult, beat: Callable[[], None]
    ) -> Reason | None:
        """Decode, hash and look up a picture. Returns why it could not be read whole; None where it was."""
        data = b""
        try:
            data = content.take()
            with np.errstate(all="ignore"), quiet_decoders():  # garbage in floats: its pixels are what they are
                self._pictures.examine(data, kind, result, beat)
            reason = result.reason
        except DecodeError as error:
            reason = error.reason
        except MemoryError:
            reason = Reason.OUT_OF_MEMORY
        return Reason.OUT_OF_MEMORY if reason in _DATA_REASONS and self._may_lack_memory(data, kind) else reason

    def _may_lack_memory(self, data: bytes, kind: Kind) -> bool:
        """Whether a decoder's error about the data may be a lack of memory: several do not distinguish them."""
        limit = room() if kind.decoder is not None else None
        most = self.settings.limits.max_pixels
        return limit is not None and _BYTES_A_PIXEL * stated_pixels(data, kind, most) > limit

    def _readable(self, name: str, content: Content, give_up: Reason | None) -> tuple[Status, Reason | None]:
        """The status and reason of an item as far as they are known before it is decoded."""
        kind, size = content.kind, content.size
        attributes = side_file(content.head, size)
        if attributes is not None:
            return Status.SKIPPED, attributes
        if content.unopened is not None:
            return Status.SKIPPED, content.unopened.reason
        if kind is None:
            # a file named as a picture that is not one may be damaged: it is never skipped silently
            status = Status.UNREADABLE if named_as_picture(name) else Status.SKIPPED
            return status, Reason.EMPTY if size == 0 else Reason.NOT_A_PICTURE
        if give_up is not None or size > self.settings.max_bytes:
            unread = Reason.TOO_MANY_BYTES if give_up is None else give_up
            return Status.UNREADABLE, Reason.UNSUPPORTED_FORMAT if kind.decoder is None else unread
        return Status.EXAMINED, None


def _unpickled(
    kind: type[Matcher], origin: Origin | None, versions: Iterable[tuple[str, int]], settings: Settings
) -> Matcher:
    """The matcher that was pickled, opened in this process. StoreError where a version is not in the store any more."""
    if origin is None:
        return kind(settings=settings)
    matcher = kind.of_store(Store.open(origin.store), versions, settings=settings)
    matcher.origin = origin
    return matcher


LOW = "quality"
"""In a finding's `not_compared`: the hash has too little information to be looked up."""
_DATA_REASONS = frozenset({Reason.CORRUPT, Reason.TRUNCATED, Reason.UNSUPPORTED_FORMAT})
_BYTES_A_PIXEL = 24
"""An upper bound on the memory of every decoder here."""


def algorithms_for(requested: Iterable[str], lists: Iterable[OpenList]) -> tuple[str, ...]:
    """The algorithms to compute: MD5, SHA-256, those requested, and the installed ones of the open lists."""
    names = dict.fromkeys(("md5", "sha256", *requested))
    for opened in lists:
        names.update(dict.fromkeys(opened.computed))
    return tuple(names)
