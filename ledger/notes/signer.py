"""Private keys that sign notes and checkpoints. Pure: the time of a signature is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.errors import NoteError
from ledger.notes.checkpoint import Checkpoint, format_checkpoint
from ledger.notes.note import Note, Signature, check_text, format_note
from ledger.notes.statement import join_time, subtree_message
from ledger.notes.vkey import Kind, PublicKey, format_vkey

PrivateKey = Ed25519PrivateKey | MLDSA44PrivateKey

_PRIVATE_BYTES = 32


class CheckpointSigner(Protocol):
    """Signs checkpoints, as Signer does."""

    def sign_checkpoint(self, checkpoint: Checkpoint, *, time: int) -> tuple[Signature, ...]: ...


class Signer:
    """A log's private keys under one name, the log's origin: Ed25519, and ML-DSA-44 for when Ed25519 is broken.

    The same keys may sign under several names. A signer from an older key file may have Ed25519 only.
    """

    def __init__(self, name: str, key: Ed25519PrivateKey, mldsa: MLDSA44PrivateKey | None = None) -> None:
        self.name = name
        self._key = key
        self._mldsa = mldsa
        self._public = PublicKey(name, Kind.ED25519, key.public_key().public_bytes_raw())
        self.vkey = format_vkey(self._public)
        self.key_id = self._public.key_id
        self.vkeys: tuple[str, ...] = (self.vkey,)
        if mldsa is not None:
            self.vkeys += (format_vkey(mldsa_public(name, mldsa)),)

    @classmethod
    def generate(cls, name: str) -> Signer:
        """Generates new keys of both algorithms."""
        return cls(name, Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate())

    @classmethod
    def from_private_bytes(cls, data: bytes, *, name: str, mldsa_seed: bytes | None = None) -> Signer:
        """A signer with the Ed25519 key of 32 private bytes, and the ML-DSA-44 key of a seed of 32 bytes, if any."""
        if len(data) != _PRIVATE_BYTES or (mldsa_seed is not None and len(mldsa_seed) != _PRIVATE_BYTES):
            raise NoteError(f"a private key is not {_PRIVATE_BYTES} bytes")
        mldsa = None if mldsa_seed is None else MLDSA44PrivateKey.from_seed_bytes(mldsa_seed)
        return cls(name, Ed25519PrivateKey.from_private_bytes(data), mldsa)

    def private_bytes(self) -> bytes:
        """The 32 private bytes of the Ed25519 key."""
        return self._key.private_bytes_raw()

    def private_keys(self) -> tuple[PrivateKey, ...]:
        """The private keys, in the order of `vkeys`."""
        return (self._key,) if self._mldsa is None else (self._key, self._mldsa)

    def sign(self, text: str) -> Signature:
        """An Ed25519 signature on `text`. Raises NoteError unless a note can contain the text."""
        return Signature(self.name, self.key_id, self._key.sign(check_text(text)))

    def sign_checkpoint(self, checkpoint: Checkpoint, *, time: int) -> tuple[Signature, ...]:
        """Signatures by all keys, in the order of `vkeys`. `time` is in seconds since 1970."""
        signature = self.sign(format_checkpoint(checkpoint))
        if self._mldsa is None:
            return (signature,)
        return signature, sign_subtree(self._mldsa, checkpoint, name=self.name, time=time)


def sign_note(text: str, *signers: Signer) -> str:
    """A signed note of `text` with the Ed25519 signature of each of `signers`.

    Raises NoteError if there is no signer, or a note cannot contain the text.
    """
    return format_note(Note(text, tuple(signer.sign(text) for signer in signers)))


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[CheckpointSigner], *, time: int) -> str:
    """A signed note of `checkpoint`, signed with all keys of all `signers`. `time` is in seconds since 1970.

    Raises NoteError if there is no signer, or a field of the checkpoint is not valid.
    """
    signatures = [signature for signer in signers for signature in signer.sign_checkpoint(checkpoint, time=time)]
    return format_note(Note(format_checkpoint(checkpoint), tuple(signatures)))


def mldsa_public(name: str, key: MLDSA44PrivateKey) -> PublicKey:
    return PublicKey(name, Kind.MLDSA44, key.public_key().public_bytes_raw())


def sign_subtree(key: MLDSA44PrivateKey, checkpoint: Checkpoint, *, name: str, time: int) -> Signature:
    """An ML-DSA-44 signature on a checkpoint, by the cosigner or log `name`."""
    signature = key.sign(subtree_message(checkpoint, cosigner=name, time=time))
    return Signature(name, mldsa_public(name, key).key_id, join_time(time, signature))
