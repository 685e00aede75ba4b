"""python -m ledger timestamp: the request to an authority, and the use of its response."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import click
from cryptography import x509

from ledger.commands.files import write_bytes
from ledger.commands.opening import PATH, ledger_or_case, ledger_path
from ledger.commands.posting import post_query
from ledger.commands.signing import open_signing, passphrase_option
from ledger.commands.terminal import printable, say, waiting
from ledger.errors import TimestampError
from ledger.log import Ledger
from ledger.notes.input_files import read_bytes
from ledger.timestamps.time_token import Token
from ledger.timestamps.timestamp import (
    MAX_RESPONSE,
    imprint_of,
    make_request,
    read_roots,
    verify_response,
    verify_token,
)


@click.command(epilog="Example: python -m ledger timestamp case-17 --url https://tsa.example --roots tsa-roots.pem")
@ledger_or_case
@click.option("--request", type=PATH, help="Write the request for an authority to this new file (- is stdout).")
@click.option("--response", type=PATH, help="Verify the authority's answer in this file, and append its token.")
@click.option("--answers", type=PATH, help="The request that --response answers: its nonce must be that of the token.")
@click.option("--url", help="Send the request to an authority over HTTP, and append its token.")
@click.option("--verify", is_flag=True, help="Verify all tokens of the ledger; changes nothing.")
@click.option("--roots", type=PATH, help="Root certificates of authorities that you trust (PEM).")
@click.option(
    "--size", type=click.IntRange(min=0), help="Size of the checkpoint that is stamped; the latest without it."
)
@click.option("--key", type=PATH, help="Private key file (PEM), to sign a checkpoint with the token's entry in it.")
@passphrase_option
def command(
    *,
    ledger: Path | None,
    case: Path | None,
    request: Path | None,
    response: Path | None,
    answers: Path | None,
    url: str | None,
    verify: bool,
    roots: Path | None,
    size: int | None,
    key: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Have a checkpoint stamped by a time-stamping authority (RFC 3161), and store its token.

    Give one of --request, --response, --url and --verify. Without a network, the file of --request is carried to an
    authority, and its answer is read with --response.

    Exit code 0: done, or all tokens valid. 1, with --verify: a token is not valid. 2: not done, or could not check.
    """
    if [request is not None, response is not None, url is not None, verify].count(True) != 1:
        raise click.UsageError("give one of --request, --response, --url and --verify")
    if answers is not None and response is None:
        raise click.UsageError("--answers goes with --response")
    if key is not None and response is None and url is None:
        raise click.UsageError("--key goes with --response or --url")
    path = ledger_path(ledger, case)
    if request is not None:
        with Ledger.open_readonly(path) as log:
            write_bytes(request, make_request(_note(log, size)[1]))
        return 0
    if roots is None:
        raise click.UsageError("give --roots: a token is only as good as the authorities that you trust")
    trusted = read_roots(roots)
    if verify:
        return _verify(path, size, trusted)
    with _open(path, key, passphrase_file) as log:
        if url is not None:
            stamped, note = _note(log, size)
            query = make_request(note)
            token = verify_response(post_query(url, query), note=note, roots=trusted, request=query)
        else:
            assert response is not None
            answer = read_bytes(response, MAX_RESPONSE)
            stamped, note = _stamped(log, imprint_of(answer), size)
            sent = read_bytes(answers, MAX_RESPONSE) if answers is not None else None
            token = verify_response(answer, note=note, roots=trusted, request=sent)
        click.echo(f"{log.add_token(stamped, token)}\t{_shown(stamped, token)}")
        if key is not None:
            click.echo(log.checkpoint(), nl=False)
    return 0


def _open(path: Path, key: Path | None, passphrase_file: Path | None) -> Ledger:
    if key is not None:
        return open_signing(path, key, passphrase_file)
    return Ledger.open(path, on_wait=waiting(path))


def _note(log: Ledger, size: int | None) -> tuple[int, str]:
    """The size and note of a checkpoint, by default the latest, as the log signed it. Raises TimestampError."""
    if size is None:
        size = log.latest_size()
    actual, note = next(log.checkpoints(size), (None, ""))
    if actual != size:
        raise TimestampError(f"no checkpoint has size {size}")
    return size, note


def _stamped(log: Ledger, imprint: bytes, size: int | None) -> tuple[int, str]:
    """The size and note of the checkpoint with this SHA-256. Raises TimestampError for none, or for another size."""
    for stamped, note in log.checkpoints():
        if hashlib.sha256(note.encode("utf-8", "replace")).digest() == imprint:
            if size not in {None, stamped}:
                raise TimestampError(f"the token is on the checkpoint of size {stamped}, not {size}")
            return stamped, note
    raise TimestampError("the token is on no checkpoint of this ledger")


def _verify(path: Path, size: int | None, roots: Sequence[x509.Certificate]) -> int:
    valid = wrong = 0
    with Ledger.open_readonly(path) as log:
        for stamped, note in log.checkpoints():
            for der in log.tokens(stamped) if size in {None, stamped} else ():
                try:
                    line = f"valid\t{_shown(stamped, verify_token(der, note=note, roots=roots))}"
                except TimestampError as error:
                    wrong += 1
                    line = (
                        f"NOT VALID\tsize {stamped}\ttoken {hashlib.sha256(der).hexdigest()}\t{printable(str(error))}"
                    )
                else:
                    valid += 1
                click.echo(line)
    say(f"{valid} valid tokens, {wrong} not valid")
    if not valid + wrong:
        return 2
    return 1 if wrong else 0


def _shown(size: int, token: Token) -> str:
    """A token as a line of tab-separated fields."""
    parts = (
        f"size {size}",
        token.time.isoformat(timespec="seconds"),
        token.authority,
        f"serial {token.serial}",
        f"policy {token.policy}",
        f"token {hashlib.sha256(token.der).hexdigest()}",
    )
    return "\t".join(map(printable, parts))
