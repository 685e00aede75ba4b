"""Key files: private keys as PEM (PKCS #8), one block an algorithm, and lists of vkeys, one a line.

A private key may be encrypted with a passphrase. Without one, only its permissions protect it: only its owner may read
it, except on Windows, where a file has the permissions of its folder.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.durable import create_file, read_file, replace_file
from ledger.errors import KeyFileError, NoteError, PassphraseError, UnreadableError
from ledger.notes.byte_order import UTF8, without_mark
from ledger.notes.cosignature import Cosigner
from ledger.notes.note import Verifier
from ledger.notes.signer import PrivateKey, Signer

MAX_KEY_FILE = 16_384
MAX_PASSPHRASE = 1023
_MAX_VKEY_FILE = 1_000_000

_BLOCK = re.compile(rb"-----BEGIN ((?:ENCRYPTED )?PRIVATE KEY)-----[A-Za-z0-9+/=\s]*-----END \1-----\s*")


class HasPrivateKeys(Protocol):
    """A holder of private keys: Signer or Cosigner."""

    def private_keys(self) -> tuple[PrivateKey, ...]: ...


def write_key(path: Path | str, signer: HasPrivateKeys, *, passphrase: bytes | None = None) -> None:
    """Writes the private keys to a new file that only its owner may read. Never overwrites.

    The file holds no key name: `load_signer` and `load_cosigner` take it as an argument. Raises KeyFileError.
    """
    path = Path(path)
    encryption = _encryption(path, passphrase)
    blocks = [key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption) for key in signer.private_keys()]
    try:
        create_file(path, b"".join(blocks), mode=0o600)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error


def load_signer(path: Path | str, *, name: str, passphrase: bytes | None = None) -> Signer:
    """The private keys in a file, to sign under the key name `name`; an older file may have no ML-DSA-44 key.

    Raises PassphraseError where the file is encrypted and `passphrase` does not open it.
    """
    return Signer(name, *_load(Path(path), passphrase))


def load_cosigner(path: Path | str, *, name: str, passphrase: bytes | None = None) -> Cosigner:
    """The private keys in a file, to cosign under the name `name`.

    Raises KeyFileError, and PassphraseError where the file is encrypted and `passphrase` does not open it.
    """
    key, mldsa = _load(Path(path), passphrase)
    if mldsa is None:
        raise KeyFileError(f"{path}: has no ML-DSA-44 key, with which a witness cosigns too")
    return Cosigner(name, key, mldsa)


def parse_keys(pem: bytes, *, passphrase: bytes | None = None) -> tuple[PrivateKey, ...]:
    """The private keys in the bytes of a key file: one Ed25519 key, then at most one ML-DSA-44 key.

    Raises KeyFileError, whose message does not name the file.
    """
    if len(pem) > MAX_KEY_FILE:
        raise KeyFileError(f"longer than {MAX_KEY_FILE} bytes")
    blocks = [match[0] for match in _BLOCK.finditer(pem)]
    if not blocks or b"".join(blocks) != pem.lstrip():
        raise KeyFileError("not a PEM file of private keys (PKCS #8) and nothing else")
    if len(blocks) > 2:
        raise KeyFileError("more than two private keys")
    keys = [_parse_block(block, passphrase) for block in blocks]
    kinds = [isinstance(key, MLDSA44PrivateKey) for key in keys]
    if kinds not in ([False], [False, True]):
        raise KeyFileError("not one Ed25519 key, and at most one ML-DSA-44 key after it")
    return tuple(keys)


def read_vkeys(path: Path | str) -> tuple[str, ...]:
    """The vkeys of a file, one a line, of any kind; empty lines are skipped. Raises KeyFileError."""
    return _parse_vkeys(Path(path), _read(Path(path), _MAX_VKEY_FILE))


def add_vkey(path: Path | str, vkey: str) -> None:
    """Adds a vkey to a file of vkeys, which is created if necessary, unless the file has it already.

    The file is replaced whole: an interruption leaves the file as it was. Its existing content is unchanged, but
    for a byte order mark.
    """
    Verifier(vkey)
    path = Path(path)
    while True:  # another process that adds a vkey at the same moment may win
        old = _read(path, _MAX_VKEY_FILE) if path.exists() else b""
        if vkey in _parse_vkeys(path, old):
            return
        end = b"" if not old or old.endswith(b"\n") else b"\n"
        try:
            replace_file(path, old + end + vkey.encode() + b"\n")
        except OSError as error:
            raise KeyFileError(f"{path}: {error.strerror}") from error


def _load(path: Path, passphrase: bytes | None) -> tuple[Ed25519PrivateKey, MLDSA44PrivateKey | None]:
    pem = _read(path, MAX_KEY_FILE)
    try:
        keys = parse_keys(pem, passphrase=passphrase)
    except KeyFileError as error:
        raise type(error)(f"{path}: {error}") from error
    ed25519 = [key for key in keys if isinstance(key, Ed25519PrivateKey)]
    mldsa = [key for key in keys if isinstance(key, MLDSA44PrivateKey)]
    return ed25519[0], mldsa[0] if mldsa else None


def _parse_block(block: bytes, passphrase: bytes | None) -> PrivateKey:
    encrypted = block.startswith(b"-----BEGIN ENCRYPTED")
    if encrypted and passphrase is None:
        raise PassphraseError("encrypted, and needs its passphrase")
    if not encrypted and passphrase is not None:
        raise PassphraseError("not encrypted, although a passphrase was given")
    try:
        key = _decrypted(block, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError) as error:
        # InternalError: cryptography raises it for a key whose length is not its algorithm's, such as an Ed448 key.
        if encrypted:
            raise PassphraseError("the passphrase does not open it") from error
        raise KeyFileError("not a private key that can be read") from error
    if not isinstance(key, Ed25519PrivateKey | MLDSA44PrivateKey):
        raise KeyFileError("neither an Ed25519 nor an ML-DSA-44 key")
    return key


def _decrypted(block: bytes, passphrase: bytes | None) -> object:
    """A block's key. Its passphrase may begin with a byte order mark: earlier versions did not skip that of a file."""
    try:
        return load_pem_private_key(block, password=passphrase)
    except ValueError:
        if passphrase is None or len(passphrase) > MAX_PASSPHRASE - len(UTF8):
            raise
        return load_pem_private_key(block, password=UTF8 + passphrase)


