"""The current state of a case: its findings after the relookups and decisions that its ledger records.

A ledger never changes a finding: what became of it stands in later entries. The current finding of an item is the
recorded one with these fields changed or added (docs/commands.md):

    matches, matches_total, hashes, status    as the newest relookup left them, where one changed the item's matches
    relookup    entries (leaf indexes that name the item), lists (name and version, of the scan's newest relookup),
                new, withdrawn, changed (counts of its changes), unconfirmed (reasons why matches could not be
                confirmed), status (as scanned), total_is_exact; only where a relookup names the item
    decision    entry (leaf index), verdict, examiner, time, note, before_relookup (whether a relookup changed the item
                after it); only where there is a decision on the item

All matches that the ledger has are listed, also where they are more than a scan would list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ledger import LaterChanges, LaterEntries, NamedList, canonical, place_of
from matcher.algorithms import ALGORITHMS, Metric
from matcher.errors import CaseError
from matcher.imaging.sniff import named_as_picture
from matcher.model import HASH_KEYS, CategoryProfile, Disposition, Reason, Status
from matcher.reasons import NOT_OPENED
from matcher.record.case import CaseReader
from matcher.record.finding_json import in_order

Json = Mapping[str, Any]

ChosenItems = Callable[[int, bytes], bool]
"""Whether an item's entry is read, by its leaf index and its bytes: what `CaseReader.entries` takes."""

MALFORMED = (KeyError, TypeError, ValueError, AttributeError)
"""The exceptions that reading a malformed entry raises."""

_FIXED = frozenset({Status.DUPLICATE.value, Status.EXCLUDED.value})
"""The statuses that an item keeps, unless it is known now; a duplicate is one whatever it matches."""


class CurrentState:
    """What the ledger of a case says of its items after their entries. Memory grows with these later entries only."""

    def __init__(self) -> None:
        self.later = LaterEntries()
        self._profiles: dict[int, dict[str, CategoryProfile]] = {}

    @classmethod
    def read(cls, case: CaseReader, *, as_scanned: bool = False) -> CurrentState:
        """The state of all entries that the ledger had when it was opened. CaseError where one is malformed.

        `as_scanned`: without relookups and decisions, so that it has nothing but what the lists of each scan mean.
        """
        state = cls()
        for index, entry in case.entries(items=lambda _index, _body: False):
            try:
                if not as_scanned or entry["type"] in ("list.load", "scan.open"):
                    state.later.add(index, entry)
            except MALFORMED as error:
                raise malformed(index, entry) from error
        return state

    def profiles(self, scan: int) -> Mapping[str, CategoryProfile]:
        """The profiles of the lists, by name: of the newest version that the scan or a relookup of it used."""
        if scan not in self._profiles:
            known = self.later.lists_known(scan)
            self._profiles[scan] = {name: profile_of(used) for name, used in known.items()}
        return self._profiles[scan]

    def profile(self, scan: int, name: str) -> CategoryProfile:
        """The profile of one of these lists; of an unknown one, all is notable."""
        return self.profiles(scan).get(name, CategoryProfile())

    def is_named(self, index: int, scan: int, seq: int) -> bool:
        """Whether a later entry says anything of the item at leaf index `index`."""
        return self.later.changes(scan, seq) is not None or self.later.decision(index, (scan, seq)) is not None

    def decisions_of_no_item(self) -> Iterator[str]:
        """A generator of the current decisions that cite no item: by whom, what, and on which entries."""
        for index, decision in self.later.of_no_item:
            cited = ", ".join(
                f"entry {citation['index']} ({self.later.kind(citation['index'])})"
                for citation in decision.get("cites") or ()
            )
            by = f"{decision.get('verdict')!s:.40} by {decision.get('examiner')!s:.200}"
            yield f"entry {index}, {by}, on {cited or 'nothing'}"

    def may_match(self, _index: int, body: bytes) -> bool:
        """Whether the bytes of an item's entry have a match, or a relookup names the item. For `CaseReader.entries`."""
        return may_match(body) or self.later.changes(*place_of(body)) is not None

    def finding(self, index: int, entry: Json) -> dict[str, Any]:
        """The current finding, in print order, of the `item` entry at leaf index `index`.

        An exception of MALFORMED where the entry or a decision is malformed.
        """
        finding = in_order(entry["finding"])
        scan = entry["scan"]
        changes = self.later.changes(scan, entry["seq"])
        if changes is not None:
            self._apply(finding, scan, changes)
        if (decided := self.later.decision(index, (scan, entry["seq"]))) is not None:
            at, decision = decided
            finding["decision"] = {
                "entry": at,
                **{name: decision.get(name) for name in ("verdict", "examiner", "time", "note")},
                "before_relookup": changes is not None and changes.entries[-1] > at,
            }
        return finding

    def _apply(self, finding: dict[str, Any], scan: int, changes: LaterChanges) -> None:
        """Bring a finding to the state after the relookups of its scan that name it."""
        recorded, status = finding["matches"], finding["status"]
        unlisted = finding["matches_total"] - len(recorded)
        if any(changes.counts[kind] for kind in ("new", "withdrawn", "changed")):
            matches = in_order({**finding, "matches": changes.applied(recorded)})["matches"]
            finding["matches"] = matches
            taking_part = ({key: match[key] for key in HASH_KEYS} for match in matches)
            finding["hashes"] = list({canonical(form): form for form in taking_part}.values())
            # what a new match is may be one of those that the finding counted and did not list
            gone = changes.counts["withdrawn"]
            finding["matches_total"] = max(len(matches), len(recorded) + unlisted - gone if unlisted else 0)
        finding["status"] = self._status(finding, scan)
        finding["relookup"] = {
            "entries": list(changes.entries),
            "lists": [{"name": used.name, "version": used.version} for used in self.later.lists(scan).values()],
            **{kind: changes.counts[kind] for kind in ("new", "withdrawn", "changed")},
            "unconfirmed": list(dict.fromkeys(changes.unconfirmed)),
            "status": status,
            "total_is_exact": not unlisted,
        }

    def _status(self, finding: Json, scan: int) -> str:
        """The status that a scan with the newest lists gives, as far as hashes were stored."""
        status: str = finding["status"]
        is_known = any(
            is_identical(match)
            and not match.get("trivial")
            and self.profile(scan, match["list"]).disposition(match["category"]) is Disposition.NOTABLE
            for match in finding["matches"]
        )
        if is_known:
            return status if status == Status.DUPLICATE else Status.KNOWN.value
        if status in _FIXED or status != Status.KNOWN:
            return status
        reason = finding["reason"]
        if reason in (None, Reason.SKIPPED_PARTS):
            return Status.EXAMINED.value
        if reason in (Reason.EMPTY, Reason.NOT_A_PICTURE) and not named_as_picture(str(finding["path"])):
            return Status.SKIPPED.value
        is_skipped = reason in (*NOT_OPENED, Reason.SIDE_FILE)
        return Status.SKIPPED.value if is_skipped else Status.UNREADABLE.value


