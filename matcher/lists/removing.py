"""Entries taken out of a list, as a new version; and whole lists taken out of use."""

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

_NAMED = 20
"""How many missing entries an error names."""


def read_ids(stream: BinaryIO, source: str) -> list[str]:
    """The ids of a file that has one a line. ListError naming the first line that cannot be one."""
    ids = []
    for line in numbered_lines(stream, source):
        if isinstance(line, RefusedLine):
            raise ListError(f"{source}:{line.line}: {line.reason}")
        ids.append(_id(decode_text(line[1]), f"{source}:{line[0]}"))
    return ids


def ids_of(texts: Iterable[str]) -> list[str]:
    """Ids as they were typed. ListError for what cannot be one."""
    return [_id(text, repr(text)) for text in texts]


def _id(text: str, where: str) -> str:
    try:
        return parse_text("id", decode_text(text.encode("utf-8", "surrogateescape")))
    except RefusedValue as refusal:
        raise ListError(f"{where}: {refusal.reason}") from refusal


def remove_entries(
    store: Store, name: str, ids: Sequence[str], *, ignore_missing: bool = False, source: str = "ids"
) -> ListVersion:
    """A new version of a list without these entries. The version that scans use then.

    `source` says in its header where the ids came from. ListError, and the store as before, where one is not there,
    unless `ignore_missing`; where none is there, no version is made.
    """
    wanted = sorted(set(ids))
    with Store.open(store.folder).writing() as writer:
        base = writer.newest(name)
        there = {wanted[place] for place in base.records_of(wanted)[0].tolist()}
        missing = [entry_id for entry_id in wanted if entry_id not in there]
        if missing and not ignore_missing:
            named = ", ".join(missing[:_NAMED]) + (f" and {len(missing) - _NAMED} more" if missing[_NAMED:] else "")
            raise ListError(f"{name} version {base.version} has no entry {named}: nothing was removed")
        if not there:
            return base.facts
        present = sorted(there)
        with building(writer, name, base=base) as builder:
            for entry_id in present:
                builder.remove(entry_id)
            lines = "".join(f"{entry_id}\n" for entry_id in present).encode()
            facts = {"file": source, "format": "removal", "size": len(lines)}
            facts["sha256"] = hashlib.sha256(lines).hexdigest()
            return publish(writer, builder, name=name, sources=[facts], profile=base.facts.profile)


def retire_list(store: Store, name: str) -> list[tuple[str, int]]:
    """Let scans use a list no more; its versions stay. What they use then: name and version of every list."""
    with Store.open(store.folder).writing() as writer:
        writer.retire(name)
        return sorted(writer.current().items())