def _encryption(path: Path, passphrase: bytes | None) -> KeySerializationEncryption:
    if passphrase is None:
        return NoEncryption()
    if not 0 < len(passphrase) <= MAX_PASSPHRASE:
        raise PassphraseError(f"{path}: a passphrase has 1 to {MAX_PASSPHRASE} bytes")
    return BestAvailableEncryption(passphrase)


def _parse_vkeys(path: Path, data: bytes) -> tuple[str, ...]:
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise KeyFileError(f"{path}: not UTF-8") from error
    vkeys = tuple(line.strip() for line in lines if line.strip())
    for vkey in vkeys:
        try:
            Verifier(vkey)
        except NoteError as error:
            raise KeyFileError(f"{path}: {error}") from error
    return vkeys


def _read(path: Path, limit: int) -> bytes:
    """The bytes of a file of keys, which is text, without a byte order mark. Raises KeyFileError."""
    try:
        return without_mark(read_file(path, limit))
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except UnreadableError as error:
        raise KeyFileError(f"{path}: {error}") from error


def read_passphrase(path: Path) -> bytes:
    """The first line of a file, without a byte order mark and its line end.

    Raises PassphraseError if it is empty, too long, or in UTF-16; KeyFileError if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            line = without_mark(file.readline(MAX_PASSPHRASE + len(UTF8) + 3))
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except UnreadableError as error:
        raise PassphraseError(f"{path}: {error}") from error
    passphrase = line.removesuffix(b"\n").removesuffix(b"\r")
    if not 0 < len(passphrase) <= MAX_PASSPHRASE:
        raise PassphraseError(f"{path}: a passphrase has 1 to {MAX_PASSPHRASE} bytes")
    return passphrase
