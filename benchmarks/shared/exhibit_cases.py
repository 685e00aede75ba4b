"""A small case with every kind of entry, made from fixed keys, and the verifier run on exhibits of it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger import Ledger, Signature, Signer, canonical, format_note, leaf_hash, parse_note, root
from ledger.entries.entry import parse
from ledger.exhibit.exporting import Choices, export
from ledger.notes.note import Note
from ledger.storage.store import Store

ORIGIN = "lab.example/case-17"
TIME = 1_790_000_000
SALT = bytes(range(32))


def tamper(path: Path, *statements: tuple[str, tuple[Any, ...]]) -> None:
    """Run statements on a ledger's file with all triggers dropped, and restore the triggers."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for sql, arguments in statements:
            connection.execute(sql, arguments)
        for _, sql in triggers:
            connection.execute(sql)


class Cosigner:
    """A key of type 0x04 (Ed25519 cosignature) or 0x06 (ML-DSA-44), made from the specification alone."""

    def __init__(self, name: str, kind: int, seed: bytes) -> None:
        self._key = (Ed25519PrivateKey.from_private_bytes if kind == 4 else MLDSA44PrivateKey.from_seed_bytes)(seed)
        self.name, self.kind = name, kind
        public = bytes([kind]) + self._key.public_key().public_bytes_raw()
        self.key_id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        self.vkey = f"{name}+{self.key_id.hex()}+{_base64(public)}"

    def line(self, text: str, time: int = TIME) -> str:
        """The signature line on a checkpoint's text, with its newline."""
        message = f"cosignature/v1\ntime {time}\n{text}".encode()
        if self.kind == 6:
            origin, size, encoded = text.split("\n")[:3]
            message = b"subtree/v1\n\0" + bytes([len(self.name)]) + self.name.encode() + time.to_bytes(8, "big")
            message += bytes([len(origin)]) + origin.encode() + bytes(8) + int(size).to_bytes(8, "big")
            message += _bytes(encoded)
        return f"— {self.name} {_base64(self.key_id + time.to_bytes(8, 'big') + self._key.sign(message))}\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


@dataclass(frozen=True, slots=True)
class Case:
    """A ledger's file, its keys, and what an exhibit of it may enclose.

    `sealed` and `decision` are the indexes of a sealed item and of a decision.
    """

    ledger: Path
    signer: Signer
    log_key: Cosigner
    witnesses: tuple[Cosigner, ...]
    sealed: int
    decision: int
    roots: bytes | None

    @property
    def vkeys(self) -> tuple[str, ...]:
        return (self.signer.vkey, self.log_key.vkey)

    @property
    def policy(self) -> bytes:
        lines = [f"witness w{number} {witness.vkey}" for number, witness in enumerate(self.witnesses)]
        return "\n".join([*lines, "group both all w0 w1", "quorum both", ""]).encode()

    def export(self, out: Path, **changes: Any) -> Path:
        """An exhibit; complete, with a policy and roots enclosed, unless `changes` say otherwise."""
        how = {name: changes.pop(name, False) for name in ("archive", "even_if_damaged")}
        choices = {"vkeys": (self.signer.vkey,), "policy": self.policy, "tsa_roots": self.roots, **changes}
        export(self.ledger, out, choices=Choices(**choices), **how)
        return out


def finding(path: Any, status: str, **fields: Any) -> dict[str, Any]:
    return {"schema": 1, "path": path, "status": status, "matches": [], **fields}


