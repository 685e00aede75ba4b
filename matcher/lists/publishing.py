"""The steps that make any new version of a list: stage, build, test, publish."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from matcher.errors import ListError
from matcher.lists.builder import ListBuilder
from matcher.lists.opened import OpenList
from matcher.lists.store import StoreWriter
from matcher.lists.version import ListVersion
from matcher.model import CategoryProfile

MAX_RECORD = 60_000
"""The most bytes of a version's facts: a ledger's entry holds 65,535, some of them for its other fields."""


@contextmanager
def building(
    writer: StoreWriter, name: str, *, default_category: str | None = None, base: OpenList | None = None
) -> Iterator[ListBuilder]:
    """A builder of a list's next version, an update if there is a `base`. Its folder is deleted if the body raises."""
    folder = writer.staging(name)
    builder = ListBuilder(folder, default_category=default_category, base=base)
    try:
        yield builder
    except BaseException:
        builder.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise


def publish(
    writer: StoreWriter,
    builder: ListBuilder,
    *,
    name: str,
    sources: Sequence[Mapping[str, Any]],
    profile: CategoryProfile,
    merged: ListVersion | None = None,
    check: Callable[[OpenList], None] | None = None,
) -> ListVersion:
    """Finish a version and make it the newest of its list. ListError where no scan could use it.

    `merged` is the version whose parts it merges, if it does. `check` raises where the finished version must not be
    published.
    """
    version = writer.next_version(name)
    built = builder.finish(name=name, version=version, sources=sources, profile=profile, merged=merged)
    opened = OpenList(builder.folder)
    if check is not None:
        check(opened)
    size = len(json.dumps(opened.load_record()))
    del opened  # Windows does not rename a folder with mapped files
    if size > MAX_RECORD:  # no scan could record that it used this list
        raise ListError(f"{name}: its facts take {size} bytes, a ledger's entry holds {MAX_RECORD}")
    writer.publish(builder.folder, built)
    return built
