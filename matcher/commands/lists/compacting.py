"""matcher lists compact: merge the updates of a list, and delete versions that are not needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from matcher.commands import say
from matcher.commands.lists.describing import described
from matcher.commands.options import store_option
from matcher.system.text import printable

if TYPE_CHECKING:
    from matcher.lists.store import Store


@click.command("compact", epilog="Example: matcher lists compact --store known.store")
@store_option
@click.option("--name", help="This list; every list that is in use otherwise.")
@click.option("--prune", "prune_too", is_flag=True, help="Then delete the versions that no list in use needs.")
def command(*, store: Path, name: str | None, prune_too: bool) -> int:
    """Merge the updates of a list with it, as a new version that gives the same answers.

    Nothing is deleted, unless --prune is given: scans of earlier versions go on.
    """
    from matcher.lists.compacting import compact_list
    from matcher.lists.store import Store

    opened = Store.open(store)
    current = dict(opened.current())
    for listed in current if name is None else [name]:
        before = opened.current_version(listed)
        merged = compact_list(opened, listed)
        alone = merged.version == before or not merged.same_as
        note = "one part already, nothing to merge" if alone else f"merged from version {merged.same_as[-1]}"
        click.echo(printable(f"{described(merged)} ({note})"))
    if prune_too:
        _prune(opened, name)
    return 0


def _prune(store: Store, name: str | None) -> None:
    from matcher.lists.compacting import prune

    pruned = prune(store, name)
    for listed, version in pruned.versions:
        held = (listed, version) in pruned.held
        later = "; its files are in use and go with the next change of the list" if held else ""
        click.echo(printable(f"{listed} version {version}: deleted{later}"))
    if not pruned.versions:
        click.echo("no version to delete")
        return
    say(
        "which cases were examined with these versions cannot be known here: such a case still verifies, but a scan "
        "of it can neither go on nor be repeated with the same lists"
    )
