"""python -m ledger check"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from ledger.commands.files import read_verifiers
from ledger.commands.opening import PATH
from ledger.commands.terminal import printable, say
from ledger.entries.entry import MAX_ENTRY
from ledger.errors import NoteError, ProofError
from ledger.notes.input_files import read_bytes, read_policy, read_text
from ledger.notes.note import MAX_NOTE, Verifier
from ledger.notes.policy import Policy, PolicyLog
from ledger.notes.proof_file import (
    MAX_FILE,
    parse_consistency,
    parse_inclusion,
    verify_consistency_file,
    verify_inclusion_file,
)
from ledger.notes.trust import LogKeys, Trust
from ledger.notes.vkey import LOG_KINDS

_MAX_BYTES = 4 * MAX_FILE


@click.command(epilog="Example: python -m ledger check 17.tlog-proof --entry 17.json --keys lab.keys")
@click.argument("proof", type=PATH)
@click.option("--entry", type=PATH, help="The entry that the proof is of (- is stdin), exactly or with a last newline.")
@click.option("--old", type=PATH, help="The checkpoint that a consistency proof begins at.")
@click.option("--keys", type=PATH, help="File of vkeys that you trust, one a line.")
@click.option("--policy", type=PATH, help="Trust policy (c2sp.org/tlog-policy); --keys may add logs to it.")
def command(proof: Path, entry: Path | None, old: Path | None, keys: Path | None, policy: Path | None) -> int:
    """Check a PROOF that `prove` wrote, or any other log, without a ledger.

    Exit code 0: valid. 1: not valid. 2: could not check.
    """
    if (entry is None) == (old is None):
        raise click.UsageError("give --entry for the proof of an entry, or --old for a consistency proof")
    trust = _trust(keys, policy)
    text = read_text(proof, _MAX_BYTES)
    body = read_bytes(entry, MAX_ENTRY + 1) if entry is not None else b""
    checkpoint = read_text(old, 4 * MAX_NOTE) if old is not None else ""
    try:
        lines = _check_entry(text, body, trust) if old is None else _check_growth(text, checkpoint, trust)
    except (NoteError, ProofError) as error:
        say(f"{proof}: {error}")
        click.echo("NOT VALID")
        return 1
    for line in lines.split("\n"):
        click.echo(printable(line))
    click.echo("valid")
    return 0


def _check_entry(text: str, body: bytes, trust: Trust) -> str:
    file = parse_inclusion(text)
    try:
        verify_inclusion_file(file, body, trust=trust)
    except ProofError:
        if not body.endswith(b"\n"):  # no entry ends in a newline, but a line of a file does
            raise
        verify_inclusion_file(file, body[:-1], trust=trust)
    return f"entry {file.index} of {_shown(file.checkpoint, trust)}"


def _check_growth(text: str, old: str, trust: Trust) -> str:
    file = parse_consistency(text)
    verify_consistency_file(file, trust.open_checkpoint(old), trust=trust)
    return f"nothing changed before entry {file.old} of {_shown(file.checkpoint, trust)}"


def _shown(note: str, trust: Trust) -> str:
    checkpoint = trust.open_checkpoint(note)
    lines = [f"{checkpoint.origin}, size {checkpoint.size}, root {checkpoint.root.hex()}"]
    if isinstance(trust, Policy):
        lines += [
            f"cosigned at {_utc(cosigned.time)} by {Verifier(cosigned.witness.vkey).name}"
            for cosigned in trust.check(note).cosigned
        ]
    return "\n".join(lines)


def _utc(seconds: int) -> str:
    """A Unix time in UTC; a witness may state one that datetime cannot represent."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{seconds} s after 1970"


def _trust(keys: Path | None, policy: Path | None) -> Trust:
    if keys is None and policy is None:
        raise click.UsageError("give --keys or --policy: a proof is only as good as the keys that you trust")
    verifiers = read_verifiers(keys) if keys is not None else ()
    if policy is None:
        return LogKeys(verifiers)
    base = read_policy(policy)
    known = {log.vkey for log in base.logs}
    added = [PolicyLog(key.vkey) for key in verifiers if key.kind in LOG_KINDS and key.vkey not in known]
    return replace(base, logs=(*base.logs, *added))
