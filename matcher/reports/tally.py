"""Counts of a scan's findings, for the summary of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

from matcher.model import Disposition, Reason, Status
from matcher.reasons import NOT_OPENED
from matcher.record.strength import Nearest, is_compared_picture
from matcher.reports.classify import ClassifiedFinding, Kind


@dataclass(slots=True)
class Tally:
    """Counts of findings, named as those of ScanSummary; negative where more was taken out than counted.

    `nearest` counts the notable items by what their strength follows from.
    """

    counts: Counter[str] = field(default_factory=lambda: Counter({status.value: 0 for status in Status}))
    unreadable: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    nearest: Counter[Nearest] = field(default_factory=Counter)
    pictures: int = 0
    matches: int = 0
    undecoded: int = 0
    notable: int = 0
    notable_identical: int = 0
    notable_duplicates: int = 0
    notable_doubtful: int = 0
    trivial: int = 0
    negative: int = 0
    conflicts: int = 0
    cut: int = 0

    def add(self, item: ClassifiedFinding, count: int = 1) -> None:
        """Count a finding; with `count` -1, take it out again."""
        finding = item.finding
        self.counts[finding.status.value] += count
        reason = "not stated" if finding.reason is None else finding.reason.value
        if finding.status is Status.UNREADABLE:
            self.unreadable[reason] += count
        elif finding.status is Status.SKIPPED:
            if finding.reason not in NOT_OPENED:
                self.skipped[reason] += count
        elif finding.reason not in (None, Reason.SKIPPED_PARTS):
            self.undecoded += count
        self.pictures += count * is_compared_picture(finding)
        self.matches += count * finding.matches_total
        self.trivial += count * finding.trivial
        self.negative += count * finding.negative
        if item.nearest is not None:
            self.notable += count
            self.nearest[item.nearest] += count
            self.notable_identical += count * any(
                match.kind is Kind.IDENTICAL and match.disposition is Disposition.NOTABLE for match in item.matches
            )
            self.notable_duplicates += count * (finding.status is Status.DUPLICATE)
            self.notable_doubtful += count * item.doubtful
            self.conflicts += count * item.conflict
        self.cut += count * item.is_cut

    def plus(self, other: Tally) -> Tally:
        """The sums of both."""
        summed = Tally()
        for name in (each.name for each in fields(Tally)):
            value = getattr(self, name)
            if isinstance(value, Counter):
                value = Counter(value)
                value.update(getattr(other, name))
                setattr(summed, name, value)
            else:
                setattr(summed, name, value + getattr(other, name))
        return summed


def by_count(counts: Mapping[str, int]) -> dict[str, int]:
    """The same counts, the largest first, without those of 0."""
    counted = ((name, count) for name, count in counts.items() if count)
    return dict(sorted(counted, key=lambda item: (-item[1], item[0])))


def summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sums of counts by name, as `by_count` orders them."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return by_count(total)
