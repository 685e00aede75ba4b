"""Resuming a scan that did not end: which scan, whether it can be resumed, and with which items.

1. The scan is the newest of the same source in the ledger, or the one that the examiner names, whose source may be at
   another path now (earlier.py).
2. Lists, settings, algorithms, exhibit, and builds of this tool and of its libraries must be those that it began with:
   otherwise its findings would not be one set.
3. The recorded state is restored: counts, findings root, examined contents. Hashes without entries are cut off.
4. The source is listed again and compared with the recorded items: changed, vanished and added items are reported, and
   recorded as an anomaly. The scan continues with the items that have no finding. At another path every recorded item
   must be there with its content: otherwise it is other evidence, and nothing is done. At the same path half of them
   must be: otherwise the evidence is not mounted, or something else is, and nothing is done either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from ledger import Ledger, decode_item, is_item_of
from matcher.errors import CaseError
from matcher.model import Item, Reason
from matcher.record.hashes_file import NO_TIME
from matcher.record.recorder import Recorder
from matcher.scan.earlier import EarlierScan

COMPARED = ("lists", "settings", "algorithms", "chances", "exhibit", "sealed", "tool", "libraries")
"""The fields of `scan.open` that must be equal."""

INFLATERS = frozenset({"deflate", "zlib-ng", "libz-ng", "Pillow/zlib_ng"})
"""Builds that earlier or later versions of this tool do not record, and whose absence from one side is no difference:
they only inflate, and RFC 1951 fixes what a sound stream inflates to. Where both sides record one, it is compared."""

MOST_NAMED = 200
"""The largest number of items of each kind that an anomaly names; all are counted, and shown to the examiner."""
MOST_CHARACTERS = 80
"""The largest length of a path in an anomaly."""


def check_same(earlier: EarlierScan, now: Mapping[str, Any]) -> None:
    """CaseError that names the differences between the scan's `scan.open` and its fields now."""
    before = {name: earlier.opened.get(name) for name in COMPARED}
    after = {name: now.get(name) for name in COMPARED}
    before["libraries"], after["libraries"] = _without_inflaters_of_one(before["libraries"], after["libraries"])
    differences = [difference for name in COMPARED for difference in _differences(name, before[name], after[name])]
    if differences:
        raise CaseError(
            f"scan {earlier.scan} began with something else, so it cannot go on: {'; '.join(differences)} "
            "(`matcher verify` prints the command that goes on with it; leave --resume out to scan anew)"
        )


