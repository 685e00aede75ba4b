"""MD5, SHA-1 and SHA-256 by hashlib. Files are read in chunks, so memory does not grow with their size."""

from __future__ import annotations

import hashlib
from typing import Protocol

from matcher.algorithms import ALGORITHMS, Algorithm


class RunningDigest(Protocol):
    """The methods of a hashlib object that are used here."""

    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class DigestHasher:
    """One algorithm of hashlib."""

    def __init__(self, name: str) -> None:
        self.algorithm: Algorithm = ALGORITHMS[name]
        self.profile = f"{name}: hashlib, every byte of the file"

    def start(self) -> RunningDigest:
        # usedforsecurity: MD5 and SHA-1 identify known files here, and FIPS builds refuse them otherwise
        return hashlib.new(self.algorithm.name, usedforsecurity=False)


MD5 = DigestHasher("md5")
SHA1 = DigestHasher("sha1")
SHA256 = DigestHasher("sha256")
