"""The floods of a scan in words: for the end of a scan, for `verify`, and for reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from matcher.record.floods import Flood, Floods
from matcher.reports.markup import counted


def flood_name(flood: Flood) -> str:
    """What floods: an entry with its list and category, or an algorithm."""
    if flood.algorithm is not None:
        return f"{flood.algorithm} alone"
    category = "" if flood.category is None else f", category {flood.category}"
    return f"entry {flood.entry} of {flood.list}{category}"


def flood_sentence(flood: Flood, *, so_far: bool = False) -> str:
    """What an entry or an algorithm does, with its numbers. It does not say that the matches are false."""
    more = f" (or up to {flood.items + flood.undercount:,})" if flood.undercount else ""
    compared = f"{flood.compared:,} compared{' so far' if so_far else ''}"
    if flood.algorithm is not None:
        return (
            f"{flood_name(flood)}, without another algorithm, makes {flood.items:,}{more} different pictures notable "
            f"of the {compared}"
        )
    return f"{flood_name(flood)} is near to {flood.items:,}{more} different pictures of the {compared}"


def flood_lines(closed: Mapping[str, Any]) -> Iterator[str]:
    """A generator of a sentence for each flood that a `scan.close` tells, and one for those that it only counts.

    KeyError or TypeError where it is malformed.
    """
    floods = Floods.of_facts(closed)
    yield from map(flood_sentence, floods.told)
    if more := floods.total - len(floods.told):
        yield f"{counted(more, 'more entry', 'more entries')} in such numbers"
