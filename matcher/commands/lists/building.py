"""matcher lists build: make a list from the pictures of a folder."""

from __future__ import annotations

from pathlib import Path

import click

from matcher.commands import say
from matcher.commands.options import FILE, FOLDER, algorithm_names


@click.command("build", epilog="Example: matcher lists build pictures --name lab-17 -o lab-17.jsonl")
@click.argument("folder", type=FOLDER)
@click.option("--name", required=True, help="The list's name; every entry's id begins with it.")
@click.option("-o", "--output", required=True, type=FILE, help="List to write (JSON lines).")
@click.option("--category", help="Category of every entry.")
@click.option("--algorithms", metavar="A,B", default="", help="Besides md5, sha256, pdq and phash.")
@click.option(
    "--workers", type=click.IntRange(min=0), help="Processes; one a core otherwise, 0 for this process alone."
)
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def command(
    *, folder: Path, name: str, output: Path, category: str | None, algorithms: str, workers: int | None, quiet: bool
) -> int:
    """Make a list from the pictures of a folder that the lab lawfully holds.

    The list can be imported with `matcher lists import`. Files that are no pictures are passed over; pictures that
    cannot be read are named; only their digests are listed, if they are pictures at all.
    """
    from matcher.commands.build_progress import BuildProgress
    from matcher.scan.make_list import make_list

    progress = BuildProgress(folder, quiet=quiet)
    try:
        made = make_list(
            folder,
            name=name,
            output=output,
            category=category,
            algorithms=algorithm_names(algorithms),
            workers=workers,
            on_examined=progress.examined,
        )
    finally:
        progress.stop()
    for path, reason in made.unreadable:
        say(f"{path}: {reason}: its picture is not in the list")
    for kind, count in sorted(made.without_information.items()):
        say(f"left out: {kind} of {count:,} flat pictures or renderings, which would match every other flat one")
    for kind, count in sorted(made.low_quality.items()):
        if count:
            say(f"of low quality: {kind} of {count:,} pictures or renderings; only near-identical copies match them")
    click.echo(f"{output}: {made.entries:,} entries, {made.hashes:,} hashes")
    return 0
