"""The trusted keys of the log at each size: the initial keys, as changed by signed `key` entries."""

from __future__ import annotations

from typing import Any, NamedTuple

from ledger.exhibit.verifier.canonical import list_of, text_of
from ledger.exhibit.verifier.notes import (
    COSIGNATURE,
    ED25519,
    MLDSA44,
    Checkpoint,
    Key,
    Signature,
    parse_vkey,
    verify_signature,
)
from ledger.exhibit.verifier.report import Refused

KeyId = tuple[str, bytes]
MAX_KEY_ENTRIES = 10_000
MAX_VKEYS = 16
KEY_FIELDS: dict[str, set[str]] = {"add": set(), "rotate": {"replaces"}, "revoke": {"reason"}}


class Change(NamedTuple):
    """A `key` entry: its index, its action, the keys that it adds, and the keys whose use it ends."""

    at: int
    action: str
    added: list[Key]
    ended: list[Key]


class Keyring:
    """The trusted keys: call `add_entry` with `key` entries and `check` with checkpoints, in the order of the log.

    Anyone may have appended an entry. A key is added only by the checkpoint right after its entry, signed by a key that
    was trusted before; that of a rotation must be signed by every trusted key that it replaces and every new key. The
    use of a key is ended by any signed checkpoint that covers the entry; without one, the key must not have signed
    any checkpoint beyond the one right after the entry.
    """

    def __init__(self, keys: list[Key]) -> None:
        self._keys: dict[KeyId, Key] = {}
        self._ended: dict[KeyId, int] = {}
        self._pending: list[Change] = []
        self.changes: list[str] = []
        self.notes: list[str] = []
        for key in keys:
            self._add(key)

    def add_entry(self, index: int, entry: dict[str, Any]) -> None:
        """Records a `key` entry. A malformed one changes no key, and gives a note."""
        try:
            change = read_change(index, entry)
        except Refused as error:
            self.notes.append(f"entry {index} changes no key: {error}")
            return
        if len(self._pending) >= MAX_KEY_ENTRIES:
            raise Refused(f"more than {MAX_KEY_ENTRIES} of them wait for a signed checkpoint")
        self._pending.append(change)

    def check(self, checkpoint: Checkpoint) -> list[Key]:
        """The trusted keys that have signed a checkpoint, maybe none; signatures by unknown keys are ignored.

        1. A signature by a key whose use was ended is refused.
        2. An invalid signature by a trusted key is refused.
        3. A signature by a key that a pending entry ends is refused: the checkpoint that put the entry into effect may
           have been deleted.
        4. If some signature is valid, `key` entries before this size take effect, as the class describes.
        """
        signers = {}
        for signature in checkpoint.signatures:
            key = self._keys.get(key_id_of(signature))
            if key is None or not signs_for(key, checkpoint.origin):
                continue
            # 1
            if key_id_of(key) in self._ended:
                raise taken_back(checkpoint, key, self._ended[key_id_of(key)])
            # 2
            verify_signature(key, checkpoint, signature)
            signers[key_id_of(key)] = key
        # 3
        for change in self._pending:
            for key in change.ended:
                if change.at + 1 < checkpoint.size and key_id_of(key) in signers:
                    raise taken_back(checkpoint, key, change.at)
        # 4
        if signers:
            before, known = set(signers), set(self._keys)
            self._pending = [change for change in self._pending if not self._take_effect(change, checkpoint, before)]
            for signature in checkpoint.signatures:  # any signature by a newly trusted key must be valid too
                if key_id_of(signature) in set(self._keys) - known:
                    verify_signature(self._keys[key_id_of(signature)], checkpoint, signature)
        return list(signers.values())

    def counting(self) -> list[Key]:
        """The keys that are trusted now."""
        return [key for key_id, key in self._keys.items() if key_id not in self._ended]

    def knows(self, signature: Signature) -> bool:
        """Whether the signature names a key that is trusted, or was before."""
        return key_id_of(signature) in self._keys

    def _take_effect(self, change: Change, checkpoint: Checkpoint, signers: set[KeyId]) -> bool:
        """Applies a change if this checkpoint puts it into effect; False if it stays pending."""
        if change.at >= checkpoint.size:
            return False
        if change.action == "add" and change.at + 1 != checkpoint.size:
            self.notes.append(f"entry {change.at} adds no key: no key that counts signed it when it was appended")
            return True
        if change.action == "rotate" and change.at + 1 != checkpoint.size:
            return False
        if change.action == "rotate":
            counting = {key_id_of(key) for key in self.counting()} & {key_id_of(key) for key in change.ended}
            if not counting or not counting <= signers or not all(has_signed(key, checkpoint) for key in change.added):
                return False
        for key in change.ended:
            if key_id_of(key) not in self._ended:
                self._ended[key_id_of(key)] = change.at
                self._add(key)
                self.changes.append(f"after size {checkpoint.size}, entry {change.at} removes the key of {key}")
        for key in change.added:
            if key_id_of(key) in self._ended:
                self.notes.append(f"entry {change.at} adds a key of {key.name} that was taken back: it does not count")
            elif key_id_of(key) not in self._keys:
                self.changes.append(f"from size {checkpoint.size} on, entry {change.at} adds the key of {key}")
                self._add(key)
        return True

    def _add(self, key: Key) -> None:
        if self._keys.setdefault(key_id_of(key), key) != key:
            raise Refused(f"two keys of {key.name} have the same key id")