def scan_entries(number: int, findings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of a complete scan."""
    loaded = {"name": "national", "version": 3, "digest": "ab" * 32}
    counts: dict[str, int] = {"skipped": 0}
    for one in findings:
        counts[one["status"]] = counts.get(one["status"], 0) + 1
    time = {"v": 1, "time": "2026-10-01T08:00:00.000+00:00", "monotonic_us": 5}
    profile = {"categories": {"1": "notable", "9": "known-good"}, "other": "information"}
    return [
        {**time, "type": "list.load", "profile": profile, **loaded},
        {**time, "type": "scan.open", "scan": number, "lists": [loaded], "settings": {"exact": False}, "source": "E1"},
        *({"v": 1, "type": "item", "scan": number, "seq": at, "finding": one} for at, one in enumerate(findings)),
        {
            **time,
            "type": "scan.close",
            "scan": number,
            "items": len(findings),
            "counts": counts,
            "findings_root": root(leaf_hash(canonical(one)) for one in findings).hex(),
        },
    ]


def build(folder: Path, *, stamp: Callable[[str], tuple[bytes, bytes]] | None = None) -> Case:
    """The case: checkpoints of sizes 0, 3, 10 and 14; that of 10 cosigned by two witnesses and, by `stamp`, stamped."""
    path = folder / "case.ledger"
    signer = Signer.from_private_bytes(bytes(range(32)), name=ORIGIN)
    log_key = Cosigner(ORIGIN, 6, bytes(range(1, 33)))
    witnesses = (Cosigner("witness.example/a", 4, bytes(range(2, 34))), Cosigner("witness.example/b", 6, bytes(32)))
    time = {"v": 1, "time": "2026-10-01T07:00:00.000+00:00", "monotonic_us": 1}
    with Ledger.create(path, origin=ORIGIN, signer=signer) as log:
        first = [
            {**time, "type": "case.open", "case": "17", "examiner": "Ада", "tool": "0.1.0", "platform": {"host": "h"}},
            {**time, "type": "key", "action": "add", "vkeys": [signer.vkey, log_key.vkey]},
            {**time, "type": "self.test", "vectors": "cd" * 32, "cases": 9},
        ]
        _append(log, first)
        commitment = hashlib.sha256(b"ledger-commitment/v1\n" + SALT + canonical("DCIM/1.jpg")).hexdigest()
        match = {"list": "national-3", "category": "1", "distance": 4}
        findings = [
            finding({"commitment": commitment}, "examined", matches=[match]),
            finding("DCIM/2.jpg", "known"),
            finding("DCIM/3.jpg", "examined", matches=[{**match, "category": "9"}]),
            finding("DCIM/4.jpg", "unreadable"),
        ]
        _append(log, scan_entries(1, findings))
        _add_log_signatures(path, log_key)
        note = dict(log.checkpoints())[10]
        lines = [witness.line(parse_note(note).text) for witness in witnesses]
        entries = [{**time, "type": "checkpoint.cosign", "size": 10, "lines": [line[:-1] for line in lines]}]
        token, roots = stamp(note) if stamp is not None else (None, None)
        if token is not None:
            digests = {"note_sha256": hashlib.sha256(note.encode()).hexdigest(), "token_sha256": sha256(token)}
            entries.append({**time, "type": "checkpoint.time", "size": 10, "gen_time": "2026", **digests})
        else:
            entries.append({**time, "type": "note"})
        cited = {"index": 5, "leaf_hash": leaf_hash(canonical(parse(_body(log, 5)))).hex()}
        decision = {**time, "type": "decision", "verdict": "relevant", "cites": [cited], "supersedes": None}
        _append(log, [*entries, decision, {**time, "type": "anomaly", "what": "none"}])
    with closing(Store.open(path)) as store, store.writing():
        for line in lines:
            store.add_cosignature(10, line)
        if token is not None:
            store.add_token(10, token)
        store.add_openings([(5, "/finding/path", SALT, '"DCIM/1.jpg"')])
    _add_log_signatures(path, log_key)
    return Case(path, signer, log_key, witnesses, 5, 12, roots)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _append(log: Ledger, entries: Sequence[dict[str, Any]]) -> None:
    log.append([canonical(entry) for entry in entries], checkpoint=True)


def _body(log: Ledger, index: int) -> bytes:
    return next(body for _, body in log.entries(index, index + 1))


def _add_log_signatures(path: Path, key: Cosigner) -> None:
    """Sign every checkpoint that has one signature with the log's second key too."""
    with Ledger.open_readonly(path) as log:
        notes = [(size, parse_note(note)) for size, note in log.checkpoints()]
    for size, note in notes:
        if len(note.signatures) == 1:
            line = key.line(note.text)
            extra = Signature(key.name, key.key_id, _bytes(line.split(" ")[2].strip())[4:])
            text = format_note(Note(note.text, (*note.signatures, extra)))
            tamper(path, ("UPDATE checkpoint SET note = ? WHERE size = ?", (text, size)))


def verify(verifier: Path, *arguments: object, python: str = sys.executable) -> tuple[int, str, str]:
    """Run an assembled verifier as its recipient would: alone, without site packages, from another folder."""
    command = [python, "-I", "-S", str(verifier), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, cwd=os.sep, timeout=300, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def remake_manifest(exhibit: Path, **changes: Any) -> None:
    """Write the manifest again to fit the files, as a forger would."""
    path = exhibit / "manifest.json"
    manifest = json.loads(path.read_bytes())
    files = (file for file in exhibit.rglob("*") if file.is_file() and file != path)
    manifest["files"] = {file.relative_to(exhibit).as_posix(): sha256(file.read_bytes()) for file in files}
    path.write_bytes(canonical({**manifest, **changes}) + b"\n")
