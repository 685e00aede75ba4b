"""The trusted keys of a ledger, as its own entries add, rotate and revoke them. Pure.

    {"action":"add","time":"…","type":"key","v":1,"vkeys":["…"]}
    {"action":"rotate","replaces":["…"],"time":"…","type":"key","v":1,"vkeys":["…"]}
    {"action":"revoke","reason":"…","time":"…","type":"key","v":1,"vkeys":["…"]}

Anyone who can write the file can write such an entry, so an entry alone adds no key. It takes effect if a key that was
trusted before has signed the checkpoint right after it, of size index + 1, which the same transaction wrote. So every
key is vouched for by an older one, back to the keys that the verifier trusts from elsewhere. Ending the use of a key
takes less, since deleting the checkpoint that ended it must not make the key trusted again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ledger.entries.entry import canonical
from ledger.errors import EntryError, NoteError, RevokedKeyError, SignatureError, UnknownSignerError
from ledger.notes.checkpoint import parse_checkpoint
from ledger.notes.note import Note, Signature, Verifier, parse_note
from ledger.notes.vkey import LOG_KINDS, Kind, parse_vkey

ADD = "add"
ROTATE = "rotate"
REVOKE = "revoke"
MAX_VKEYS = 16
MAX_REASON = 4_096

_FIELDS = {ADD: frozenset(), ROTATE: frozenset(["replaces"]), REVOKE: frozenset(["reason"])}
_COMMON = frozenset(["v", "type", "time", "action", "vkeys"])

KeyId = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class KeyChange:
    """The content of a `key` entry. Only a rotation has `replaces`, only a revocation has `reason`."""

    action: str
    vkeys: tuple[str, ...]
    replaces: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change, the index of its entry, and the size of the checkpoint that put it into effect, or None."""

    index: int
    change: KeyChange
    believed_at: int | None = None


@dataclass(frozen=True, slots=True)
class _Standing:
    """A key that was ever trusted or ended: trusted for sizes up to `until`, when entry `ended_by` ended its use."""

    verifier: Verifier
    until: int | None = None
    ended_by: int = -1


def format_change(change: KeyChange, *, time: str) -> bytes:
    """The canonical `key` entry of a change. Raises EntryError for a change that is not valid. `time` is in UTC."""
    entry: dict[str, Any] = {"v": 1, "type": "key", "time": time, "action": change.action, "vkeys": [*change.vkeys]}
    if change.replaces:
        entry["replaces"] = [*change.replaces]
    if change.reason:
        entry["reason"] = change.reason
    parse_change(entry)
    return canonical(entry)


def parse_change(entry: Mapping[str, Any]) -> KeyChange:
    """The change that a `key` entry makes. Raises EntryError unless it has exactly the fields of one action."""
    action = entry.get("action")
    if type(action) is not str or action not in _FIELDS:
        raise EntryError(f"a key entry does not {ADD}, {ROTATE} or {REVOKE}")
    if (
        entry.keys() - {"monotonic_us"} != _COMMON | _FIELDS[action]
        or entry["type"] != "key"
        or type(entry["time"]) is not str
    ):
        raise EntryError(f"a key entry that is to {action} has other fields")
    reason = entry.get("reason", "")
    if type(reason) is not str or len(reason) > MAX_REASON or (action == REVOKE and not reason):
        raise EntryError("a key is revoked without a reason, or with too long a one")
    replaces = _vkeys(entry["replaces"]) if action == ROTATE else ()
    change = KeyChange(action, _vkeys(entry["vkeys"]), replaces, reason)
    if set(change.vkeys) & set(change.replaces):
        raise EntryError("a key entry replaces a key by itself")
    return change


