"""Trust policies (c2sp.org/tlog-policy): which logs and witnesses must have signed a checkpoint. Pure.

    log <vkey>
    witness X1 <vkey>
    witness X2 <vkey>
    group X 1 X1 X2
    quorum X

A policy is a string of octets: names are compared as bytes, and only tabs and spaces separate words. Lines end in a
newline. A witness with two keys is two witnesses; a group of both with `any` makes them one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.errors import NoteError, PolicyError, QuorumError, UnknownSignerError
from ledger.notes.checkpoint import Checkpoint, parse_checkpoint
from ledger.notes.note import Verifier, open_note
from ledger.notes.vkey import LOG_KINDS, WITNESS_KINDS, Kind, PublicKey, parse_vkey
from ledger.strict import decode_decimal

MAX_POLICY = 1_000_000
MAX_KEYS = 1_000
NONE = b"none"

_ALLOWED = frozenset([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log's key, whose name is the log's origin. One log may have several keys."""

    vkey: str
    url: bytes | None = None


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A witness' key, and its name inside the policy."""

    name: bytes
    vkey: str
    url: bytes | None = None


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """A group that has cosigned if at least `threshold` of its members, witnesses or earlier groups, have."""

    name: bytes
    threshold: int
    members: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A witness of the policy that has cosigned, and its latest cosignature's time, in seconds since 1970."""

    witness: PolicyWitness
    time: int


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """A checkpoint that a policy accepts, the vkeys of its log that have signed, and its cosigners."""

    checkpoint: Checkpoint
    logs: tuple[str, ...]
    cosigned: tuple[Cosigned, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Accepts a checkpoint that its own log, one of `logs`, has signed and that the quorum has cosigned."""

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[PolicyGroup, ...]
    quorum: bytes

    def check(self, note: str) -> PolicyResult:
        """Checks a signed checkpoint against the policy, and returns its signers.

        1. An invalid signature by any known key rejects the whole checkpoint.
        2. A key of the checkpoint's own log has signed: a key whose name is the origin.
        3. The quorum has cosigned.

        Raises NoteError: SignatureError for 1, UnknownSignerError for 2, QuorumError for 3.
        """
        log_keys = _by_id(*(log.vkey for log in self.logs))
        witnesses = {_key(Verifier(witness.vkey)): witness for witness in self.witnesses}
        verifiers = _by_id(*(log.vkey for log in log_keys.values()), *(witness.vkey for witness in self.witnesses))

        # 1
        opened = open_note(note, verifiers.values())
        checkpoint = parse_checkpoint(opened.text)

        # 2
        signed: dict[str, None] = {}
        times: dict[PolicyWitness, int] = {}
        for signature in opened.signatures:
            key = (signature.name, signature.key_id)
            if key in log_keys and signature.name == checkpoint.origin:
                signed[log_keys[key].vkey] = None
            if key in witnesses:
                time = verifiers[key].cosigned_at(signature)
                times[witnesses[key]] = max(time, times.get(witnesses[key], 0))
        if not signed:
            raise UnknownSignerError(f"no log of the policy has signed for {checkpoint.origin!r}")

        # 3
        have = {witness.name for witness in times}
        for group in self.groups:  # a group has only members that are defined before it
            if len(have.intersection(group.members)) >= group.threshold:
                have.add(group.name)
        if self.quorum != NONE and self.quorum not in have:
            names = ", ".join(_shown(witness.name) for witness in times) or "nobody"
            raise QuorumError(f"quorum {_shown(self.quorum)} is not reached: {names} of the policy has cosigned")
        return PolicyResult(checkpoint, tuple(signed), tuple(Cosigned(*pair) for pair in times.items()))

    def open_checkpoint(self, note: str) -> Checkpoint:
        """The checkpoint of a note that the policy accepts (trust.Trust). Raises NoteError."""
        return self.check(note).checkpoint


def parse_policy(data: bytes) -> Policy:
    """The policy in the bytes of a file (c2sp.org/tlog-policy). Raises PolicyError, with the line's number."""
    if len(data) > MAX_POLICY:
        raise PolicyError(f"a policy is longer than {MAX_POLICY} bytes")
    lines = data.split(b"\n")
    if lines.pop() != b"":
        raise PolicyError("the last line of a policy does not end in a newline")
    reader = _Reader()
    for number, line in enumerate(lines, start=1):
        try:
            reader.read(line)
        except (PolicyError, NoteError) as error:
            raise PolicyError(f"line {number}: {error}") from error
    return reader.finish()


class _Reader:
    def __init__(self) -> None:
        self._logs: list[PolicyLog] = []
        self._witnesses: list[PolicyWitness] = []
        self._groups: list[PolicyGroup] = []
        self._quorum: bytes | None = None
        self._names: set[bytes] = set()
        self._members: set[bytes] = set()
        self._log_keys: set[bytes] = set()
        self._witness_keys: set[bytes] = set()

    def read(self, line: bytes) -> None:
        forbidden = set(line) - _ALLOWED
        if forbidden:
            raise PolicyError(f"octet 0x{min(forbidden):02x} has no place in a policy")
        items = [item for item in line.replace(b"\t", b" ").split(b" ") if item]
        if not items or items[0].startswith(b"#"):
            return
        keyword, arguments = items[0], items[1:]
        if keyword not in _LINES:
            raise PolicyError(f"{_shown(keyword)} is not log, witness, group or quorum")
        _LINES[keyword](self, arguments)

    def finish(self) -> Policy:
        if self._quorum is None:
            raise PolicyError("a policy has no quorum line")
        return Policy(tuple(self._logs), tuple(self._witnesses), tuple(self._groups), self._quorum)

    def log(self, arguments: Sequence[bytes]) -> None:
        vkey, url = _two(arguments, "log <vkey> [<url>]")
        self._logs.append(PolicyLog(_public(vkey, LOG_KINDS, self._log_keys), url))

    def witness(self, arguments: Sequence[bytes]) -> None:
        if not arguments:
            raise PolicyError("not: witness <name> <vkey> [<url>]")
        vkey, url = _two(arguments[1:], "witness <name> <vkey> [<url>]")
        text = _public(vkey, WITNESS_KINDS, self._witness_keys)
        self._define(arguments[0])
        self._witnesses.append(PolicyWitness(arguments[0], text, url))

    def group(self, arguments: Sequence[bytes]) -> None:
        if len(arguments) < 3:
            raise PolicyError("not: group <name> all|any|<k> <name>...")
        name, threshold, *members = arguments
        for member in members:
            if member not in self._names:
                raise PolicyError(f"{_shown(member)} is not defined before it is named")
            if member in self._members:
                raise PolicyError(f"{_shown(member)} is already a member of a group")
            self._members.add(member)
        self._define(name)
        self._groups.append(PolicyGroup(name, _threshold(threshold, len(members)), tuple(members)))

    def quorum(self, arguments: Sequence[bytes]) -> None:
        if len(arguments) != 1:
            raise PolicyError("not: quorum <name>")
        if self._quorum is not None:
            raise PolicyError("a second quorum line")
        if arguments[0] != NONE and arguments[0] not in self._names:
            raise PolicyError(f"{_shown(arguments[0])} is not defined before it is named")
        self._quorum = arguments[0]

    def _define(self, name: bytes) -> None:
        if name == NONE:
            raise PolicyError("the name none is taken")
        if name in self._names:
            raise PolicyError(f"{_shown(name)} is defined twice")
        if len(self._names) >= MAX_KEYS:
            raise PolicyError(f"more than {MAX_KEYS} witnesses and groups")
        self._names.add(name)


_LINES: dict[bytes, Callable[[_Reader, Sequence[bytes]], None]] = {
    b"log": _Reader.log,
    b"witness": _Reader.witness,
    b"group": _Reader.group,
    b"quorum": _Reader.quorum,
}


def _two(arguments: Sequence[bytes], usage: str) -> tuple[bytes, bytes | None]:
    if not 1 <= len(arguments) <= 2:
        raise PolicyError(f"not: {usage}")
    return arguments[0], arguments[1] if len(arguments) == 2 else None


def _public(vkey: bytes, kinds: frozenset[Kind], known: set[bytes]) -> str:
    """The vkey as text. Its kind must be one of `kinds`; its key must not be in `known`, and is added to it."""
    try:
        text = vkey.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError("a vkey is not UTF-8") from error
    public: PublicKey = parse_vkey(text)
    if public.kind not in kinds:
        raise PolicyError(f"vkey of {public.name}: a key of kind 0x{public.kind:02x} has no place in this line")
    if public.key in known:
        raise PolicyError(f"vkey of {public.name}: the same key is there already")
    if len(known) >= MAX_KEYS:
        raise PolicyError(f"more than {MAX_KEYS} keys")
    known.add(public.key)
    return text


def _threshold(text: bytes, members: int) -> int:
    if text in (b"any", b"all"):
        return 1 if text == b"any" else members
    threshold = decode_decimal(text.decode("latin-1"))
    if not 1 <= threshold <= members:
        raise PolicyError(f"{threshold} of {members} members is no threshold")
    return threshold


def _key(verifier: Verifier) -> tuple[str, bytes]:
    return verifier.name, verifier.key_id


def _by_id(*vkeys: str) -> dict[tuple[str, bytes], Verifier]:
    """Verifiers by name and key id. Raises NoteError if two keys share both: one would hide the other."""
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in map(Verifier, vkeys):
        if known.setdefault(_key(verifier), verifier).vkey != verifier.vkey:
            raise NoteError(f"two keys of {verifier.name} have the same key id")
    return known


def _shown(name: bytes) -> str:
    return repr(name.decode("utf-8", "backslashreplace"))
