"""matcher lists audit: compare the results of every index of a store with those of brute force."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from matcher.commands import DONE, FAILED, say
from matcher.commands.options import store_option
from matcher.errors import MatcherError, StoreError
from matcher.system.text import printable

if TYPE_CHECKING:
    from matcher.index.auditing import AuditResult
    from matcher.lists.store import Store

_MAX_SEED = 2**53 - 1
"""Equal to matcher.index.auditing.MAX_SEED; an import of that would import the indexes."""


@click.command("audit", epilog="Example: matcher lists audit --store known.store --sample 1000")
@store_option
@click.option("--name", help="Only this list; every list otherwise.")
@click.option("--sample", type=click.IntRange(min=1), help="Codes of each index to look up; 64 to 1,000 otherwise.")
@click.option("--seed", type=click.IntRange(0, _MAX_SEED), help="Look up other codes; those of the import otherwise.")
def command(*, store: Path, name: str | None, sample: int | None, seed: int | None) -> int:
    """Read every byte of the lists in use, and compare their indexes' answers with brute force.

    A sample of each list's hashes is altered within the radius and looked up. What is not sound is named, and
    the rest is audited all the same.
    """
    from matcher.lists.store import Store

    opened = Store.open(store)
    lists = [(listed, version) for listed, version in opened.current() if name in (None, listed)]
    if not lists:
        raise StoreError(f"{store}: the store holds no list{'' if name is None else f' {name!r}'} that is in use")
    sound = True
    for listed, version in lists:
        for fault in _audit(opened, listed, version, sample=sample, seed=seed):
            say(fault)
            sound = False
    return DONE if sound else FAILED


def _audit(store: Store, name: str, version: int, *, sample: int | None, seed: int | None) -> Iterator[str]:
    """Audit one list and print every index that is sound; a generator of the faults, as messages."""
    from matcher.lists.auditing import audit_algorithm, seed_of

    subject = f"{name} version {version}"
    try:
        opened = store.open_list(name, version, check=True)
    except MatcherError as error:
        yield f"{subject}: NOT SOUND: {error}"
        return
    for part in opened.parts:
        added = "" if len(opened.parts) == 1 else f", part of version {part.facts.version}"
        used = seed_of(part.facts.digest) if seed is None else seed
        for algorithm in sorted(part.facts.holds["hashes"]):
            try:
                result = audit_algorithm(part.folder, algorithm, seed=used, sample=sample)
            except MatcherError as error:
                yield f"{subject}{added}: {algorithm}: NOT SOUND: {error}"
            else:
                click.echo(printable(f"{subject}{added}: {algorithm}: {_line(result)}"))


def _line(result: AuditResult) -> str:
    return (
        f"sound: {result.queries:,} queries of {result.codes:,} codes within {result.radius}, "
        f"{result.matches:,} matches as by brute force, seed {result.seed}"
    )
