"""The command line: python -m ledger. Data on stdout, talk on stderr.

Exit codes: verify 0 intact, 1 not intact, 2 could not check. Every other command: 0 done, 2 not.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

import click

from ledger.audit import AuditReport, audit
from ledger.entry import MAX_ENTRY, canonical, parse, read_json
from ledger.errors import EntryError, LedgerError, StoreError
from ledger.keys import load_signer, read_vkeys, write_key
from ledger.log import Ledger
from ledger.note import Signer

CASE_LEDGER = "case.ledger"
CASE_KEYS = "verifier.keys"

_TELL_SECONDS = 5.0
_PATH = click.Path(path_type=Path)
_EXPECT = re.compile(r"(0|[1-9][0-9]{0,18}):([0-9a-f]{64})")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits with its code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the end
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with commands.make_context(
            "python -m ledger", list(sys.argv[1:] if arguments is None else arguments)
        ) as context:
            code = commands.invoke(context) or 0
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.ClickException as error:
        error.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        code = 2
    except BrokenPipeError:
        _close_stdout()
        code = 0
    except (LedgerError, OSError) as error:
        _say(str(error))
        code = 2
    sys.exit(code)


@click.group(epilog="Example: python -m ledger verify --case case-17")
def commands() -> None:
    """Append-only ledgers with a Merkle tree and signed checkpoints."""


@commands.command(epilog="Example: python -m ledger create case.ledger --origin lab.example/case-17 --key examiner.pem")
@click.argument("ledger", type=_PATH)
@click.option("--origin", required=True, help="Name of the log, such as lab.example/case-17; names the key too.")
@click.option("--key", required=True, type=_PATH, help="Private key file (PEM); made if it is not there.")
def create(ledger: Path, origin: str, key: Path) -> None:
    """Create LEDGER and print the vkey that verifies it."""
    if ledger.exists():
        raise StoreError(f"{ledger}: exists already")
    if key.exists():
        signer = load_signer(key, name=origin)
    else:
        signer = Signer.generate(origin)
        write_key(key, signer)
        _say(f"wrote a new private key to {key}")
    Ledger.create(ledger, origin=origin, signer=signer).close()
    click.echo(signer.vkey)


@commands.command(epilog="Example: python -m ledger append case.ledger entries.jsonl --key examiner.pem")
@click.argument("ledger", type=_PATH)
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--key", required=True, type=_PATH, help="Private key file (PEM).")
def append(ledger: Path, file: BinaryIO, key: Path) -> None:
    """Append the JSON lines of FILE (- is stdin) to LEDGER, all or none, with a signed checkpoint.

    Each line is an object with "v":1 and a "type"; it is stored in canonical form.
    """
    entries = []
    for number, line in enumerate(iter(lambda: file.readline(16 * MAX_ENTRY), b""), start=1):
        if line.strip():
            try:
                entries.append(_read_entry(line))
            except EntryError as error:
                raise EntryError(f"{file.name}: line {number}: {error}") from error
    with _open(ledger, key) as log:
        first = log.append(entries, checkpoint=True)
        click.echo(f"entries {first} to {log.size - 1}" if entries else "no entries", err=True)
        click.echo(log.latest_checkpoint(), nl=False)


@commands.command(epilog="Example: python -m ledger entries case.ledger --type scan.close")
@click.argument("ledger", type=_PATH)
@click.option("--type", "kind", help="Only entries of this type.")
@click.option("--from", "start", type=click.IntRange(min=0), default=0, help="Index of the first entry to print.")
def entries(ledger: Path, kind: str | None, start: int) -> None:
    """Print the entries of LEDGER as JSON lines, exactly as they are stored."""
    out = sys.stdout.buffer
    with Ledger.open_readonly(ledger) as log:
        for _, body in log.entries(start):
            if kind is None or parse(body)["type"] == kind:
                out.write(body + b"\n")
    out.flush()


@commands.command(epilog="Example: python -m ledger checkpoint case.ledger --key examiner.pem")
@click.argument("ledger", type=_PATH)
@click.option("--key", required=True, type=_PATH, help="Private key file (PEM).")
def checkpoint(ledger: Path, key: Path) -> None:
    """Sign the current size of LEDGER and print the checkpoint."""
    with _open(ledger, key) as log:
        click.echo(log.checkpoint(), nl=False)


@commands.command(epilog="Example: python -m ledger verify case-17 --keys lab.keys --expect 1024:<root in hex>")
@click.argument("ledger", type=_PATH, required=False, metavar="[LEDGER_OR_CASE]")
@click.option("--case", type=_PATH, help=f"Case folder, with {CASE_LEDGER} and {CASE_KEYS}.")
@click.option("--keys", type=_PATH, help="File of vkeys that you trust, one a line.")
@click.option("--expect", metavar="SIZE:ROOT", help="Size and root (hex) from a notebook.")
def verify(ledger: Path | None, case: Path | None, keys: Path | None, expect: str | None) -> int:
    """Rehash a ledger (the file, or a case folder) and check everything that it claims. Changes nothing.

    Exit code 0: intact. 1: not intact. 2: could not check.
    """
    given = ledger if case is None else case
    if given is None or (ledger is not None and case is not None):
        raise click.UsageError("give one ledger or one case")
    path = given / CASE_LEDGER if given.is_dir() or case is not None else given
    beside = path.with_name(CASE_KEYS)
    report = audit(
        path,
        keys=_trusted(keys) if keys is not None else (),
        own_keys=read_vkeys(beside) if keys is None and beside.exists() else (),
        expect=_expected(expect) if expect is not None else None,
    )
    code = 0 if report.intact else 1
    try:
        for line in report_lines(report):
            click.echo(line)
        sys.stdout.flush()
    except BrokenPipeError:  # the verdict stands, also if nobody reads on
        _close_stdout()
    return code


def report_lines(report: AuditReport) -> list[str]:
    """The report for a reader."""
    signers = ", ".join(report.signers) or "nobody known"
    lines = [
        f"origin       {report.origin}",
        f"size         {report.size}",
        f"root         {report.root.hex()}",
        f"checkpoints  {report.checkpoints}",
        f"signed       {_signed(report)} by {signers}",
        f"trust        {_TRUST[report.trust]}",
    ]
    for scan in report.scans:
        counts = ", ".join(f"{count} {status}" for status, count in scan.counts.items()) or "none"
        state = "complete" if scan.complete else "NOT COMPLETE"
        lines.append(
            f"scan {scan.scan:<7} {state}: {scan.items} items ({counts}), findings root {scan.findings_root.hex()}"
        )
    lines += [f"note         {note}" for note in report.notes]
    lines.append("intact" if report.intact else "NOT INTACT")
    lines += [f"  {problem}" for problem in report.problems]
    return [_printable(line) for line in lines]


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


def _read_entry(line: bytes) -> bytes:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EntryError("not UTF-8") from error
    body = canonical(read_json(text))
    parse(body)
    return body


def _open(ledger: Path, key: Path) -> Ledger:
    on_wait = _waiting(ledger)
    with Ledger.open(ledger, on_wait=on_wait) as log:
        origin = log.origin
    return Ledger.open(ledger, signer=load_signer(key, name=origin), on_wait=on_wait)


def _waiting(ledger: Path) -> Callable[[float], None]:
    told = 0.0

    def tell(seconds: float) -> None:
        nonlocal told
        if seconds < told:
            told = 0.0
        if seconds >= told + _TELL_SECONDS:
            told = seconds
            _say(f"{ledger} is in use, waiting for {seconds:.0f} s")

    return tell


def _printable(line: str) -> str:
    """What a file says must not steer the terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def _close_stdout() -> None:
    """Whoever reads has read enough; without this Python complains when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    click.echo(f"ledger: {_printable(text)}", err=True)