def _without_inflaters_of_one(before: Any, after: Any) -> tuple[Any, Any]:
    """Both sets of builds without the INFLATERS that only one of them has. A malformed one is compared as it is."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return before, after
    ignored = (before.keys() ^ after.keys()) & INFLATERS
    kept = [{name: build for name, build in builds.items() if name not in ignored} for builds in (before, after)]
    return kept[0], kept[1]


def _differences(name: str, before: Any, now: Any) -> Iterator[str]:
    """A generator of the differences, in words; parts of a list are compared by their names."""
    if before == now:
        return
    if isinstance(before, list) and isinstance(now, list):
        before, now = ({_label(part): part for part in parts} for parts in (before, now))
        if before == now:
            yield f"{name}: in another order"
    is_algorithm = name.startswith("algorithms ") and name.count(" ") == 1
    if is_algorithm and (before is None) != (now is None):
        yield f"{name}: {'it was' if now is None else 'it was not'} computed (--algorithms)"
    elif isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*before, *now]):
            yield from _differences(f"{name} {key}", before.get(key), now.get(key))
    else:
        yield f"{name}: was {_shown(before)}, is {_shown(now)}"


def _label(part: Any) -> str:
    return str(part.get("name")) if isinstance(part, dict) else str(part)


def _shown(value: Any) -> str:
    return "not there" if value is None else str(value)[:80]


@dataclass(frozen=True, slots=True)
class RecordedItem:
    """The facts in the record by which an item is compared with the source."""

    path: str
    size: int | None
    sha256: str | None
    modified: int


StoredFacts = tuple[int, int, Mapping[str, int]]
"""The stored facts of one item: its flags, its time of modification, and its number of queries by kind."""


def restore_recorded(
    log: Ledger, earlier: EarlierScan, recorder: Recorder, stored: Iterator[StoredFacts]
) -> Iterator[RecordedItem]:
    """A generator of the recorded items of a scan, in order. Each is restored in `recorder` before it is yielded."""
    for index, body in log.entries(earlier.at):
        if is_item_of(body, earlier.scan):
            _scan, _seq, finding = decode_item(body)
            flags, modified, queries = next(stored)
            recorder.restore(finding, flags, queries, index=index)
            path = log.disclosed(index, body)["finding"]["path"] if earlier.sealed else finding["path"]
            yield RecordedItem(path, finding["size"], finding["sha256"], modified)


@dataclass(slots=True)
class Changes:
    """The paths of items that differ from the record, in the order of the source."""

    changed: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    """New items that come before the last recorded one."""
    unchanged: int = 0
    """The number of recorded files that are as they were recorded."""
    files: int = 0
    """The number of recorded items that were files, of a known size."""
    known: Item | None = None
    """The first file that is as it was recorded."""
    recorded: int = 0
    """The number of recorded items."""
    items: int = 0
    """The number of recorded items that are there, as recorded or not."""

    def __bool__(self) -> bool:
        return bool(self.changed or self.vanished or self.added)

    def facts(self) -> dict[str, Any]:
        """The fields of an `anomaly` entry: all paths counted, the first MOST_NAMED of each kind named."""
        facts: dict[str, Any] = {}
        for name in ("changed", "vanished", "added"):
            paths: list[str] = getattr(self, name)
            facts[name] = len(paths)
            facts[f"{name}_paths"] = [path[:MOST_CHARACTERS] for path in paths[:MOST_NAMED]]
        return facts


def check_fits(earlier: EarlierScan, changes: Changes, path: str) -> None:
    """CaseError unless a source at another path has all recorded items of the scan, with their content, and no others.

    Items that follow the last recorded one are not known, and are not compared.
    """
    if not changes:
        return
    differing = [
        f"{len(paths):,} {what}, such as {paths[0][:MOST_CHARACTERS]}"
        for what, paths in (
            ("recorded items are not there", changes.vanished),
            ("items are there that were not recorded", changes.added),
            ("items have other content", changes.changed),
        )
        if paths
    ]
    raise CaseError(
        f"{path} does not fit scan {earlier.scan}, so that scan cannot go on with it: {'; '.join(differing)} "
        "(scan it anew, without --resume and --scan)"
    )


def check_is_there(earlier: EarlierScan, changes: Changes, path: str) -> None:
    """CaseError where no recorded item of the scan is there, or fewer than half of its files are as recorded."""
    is_none_there = not changes.items and changes.recorded
    if not is_none_there and changes.unchanged * 2 >= changes.files:
        return
    number = earlier.scan
    raise CaseError(
        f"{path}: of the {changes.files or changes.recorded:,} recorded files of scan {number}, {changes.unchanged:,} "
        f"are there as they were recorded ({len(changes.vanished):,} items are gone, {len(changes.changed):,} have "
        "other content): is the evidence mounted? Nothing was recorded, and the scan stays open. Mount it and give the "
        f"same command again; where it is at another path now, name that path with --resume --scan {number}; where "
        f"scan {number} will never go on, end it with --abandon {number} --reason TEXT"
    )


def split_recorded(
    items: Iterator[Item], recorded: Iterator[RecordedItem], *, unchanged: Callable[[Item, RecordedItem], bool]
) -> tuple[Changes, Iterator[Item]]:
    """Compare the items of a source with the recorded ones. Returns the changes, and the items without a finding.

    The items keep their order. Where nothing changed, both iterators advance together and no item is held.
    `unchanged(item, record)` returns whether the content is the same; it is called for an item with the recorded size
    and another time of modification.
    """
    changes = Changes()
    for record in recorded:
        item = next(items, None)
        if item is None or item.path != record.path:
            return _split_by_path(changes, item, items, [record, *recorded], unchanged)
        _compare(changes, item, record, unchanged)
    return changes, items


def _split_by_path(
    changes: Changes,
    first: Item | None,
    items: Iterator[Item],
    recorded: list[RecordedItem],
    unchanged: Callable[[Item, RecordedItem], bool],
) -> tuple[Changes, Iterator[Item]]:
    """Continue `split_recorded` from the first item that differs from its record; the records left are held by path."""
    left = {record.path: record for record in recorded}
    others: list[Item] = []
    passed = 0
    for item in () if first is None else chain([first], items):
        record = left.pop(item.path, None)
        if record is None:
            others.append(item)
            continue
        changes.added.extend(other.path for other in others[passed:])
        passed = len(others)
        _compare(changes, item, record, unchanged)
        if not left:
            break
    changes.vanished.extend(left)
    changes.recorded += len(left)
    changes.files += sum(record.size is not None for record in left.values())
    return changes, chain(others, items)


def _compare(
    changes: Changes, item: Item, record: RecordedItem, unchanged: Callable[[Item, RecordedItem], bool]
) -> None:
    """Count an item of the source beside its record."""
    is_file = record.size is not None
    changes.recorded += 1
    changes.files += is_file
    if is_file and item.reason is Reason.VANISHED:  # a list of files names it all the same
        changes.vanished.append(item.path)
        return
    changes.items += 1
    if _changed(item, record, unchanged):
        changes.changed.append(item.path)
        return
    changes.unchanged += is_file
    if is_file and item.status is None:
        changes.known = changes.known or item


def _changed(item: Item, record: RecordedItem, unchanged: Callable[[Item, RecordedItem], bool]) -> bool:
    if item.size != record.size:
        return True
    if item.modified is None or record.modified in (NO_TIME, item.modified):
        return False
    return not unchanged(item, record)
