"""python -m ledger prove"""

from __future__ import annotations

from pathlib import Path

import click

from ledger.commands.files import OUTPUT, write_bytes
from ledger.commands.opening import PATH, ledger_path
from ledger.log import Ledger
from ledger.notes.proof_file import ConsistencyFile, InclusionFile, format_consistency, format_inclusion

_SIZE = click.IntRange(min=0)


@click.command(epilog="Example: python -m ledger prove case.ledger 17 -o 17.tlog-proof")
@click.argument("arguments", nargs=-1, metavar="[LEDGER_OR_CASE] [INDEX]")
@click.option("--case", type=PATH, help="Case folder, instead of LEDGER_OR_CASE.")
@click.option(
    "--from", "old", type=_SIZE, help="Prove that the tree begins with the tree of this size, instead of an entry."
)
@click.option("--size", type=_SIZE, help="Size of the checkpoint to lead to; the latest without it.")
@OUTPUT
def command(arguments: tuple[str, ...], case: Path | None, old: int | None, size: int | None, output: Path) -> None:
    """Write a proof that can be checked without the ledger, with the cosigned checkpoint in it.

    It proves that the entry INDEX is in the ledger (c2sp.org/tlog-proof), or, with --from, that nothing was changed
    since the ledger had a smaller size (the body of add-checkpoint in c2sp.org/tlog-witness).
    """
    ledger, index = _parse_arguments(arguments, case, entry=old is None)
    with Ledger.open_readonly(ledger) as log:
        if size is None:
            size = log.latest_size()
        text = consistency(log, old, size) if old is not None else _inclusion(log, index, size)
    write_bytes(output, text.encode())


def consistency(log: Ledger, old: int, size: int) -> str:
    """The body of an add-checkpoint request from size `old` to `size`."""
    checkpoint = log.cosigned_checkpoint(size)
    proof = log.consistency_proof(old, size) if old > 0 else []
    return format_consistency(ConsistencyFile(old, tuple(proof), checkpoint))


def _inclusion(log: Ledger, index: int, size: int) -> str:
    checkpoint = log.cosigned_checkpoint(size)
    return format_inclusion(InclusionFile(index, tuple(log.inclusion_proof(index, size)), checkpoint))


def _parse_arguments(arguments: tuple[str, ...], case: Path | None, *, entry: bool) -> tuple[Path, int]:
    """The ledger's file and the index, which is 0 unless `entry`. Raises UsageError."""
    rest = list(arguments)
    ledger = Path(rest.pop(0)) if case is None and rest else None
    if len(rest) != int(entry):
        raise click.UsageError("give one ledger or case, and either the INDEX of an entry or --from SIZE")
    if not entry:
        return ledger_path(ledger, case), 0
    if not (rest[0].isascii() and rest[0].isdigit() and len(rest[0]) < 20):
        raise click.UsageError(f"{rest[0]!r:.40} is not an index")
    return ledger_path(ledger, case), int(rest[0])
