"""python -m ledger witness request, add, send: a ledger's requests to witnesses, and the use of their answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import click

from ledger.commands.files import OUTPUT, read_verifiers, write_bytes
from ledger.commands.opening import PATH, ledger_or_case, ledger_path
from ledger.commands.posting import post
from ledger.commands.prove import consistency
from ledger.commands.signing import open_signing, passphrase_option
from ledger.commands.terminal import say, waiting
from ledger.errors import QuorumError, SignatureError, WitnessError
from ledger.log import Ledger
from ledger.notes.input_files import read_policy, read_text
from ledger.notes.note import Signature, Verifier, format_signature, parse_note
from ledger.notes.policy import Policy
from ledger.notes.vkey import WITNESS_KINDS
from ledger.notes.witness_answer import CONFLICT, MAX_ANSWER, OK, Answer, format_answer, parse_answer
from ledger.strict import decode_decimal

_MAX_CHECKPOINTS = 1_000
"""The most checkpoints that an answer is compared with, the latest first."""

_FROM = click.option(
    "--from", "old", type=click.IntRange(min=0), help="Size that the witness knows; without it, the last cosigned one."
)


@click.command(epilog="Example: python -m ledger witness request case.ledger -o request")
@ledger_or_case
@_FROM
@OUTPUT
def request(ledger: Path | None, case: Path | None, old: int | None, output: Path) -> None:
    """Write a file for a witness to sign: the latest checkpoint, and proof of what was added since it last signed."""
    with Ledger.open_readonly(ledger_path(ledger, case)) as log:
        body = consistency(log, log.last_cosigned() if old is None else old, log.latest_size())
    write_bytes(output, body.encode())


@click.command(epilog="Example: python -m ledger witness send case.ledger --url https://witness.example/w1 -o answer")
@ledger_or_case
@click.option("--url", required=True, help="Submission prefix of the witness (http or https).")
@_FROM
@OUTPUT
def send(ledger: Path | None, case: Path | None, url: str, old: int | None, output: Path) -> int:
    """Send a request to a witness over HTTP, and write its answer as a file for `witness add`.

    If it knows another size, a second request starts at that size, unless --from is set. Exit code 0: cosigned. 2:
    refused.
    """
    with Ledger.open_readonly(ledger_path(ledger, case)) as log:
        size = log.latest_size()
        answer = post(url, consistency(log, log.last_cosigned() if old is None else old, size).encode())
        if answer.status == CONFLICT and old is None and (known := decode_decimal(answer.body.strip())) <= size:
            answer = post(url, consistency(log, known, size).encode())
    write_bytes(output, format_answer(answer).encode())
    return _exit_code(answer)


@click.command(epilog="Example: python -m ledger witness add case.ledger answer --keys witnesses.keys")
@click.argument("ledger", type=PATH)
@click.argument("answer", type=PATH)
@click.option("--keys", type=PATH, help="File of vkeys of the witnesses that you trust.")
@click.option("--policy", type=PATH, help="Trust policy with the witnesses (c2sp.org/tlog-policy).")
@click.option("--size", type=click.IntRange(min=0), help="Size of the checkpoint that was cosigned, if it is old.")
@click.option("--key", type=PATH, help="Private key file: sign a checkpoint that covers the cosignatures too.")
@passphrase_option
def add(
    ledger: Path,
    answer: Path,
    *,
    keys: Path | None,
    policy: Path | None,
    size: int | None,
    key: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Verify the file ANSWER of a witness and store its cosignatures in LEDGER, with an entry that records them."""
    if (keys is None) == (policy is None):
        raise click.UsageError("give --keys or --policy: only cosignatures of known witnesses are kept")
    ledger = ledger_path(ledger, None)
    parsed = parse_answer(read_text(answer, 4 * MAX_ANSWER))
    if _exit_code(parsed) != 0:
        return 2
    rule = read_policy(policy) if policy is not None else None
    verifiers = [Verifier(each.vkey) for each in rule.witnesses] if rule is not None else []
    verifiers += read_verifiers(keys) if keys is not None else []
    with open_signing(ledger, key, passphrase_file) if key is not None else _open(ledger) as log:
        known = [each for each in verifiers if each.kind in WITNESS_KINDS and each.name != log.origin]
        cosigned, signatures = _verified(log, parsed.signatures, known, size)
        added = log.add_cosignatures(cosigned, [format_signature(signature) for signature in signatures])
        names = ", ".join(dict.fromkeys(signature.name for signature in signatures))
        say(f"{added} new cosignatures of size {cosigned} by {names}")
        if rule is not None:
            _say_quorum(rule, log.cosigned_checkpoint(cosigned))
        if key is not None:
            click.echo(log.checkpoint(), nl=False)
    return 0


def _open(ledger: Path) -> Ledger:
    return Ledger.open(ledger, on_wait=waiting(ledger))


def _verified(
    log: Ledger, signatures: Sequence[Signature], verifiers: Sequence[Verifier], size: int | None
) -> tuple[int, list[Signature]]:
    """The size of the checkpoint that known witnesses have cosigned, and their signatures.

    Raises WitnessError if there is none, or if a known witness' signature is not valid.
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    signed = [(known[each.name, each.key_id], each) for each in signatures if (each.name, each.key_id) in known]
    if not signed:
        raise WitnessError("no witness that you trust has cosigned")
    for candidate, note in reversed(deque(log.checkpoints(), maxlen=_MAX_CHECKPOINTS)):
        if size is None or candidate == size:
            text = parse_note(note).text
            try:
                for verifier, signature in signed:
                    verifier.verify(text, signature)
            except SignatureError:
                continue
            return candidate, [signature for _, signature in signed]
    raise WitnessError("the cosignatures fit no checkpoint of this ledger, or none of that size")


def _exit_code(answer: Answer) -> int:
    """The exit code for an answer. Says why a witness refused, and what to do."""
    if answer.status == OK:
        return 0
    say(f"the witness refused: {answer.reason}")
    if answer.status == CONFLICT:
        say(f"ask again with --from {answer.body.strip()}; if that is refused too, it was shown another history")
    return 2


def _say_quorum(policy: Policy, note: str) -> None:
    try:
        policy.check(note)
    except QuorumError as error:
        say(str(error))
    else:
        say("the policy's quorum is reached")
