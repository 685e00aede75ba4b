"""matcher lists export: write a list as JSON lines."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

import click

from matcher.commands import say
from matcher.commands.options import FILE, STANDARD_STREAM, store_option
from matcher.errors import StoreError
from matcher.system.files import replacing


@click.command("export", epilog="Example: matcher lists export --store known.store --name lab-17 -o lab-17.jsonl")
@store_option
@click.option("--name", required=True, help="The list.")
@click.option("--version", type=click.IntRange(min=1), help="This version; the one that scans use otherwise.")
@click.option("-o", "--output", type=FILE, default=STANDARD_STREAM, help="File to write; stdout otherwise.")
def command(*, store: Path, name: str, version: int | None, output: Path) -> int:
    """Write a list as JSON lines, which `matcher lists import` takes. Removed entries are left out.

    What the categories mean does not stand in the lines: `matcher lists show` prints it.
    """
    from matcher.lists.exporting import exported_lines
    from matcher.lists.store import Store

    opened = Store.open(store)
    if version is None:
        version = opened.current_version(name)
    elif (name, version) not in {(row["name"], row["version"]) for row in opened.versions()}:
        raise StoreError(f"{store}: has no version {version} of a list {name!r}")
    opened_list = opened.open_list(name, version)
    hashes = 0
    with _target(output) as stream:
        for line in exported_lines(opened_list):
            stream.write(line)
            hashes += 1
    say(f"{name} version {opened_list.version}: {hashes:,} hashes exported")
    return 0


def _target(output: Path) -> AbstractContextManager[BinaryIO]:
    if output == STANDARD_STREAM:
        return nullcontext(sys.stdout.buffer)
    return replacing(output)