def may_match(body: bytes) -> bool:
    """Whether the bytes of an item's entry have a match."""
    return b'"matches":[],"matches_total":0' not in body


def is_identical(match: Json) -> bool:
    """Whether a match agrees in all bytes: by a digest, with distance 0."""
    algorithm = ALGORITHMS.get(match["algorithm"])
    return algorithm is not None and algorithm.metric is Metric.EXACT and match["distance"] == 0


def profile_of(used: NamedList) -> CategoryProfile:
    """The profile of a list; of one that no `list.load` describes, all is notable: it is not known to be harmless."""
    return CategoryProfile() if used.profile is None else CategoryProfile.from_json(used.profile)


def state_of(case: CaseReader, *, as_scanned: bool, state: CurrentState | None = None) -> CurrentState | None:
    """The current state of a case: `state`, where it was read already. None where the case is read as scanned."""
    if as_scanned:
        return None
    return CurrentState.read(case) if state is None else state


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding as JSON, in print order, with its leaf index, its scan and its place in the scan."""

    index: int
    scan: int
    seq: int
    finding: dict[str, Any]


def findings_of(
    case: CaseReader, state: CurrentState | None, *, scan: int | None = None, matched: bool = False
) -> Iterator[Placed]:
    """A generator of the findings in the order of the ledger: current by `state`, or as scanned without it.

    `scan`: only of this scan. `matched`: only those with a match. CaseError where an entry is malformed.
    """
    for index, entry in case.entries(items=matching_items(state) if matched else None):
        try:
            if entry["type"] != "item" or scan not in (None, entry["scan"]):
                continue
            finding = in_order(entry["finding"]) if state is None else state.finding(index, entry)
            placed = Placed(index, entry["scan"], entry["seq"], finding)
            is_wanted = not matched or finding["matches_total"]
        except MALFORMED as error:
            raise malformed(index, entry) from error
        if is_wanted:
            yield placed


def matching_items(state: CurrentState | None) -> ChosenItems:
    """Which items `CaseReader.entries` must read where only those that may have a match are wanted."""
    return state.may_match if state is not None else lambda _index, body: may_match(body)


def malformed(index: int, entry: Json) -> CaseError:
    """The error that names a malformed entry."""
    return CaseError(f"entry {index} of the ledger ({entry.get('type')!s:.40}) is not as matcher writes it")
