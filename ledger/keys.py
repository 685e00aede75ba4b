"""Key files: a private key as PEM (PKCS #8), and lists of vkeys, one a line."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.errors import KeyFileError, NoteError
from ledger.note import Verifier
from ledger.signer import Signer

_MAX_KEY_FILE = 16_384
_MAX_VKEY_FILE = 1_000_000


def write_key(path: Path | str, signer: Signer) -> None:
    """Writes the private key to a new file that only its owner may read. Never overwrites.

    The file holds no key name: `load_signer` gives one.
    """
    key = Ed25519PrivateKey.from_private_bytes(signer.private_bytes())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    path = Path(path)
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise KeyFileError(f"{path}: {error.strerror}") from error


def load_signer(path: Path | str, *, name: str) -> Signer:
    """The private key in a file, to sign under the key name `name`."""
    pem = _read(Path(path), _MAX_KEY_FILE)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(f"{path}: not an unencrypted PEM private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: not an Ed25519 key")
    return Signer(name, key)


def read_vkeys(path: Path | str) -> tuple[str, ...]:
    """The vkeys of a file, one a line; empty lines do not count. Each is checked."""
    try:
        lines = _read(Path(path), _MAX_VKEY_FILE).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise KeyFileError(f"{path}: not UTF-8") from error
    vkeys = tuple(line.strip() for line in lines if line.strip())
    for vkey in vkeys:
        try:
            Verifier(vkey)
        except NoteError as error:
            raise KeyFileError(f"{path}: {error}") from error
    return vkeys


def add_vkey(path: Path | str, vkey: str) -> None:
    """Adds a vkey to a file of them, which may not exist yet, unless it is there already."""
    Verifier(vkey)
    path = Path(path)
    if path.exists() and vkey in read_vkeys(path):
        return
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(vkey + "\n")
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    if len(data) > limit:
        raise KeyFileError(f"{path}: longer than {limit} bytes")
    return data
