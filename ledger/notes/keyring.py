"""Which keys count, as a ledger's own entries add, rotate and revoke them. Pure.

    {"action":"add","time":"…","type":"key","v":1,"vkeys":["…"]}
    {"action":"rotate","replaces":["…"],"time":"…","type":"key","v":1,"vkeys":["…"]}
    {"action":"revoke","reason":"…","time":"…","type":"key","v":1,"vkeys":["…"]}

Anyone who can write the file can write such an entry, so an entry alone adds no key. It does if it was signed by a key
that counted before in the very transaction that appended it: if the checkpoint behind it, of one more than its index,
is. So every key is vouched for by an older one, back to those that the verifier trusts from elsewhere. Keys are taken
back more easily: whoever deletes the checkpoint that did so must not make a key count again.
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
    """What a `key` entry says. `replaces` is of a rotation, `reason` of a revocation."""

    action: str
    vkeys: tuple[str, ...]
    replaces: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change, the index of its entry, and the size of the checkpoint that made it count; None if none did."""

    index: int
    change: KeyChange
    believed_at: int | None = None


@dataclass(frozen=True, slots=True)
class _Standing:
    """A key that was ever trusted or taken back: trusted for sizes up to `until`, which entry `ended_by` ended."""

    verifier: Verifier
    until: int | None = None
    ended_by: int = -1


def format_change(change: KeyChange, *, time: str) -> bytes:
    """The entry. Raises EntryError if there is none that says this. `time` is in UTC, as in all entries."""
    entry: dict[str, Any] = {"v": 1, "type": "key", "time": time, "action": change.action, "vkeys": [*change.vkeys]}
    if change.replaces:
        entry["replaces"] = [*change.replaces]
    if change.reason:
        entry["reason"] = change.reason
    parse_change(entry)
    return canonical(entry)


def parse_change(entry: Mapping[str, Any]) -> KeyChange:
    """What a `key` entry says. Raises EntryError unless it says exactly one thing."""
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
    """The keys that count while a ledger is read from its beginning: entries and checkpoints in order of size.

    Witnesses' keys do not sign for a log, and do not count; an ML-DSA-44 key is the log's if its name is the origin.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        """`trusted` are vkeys from elsewhere. Raises NoteError if one is malformed or two share a key id."""
        self._keys: dict[KeyId, _Standing] = {}
        self._changes: list[RecordedChange] = []
        self._pending: list[int] = []
        for verifier in map(Verifier, trusted):
            if self._keys.setdefault(_id(verifier), _Standing(verifier)).verifier.vkey != verifier.vkey:
                raise NoteError(f"two keys of {verifier.name} have the same key id")

    @property
    def vkeys(self) -> tuple[str, ...]:
        """The keys that count now."""
        return tuple(verifier.vkey for verifier in self.counting)

    @property
    def counting(self) -> tuple[Verifier, ...]:
        """The keys that count now, to verify with."""
        return tuple(each.verifier for each in self._keys.values() if each.until is None)

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """The keys that count, and those that did."""
        return tuple(each.verifier for each in self._keys.values())

    @property
    def changes(self) -> tuple[RecordedChange, ...]:
        """All changes so far, in order."""
        return tuple(self._changes)

    def add_entry(self, index: int, entry: Mapping[str, Any]) -> None:
        """Takes note of an entry; only `key` entries matter. Raises EntryError if one of those is malformed."""
        if entry.get("type") == "key":
            self._changes.append(RecordedChange(index, parse_change(entry)))
            self._pending.append(len(self._changes) - 1)

    def open_checkpoint(self, note: str) -> Note:
        """The checkpoint with its signatures by keys that count, of which there is at least one.

        To be called only where the checkpoint's root is that of the entries that were added: it vouches for those.

        1. Parse strictly; ignore signatures by unknown keys; a known key's that is not valid rejects the whole note.
        2. No key has signed that a smaller checkpoint revoked or replaced, or that an entry is to revoke or replace
           which this is not the checkpoint behind.
        3. At least one key that counts has signed.
        4. Changes in the entries that it covers count from now on, in their order: additions and rotations only if it
           is the checkpoint behind them; a rotation only if all replaced keys that count, and at least one, and all
           new ones have signed it; a revocation also if a key has signed that it does not name.

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
            if recorded.index < checkpoint.size and self._may(recorded, checkpoint.size, parsed, _ids(verified)):
                self._apply(recorded, checkpoint.size)
                self._changes[place] = replace(recorded, believed_at=checkpoint.size)
            elif recorded.change.action != ADD or recorded.index >= checkpoint.size:  # an addition's moment has passed
                waiting.append(place)
        self._pending = waiting
        for signature in parsed.signatures:  # a key that counts from now on has signed validly, or not at all
            if (signature.name, signature.key_id) in self._keys.keys() - before:
                self._keys[signature.name, signature.key_id].verifier.verify(parsed.text, signature)
        return Note(parsed.text, tuple(verified))

    def _check_pending(self, size: int, signed: frozenset[KeyId]) -> None:
        """Step 2 for entries that no checkpoint made count: the one that would have done may have been deleted."""
        for recorded in (self._changes[place] for place in self._pending):
            ended = {_id(verifier) for verifier in map(Verifier, _ended(recorded.change))}
            if recorded.index + 1 < size and ended & signed:
                name, key_id = min(ended & signed)
                raise RevokedKeyError(
                    f"{name}+{key_id.hex()} has signed size {size}, but entry {recorded.index} ended its use"
                )

    def _may(self, recorded: RecordedChange, size: int, note: Note, signed: frozenset[KeyId]) -> bool:
        """Whether a checkpoint of this size, signed so, makes this change count."""
        change = recorded.change
        if change.action == REVOKE:
            return True  # `_check_pending` has refused a signature by a key that it names, but for that behind it
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
            for verifier in map(Verifier, change.vkeys):  # what was taken back once never counts again
                self._keys.setdefault(_id(verifier), _Standing(verifier))


def _ended(change: KeyChange) -> tuple[str, ...]:
    """The vkeys that a change ends the use of."""
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
    """A list of different vkeys of logs."""
    if type(value) is not list or not 0 < len(value) <= MAX_VKEYS or any(type(vkey) is not str for vkey in value):
        raise EntryError(f"a key entry has no list of 1 to {MAX_VKEYS} vkeys")
    try:
        kinds = {parse_vkey(vkey).kind for vkey in value}
    except NoteError as error:
        raise EntryError(f"a key entry: {error}") from error
    if not kinds <= LOG_KINDS or len(set(value)) != len(value):
        raise EntryError("a key entry names a key twice, or one that does not sign for a log")
    return tuple(value)
