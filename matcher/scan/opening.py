"""How a scan begins or is resumed: the checks, and the entries that the ledger gets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ledger import Ledger
from matcher.calibration.tables import LOW_QUALITY
from matcher.errors import CaseError, NotIntactError
from matcher.examine.engine import Matcher
from matcher.examine.selftest import run as run_selftest
from matcher.lists.store import Store, check_lists
from matcher.lookup.chances import REGION, WHOLE
from matcher.lookup.picture_lookup import PictureLookup
from matcher.model import Item
from matcher.record.builds import library_builds, platform_facts, tool_version
from matcher.record.case import NO_FACTS, CaseFacts, check_apart, check_files_apart, facts_by_name
from matcher.record.entries import append_scan_open, clock_anomaly, entry, form_of
from matcher.record.floods import FloodTally
from matcher.record.hashes_file import Header, StoredAlgorithm, path_of, stored_algorithm
from matcher.record.hashes_writer import HashesWriter
from matcher.record.intact import not_intact
from matcher.record.recorder import Recorder
from matcher.record.sealing import SEALED, SEALED_NAMES, Openings, Sealed, Sealing, plain
from matcher.scan.earlier import EarlierScan, SourceName, count_items, find_earlier, source_name
from matcher.scan.resuming import (
    Changes,
    RecordedItem,
    StoredFacts,
    check_fits,
    check_is_there,
    check_same,
    restore_recorded,
    split_recorded,
)
from matcher.settings import Settings
from matcher.sources import Source, open_source
from matcher.sources.files import FilesSource
from matcher.system.files import readable_name

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One source against the current lists of a store, recorded in the case's folder.

    `source` is a list of files that start at `location`; without it, what lies at `location` is the source.

    With `resume` the newest scan of the source, if there is one, is resumed where the ledger ends; with `scan` that
    scan is, whose source may have been at another path. `beside` are the other sources of the same command. With
    `sealing` paths are written as commitments.
    """

    location: Path
    store: Path
    case: Path
    settings: Settings
    facts: CaseFacts = NO_FACTS
    resume: bool = False
    sealing: Sealing | None = None
    scan: int | None = None
    beside: frozenset[SourceName] = frozenset()
    source: FilesSource | None = None

    @property
    def exhibit(self) -> str | None:
        """The exhibit number in every finding."""
        return self.facts.exhibit

    @property
    def root(self) -> Path | None:
        """Where all items lie; None for a list of files, which lie anywhere."""
        return self.location if self.source is None else None


@dataclass(frozen=True, slots=True)
class PreparedScan:
    """A request whose source and lists are open."""

    request: ScanRequest
    source: Source
    matcher: Matcher


def prepare_scan(request: ScanRequest, *, matcher: Matcher | None = None) -> PreparedScan:
    """Open the source and the lists, once, and refuse a scan that cannot begin before a case is created for it.

    `matcher` is that of an earlier request with the same store and settings. Without it, the current lists of the
    store are opened, and every byte of them is checked. CaseError where the case lies inside the evidence;
    SourceError, StoreError, IndexFileError or CalibrationError where something cannot be opened.
    """
    source: Source
    if request.source is not None:
        check_files_apart(request.source.names(), request.case)
        source = request.source
    else:
        check_apart(request.location, request.case)
        source = open_source(request.location)
    if matcher is None:
        store = Store.open(request.store)
        check_lists(store)
        matcher = Matcher.of_store(store, store.current(), settings=request.settings, check=True)
    return PreparedScan(request, source, matcher)


class CountedItems:
    """Items, counted as they are iterated, for comparison with the record; `count` items are already recorded."""

    def __init__(self, items: Iterable[Item], count: int = 0) -> None:
        self._items = items
        self.count = count

    def __iter__(self) -> Iterator[Item]:
        for item in self._items:
            self.count += 1
            yield item


@dataclass(frozen=True, slots=True)
class StartedScan:
    """A scan that is in the ledger: its number, its recorder, and the items that have no finding yet."""

    scan: int
    recorder: Recorder
    items: CountedItems
    changes: Changes


