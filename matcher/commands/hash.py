"""matcher hash: digests and perceptual hashes of single files, by the reference profile."""

from __future__ import annotations

from pathlib import Path

import click

from matcher.commands.options import FILE, algorithm_names, echo_json
from matcher.commands.single_files import examine_files


@click.command("hash", epilog='Example: matcher hash "DCIM/IMG_0001.JPG"')
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=FILE)
@click.option("--algorithms", metavar="A,B", default="", help="Compute these too, e.g. dhash,whash16.")
def command(files: tuple[Path, ...], algorithms: str) -> int:
    """Print one JSON line a file, with its digests and the hashes of its picture."""
    from dataclasses import replace

    from matcher.examine.engine import Matcher
    from matcher.settings import Settings

    matcher = Matcher(settings=Settings(algorithms=algorithm_names(algorithms)))
    failed = examine_files(
        matcher, files, lambda finding: echo_json(replace(finding, hashes=finding.computed).as_json())
    )
    return 2 if failed else 0
