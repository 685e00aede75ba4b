"""Cosigning: a witness' keys and their cosignatures (c2sp.org/tlog-cosignature). Pure: the time is an argument.

A cosignature states that at this time this is the largest tree of this log that the witness knows, and that it begins
with every smaller tree that the witness knew. Verifier in note.py verifies it.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.notes.checkpoint import Checkpoint
from ledger.notes.note import Signature
from ledger.notes.signer import PrivateKey, mldsa_public, sign_subtree
from ledger.notes.statement import cosignature_message, join_time
from ledger.notes.vkey import Kind, PublicKey, format_vkey


class Cosigner:
    """A witness' private keys of both algorithms under one name. `vkeys` has the Ed25519 key first."""

    def __init__(self, name: str, key: Ed25519PrivateKey, mldsa: MLDSA44PrivateKey) -> None:
        self.name = name
        self._key = key
        self._mldsa = mldsa
        self._public = PublicKey(name, Kind.ED25519_COSIGNATURE, key.public_key().public_bytes_raw())
        self.vkeys = (format_vkey(self._public), format_vkey(mldsa_public(name, mldsa)))

    @classmethod
    def generate(cls, name: str) -> Cosigner:
        """Generates new keys."""
        return cls(name, Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate())

    def private_keys(self) -> tuple[PrivateKey, ...]:
        """The private keys, in the order of `vkeys`."""
        return self._key, self._mldsa

    def cosign(self, checkpoint: Checkpoint, *, time: int) -> tuple[Signature, ...]:
        """Cosignatures by both keys, in the order of `vkeys`. `time` is in seconds since 1970."""
        signature = self._key.sign(cosignature_message(checkpoint, time=time))
        return (
            Signature(self.name, self._public.key_id, join_time(time, signature)),
            sign_subtree(self._mldsa, checkpoint, name=self.name, time=time),
        )
