"""Removal of entries from a list, as a new version; and retirement of whole lists."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from matcher.errors import ListError
from matcher.lists.formats.lines import numbered_lines
from matcher.lists.formats.values import RefusedValue, decode_text, parse_text
from matcher.lists.publishing import building, publish
from matcher.lists.store import Store
from matcher.lists.version import ListVersion
from matcher.model import RefusedLine

MOST_REASON = 500
"""The most characters of the reason of a removal."""
_NAMED = 20
"""The most missing entries that an error names."""


def read_ids(stream: BinaryIO, source: str) -> list[str]:
    """The ids in a file, one a line. ListError naming the first line that cannot be an id."""
    ids = []
    for line in numbered_lines(stream, source):
        if isinstance(line, RefusedLine):
            raise ListError(f"{source}:{line.line}: {line.reason}")
        ids.append(_id(decode_text(line[1]), f"{source}:{line[0]}"))
    return ids


def ids_of(texts: Iterable[str]) -> list[str]:
    """Check ids that were typed. ListError for a text that cannot be an id."""
    return [_id(text, repr(text)) for text in texts]


def _id(text: str, where: str) -> str:
    return _text("id", text, where)


def _text(field: str, text: str, where: str) -> str:
    try:
        return parse_text(field, decode_text(text.encode("utf-8", "surrogateescape")))
    except RefusedValue as refusal:
        raise ListError(f"{where}: {refusal.reason}") from refusal


def remove_entries(
    store: Store,
    name: str,
    ids: Sequence[str],
    *,
    ignore_missing: bool = False,
    source: str = "ids",
    reason: str | None = None,
) -> ListVersion:
    """Publish a new version of a list without these entries. Returns the version that scans then use.

    `source`, the origin of the ids, and `reason` are recorded in its header, and by every scan that uses it. Unless
    `ignore_missing`, ListError where an entry is missing, and the store is unchanged. If all are missing, no version is
    made.
    """
    if reason is not None and not 0 < len(reason.strip()) <= MOST_REASON:
        raise ListError(f"a reason has 1 to {MOST_REASON} characters")
    ids_to_remove = sorted(set(ids))
    with Store.open(store.folder).writing() as writer:
        base = writer.newest(name)
        listed = {ids_to_remove[place] for place in base.records_of(ids_to_remove)[0].tolist()}
        missing = [entry_id for entry_id in ids_to_remove if entry_id not in listed]
        if missing and not ignore_missing:
            named = ", ".join(missing[:_NAMED]) + (f" and {len(missing) - _NAMED} more" if missing[_NAMED:] else "")
            raise ListError(f"{name} version {base.version} has no entry {named}: nothing was removed")
        if not listed:
            return base.facts
        present = sorted(listed)
        with building(writer, name, base=base) as builder:
            for entry_id in present:
                builder.remove(entry_id)
            lines = "".join(f"{entry_id}\n" for entry_id in present).encode()
            facts = {"file": source, "format": "removal", "size": len(lines)}
            facts["sha256"] = hashlib.sha256(lines).hexdigest()
            facts |= {} if reason is None else {"reason": _text("reason", reason.strip(), "--reason")}
            return publish(writer, builder, name=name, sources=[facts], profile=base.facts.profile)


def retire_list(store: Store, name: str) -> list[tuple[str, int]]:
    """Retire a list: scans no longer use it, its versions stay. Returns the lists still in use: name and version."""
    with Store.open(store.folder).writing() as writer:
        writer.retire(name)
        return sorted(writer.current().items())
