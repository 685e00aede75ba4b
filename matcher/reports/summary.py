"""A case's ledger, read once → the summary that every report states: facts, scans, counts.

Memory grows with the number of scans and lists, not with the items. This module verifies nothing, but it does not
call a scan complete whose items contradict its `scan.close`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger import NamedList
from matcher.model import Status
from matcher.record.shortfall import Shortfall
from matcher.reports.classify import LoadedList
from matcher.reports.tally import summed


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """One scan. `opened`, `self_test`, `closed`, `anomalies`, `relookups` and `abandoned` are entries as recorded.

    `notable` and `conflicts` count items; they are the counts of `scan.close` where those are larger than the listed
    matches show (`notable_listed`). `notable_identical` of them match a notable entry by digest; `notable_duplicates`
    repeat the content of another item, and `notable_doubtful` match only by hashes of low quality. `trivial` items
    match by a digest of trivial content, `negative` ones beside what matched wrongly. `pictures` were compared, each
    content counted once; by that number `strength`
    counts the notable items in groups (matcher/record/strength.py). `cut` counts items with more matches than are
    listed, none of the listed ones notable. `undecoded` counts items that are known by a digest and could not be
    decoded as a picture, or were not opened. `skipped` has the rules that skipped items, by reason, but for the reasons
    of NOT_OPENED: `shortfall` counts these, parts that were not looked at, and pictures that were not compared. Of the
    last the close of the scan has the number: it is 0 for a scan that was never closed. `told` is False where an
    earlier version closed the scan, which did not tell containers from other files. `problems` describes each
    contradiction in words.

    The counts are of the current findings, or as scanned. `lists` are those that the scan opened with, `lists_now`
    those by which its matches hold. `gained` and `lost` count items that are notable now and were not as scanned, and
    the reverse; `unconfirmed` those that may match and that the newest relookup could not confirm. `decisions` counts
    items by the verdict of their current decision, `outdated` those whose decision is older than a relookup that
    changed them and counts as none, `undecided` notable items without a decision.
    """

    number: int
    opened: Mapping[str, Any]
    lists: tuple[LoadedList, ...]
    lists_now: tuple[NamedList, ...]
    self_test: Mapping[str, Any] | None
    closed: Mapping[str, Any] | None
    anomalies: tuple[Mapping[str, Any], ...]
    relookups: tuple[Mapping[str, Any], ...]
    items: int
    bytes: int
    counts: Mapping[str, int]
    unreadable: Mapping[str, int]
    skipped: Mapping[str, int]
    shortfall: Shortfall
    told: bool
    matches: int
    undecoded: int
    notable: int
    notable_listed: int
    notable_identical: int
    notable_duplicates: int
    notable_doubtful: int
    trivial: int
    pictures: int
    strength: Mapping[str, int]
    negative: int
    conflicts: int
    cut: int
    gained: int
    lost: int
    unconfirmed: int
    undecided: int
    outdated: int
    decisions: Mapping[str, int]
    problems: tuple[str, ...]
    abandoned: Mapping[str, Any] | None = None

    @property
    def relookups_made(self) -> int:
        """The number of relookups; one may take several entries."""
        return sum(entry["part"] == 1 for entry in self.relookups)

    @property
    def complete(self) -> bool:
        """Whether the scan was closed and its close agrees with its items."""
        return self.closed is not None and not self.problems


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A case. `opened` is its `case.open`; `decisions` counts `decision` entries, and `of_no_item`
    says which of those that stand cite no item.

    `as_scanned` is whether relookups and decisions are left out of the counts. `size` and `root` are the ledger's tree
    size and root hash; `checkpoint` is its latest checkpoint, which covers `checkpoint_size` entries.
    """

    opened: Mapping[str, Any]
    scans: tuple[ScanSummary, ...]
    anomalies: tuple[Mapping[str, Any], ...]
    decisions: int
    of_no_item: tuple[str, ...]
    origin: str
    size: int
    root: str
    checkpoint: str
    checkpoint_size: int
    as_scanned: bool

    def total(self, status: Status) -> int:
        """The number of items with that status in all scans."""
        return sum(scan.counts[status.value] for scan in self.scans)

    @property
    def items(self) -> int:
        return sum(scan.items for scan in self.scans)

    @property
    def notable(self) -> int:
        return sum(scan.notable for scan in self.scans)

    @property
    def strength(self) -> Mapping[str, int]:
        """Strength → number of notable items, in all scans."""
        return summed(scan.strength for scan in self.scans)

    @property
    def unreadable(self) -> Mapping[str, int]:
        """Reason → number of items that could not be read, in all scans."""
        return summed(scan.unreadable for scan in self.scans)

    @property
    def skipped(self) -> Mapping[str, int]:
        """Reason → number of items that a rule skipped, in all scans, but for those that were not opened."""
        return summed(scan.skipped for scan in self.scans)

    @property
    def not_opened(self) -> Mapping[str, int]:
        """Reason → number of items that were not opened, in all scans."""
        return summed(scan.shortfall.not_opened for scan in self.scans)

    @property
    def skipped_parts(self) -> Mapping[str, int]:
        """Kind of part → number of items with such a part that was not looked at, in all scans."""
        return summed(scan.shortfall.skipped_parts for scan in self.scans)

    @property
    def not_compared(self) -> int:
        """The number of pictures that no perceptual algorithm looked up, in all scans that were closed."""
        return sum(scan.shortfall.not_compared for scan in self.scans)

    @property
    def not_compared_by(self) -> Mapping[str, int]:
        """Algorithm → number of pictures that were not looked up by it, in all scans."""
        return summed(scan.shortfall.not_compared_by for scan in self.scans)
