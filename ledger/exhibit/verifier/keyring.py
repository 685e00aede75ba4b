"""Which keys of the log are trusted at which size: keys to begin with, then what signed `key` entries change."""

from __future__ import annotations

from typing import Any

from ledger.exhibit.verifier.canonical import list_of, text_of
from ledger.exhibit.verifier.notes import COSIGNATURE, Checkpoint, Key, Signature, parse_vkey, verify_signature
from ledger.exhibit.verifier.report import Refused

KeyId = tuple[str, bytes]
MAX_KEY_ENTRIES = 10_000


class Keyring:
    """Give it `key` entries and checkpoints in the order of the log.

    A `key` entry is believed from the first checkpoint on that covers it and that a key trusted before it has
    signed; it changes who may sign the checkpoints of larger sizes.
    """

    def __init__(self, keys: list[Key]) -> None:
        self._trusted: dict[KeyId, Key] = {}
        self._revoked: dict[KeyId, int] = {}
        self._pending: list[tuple[int, list[Key], list[Key]]] = []
        self.changes: list[str] = []
        for key in keys:
            self._trust(key)

    def add_entry(self, index: int, entry: dict[str, Any]) -> None:
        """A `key` entry, `add` and `added` with `vkeys` or one `vkey`, `rotate` with `replaces` too, or `revoke`."""
        action = text_of(entry, "action")
        vkeys = [text_of(entry, "vkey")] if "vkey" in entry else list_of(entry, "vkeys", str)
        named = [parse_vkey(vkey) for vkey in vkeys]
        if any(key.kind == COSIGNATURE for key in named):
            raise Refused("a log does not sign with a cosignature key of type 0x04")
        if len(self._pending) >= MAX_KEY_ENTRIES:
            raise Refused(f"more than {MAX_KEY_ENTRIES} of them wait for a signed checkpoint")
        if action in {"add", "added"}:
            self._pending.append((index, named, []))
        elif action in {"rotate", "rotated"}:
            self._pending.append((index, named, [parse_vkey(vkey) for vkey in list_of(entry, "replaces", str)]))
        elif action in {"revoke", "revoked"}:
            self._pending.append((index, [], named))
        else:
            raise Refused(f"its action {action!r:.40} is none of add, rotate and revoke")

    def check(self, checkpoint: Checkpoint) -> list[Key]:
        """The trusted keys that have signed, maybe none; those of strangers are ignored.

        1. A signature by a key that was revoked at a smaller size is refused.
        2. A signature by a trusted key that is not valid is refused.
        3. If one is valid, the `key` entries before this size take effect; the new keys' signatures must be valid.
        """
        signers = []
        for signature in checkpoint.signatures:
            key_id = (signature.name, signature.key_id)
            # 1
            if key_id in self._revoked:
                raise Refused(
                    f"the checkpoint of size {checkpoint.size} is signed by {signature.name} with a key "
                    f"that entry {self._revoked[key_id]} had revoked"
                )
            # 2
            if key_id in self._trusted:
                verify_signature(self._trusted[key_id], checkpoint, signature)
                signers.append(self._trusted[key_id])
        # 3
        if signers:
            for key, signature in self._take_effect(checkpoint):
                verify_signature(key, checkpoint, signature)
                signers.append(key)
        return signers

    def knows(self, signature: Signature) -> bool:
        """Whether the signature is by a key that is or was trusted."""
        key_id = (signature.name, signature.key_id)
        return key_id in self._trusted or key_id in self._revoked

    def _take_effect(self, checkpoint: Checkpoint) -> list[tuple[Key, Signature]]:
        new: set[KeyId] = set()
        for index, added, removed in self._pending:
            if index < checkpoint.size:
                for key in added:
                    if (key.name, key.key_id) in self._revoked:
                        raise Refused(f"entry {index} adds a key of {key.name} that was revoked before")
                    if (key.name, key.key_id) not in self._trusted:
                        new.add((key.name, key.key_id))
                        self.changes.append(f"from size {checkpoint.size} on, entry {index} adds the key of {key}")
                    self._trust(key)
                for key in removed:
                    self._trusted.pop((key.name, key.key_id), None)
                    self._revoked.setdefault((key.name, key.key_id), index)
                    self.changes.append(f"after size {checkpoint.size}, entry {index} removes the key of {key}")
        self._pending = [change for change in self._pending if change[0] >= checkpoint.size]
        return [
            (self._trusted[(signature.name, signature.key_id)], signature)
            for signature in checkpoint.signatures
            if (signature.name, signature.key_id) in new & set(self._trusted)
        ]

    def _trust(self, key: Key) -> None:
        if self._trusted.setdefault((key.name, key.key_id), key) != key:
            raise Refused(f"two keys of {key.name} have the same key id")