class Opening:
    """Begins or resumes a prepared scan. MatcherError or LedgerError where it cannot."""

    def __init__(self, log: Ledger, prepared: PreparedScan, executor: dict[str, Any]) -> None:
        self._log = log
        self._request = prepared.request
        self._executor = executor
        self.source = prepared.source
        self.matcher = prepared.matcher

    def earlier(self) -> EarlierScan | None:
        """The scan to resume, if that is requested and there is one. CaseError where it cannot be resumed."""
        if not self._request.resume:
            return None
        request = self._request
        earlier = find_earlier(
            self._log, self._facts["source"], case=request.case, scan=request.scan, beside=request.beside
        )
        if earlier is not None:
            check_same(earlier, self._facts)
        return earlier

    def begin(self) -> StartedScan:
        """Begin a new scan: append its first entries and create its file of hashes."""
        loads = [entry("list.load", **opened.load_record()) for opened in self.matcher.lists]
        scan = append_scan_open(self._log, [self._self_test(), *loads], self._facts, self._encode)
        try:
            hashes = HashesWriter.create(path_of(self._request.case, scan), self._header(scan))
        except CaseError:
            self._log.append([entry("anomaly", scan=scan, what="stopped by CaseError", items=0)], checkpoint=True)
            raise
        return StartedScan(scan, self._recorder(scan, hashes), CountedItems(self.source.items()), Changes())

    def resume(self, earlier: EarlierScan) -> StartedScan:
        """Restore the recorded items of a scan, and append an `anomaly` that it was resumed."""
        hashes = HashesWriter(path_of(self._request.case, earlier.scan), self._header(earlier.scan))
        try:  # reads the ledger only now that no other process can write the scan
            if not (self.earlier() or earlier).is_open:
                raise CaseError(f"scan {earlier.scan} was ended by another process in this moment")
            try:
                flags, times, queries = hashes.cut(count_items(self._log, earlier))
            except NotIntactError as error:
                raise not_intact(self._request.case, str(error)) from error
            recorder = self._recorder(earlier.scan, hashes)
            stored = zip(flags.tolist(), times.tolist(), queries, strict=True)
            return self._restored(earlier, recorder, stored)
        except BaseException:
            hashes.close()
            raise

    def _restored(self, earlier: EarlierScan, recorder: Recorder, stored: Iterator[StoredFacts]) -> StartedScan:
        recorded = restore_recorded(self._log, earlier, recorder, stored)
        changes, items = split_recorded(iter(self.source.items()), recorded, unchanged=self._unchanged)
        if self._facts["source"]["sha256"] != earlier.opened["source"]["sha256"]:  # a source that is one file
            changes.changed.append(readable_name(self._request.location))
        fields = {"scan": earlier.scan, "items": recorder.items, "examiner": self._request.facts.examiner}
        after = {"after_checkpoint": self._log.latest_size()}
        source = self._facts["source"]
        is_moved = source_name(source) != earlier.sources[-1]
        if is_moved:
            check_fits(earlier, changes, source["path"])
        check_is_there(earlier, changes, source["path"])
        said = form_of("anomaly", what="resumed", **fields, **after, **({"source": source} if is_moved else {}))
        resumed, opened = self._encode(said)
        bodies = [self._self_test(), *clock_anomaly(self._log), resumed]
        openings: list[Openings] = [*([] for _body in bodies[1:]), opened]
        if changes:
            body, opened = self._encode(form_of("anomaly", what="the source changed", **fields, **changes.facts()))
            openings.append(opened)
            bodies.append(body)
        recorder.finish_restoring(self._log.append(bodies, checkpoint=True, openings=openings))
        return StartedScan(earlier.scan, recorder, CountedItems(items, recorder.items), changes)

    def _recorder(self, scan: int, hashes: HashesWriter) -> Recorder:
        floods = FloodTally({opened.name: opened.facts.profile for opened in self.matcher.lists})
        return Recorder(self._log, scan, hashes, self._request.sealing, floods=floods)

    def _encode(self, form: dict[str, Any]) -> Sealed:
        """The bytes of an entry, its paths sealed if the request says so, and its openings."""
        sealing = self._request.sealing
        return plain(form) if sealing is None else sealing.seal(form)

    def _self_test(self) -> bytes:
        return entry("self.test", **run_selftest(tuple(str(name["name"]) for name in self._facts["algorithms"])))

    @cached_property
    def _facts(self) -> dict[str, Any]:
        """The fields of `scan.open` but the number of the scan."""
        settings = self._request.settings
        digests = [{"name": hasher.algorithm.name, "profile": hasher.profile} for hasher in self.matcher.file_hashers]
        pictures = [
            {
                "name": hasher.algorithm.name,
                "profile": hasher.profile,
                "metric": hasher.algorithm.metric.value,
                "threshold": lookup.threshold(WHOLE),
                **({"region_threshold": lookup.threshold(REGION)} if settings.regions else {}),
                "minimum_quality": settings.quality(hasher.algorithm.name),
                **_low_quality(self.matcher, lookup),
                "margin": max(lookup.margin, lookup.screen.margin),
                **({} if lookup.screener is None else {"screen": lookup.screen.profile}),
            }
            for hasher, lookup in zip(self.matcher.picture_hashers, self.matcher.lookups, strict=True)
        ]
        return {
            "source": {**self.source.describe(), "sha256": self.source.digest()},
            **facts_by_name(self._request.facts),
            "settings": settings.as_json(),
            "algorithms": digests + pictures,
            "chances": {
                **self.matcher.chances.as_json(),
                "combined": list(self.matcher.combined_lookup.joint_algorithms),
            },
            "lists": [
                {"name": opened.name, "version": opened.version, "digest": opened.facts.digest}
                for opened in self.matcher.lists
            ],
            **self._sealed(),
            "executor": self._executor,
            "tool": tool_version(),
            "libraries": library_builds(),
            "platform": platform_facts(),
        }

    def _sealed(self) -> dict[str, Any]:
        """The field that names what is sealed, if anything is."""
        if self._request.sealing is None:
            return {}
        return {"sealed": [*SEALED, *([SEALED_NAMES] if "names" in self.source.describe() else [])]}

    def _header(self, scan: int) -> Header:
        return Header(
            scan,
            tuple(
                StoredAlgorithm(hasher.algorithm.name, hasher.algorithm.width) for hasher in self.matcher.file_hashers
            ),
            tuple(map(stored_algorithm, self.matcher.lookups)),
        )

    def _unchanged(self, item: Item, record: RecordedItem) -> bool:
        digest = hashlib.sha256()
        try:
            with self.source.open(item) as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
        except OSError:
            return False
        return digest.hexdigest() == record.sha256


def _low_quality(matcher: Matcher, lookup: PictureLookup) -> dict[str, Any]:
    """The fields of an algorithm whose hashes of low quality are compared by thresholds of their own."""
    name = lookup.algorithm
    if not matcher.settings.is_stricter_by_quality(name) or not matcher.chances.is_measured(name, LOW_QUALITY):
        return {}
    return {
        "least_quality": matcher.settings.least_quality(name),
        "low_quality_thresholds": matcher.combined_lookup.low_quality_thresholds(lookup),
    }
