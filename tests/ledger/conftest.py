"""A case to test on: a signer, a ledger file, entries, and a way to tamper that leaves the guards in place."""

from __future__ import annotations

import io
import sqlite3
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger import Ledger, Signer, canonical, leaf_hash, root
from ledger.commands import main

ORIGIN = "lab.example/case-17"


class Outcome(NamedTuple):
    code: int | str | None
    out: str
    err: str


class Stdin(io.BytesIO):
    name = "<stdin>"


@pytest.fixture
def origin() -> str:
    return ORIGIN


@pytest.fixture
def signer() -> Signer:
    return Signer.from_private_bytes(bytes(range(32)), name=ORIGIN)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Runs a command in this process."""

    def run(*arguments: object, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Stdin(stdin), "utf-8"))
        with pytest.raises(SystemExit) as exit_:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(exit_.value.code, captured.out, captured.err)

    return run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "case.ledger"


@pytest.fixture
def make_entry() -> Callable[..., bytes]:
    """An entry; any other fields may be given."""

    def make(number: int, **fields: Any) -> bytes:
        return canonical({"v": 1, "type": "note", "number": number, **fields})

    return make


@pytest.fixture
def make_ledger(path: Path, signer: Signer, make_entry: Callable[..., bytes]) -> Callable[..., Path]:
    """Makes a closed ledger of `size` entries with a checkpoint at the end (and at `checkpoints`)."""

    def make(size: int, *, checkpoints: Iterable[int] = ()) -> Path:
        with Ledger.create(path, origin=ORIGIN, signer=signer) as log:
            start = 0
            for stop in sorted({*checkpoints, size}):
                log.append([make_entry(number) for number in range(start, stop)], checkpoint=True)
                start = stop
        return path

    return make


@pytest.fixture
def tamper() -> Callable[..., None]:
    """Runs statements on a ledger's file with all triggers dropped, and puts the triggers back."""

    def run(path: Path, *statements: str | tuple[str, tuple[Any, ...]]) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                sql, arguments = (statement, ()) if isinstance(statement, str) else statement
                connection.execute(sql, arguments)
            for _, sql in triggers:
                connection.execute(sql)

    return run


@pytest.fixture
def scan_entries() -> Callable[..., list[dict[str, Any]]]:
    """A complete scan as entries: a list, an open, items by status, a close."""

    def make(number: int, statuses: Iterable[str]) -> list[dict[str, Any]]:
        loaded = {"name": "national", "version": "2026-10", "digest": "ab" * 32}
        findings = [{"path": f"{place}.jpg", "status": status} for place, status in enumerate(statuses)]
        counts: dict[str, int] = {}
        for finding in findings:
            counts[finding["status"]] = counts.get(finding["status"], 0) + 1
        time = "2026-10-01T00:00:00Z"
        return [
            {"v": 1, "type": "list.load", "time": time, "count": 3, **loaded},
            {"v": 1, "type": "scan.open", "time": time, "scan": number, "lists": [loaded], "settings": {}},
            *(
                {"v": 1, "type": "item", "scan": number, "seq": seq, "finding": finding}
                for seq, finding in enumerate(findings)
            ),
            {
                "v": 1,
                "type": "scan.close",
                "time": time,
                "scan": number,
                "items": len(findings),
                "counts": counts,
                "findings_root": root(leaf_hash(canonical(finding)) for finding in findings).hex(),
            },
        ]

    return make


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of published test vectors beside the repository; skips where it is not there."""
    folder = Path(__file__).parents[2].parent / "shared" / "vectors"
    if not folder.is_dir():
        pytest.skip(f"NOT TESTED against the published vectors: no folder {folder}")
    return folder
