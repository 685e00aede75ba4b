"""Trust policies (c2sp.org/tlog-policy): logs, witnesses, and the quorum of witnesses."""

from __future__ import annotations

import re
from collections.abc import Callable

from ledger.exhibit.verifier.notes import COSIGNATURE, ED25519, MLDSA44, Key, parse_vkey
from ledger.exhibit.verifier.report import Refused

MAX_POLICY = 1_000_000


class Policy:
    """A parsed policy. Names are compared as the file has them, whatever their encoding."""

    def __init__(self, data: bytes) -> None:
        """Parses a policy file. Refuses one that the specification does not allow."""
        if len(data) > MAX_POLICY or re.search(rb"[^\t\n\x20-\x7e\x80-\xff]", data) or (data and data[-1:] != b"\n"):
            raise Refused("the policy holds a control character, is too long, or does not end in a newline")
        self.logs: list[Key] = []
        self.witnesses: dict[str, Key] = {}
        self.quorum: str | None = None
        self._groups: dict[str, tuple[int, list[str]]] = {}
        self._members: set[str] = set()
        lines: dict[str, Callable[[list[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }
        # A name is a string of octets: surrogateescape preserves octets that are not UTF-8.
        for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), start=1):
            words = [word for word in re.split("[ \t]+", line) if word]
            if not words or words[0].startswith("#"):
                continue
            if words[0] not in lines:
                raise Refused(f"line {number} of the policy begins with {words[0]!r:.40}")
            try:
                lines[words[0]](words[1:])
            except Refused as error:
                raise Refused(f"line {number} of the policy: {error}") from error
        if self.quorum is None:
            raise Refused("the policy has no quorum line")

    def met_by(self, cosigners: set[Key]) -> bool:
        """Whether cosignatures by these keys reach the quorum."""
        have = {name for name, key in self.witnesses.items() if key in cosigners}
        for name, (enough, members) in self._groups.items():  # a group has only members that are defined above it
            if len(have.intersection(members)) >= enough:
                have.add(name)
        return self.quorum == "none" or self.quorum in have

    def _log(self, words: list[str]) -> None:
        if len(words) not in {1, 2}:
            raise Refused("not `log <vkey> [<url>]`")
        key = parse_vkey(words[0])
        if key.kind == COSIGNATURE:
            raise Refused("a log does not sign with a cosignature key of type 0x04")
        self._no_duplicate(key, self.logs)
        self.logs.append(key)

    def _witness(self, words: list[str]) -> None:
        if len(words) not in {2, 3}:
            raise Refused("not `witness <name> <vkey> [<url>]`")
        self._new(words[0])
        key = parse_vkey(words[1])
        if key.kind == ED25519:
            raise Refused("a witness does not sign with a key of type 0x01")
        self._no_duplicate(key, list(self.witnesses.values()))
        self.witnesses[words[0]] = key

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise Refused("not `group <name> all|any|<k> <name>...`")
        name, rule, *members = words
        self._new(name)
        for member in members:
            if member not in self.witnesses and member not in self._groups:
                raise Refused(f"{member!r:.80} is not defined above it")
            if member in self._members:
                raise Refused(f"{member!r:.80} is a member twice")
            self._members.add(member)
        if rule not in {"all", "any"} and not re.fullmatch("[1-9][0-9]{0,5}", rule):
            raise Refused("how many members are enough is not said")
        enough = {"all": len(members), "any": 1}.get(rule) or int(rule)
        if enough > len(members):
            raise Refused("more members are wanted than there are")
        self._groups[name] = (enough, members)

    def _quorum(self, words: list[str]) -> None:
        if self.quorum is not None:
            raise Refused("a second quorum line")
        if len(words) != 1 or (words[0] != "none" and words[0] not in {*self.witnesses, *self._groups}):
            raise Refused("the quorum is not one name that is defined above it")
        self.quorum = words[0]

    def _new(self, name: str) -> None:
        if name == "none" or name in self.witnesses or name in self._groups:
            raise Refused(f"the name {name!r:.80} is taken")

    def _no_duplicate(self, key: Key, others: list[Key]) -> None:
        # An Ed25519 key is the same key whether it signs as 0x01 or as 0x04.
        if any((key.kind == MLDSA44, key.public) == (other.kind == MLDSA44, other.public) for other in others):
            raise Refused(f"the key of {key.name} stands there twice")
