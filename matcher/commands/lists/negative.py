"""Negative lists at an import: a list keeps its kind, and hashes that are both known and negative are told.

What matched wrongly does not become notable by an import, nor known material harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from matcher.errors import ListError, StoreError

if TYPE_CHECKING:
    from matcher.lists.opened import OpenList
    from matcher.lists.store import Store


def check_kind(store: Store, name: str, *, is_negative: bool, is_kept: bool, is_stated: bool) -> None:
    """ListError where an import would change the kind of the list of this name that is in use.

    `is_negative`: it is imported as negative. `is_kept`: it keeps the meanings that it has. `is_stated`: --map says
    what its categories mean.
    """
    try:
        opened = store.open_list(name, store.current_version(name))
    except (StoreError, OSError):  # there is none; where the store is damaged, the import says so
        return
    if is_negative and not opened.is_negative:
        raise ListError(
            f"{name}: nothing imported: the list in use has known material, not what matched wrongly. Give the "
            "negative list another name, or remove that one first (matcher lists remove)"
        )
    if opened.is_negative and not (is_negative or is_kept or is_stated):
        raise ListError(
            f"{name}: nothing imported: the list in use is negative, and its entries would become notable. Add "
            "--as negative; or state with --map what they mean now"
        )


def contradictions(store: Store, imported: OpenList) -> Iterator[str]:
    """A generator of a warning for each list in use that shares hashes with the imported one, where one is negative."""
    for name, version in store.current():
        if name == imported.name:
            continue
        other = store.open_list(name, version)
        if other.is_negative is imported.is_negative:
            continue
        negative, known = (imported, other) if imported.is_negative else (other, imported)
        if known.is_never_notable:
            continue
        shared = {kind: count for kind in negative.algorithms if (count := _shared(negative, known, kind))}
        if shared:
            counts = ", ".join(f"{count:,} {kind}" for kind, count in shared.items())
            yield (
                f"the negative list {negative.name} has hashes that the list {known.name} has too: {counts}. A file "
                "with such a digest is notable by it alone: is it known material? Remove it from one of the lists"
            )


def _shared(negative: OpenList, known: OpenList, algorithm: str) -> int:
    """The number of hashes of a negative list by one algorithm that the other list has."""
    count = 0
    for part in negative.parts:
        if algorithm not in known.algorithms or algorithm not in part.attributes:
            continue
        is_exact = algorithm in part.digests
        codes = part.digests[algorithm].digests if is_exact else part.indexes[algorithm].codes
        records = part.attributes[algorithm].entries
        for begin in range(0, len(records), _AT_A_TIME):
            some = slice(begin, begin + _AT_A_TIME)
            remains = negative.not_removed((records[some] + part.first).astype("u4"))
            queries = codes[some][remains]
            if is_exact:
                count += int(known.has_digests(algorithm, queries).sum())
            else:
                near = known.find_near(algorithm, queries, radius=0, minimum_quality=0)
                count += len(set(near.queries.tolist()))
    return count


_AT_A_TIME = 1 << 12
