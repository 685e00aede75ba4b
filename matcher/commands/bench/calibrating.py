"""matcher bench calibration: measure the distances between unrelated pictures of a folder."""

from __future__ import annotations

from pathlib import Path

import click

from matcher.commands import say
from matcher.commands.options import FILE, FOLDER

_EVERY = 500
"""Pictures between two progress messages."""
_DEFAULTS = ("pdq", "phash")


@click.command("calibration", epilog="Example: matcher bench calibration pictures -o lab.json")
@click.argument("folder", type=FOLDER)
@click.option("-o", "--output", required=True, type=FILE, help="Calibration to write (JSON).")
@click.option("--name", help="What the calibration calls itself; the folder's name otherwise.")
@click.option("--algorithms", metavar="A,B", default="", help="Measure these too, besides pdq and phash.")
def command(*, folder: Path, output: Path, name: str | None, algorithms: str) -> int:
    """Measure how near unrelated pictures of a folder come to each other.

    The pictures should be unrelated: what is the same picture twice is found and left out as far as possible. Names
    and contents of the pictures are not in the file.
    """
    from matcher.calibration.measuring.making import make_calibration

    more = tuple(part.strip() for part in algorithms.split(",") if part.strip())

    def counted(pictures: int) -> None:
        if pictures % _EVERY == 0:
            say(f"{pictures:,} pictures measured")

    made = make_calibration(
        folder,
        output,
        name=folder.resolve().name if name is None else name,
        algorithms=tuple(dict.fromkeys([*_DEFAULTS, *more])),
        on_picture=counted,
    )
    if made.unreadable:
        say(f"{made.unreadable:,} files could not be read and were left out")
    say(f"{made.same:,} pairs were taken for the same picture and left out")
    click.echo(f"{output}: {made.pictures:,} pictures, {made.calibration.pairs:,} pairs of hashes")
    return 0