class Keyring:
    """The trusted keys while a ledger is read from its beginning, entries and checkpoints in order of size.

    Witnesses' keys do not sign for a log; an ML-DSA-44 key is the log's if its name is the origin.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        """`trusted` are vkeys from outside the ledger. Raises NoteError if one is malformed or two share a key id."""
        self._keys: dict[KeyId, _Standing] = {}
        self._changes: list[RecordedChange] = []
        self._pending: list[int] = []
        for verifier in map(Verifier, trusted):
            if self._keys.setdefault(_id(verifier), _Standing(verifier)).verifier.vkey != verifier.vkey:
                raise NoteError(f"two keys of {verifier.name} have the same key id")

    @property
    def vkeys(self) -> tuple[str, ...]:
        """The vkeys of the keys that are trusted now."""
        return tuple(verifier.vkey for verifier in self.counting)

    @property
    def counting(self) -> tuple[Verifier, ...]:
        """Verifiers of the keys that are trusted now."""
        return tuple(each.verifier for each in self._keys.values() if each.until is None)

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """Verifiers of the keys that are trusted now or were before."""
        return tuple(each.verifier for each in self._keys.values())

    @property
    def changes(self) -> tuple[RecordedChange, ...]:
        """All changes so far, in order."""
        return tuple(self._changes)

    def add_entry(self, index: int, entry: Mapping[str, Any]) -> None:
        """Records the change of a `key` entry, and ignores other entries. Raises EntryError if it is malformed."""
        if entry.get("type") == "key":
            self._changes.append(RecordedChange(index, parse_change(entry)))
            self._pending.append(len(self._changes) - 1)

    def open_checkpoint(self, note: str) -> Note:
        """The checkpoint with its signatures by trusted keys, of which there is at least one.

        The caller must have compared the checkpoint's root with that of the added entries, for which it vouches.

        1. Parse strictly; ignore signatures by unknown keys; a known key's invalid signature rejects the whole note.
        2. No signer was revoked or replaced by a smaller checkpoint, nor by a pending entry, unless this is the
           checkpoint right after that entry.
        3. At least one trusted key has signed.
        4. Pending changes in the entries that the checkpoint covers take effect, in their order. An addition or a
           rotation needs this to be the checkpoint right after its entry. A rotation also needs signatures by all
           new keys and by all replaced keys that are trusted, of which there must be at least one. A revocation
           takes effect with any checkpoint.

        Raises NoteError: SignatureError for 1, RevokedKeyError for 2, UnknownSignerError for 3.
        """
        # 1
        parsed = parse_note(note)
        checkpoint = parse_checkpoint(parsed.text)
        verified = []
        for signature in parsed.signatures:
            standing = self._keys.get((signature.name, signature.key_id))
            if standing is None or not _signs_for(standing.verifier, checkpoint.origin):
                continue
            standing.verifier.verify(parsed.text, signature)
            # 2
            if standing.until is not None and checkpoint.size > standing.until:
                raise RevokedKeyError(
                    f"{signature.name}+{signature.key_id.hex()} has signed size {checkpoint.size},"
                    f" but entry {standing.ended_by} ended its use"
                )
            verified.append(signature)
        self._check_pending(checkpoint.size, _ids(verified))
        # 3
        if not verified:
            raise UnknownSignerError("no key that counts has signed")
        # 4
        waiting = []
        before = set(self._keys)
        for place in self._pending:
            recorded = self._changes[place]
            if recorded.index < checkpoint.size and self._enacts(recorded, checkpoint.size, parsed, _ids(verified)):
                self._apply(recorded, checkpoint.size)
                self._changes[place] = replace(recorded, believed_at=checkpoint.size)
            elif recorded.change.action != ADD or recorded.index >= checkpoint.size:  # else it never takes effect
                waiting.append(place)
        self._pending = waiting
        for signature in parsed.signatures:  # any signature by a newly trusted key must be valid too
            if (signature.name, signature.key_id) in self._keys.keys() - before:
                self._keys[signature.name, signature.key_id].verifier.verify(parsed.text, signature)
        return Note(parsed.text, tuple(verified))

    def _check_pending(self, size: int, signed: frozenset[KeyId]) -> None:
        """Step 2 for pending entries: the checkpoint that put one into effect may have been deleted."""
        for recorded in (self._changes[place] for place in self._pending):
            ended = {_id(verifier) for verifier in map(Verifier, _ended(recorded.change))}
            if recorded.index + 1 < size and ended & signed:
                name, key_id = min(ended & signed)
                raise RevokedKeyError(
                    f"{name}+{key_id.hex()} has signed size {size}, but entry {recorded.index} ended its use"
                )

    def _enacts(self, recorded: RecordedChange, size: int, note: Note, signed: frozenset[KeyId]) -> bool:
        """Whether a checkpoint of this size with these signers puts this change into effect."""
        change = recorded.change
        if change.action == REVOKE:
            return True  # `_check_pending` has refused signatures by the revoked keys, except right after the entry
        if size != recorded.index + 1:
            return False
        if change.action == ADD:
            return True
        replaced = {_id(verifier) for verifier in map(Verifier, change.replaces)}
        counting = {key for key in replaced if key in self._keys and self._keys[key].until is None}
        return bool(counting) and counting <= signed and all(_has_signed(note, vkey) for vkey in change.vkeys)

    def _apply(self, recorded: RecordedChange, size: int) -> None:
        change = recorded.change
        for vkey in _ended(change):
            verifier = Verifier(vkey)
            standing = self._keys.get(_id(verifier), _Standing(verifier))
            if standing.until is None:
                self._keys[_id(verifier)] = replace(standing, until=size, ended_by=recorded.index)
        if change.action != REVOKE:
            for verifier in map(Verifier, change.vkeys):  # a key whose use was ended is never trusted again
                self._keys.setdefault(_id(verifier), _Standing(verifier))


def _ended(change: KeyChange) -> tuple[str, ...]:
    """The vkeys whose use a change ends."""
    return change.vkeys if change.action == REVOKE else change.replaces


def _signs_for(verifier: Verifier, origin: str) -> bool:
    return verifier.kind == Kind.ED25519 or (verifier.kind in LOG_KINDS and verifier.name == origin)


def _ids(signatures: Sequence[Signature]) -> frozenset[KeyId]:
    return frozenset((signature.name, signature.key_id) for signature in signatures)


def _has_signed(note: Note, vkey: str) -> bool:
    verifier = Verifier(vkey)
    mine = [each for each in note.signatures if (each.name, each.key_id) == _id(verifier)]
    try:
        for signature in mine:
            verifier.verify(note.text, signature)
    except SignatureError:
        return False
    return bool(mine)


def _id(verifier: Verifier) -> KeyId:
    return verifier.name, verifier.key_id


def _vkeys(value: object) -> tuple[str, ...]:
    """A list of distinct vkeys of logs. Raises EntryError."""
    if type(value) is not list or not 0 < len(value) <= MAX_VKEYS or any(type(vkey) is not str for vkey in value):
        raise EntryError(f"a key entry has no list of 1 to {MAX_VKEYS} vkeys")
    try:
        kinds = {parse_vkey(vkey).kind for vkey in value}
    except NoteError as error:
        raise EntryError(f"a key entry: {error}") from error
    if not kinds <= LOG_KINDS or len(set(value)) != len(value):
        raise EntryError("a key entry names a key twice, or one that does not sign for a log")
    return tuple(value)
