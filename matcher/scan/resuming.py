"""Going on with a scan that did not end: which one, whether that is possible, and with which items.

1. The scan is the newest of the same source in the ledger.
2. Lists, settings, algorithms, exhibit, and builds of this tool and of its libraries must be those that it began with:
   else its findings would not be one set.
3. What the ledger has is restored: counts, findings root, content that was seen. Hashes without entries are cut off.
4. The source is listed again. Every item that is recorded must be as it was: what changed, vanished or came between is
   told, and recorded as an anomaly. The scan goes on with the items that have no finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from ledger import Ledger, decode_item, is_item, is_item_of, parse
from matcher.errors import CaseError
from matcher.model import Item
from matcher.record.hashes_file import NO_TIME
from matcher.record.recorder import Recorder

_OPEN = b'"type":"scan.open"'
_CLOSE = b'"type":"scan.close"'

COMPARED = ("lists", "settings", "algorithms", "chances", "exhibit", "sealed", "tool", "libraries")
"""The fields of `scan.open` that must be equal."""

MOST_NAMED = 200
"""Items that an anomaly names of each kind; all are counted, and told to the examiner."""
MOST_CHARACTERS = 80
"""Of a path in an anomaly."""


@dataclass(frozen=True, slots=True)
class EarlierScan:
    """A scan of the same source. `at`: the leaf index of its opening; `closed`: its `scan.close`, if it has one."""

    scan: int
    at: int
    opened: dict[str, Any]
    closed: dict[str, Any] | None

    @property
    def sealed(self) -> bool:
        """Whether paths are commitments."""
        return bool(self.opened.get("sealed"))


def find_earlier(log: Ledger, source: Mapping[str, Any]) -> EarlierScan | None:
    """The newest scan of what `source.describe()` says, or None."""
    found: EarlierScan | None = None
    for index, body in log.entries():
        if is_item(body):
            continue
        if _OPEN in body:
            opened = log.disclosed(index, body)
            before = opened.get("source")
            if isinstance(before, dict) and all(before.get(key) == source[key] for key in ("kind", "path")):
                found = EarlierScan(int(opened["scan"]), index, opened, None)
        elif found is not None and _CLOSE in body:
            closed = parse(body)
            if closed["scan"] == found.scan:
                found = EarlierScan(found.scan, found.at, found.opened, closed)
    return found


def check_same(earlier: EarlierScan, now: Mapping[str, Any]) -> None:
    """CaseError that says what is not as the scan began with it."""
    differences = [
        difference for name in COMPARED for difference in _differences(name, earlier.opened.get(name), now.get(name))
    ]
    if differences:
        raise CaseError(
            f"scan {earlier.scan} began with something else, so it cannot go on: {'; '.join(differences)} "
            "(leave --resume out to scan anew)"
        )


def _differences(name: str, before: Any, now: Any) -> Iterator[str]:
    """A generator of what differs, in words; parts of a list are compared by their names."""
    if before == now:
        return
    if isinstance(before, list) and isinstance(now, list):
        before, now = ({_label(part): part for part in parts} for parts in (before, now))
        if before == now:
            yield f"{name}: in another order"
    if isinstance(before, dict) and isinstance(now, dict):
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
    """What the record has of one item."""

    path: str
    size: int | None
    sha256: str | None
    modified: int


StoredFacts = tuple[int, int, Mapping[str, int]]
"""Of one item: its flags, its time of modification and its questions by kind."""


def restored(
    log: Ledger, earlier: EarlierScan, recorder: Recorder, kept: Iterator[StoredFacts]
) -> Iterator[RecordedItem]:
    """A generator of what the ledger has of a scan, in order; each is counted by the recorder as it passes."""
    for index, body in log.entries(earlier.at):
        if is_item_of(body, earlier.scan):
            _scan, _seq, finding = decode_item(body)
            flags, modified, queries = next(kept)
            recorder.restore(finding, flags, queries, index=index)
            path = log.disclosed(index, body)["finding"]["path"] if earlier.sealed else finding["path"]
            yield RecordedItem(path, finding["size"], finding["sha256"], modified)


def count_items(log: Ledger, earlier: EarlierScan) -> int:
    """How many items the ledger has of a scan."""
    return sum(is_item_of(body, earlier.scan) for _index, body in log.entries(earlier.at))


@dataclass(slots=True)
class Changes:
    """What is not as it was when it was recorded, by path: in the order of the source."""

    changed: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    """Lies in front of what was recorded last, and was not there then."""

    def __bool__(self) -> bool:
        return bool(self.changed or self.vanished or self.added)

    def facts(self) -> dict[str, Any]:
        """What an `anomaly` entry holds: all counted, the first of each kind named."""
        facts: dict[str, Any] = {}
        for name in ("changed", "vanished", "added"):
            paths: list[str] = getattr(self, name)
            facts[name] = len(paths)
            facts[f"{name}_paths"] = [path[:MOST_CHARACTERS] for path in paths[:MOST_NAMED]]
        return facts


def without_recorded(
    items: Iterator[Item], known: Iterator[RecordedItem], *, unchanged: Callable[[Item, RecordedItem], bool]
) -> tuple[Changes, Iterator[Item]]:
    """What changed among the recorded items, and the items that have no finding yet, in order.

    Where nothing changed, both run side by side and nothing is held. `unchanged` says of an item with the size it
    had, and another time, whether its content is the same.
    """
    changes = Changes()
    for record in known:
        item = next(items, None)
        if item is None or item.path != record.path:
            return _out_of_step(changes, item, items, [record, *known], unchanged)
        if _changed(item, record, unchanged):
            changes.changed.append(item.path)
    return changes, items


def _out_of_step(
    changes: Changes,
    first: Item | None,
    items: Iterator[Item],
    known: list[RecordedItem],
    unchanged: Callable[[Item, RecordedItem], bool],
) -> tuple[Changes, Iterator[Item]]:
    left = {record.path: record for record in known}
    others: list[Item] = []
    passed = 0
    for item in () if first is None else chain([first], items):
        record = left.pop(item.path, None)
        if record is None:
            others.append(item)
            continue
        changes.added.extend(other.path for other in others[passed:])
        passed = len(others)
        if _changed(item, record, unchanged):
            changes.changed.append(item.path)
        if not left:
            break
    changes.vanished.extend(left)
    return changes, chain(others, items)


def _changed(item: Item, record: RecordedItem, unchanged: Callable[[Item, RecordedItem], bool]) -> bool:
    if item.size != record.size:
        return True
    if item.modified is None or record.modified in (NO_TIME, item.modified):
        return False
    return not unchanged(item, record)
