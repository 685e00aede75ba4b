"""python -m ledger export"""

from __future__ import annotations

from pathlib import Path

import click

from ledger.commands.opening import CASE_KEYS, PATH, ledger_or_case, ledger_path
from ledger.commands.terminal import say
from ledger.exhibit.apart import check_outside_evidence
from ledger.exhibit.exporting import Choices, export
from ledger.exhibit.selecting import Selection, SelectionError, parse_ranges
from ledger.notes.input_files import read_text
from ledger.notes.key_files import read_vkeys

_ALL = "all"
_MAX_FILE = 1_000_000
_MAX_DISCLOSED = 100_000


@click.command(epilog="Example: python -m ledger export --case case-17 -o exhibit-17.zip")
@ledger_or_case
@click.option("-o", "--output", type=PATH, required=True, help="New folder; a new archive if it ends in .zip.")
@click.option("--zip", "archive", is_flag=True, help="Write one ZIP archive.")
@click.option("--entries", metavar="LIST", help="Only these entries, such as 5,7-9, and their context.")
@click.option("--scan", "scans", type=click.IntRange(min=0), multiple=True, help="Only this scan (may be repeated).")
@click.option("--type", "types", multiple=True, help="Only entries of this type (may be repeated).")
@click.option("--notable", is_flag=True, help="Only items that are known or match a notable category, after relookups.")
@click.option("--disclose", multiple=True, metavar="INDEX|all", help="Open the commitments of this entry, or of all.")
@click.option("--keys", type=PATH, help=f"Public keys to enclose; without it those of {CASE_KEYS} beside the ledger.")
@click.option("--policy", type=PATH, help="Policy to enclose (c2sp.org/tlog-policy).")
@click.option("--tsa-roots", type=PATH, help="Roots of time-stamping authorities to enclose (PEM).")
@click.option("--even-if-damaged", is_flag=True, help="Export also a ledger that is not intact.")
def command(
    ledger: Path | None,
    case: Path | None,
    *,
    output: Path,
    archive: bool,
    entries: str | None,
    scans: tuple[int, ...],
    types: tuple[str, ...],
    notable: bool,
    disclose: tuple[str, ...],
    keys: Path | None,
    policy: Path | None,
    tsa_roots: Path | None,
    even_if_damaged: bool,
) -> None:
    """Export a ledger (the file, or a case folder) so that anyone can verify it: a folder or archive with verify.py.

    All entries are exported unless an option selects some. Then the exhibit is a part, with a proof of each entry. What
    is selected meets all of --entries, --scan, --type and --notable that are given; where no entry does, nothing is
    exported.
    """
    path = ledger_path(ledger, case)
    beside = path.with_name(CASE_KEYS)
    source = keys or (beside if beside.exists() else None)
    selection = Selection(
        ranges=parse_ranges(entries) if entries is not None else (),
        scans=frozenset(scans),
        types=frozenset(types),
        notable=notable,
    )
    check_outside_evidence(path, output)
    exported = export(
        path,
        output,
        archive=archive or output.name.endswith(".zip"),
        even_if_damaged=even_if_damaged,
        choices=Choices(
            vkeys=read_vkeys(source) if source is not None else (),
            selection=selection or None,
            disclose=_disclosed(disclose),
            policy=_optional(policy),
            tsa_roots=_optional(tsa_roots),
        ),
    )
    for problem in exported.problems:
        say(f"NOT INTACT: {problem}")
    for scan in exported.open_scans if not exported.problems else ():
        say(f"note: scan {scan} is open, neither closed nor abandoned: the exhibit cannot show that it is complete")
    what = "all" if exported.complete else f"{exported.entries} of"
    say(f"{output}: {what} {exported.size} entries, root {exported.root.hex()}")
    if exported.unsigned:
        left = "are in it, unsigned" if exported.complete else "are not in it"
        say(f"the last {exported.unsigned} entries of the ledger, behind the latest checkpoint, {left}")


def _disclosed(texts: tuple[str, ...]) -> frozenset[int] | None:
    """The indices whose commitments are opened; None for all."""
    if _ALL in texts:
        return None
    ranges = [indices for text in texts for indices in parse_ranges(text)]
    if sum(map(len, ranges)) > _MAX_DISCLOSED:
        raise SelectionError(f"more than {_MAX_DISCLOSED} entries to disclose; `{_ALL}` discloses all")
    return frozenset(index for indices in ranges for index in indices)


def _optional(path: Path | None) -> bytes | None:
    """The text of a file that is enclosed, as UTF-8 without a byte order mark; None without a file."""
    return None if path is None else read_text(path, _MAX_FILE).encode()
