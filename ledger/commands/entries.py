"""python -m ledger entries"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ledger.clock import parse_iso
from ledger.commands.opening import PATH, ledger_path
from ledger.commands.terminal import say
from ledger.entries.entry import canonical
from ledger.log import Ledger
from ledger.query.find import SUFFIX, Query, find


def _time(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    if text is None:
        return None
    wall_ms = parse_iso(text) or parse_iso(f"{text}+00:00") or parse_iso(f"{text}T00:00:00+00:00")
    if wall_ms is None:
        raise click.BadParameter(f"{text!r} is not like 2026-10-01 or 2026-10-01T08:30:00 (UTC, or with an offset)")
    return wall_ms


@click.command(epilog="Example: python -m ledger entries case-17 --type decision --since 2026-10-01")
@click.argument("ledger", type=PATH, required=False, metavar="[LEDGER_OR_CASE]")
@click.option("--case", type=PATH, help="Case folder.")
@click.option("--type", "types", multiple=True, help="Only entries of this type; repeatable.")
@click.option("--since", metavar="TIME", callback=_time, help="Only entries of this time or later; items have no time.")
@click.option("--until", metavar="TIME", callback=_time, help="Only entries of this time or earlier.")
@click.option("--scan", type=click.IntRange(min=0), help="Only entries of this scan.")
@click.option("--status", help="Only items whose finding has this status.")
@click.option("--path-prefix", "path", help="Only items whose path begins so, in NFC or NFD; sealed paths never match.")
@click.option("--from", "start", type=click.IntRange(min=0), default=0, help="Index of the first entry to print.")
@click.option("--to", "stop", type=click.IntRange(min=0), help="Index after the last entry to print.")
@click.option("--with-index", is_flag=True, help="Print each entry's index and a tab before it.")
@click.option("--open", "opened", is_flag=True, help="Print sealed values where they can be opened, so not as stored.")
@click.option("--no-query-file", is_flag=True, help="Neither read nor write the table beside the ledger.")
def command(
    *, ledger: Path | None, case: Path | None, with_index: bool, opened: bool, no_query_file: bool, **conditions: object
) -> None:
    """Print the entries of a ledger as JSON lines, exactly as they are stored.

    Filters use a table beside the ledger (its name with .query appended), which is made when it is needed and may be
    deleted; every entry is read from the ledger and checked against the filters again.
    """
    path = ledger_path(ledger, case)
    out = sys.stdout.buffer
    query = Query(**conditions)  # type: ignore[arg-type]
    table = None if no_query_file else path.with_name(path.name + SUFFIX)

    def trouble(reason: str) -> None:
        say(f"{reason}: reading all entries instead")

    with Ledger.open_readonly(path) as log:
        for index, body in find(log, query, table=table, on_trouble=trouble):
            form = canonical(log.disclosed(index, body)) if opened else body
            out.write((b"%d\t" % index if with_index else b"") + form + b"\n")
    out.flush()
