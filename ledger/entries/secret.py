"""The secret that seals values (disclosure.py): 32 bytes in a file that only its owner can read."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from ledger.durable import create_file
from ledger.entries.disclosure import SECRET_BYTES
from ledger.errors import KeyFileError


def load_secret(path: Path | str) -> bytes:
    """The secret in a file, which is created where there is none. Raises KeyFileError."""
    path = Path(path)
    try:
        if not path.exists():
            with suppress(FileExistsError):  # another process created it at the same moment
                create_file(path, secrets.token_bytes(SECRET_BYTES), mode=0o600)
        with path.open("rb") as file:
            secret = file.read(SECRET_BYTES + 1)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    if len(secret) != SECRET_BYTES:
        raise KeyFileError(f"{path}: not {SECRET_BYTES} bytes, so no secret to seal values with")
    return secret
