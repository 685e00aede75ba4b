"""python -m ledger verify"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from cryptography.x509 import Certificate

from ledger.auditing.completeness import ScanCheck
from ledger.auditing.ledger_file import AuditReport, audit
from ledger.clock import iso
from ledger.commands.opening import CASE_KEYS, CASE_LEDGER, PATH, ledger_or_case, ledger_path
from ledger.commands.output import abandon_stdout
from ledger.commands.terminal import printable
from ledger.notes.input_files import read_checkpoint, read_policy
from ledger.notes.key_files import read_vkeys

_EXPECT = re.compile(r"(0|[1-9][0-9]{0,18}):([0-9a-f]{64})")


@click.command(epilog="Example: python -m ledger verify case-17 --keys lab.keys --expect 1024:<root in hex>")
@ledger_or_case
@click.option("--keys", type=PATH, help="File of vkeys that you trust, one a line.")
@click.option("--expect", metavar="SIZE:ROOT", help="Size and root (hex) from a notebook.")
@click.option("--policy", type=PATH, help="Trust policy: which logs and witnesses you believe (c2sp.org/tlog-policy).")
@click.option("--checkpoint", "checkpoints", type=PATH, multiple=True, help="Signed checkpoint got from a witness.")
@click.option("--tsa-roots", type=PATH, help="Root certificates of time-stamp authorities that you trust (PEM).")
def command(
    *,
    ledger: Path | None,
    case: Path | None,
    keys: Path | None,
    expect: str | None,
    policy: Path | None,
    checkpoints: tuple[Path, ...],
    tsa_roots: Path | None,
) -> int:
    """Rehash a ledger (the file, or a case folder) and check everything that it claims. Changes nothing.

    Exit code 0: intact. 1: not intact. 2: could not check.
    """
    path = ledger_path(ledger, case)
    beside = path.with_name(CASE_KEYS)
    report = audit(
        path,
        keys=_trusted(keys) if keys is not None else (),
        own_keys=read_vkeys(beside) if keys is None and beside.exists() else (),
        expect=_expected(expect) if expect is not None else None,
        policy=None if policy is None else read_policy(policy),
        checkpoints=[read_checkpoint(checkpoint) for checkpoint in checkpoints],
        roots=() if tsa_roots is None else _roots(tsa_roots),
        folder=path.parent if path.name == CASE_LEDGER else None,
    )
    code = 0 if report.intact else 1
    try:
        for line in report_lines(report):
            click.echo(line)
        sys.stdout.flush()
    except BrokenPipeError:  # the exit code is the verdict, also if the reader has stopped
        abandon_stdout()
    return code


def _roots(path: Path) -> Sequence[Certificate]:
    from ledger.timestamps.timestamp import read_roots  # noqa: PLC0415 - its library is loaded only where tokens are verified

    return read_roots(path)


def report_lines(report: AuditReport) -> list[str]:
    """The lines of the report, for a person."""
    signers = ", ".join(report.signers) or "nobody known"
    lines = [
        f"origin       {report.origin}",
        f"size         {report.size}",
        f"root         {report.root.hex()}",
        f"checkpoints  {report.checkpoints}",
        f"signed       {_signed(report)} by {signers}",
        f"trust        {_TRUST[report.trust]}",
    ]
    if report.accepted is not None:
        lines.append(f"policy       accepts the first {report.accepted.checkpoint.size} entries")
        for cosigned in report.accepted.cosigned:
            name = cosigned.witness.name.decode("utf-8", "replace")
            lines.append(f"witness      {name} at {iso(1000 * cosigned.time)}")
    for stamped in report.stamped:
        description = f"first {stamped.size} entries at {stamped.token.time.isoformat()} by {stamped.token.authority}"
        lines.append(f"stamped      {description}")
    for scan in report.scans:
        counts = ", ".join(f"{count} {status}" for status, count in scan.counts.items()) or "none"
        state = _state(scan)
        lines.append(
            f"scan {scan.scan:<7} {state}: {scan.items} items ({counts}), findings root {scan.findings_root.hex()}"
        )
    lines += [f"note         {note}" for note in report.notes]
    if not report.intact:
        lines.append(f"finding      {_NATURE[report.nature]}")
    lines.append("intact" if report.intact else "NOT INTACT")
    lines += [f"  {problem}" for problem in report.problems]
    return [printable(line) for line in lines]


def _state(scan: ScanCheck) -> str:
    if scan.complete:
        return "complete"
    if scan.abandoned_at is not None and not scan.problems:
        return f"ABANDONED ({scan.reason})"
    return "NOT COMPLETE"


_NATURE = {
    "unsigned": "nothing contradicts itself, but no known key vouches for it",
    "incomplete": "nothing was changed, but a scan was neither closed nor abandoned",
    "damaged": "the file is damaged; nothing indicates that somebody changed it",
    "tampered": "damage does not explain this: somebody changed the file, or made a new ledger in its place",
    "unclear": "damaged or changed by somebody: it is not clear which",
}

_TRUST = {
    "verified": "verified with the keys that were given",
    "self-asserted": "self-asserted: no key from outside the case vouches for it",
}


def _signed(report: AuditReport) -> str:
    return "nothing" if report.signed_size is None else f"first {report.signed_size} entries"


def _trusted(path: Path) -> tuple[str, ...]:
    vkeys = read_vkeys(path)
    if not vkeys:
        raise click.UsageError(f"{path}: no vkey in it")
    return vkeys


def _expected(text: str) -> tuple[int, bytes]:
    match = _EXPECT.fullmatch(text)
    if match is None:
        raise click.UsageError("--expect is SIZE:ROOT, a number and 64 hexadecimal digits")
    return int(match[1]), bytes.fromhex(match[2])
