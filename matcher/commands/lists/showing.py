"""matcher lists show: print the lists of a store and their versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from matcher.commands import NO_HASHER
from matcher.commands.lists.describing import by_category, by_meaning, described, number_of
from matcher.commands.options import echo_json, store_option
from matcher.system.text import printable

if TYPE_CHECKING:
    from matcher.lists.opened import OpenList


@click.command("show", epilog="Example: matcher lists show --store known.store")
@store_option
@click.option("--name", help="Only the list of this name.")
@click.option("--common", is_flag=True, help="The entries that have stricter thresholds, since they are common.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON line a version (with --common an entry), with all facts."
)
def command(*, store: Path, name: str | None, common: bool, as_json: bool) -> int:
    """Show the lists of a store, their versions and what these are made of.

    The newest version of each is the one that scans use, unless the list was removed. With --common: each entry of the
    lists in use that is near many pictures of the packaged bank of benign pictures, the most common first, and the
    distances within which it matches by one algorithm alone.
    """
    from matcher.commands.lists.common import show_common
    from matcher.errors import StoreError
    from matcher.lists.store import Store

    opened = Store.open(store)
    if common:
        return show_common(opened, name=name, as_json=as_json)
    if name is not None and name not in {row["name"] for row in opened.versions()}:
        raise StoreError(f"{store}: has no list {name!r}: `matcher lists show --store {store}` prints those it has")
    current = dict(opened.current())
    newest = {row["name"]: row["version"] for row in opened.versions()}
    for row in opened.versions():
        if name not in (None, row["name"]):
            continue
        listed = opened.open_list(row["name"], row["version"])
        version = listed.facts
        in_use = current.get(version.name) == version.version
        if as_json:
            parts = [part.as_json() for part in listed.parts]
            state = {
                "imported": row["imported"],
                "current": in_use,
                "not_computed": listed.not_computed,
                "parts": parts,
                "categories": listed.categories,
                "meanings": listed.meanings,
            }
            echo_json({**version.as_json(), **state})
            continue
        superseded = "superseded" if version.version != newest[version.name] else "no longer in use"
        click.echo(printable(f"{described(version)}  ({'in use' if in_use else superseded})"))
        profile = version.profile.as_json()
        click.echo(f"    imported {row['imported']}, digest {version.digest}")
        click.echo(f"    categories {json.dumps(profile['categories'], ensure_ascii=False)}, others {profile['other']}")
        click.echo(printable(f"    {by_meaning(listed)}; by category: {by_category(listed)}"))
        for kind, count in version.counts["kept"].items():
            click.echo(printable(f"    {count:,} {kind} hashes are kept and not looked up"))
        for kind, count in listed.not_computed.items():
            click.echo(f"    {count:,} {kind} hashes are indexed and scans do not look them up: {NO_HASHER}")
        _show_parts(listed)
    return 0


def _show_parts(opened: OpenList) -> None:
    """Print the parts of a list, where there are several."""
    if len(opened.parts) == 1:
        return
    for number, part in enumerate(opened.parts, start=1):
        holds = part.facts.holds
        removed = f", {number_of(holds['removed'])} removed" if number > 1 else ""
        click.echo(f"    part {number}, of version {part.facts.version}: {number_of(holds['entries'])} added{removed}")
