"""matcher export: an exhibit of a case, with a verifier in one file, for the other side."""

from __future__ import annotations

from pathlib import Path

import click

from matcher.commands import say
from matcher.commands.options import FILE, case_option
from matcher.errors import CaseError


@click.command("export", epilog="Example: matcher export --case case-17 --notable -o exhibit-17.zip")
@case_option
@click.option(
    "-o",
    "--output",
    type=FILE,
    required=True,
    help="New folder, outside case and evidence; a new archive if it ends in .zip.",
)
@click.option("--notable", is_flag=True, help="Only items that are known or match a notable category.")
@click.option("--path", "paths", multiple=True, help="Only this item, as `matcher findings` prints it; repeatable.")
@click.option(
    "--index", "indexes", type=click.IntRange(min=0), multiple=True, help="Only the entry of this index; repeatable."
)
@click.option("--scan", type=click.IntRange(min=0), help="Only this scan; with --path: where the path is looked for.")
@click.option("--disclose-paths", is_flag=True, help="Open the sealed paths of all that is exported.")
@click.option("--even-if-damaged", is_flag=True, help="Export also a case that is not intact.")
def command(
    *,
    case: Path,
    output: Path,
    notable: bool,
    paths: tuple[str, ...],
    indexes: tuple[int, ...],
    scan: int | None,
    disclose_paths: bool,
    even_if_damaged: bool,
) -> int:
    """Export a case so that anyone can verify it without this program: a folder or archive with verify.py.

    Everything is exported unless an option selects some. What is selected meets all of --notable, --scan, and being one
    of --path and --index, as far as they are given; where nothing does, nothing is exported. Then the exhibit is a
    part, with a proof of each entry, and holds the decisions on what is in it.
    """
    from ledger import Choices, Selection, export, read_vkeys
    from matcher.record.case import KEYS, LEDGER, CaseReader, check_case
    from matcher.record.evidence import check_outside_evidence
    from matcher.revisit.items import ItemSearch, check_scan

    check_case(case)
    if output.resolve().is_relative_to(case.resolve()):
        raise CaseError(f"{output}: lies inside the case; an exhibit is for others, and goes elsewhere")
    chosen = set(indexes)
    search = ItemSearch(paths=paths, scan=scan)
    with CaseReader(case) as reader:
        check_outside_evidence(reader, output)
        if paths:
            check_scan(reader, indexes, scan)
            search.read_on(reader)
        chosen.update(item.index for item in search.items(case))
    selection = Selection(
        ranges=tuple(range(index, index + 1) for index in sorted(chosen)),
        scans=frozenset(() if scan is None or paths else (scan,)),
        notable=notable,
    )
    keys = case / KEYS
    exported = export(
        case / LEDGER,
        output,
        archive=output.name.endswith(".zip"),
        even_if_damaged=even_if_damaged,
        choices=Choices(
            vkeys=read_vkeys(keys) if keys.exists() else (),
            selection=selection or None,
            disclose=None if disclose_paths else frozenset(),
        ),
    )
    for problem in exported.problems:
        say(f"NOT INTACT: {problem}")
    what = "all" if exported.complete else f"{exported.entries:,} of"
    say(f"{output}: {what} {exported.size:,} entries, root {exported.root.hex()}")
    if exported.unsigned:
        left = "are in it, unsigned" if exported.complete else "are not in it"
        say(f"the last {exported.unsigned:,} entries of the ledger, behind the latest checkpoint, {left}")
    inside = "in the unpacked archive" if output.name.endswith(".zip") else f"in {output}"
    say(f"to verify it, with Python alone: `python3 verify.py` {inside}; README.txt there says more")
    return 0
