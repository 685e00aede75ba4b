"""Matcher: opened lists, ready to examine bytes. The library's front door.

Examining is pure: the same bytes, lists and settings give the same finding, in any process and on any thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from matcher.algorithms import Metric
from matcher.calibration.tables import KINDS
from matcher.errors import DecodeError, SettingsError
from matcher.examine.arguments import Data, Digests, check_hash, check_names, checked_data, checked_digests
from matcher.examine.content import Content, read_content
from matcher.examine.pictures import PictureExaminer, PictureResult
from matcher.executors import no_op
from matcher.executors.limits import room
from matcher.hashers import FileHasher, PictureHasher, file_hashers, known_algorithm, picture_hashers
from matcher.imaging.sniff import Kind, named_as_picture
from matcher.imaging.stated import stated_pixels
from matcher.lists.opened import OpenList
from matcher.lists.store import Store, check_lists
from matcher.lists.together import OpenLists
from matcher.lookup.all_algorithms import CombinedLookup
from matcher.lookup.chances import Chances, count_queries
from matcher.lookup.digests import match_digests, match_each_digest
from matcher.lookup.hash_lookup import HashLookup
from matcher.lookup.outcome import Matched, fitted, nearest, outcome
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import Disposition, Finding, Hash, Match, Reason, Status
from matcher.settings import Settings


class Matcher:
    """Lists that are open, and how to look pictures up in them. Immutable; share one between all threads."""

    def __init__(self, lists: Sequence[OpenList] = (), *, settings: Settings | None = None) -> None:
        self.lists = tuple(lists)
        self.together = OpenLists(self.lists)
        self.settings = Settings() if settings is None else settings
        names = algorithms_for(self.settings.algorithms, self.lists)
        listed = {name for opened in self.lists for name in opened.algorithms}
        for name in (*self.settings.thresholds, *self.settings.minimum_quality):
            if name not in names and name not in listed:
                raise SettingsError(f"a threshold or quality is set for {name}, which is not computed: ask for it too")
        self.file_hashers: list[FileHasher] = file_hashers(names)
        self.picture_hashers: list[PictureHasher] = picture_hashers(names)
        self.chances = Chances(self.together, self.settings)
        self.lookups = [
            PictureLookup(self.together, self.settings, found, self.chances) for found in self.picture_hashers
        ]
        self.combined_lookup = CombinedLookup(self.lookups, self.chances)
        self._pictures = PictureExaminer(self.combined_lookup, self.settings)
        self._by_hash = {
            name: HashLookup(self.together, self.settings, facts, self.chances)
            for name in sorted(listed)
            if (facts := known_algorithm(name)) is not None and facts.metric is not Metric.EXACT
        }

    @classmethod
    def open(
        cls,
        store: str | PathLike[str],
        *,
        lists: Iterable[tuple[str, int]] | None = None,
        settings: Settings | None = None,
        check: bool = False,
    ) -> Matcher:
        """Open the current lists of a store, or the given (name, version) pairs. Cheap: files are memory-mapped.

        With `check`, every byte of the lists is read first and compared with what was imported. StoreError or
        IndexFileError where something is missing or damaged, or where the store's lists hold nothing to look up.
        What they hold and no picture can match here, for want of a hasher, `not_computed` tells.
        """
        opened = Store.open(Path(store))
        if lists is None:
            check_lists(opened, computed=False)
        return cls.of_store(opened, opened.current() if lists is None else lists, settings=settings, check=check)

    @classmethod
    def of_store(
        cls, store: Store, lists: Iterable[tuple[str, int]], *, settings: Settings | None = None, check: bool = False
    ) -> Matcher:
        """Open lists of a store that is open, by their names and versions. Raises what `open` raises of lists."""
        return cls([store.open_list(name, version, check=check) for name, version in lists], settings=settings)

    @property
    def not_computed(self) -> dict[str, int]:
        """How many listed hashes of each algorithm `lookup` finds and `examine` does not, for want of a hasher."""
        counts: dict[str, int] = {}
        for opened in self.lists:
            for name, count in opened.not_computed.items():
                counts[name] = counts.get(name, 0) + count
        return counts

    def examine(self, data: Data, *, name: str = "", exhibit: str | None = None, digests: Digests = ()) -> Finding:
        """Digest, decode, hash and look up one file's bytes. Never raises for what the bytes hold.

        `name` becomes the finding's path; of it only the suffix matters, for telling an unreadable picture from
        a file that is none. `digests` are taken as they are and not computed again: the finding is as true as they
        are. SettingsError where they cannot be digests of an installed algorithm, TypeError where `data` is no bytes.
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
        """The same for a stream that is read once, to its end, in chunks: only a picture is held in memory.

        With `give_up` the picture is not decoded, and that is the finding's reason: what is done with an item whose
        decoding killed its worker. `beat` is called after every chunk and every rendering. OSError is the stream's.
        """
        check_names(name, exhibit)
        content = read_content(
            stream,
            self.file_hashers,
            max_bytes=self.settings.max_bytes,
            given=checked_digests(digests),
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
        """The same for what `read_content` has read; the bytes that it holds are let go."""
        found = match_digests(self.together, content.digests)
        by_digest = outcome(found)
        seen = PictureResult()
        kind = content.kind
        if self.settings.exclude_known_good and by_digest.known_good and not by_digest.known:
            status, reason = Status.EXCLUDED, None
        else:
            status, reason = self._readable(name, kind, content.size, give_up)
            if status is Status.EXAMINED and kind is not None:
                reason = self._look(content, kind, seen, beat)
                if reason is not None:  # part of it may have been seen: what was found stands, and so does the doubt
                    status = Status.UNREADABLE
        whole = by_digest
        if seen.matched:
            whole = outcome([*found, *self.chances.with_chances(seen.matched, count_queries(seen.pictures))])
        if whole.known:
            status = Status.KNOWN
        finding = Finding(
            path=name,
            size=content.size,
            sha256=content.sha256,
            status=status,
            reason=reason,
            exhibit=exhibit,
            media_type=None if kind is None else kind.media_type,
            width=seen.width,
            height=seen.height,
            hashes=whole.hashes,
            matches=whole.listed,
            matches_total=whole.total,
            notable=whole.notable,
            doubtful=whole.doubtful,
            conflict=whole.conflict,
            digests=tuple(content.digests),
            pictures=tuple(seen.pictures),
        )
        return fitted(finding)

    def lookup(self, given: Hash) -> tuple[Match, ...]:
        """Every listed entry within the threshold of a hash that was computed elsewhere, nearest first, not cut.

        It is taken as it is: the hash of the picture as it stands, not of its other orientations; with a region, as
        that of one. A hash below the minimum quality matches nothing. No hasher for its algorithm is needed.
        SettingsError where it is no hash of a known algorithm.
        """
        return self.lookup_many([given])[0]

    def lookup_many(self, given: Iterable[Hash]) -> list[tuple[Match, ...]]:
        """`lookup` of each hash, in one search of each list by each algorithm."""
        hashes = list(given)
        found: list[list[Matched]] = [[] for _ in hashes]
        places: dict[str, list[int]] = {}
        for place, value in enumerate(hashes):
            places.setdefault(check_hash(value).name, []).append(place)
        for algorithm, mine in places.items():
            one_query = Counter({(algorithm, kind): 1 for kind in KINDS})
            asked = [hashes[place] for place in mine]
            if algorithm in self._by_hash:
                answers = self._by_hash[algorithm].each(asked)
            else:
                answers = match_each_digest(self.together, asked)
            for place, matches in zip(mine, answers, strict=True):
                found[place] = self.chances.with_chances(matches, one_query)
        return [tuple(nearest(matches)) for matches in found]

    def disposition(self, match: Match) -> Disposition:
        """What the lab's profile says of a match's category. SettingsError where its list is not open."""
        found = {opened.facts.profile.disposition(match.category) for opened in self.lists if opened.name == match.list}
        if not found:
            raise SettingsError(f"no list {match.list!r} is open")
        return next(meaning for meaning in Disposition if meaning in found)  # of two versions: notable comes first

    def _look(self, content: Content, kind: Kind, seen: PictureResult, beat: Callable[[], None]) -> Reason | None:
        """Decode, hash and look a picture up. Why it could not be read whole; None where it was."""
        data = b""
        try:
            data = content.take()
            self._pictures.examine(data, kind, seen, beat)
            reason = seen.reason
        except DecodeError as error:
            reason = error.reason
        except MemoryError:
            reason = Reason.OUT_OF_MEMORY
        return Reason.OUT_OF_MEMORY if reason in _OF_THE_DATA and _may_lack_memory(data, kind) else reason

    def _readable(
        self, name: str, kind: Kind | None, size: int, give_up: Reason | None
    ) -> tuple[Status, Reason | None]:
        """What can be said of an item before it is decoded."""
        if kind is None:
            # a file that claims to be a picture and is none may be a damaged one: never pass it over in silence
            status = Status.UNREADABLE if named_as_picture(name) else Status.SKIPPED
            return status, Reason.EMPTY if size == 0 else Reason.NOT_A_PICTURE
        if kind.decoder is None:
            return Status.UNREADABLE, Reason.UNSUPPORTED_FORMAT
        if give_up is not None:
            return Status.UNREADABLE, give_up
        if size > self.settings.max_bytes:
            return Status.UNREADABLE, Reason.TOO_MANY_BYTES
        return Status.EXAMINED, None


_OF_THE_DATA = frozenset({Reason.CORRUPT, Reason.TRUNCATED, Reason.UNSUPPORTED_FORMAT})
_BYTES_A_PIXEL = 24
"""More than any decoder here takes."""


def _may_lack_memory(data: bytes, kind: Kind) -> bool:
    """Whether a decoder's complaint of the data may be one of memory: several of them do not tell those apart."""
    limit = room()
    return limit is not None and _BYTES_A_PIXEL * stated_pixels(data, kind) > limit


def algorithms_for(wanted: Iterable[str], lists: Iterable[OpenList]) -> tuple[str, ...]:
    """What is computed: MD5 and SHA-256 always, what was asked for, and what is installed of what an open list has."""
    names = dict.fromkeys(("md5", "sha256", *wanted))
    for opened in lists:
        names.update(dict.fromkeys(opened.computed))
    return tuple(names)
