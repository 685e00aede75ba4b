"""From which store the lists of a matcher come, and which of them were asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import SettingsError
from matcher.lists.store import Store


@dataclass(frozen=True, slots=True)
class Origin:
    """The absolute path of a store. `whole`: all of its current lists were opened, not some that were named."""

    store: Path
    whole: bool


def selected_lists(store: Store, lists: Iterable[str | tuple[str, int]]) -> list[tuple[str, int]]:
    """The names and versions of lists that are named, or given with a version; each once, in their order.

    A name stands for the list's current version: StoreError where the store has none. SettingsError where an element is
    neither, or `lists` is one text, or empty.
    """
    if isinstance(lists, str):
        raise SettingsError(f"lists is the text {lists!r}: put names, or pairs of name and version, in a list")
    selected: dict[tuple[str, int], None] = {}
    for each in lists:
        if isinstance(each, str):
            selected[each, store.current_version(each)] = None
            continue
        pair = tuple(each) if isinstance(each, tuple | list) else ()
        if len(pair) != 2 or not isinstance(pair[0], str) or type(pair[1]) is not int:
            raise SettingsError(f"lists has {each!r:.60}: a name, or a pair of name and version, is expected")
        selected[pair[0], pair[1]] = None
    if not selected:
        raise SettingsError("lists names no list: leave it out for all current lists of the store")
    return list(selected)