def read_change(index: int, entry: dict[str, Any]) -> Change:
    """The change of a `key` entry. Refuses one without exactly the fields of its action."""
    action = text_of(entry, "action")
    if action not in KEY_FIELDS:
        raise Refused(f"its action {action!r:.40} is none of add, rotate and revoke")
    fields = {"v", "type", "time", "action", "vkeys"} | KEY_FIELDS[action]
    if set(entry) - {"monotonic_us"} != fields or type(entry["time"]) is not str:
        raise Refused("it has other fields")
    if action == "revoke":
        text_of(entry, "reason")
    named = log_keys(entry, "vkeys")
    replaced = log_keys(entry, "replaces") if action == "rotate" else []
    if {key_id_of(key) for key in named} & {key_id_of(key) for key in replaced}:
        raise Refused("it replaces a key by itself")
    return Change(index, action, [] if action == "revoke" else named, named if action == "revoke" else replaced)


def log_keys(entry: dict[str, Any], field: str) -> list[Key]:
    """The keys of a field: 1 to MAX_VKEYS distinct keys that sign for a log. Refuses others."""
    vkeys = list_of(entry, field, str)
    if not 0 < len(vkeys) <= MAX_VKEYS or len(set(vkeys)) != len(vkeys):
        raise Refused(f"it does not name 1 to {MAX_VKEYS} different keys")
    keys = [parse_vkey(vkey) for vkey in vkeys]
    if any(key.kind == COSIGNATURE for key in keys):
        raise Refused("a log does not sign with a cosignature key of type 0x04")
    return keys


def signs_for(key: Key, origin: str) -> bool:
    """Whether a key signs for the log `origin`. An ML-DSA-44 key of another name is a witness' key."""
    return key.kind == ED25519 or (key.kind == MLDSA44 and key.name == origin)


def has_signed(key: Key, checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint has a signature under a key's id, and all such signatures are valid."""
    mine = [signature for signature in checkpoint.signatures if key_id_of(signature) == key_id_of(key)]
    try:
        for signature in mine:
            verify_signature(key, checkpoint, signature)
    except Refused:
        return False
    return bool(mine)


def key_id_of(named: Key | Signature) -> KeyId:
    """The name and key id of a key or of a signature."""
    return named.name, named.key_id


def taken_back(checkpoint: Checkpoint, key: Key, index: int) -> Refused:
    """The refusal of a signature by a key whose use was ended."""
    return Refused(
        f"the checkpoint of size {checkpoint.size} is signed by {key.name} with a key that entry {index} had revoked"
    )
