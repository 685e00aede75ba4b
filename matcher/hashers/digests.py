"""MD5, SHA-1 and SHA-256 by hashlib. Read in chunks, so that the size of a file costs no memory."""

from __future__ import annotations

import hashlib
from typing import Protocol

from matcher.algorithms import ALGORITHMS, Algorithm


class RunningDigest(Protocol):
    """What hashlib's objects offer."""

    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class DigestHasher:
    """One algorithm of hashlib. `start()` gives an object to feed."""

    def __init__(self, name: str) -> None:
        self.algorithm: Algorithm = ALGORITHMS[name]
        self.profile = f"{name}: hashlib, every byte of the file"

    def start(self) -> RunningDigest:
        # usedforsecurity: MD5 and SHA-1 identify known files here, and FIPS builds refuse them otherwise
        return hashlib.new(self.algorithm.name, usedforsecurity=False)


MD5 = DigestHasher("md5")
SHA1 = DigestHasher("sha1")
SHA256 = DigestHasher("sha256")
