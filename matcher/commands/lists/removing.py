"""matcher lists remove: remove entries from a list, or take a list out of use."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from matcher.commands.lists.describing import in_use, report_change
from matcher.commands.options import FILE, STANDARD_STREAM, store_option
from matcher.errors import ListError
from matcher.system.files import readable_name
from matcher.system.text import printable


@click.command("remove", epilog="Example: matcher lists remove a1b2 --store known.store --name national-2026-10")
@click.argument("ids", metavar="[ID…]", nargs=-1)
@store_option
@click.option("--name", required=True, help="The list.")
@click.option("--entries", type=FILE, help="File with one id a line; - is stdin.")
@click.option("--ignore-missing", is_flag=True, help="Pass over ids that the list does not have.")
@click.option("--reason", metavar="TEXT", help="Why; recorded in the new version, and by the scans that use it.")
@click.option("--whole", is_flag=True, help="Use the list no more. Its versions stay in the store.")
def command(
    *,
    ids: tuple[str, ...],
    store: Path,
    name: str,
    entries: Path | None,
    ignore_missing: bool,
    reason: str | None,
    whole: bool,
) -> int:
    """Remove entries from a list, by their ids, as a new version; or take a whole list out of use.

    Scans use the new version from then on. Cases keep what they recorded. A list that was removed whole is in use
    again when its name is imported again.
    """
    from matcher.lists.removing import ids_of, remove_entries, retire_list
    from matcher.lists.store import Store

    if [bool(ids), entries is not None, whole].count(True) != 1:
        raise click.UsageError("either ids, or --entries, or --whole are expected")
    target = Store(store)
    if whole and reason is not None:
        raise click.UsageError("--reason is recorded in a new version of a list: --whole makes none")
    if whole:
        current = retire_list(target, name)
        click.echo(printable(f"{name} is no longer in use; {in_use(current)}"))
        return 0
    wanted, source = (ids_of(ids), "ids") if entries is None else _read(entries)
    before = Store.open(store).current_version(name)
    changed = remove_entries(target, name, wanted, ignore_missing=ignore_missing, source=source, reason=reason)
    if changed.version == before:
        click.echo(printable(f"{name} version {before} has none of these entries: nothing was removed"))
        return 0
    report_change(target, changed)
    return 0


def _read(path: Path) -> tuple[list[str], str]:
    """The ids in a file, and the name of that file. ListError where it cannot be read."""
    from matcher.lists.removing import read_ids

    if path == STANDARD_STREAM:
        return read_ids(sys.stdin.buffer, "standard input"), "standard input"
    try:
        with path.open("rb") as stream:
            return read_ids(stream, str(path)), readable_name(path.name)
    except OSError as error:
        raise ListError(f"{path}: {error.strerror or error}") from error
