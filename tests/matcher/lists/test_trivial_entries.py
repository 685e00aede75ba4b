"""Entries that have digests of trivial content only are not notable, and a list of nothing else says so."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from matcher.commands import run
from matcher.lists import trivial_entries
from matcher.lists.trivial import contents
from matcher.model import CategoryProfile, Disposition
from tests.shared.list_cases import bring, line, newest

Capture = pytest.CaptureFixture[str]
LOUD = "nothing notable can be found"


def trivial(entry_id: str, algorithm: str, content: bytes = b"", **more: object) -> dict[str, object]:
    return {"id": entry_id, "algorithm": algorithm, "value": hashlib.new(algorithm, content).hexdigest(), **more}


def test_only_entries_with_nothing_else_are_not_notable(tmp_path: Path) -> None:
    lines = [
        trivial("alone", "md5"),
        trivial("alone", "sha1"),
        trivial("apart", "md5"),
        line("real", "md5", 1),
        trivial("with a hash", "md5"),
        line("with a hash", "pdq", 2),
        line("apart", "sha1", 3),
        trivial("good", "md5", category="good"),
        line("text beside", "sha512x", 1),
        trivial("text beside", "md5"),
    ]
    bring(tmp_path, *lines, profile=CategoryProfile({"good": Disposition.KNOWN_GOOD}))
    opened = newest(tmp_path)
    assert dict(opened.trivial_entries.categories) == {None: 2, "good": 1}
    assert opened.meanings == {"notable": 3, "known-good": 1, "information": 2}
    assert not opened.is_never_notable
    bring(tmp_path, line("alone", "md5", 7), update=True)
    assert newest(tmp_path).meanings == {"notable": 4, "known-good": 1, "information": 1}


def test_a_list_of_nothing_but_trivial_digests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = [
        trivial(f"e{place}", "sha256", content)
        for place, (content, _words) in zip(range(100), contents(), strict=False)
    ]
    bring(tmp_path, *every, line("kept", "sha512x", 1))
    monkeypatch.setattr(trivial_entries, "MAX_READ", 10)  # all of them need no reading
    opened = newest(tmp_path)
    assert opened.meanings == {"notable": 0, "known-good": 0, "information": 101}
    assert opened.is_never_notable
    bring(tmp_path, line("real", "md5", 1), update=True)
    assert not newest(tmp_path).is_never_notable  # too many to be read: they count by their categories
    assert newest(tmp_path).meanings == {"notable": 102, "known-good": 0, "information": 0}


def test_a_list_without_a_hash_that_is_looked_up_is_never_notable(tmp_path: Path) -> None:
    bring(tmp_path, line("a", "sha512x", 1))
    assert newest(tmp_path).is_never_notable


def test_import_match_and_scan_say_it_loudly(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "l.jsonl").write_text(json.dumps(trivial("a", "md5")) + "\n" + json.dumps(trivial("b", "sha1")) + "\n")
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "empty.txt").write_bytes(b"")
    store = ["--store", str(tmp_path / "s")]
    assert run(["lists", "import", str(tmp_path / "l.jsonl"), *store, "--name", "made"]) == 3
    said = capsys.readouterr().err
    assert "0 notable, 0 known-good, 2 information entries; all by digests of trivial content alone" in said
    assert "warning: no entry is notable" in said
    assert run(["match", *store, str(tmp_path / "e" / "empty.txt")]) in {0, 3}
    said = capsys.readouterr().err
    assert said.count(LOUD) == 2
    assert "warning: list made: md5 d41d8cd98f00b204e9800998ecf8427e: the empty file; its matches are trivial" in said
    assert "1 item matches by a digest of trivial content (an empty file): not notable by that" in said
    assert run(["scan", str(tmp_path / "e"), *store, "--case", str(tmp_path / "c"), "--workers", "0"]) in {0, 3}
    captured = capsys.readouterr()
    assert captured.err.count(LOUD) == 2
    assert "1 item matches by a digest of trivial content" in captured.out
