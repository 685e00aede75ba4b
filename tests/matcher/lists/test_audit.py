"""An import whose index lies publishes nothing; `lists audit` finds what went wrong later; the result is recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.index.index_codes import uniform
from matcher import Matcher
from matcher.algorithms import ALGORITHMS, Metric
from matcher.commands import run
from matcher.distances import reach
from matcher.errors import IndexAuditError
from matcher.index import open_index
from matcher.lists import auditing
from matcher.lists.auditing import seed_of
from matcher.lists.compacting import compact_list
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.removing import remove_entries
from matcher.lists.store import Store
from matcher.lookup.chances import WHOLE
from matcher.model import CategoryProfile

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    lines = [
        {"id": f"{kind}{row}", "algorithm": kind, "value": code.tobytes().hex()}
        for kind, width in (("pdq", 32), ("phash", 8), ("md5", 16))
        for row, code in enumerate(uniform(120, 32, 1)[:, :width])
    ]
    path = tmp_path / "l.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def fill(store: Path, listed: Path, name: str = "made", *, update: bool = False) -> None:
    request = ImportRequest(name, [listed], CategoryProfile(), update=update)
    import_lists(Store(store), request, on_refused=lambda _source, _line: None)


class Lying:
    """An index of which row 119 is never found."""

    def __init__(self, path: Path) -> None:
        self._index = open_index(path)
        self.bits, self.radius = self._index.bits, self._index.radius
        self.count, self.codes = self._index.count, self._index.codes

    def range_search(self, queries: Any, *, radius: int) -> Any:
        limits, distances, rows = self._index.range_search(queries, radius=radius)
        kept = rows != 119
        return np.concatenate([[0], np.cumsum(kept)])[limits], distances[kept], rows[kept]


@pytest.mark.slow
def test_what_an_audit_found_is_recorded(tmp_path: Path, listed: Path) -> None:
    fill(tmp_path / "s", listed)
    opened = Store.open(tmp_path / "s").open_list("made", 1)
    found = opened.facts.audit
    assert list(found) == ["md5", "pdq", "phash"]
    pdq = dict(found["pdq"])
    assert pdq.pop("matches") >= 900  # of 1,000, all but those that were moved beyond the radius, and their neighbours
    assert pdq == {
        "codes": 120,
        "sample": 1000,
        "queries": 1128,
        "radius": 47,
        "seed": seed_of(opened.facts.digest),
        "passed": True,
    }
    assert opened.load_record()["audit"] == {name: [{"version": 1, **of}] for name, of in found.items()}
    assert 0 < found["md5"]["seed"] < 2**53


@pytest.mark.slow
def test_an_import_whose_index_lies_is_not_published(
    tmp_path: Path, listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "s", listed)
    monkeypatch.setattr(auditing, "open_index", Lying)
    with pytest.raises(IndexAuditError, match="pdq.index: the index does not answer as brute force does: .*: 119"):
        fill(tmp_path / "s", listed)
    with pytest.raises(IndexAuditError):
        fill(tmp_path / "s", listed, "other")
    assert Store.open(tmp_path / "s").current() == [("made", 1)]
    assert [path.name for path in (tmp_path / "s" / "lists" / "made").iterdir()] == ["1"]
    monkeypatch.undo()
    fill(tmp_path / "s", listed)
    assert Store.open(tmp_path / "s").current() == [("made", 2)]


def test_an_import_whose_index_lacks_a_code_is_not_published(
    tmp_path: Path, listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index agrees with itself: only the list knows what is missing."""
    from matcher.index import build_index
    from matcher.lists import builder

    monkeypatch.setattr(builder, "build_index", lambda codes, **how: build_index(codes[:-1], **how))
    with pytest.raises(IndexAuditError, match="holds 119 codes"):
        fill(tmp_path / "s", listed)
    assert Store.open(tmp_path / "s").current() == []


@pytest.mark.slow
def test_every_part_is_audited_and_recorded(tmp_path: Path, listed: Path, capsys: Capture) -> None:
    fill(tmp_path / "s", listed)
    (tmp_path / "more").write_text("".join(listed.read_text().replace('"id": "', '"id": "new ').splitlines(True)[:130]))
    fill(tmp_path / "s", tmp_path / "more", update=True)
    store = Store.open(tmp_path / "s")
    remove_entries(store, "made", ["pdq3"])
    recorded = store.open_list("made", 3).load_record()["audit"]
    parts = {name: [(of["version"], of["codes"]) for of in found] for name, found in recorded.items()}
    assert parts == {"md5": [(1, 120)], "pdq": [(1, 120), (2, 120)], "phash": [(1, 120), (2, 10)]}
    assert run(["lists", "audit", "--store", str(tmp_path / "s")]) == 0
    lines = [line.split(" queries", 1)[0].rpartition(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        f"made version 3, part of version {part}: {algorithm}: sound"
        for part, algorithms in ((1, ("md5", "pdq", "phash")), (2, ("pdq", "phash")))
        for algorithm in algorithms
    ]
    merged = compact_list(store, "made")
    assert {name: found["codes"] for name, found in merged.audit.items()} == {"md5": 120, "pdq": 239, "phash": 130}


@pytest.mark.slow
def test_an_update_whose_index_lies_is_not_published(
    tmp_path: Path, listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "s", listed)
    fill(tmp_path / "s", listed, update=True)
    store = Store.open(tmp_path / "s")
    monkeypatch.setattr(auditing, "open_index", Lying)
    with pytest.raises(IndexAuditError):
        fill(tmp_path / "s", listed, update=True)
    with pytest.raises(IndexAuditError):
        compact_list(store, "made")
    assert store.current() == [("made", 2)]
    remove_entries(store, "made", ["pdq3"])  # which adds nothing that could lie
    assert store.current() == [("made", 3)]


@pytest.mark.slow
def test_an_index_is_built_for_the_radius_that_screening_asks(tmp_path: Path) -> None:
    names = [name for name, facts in ALGORITHMS.items() if facts.metric is not Metric.EXACT]
    lines = [{"id": name, "algorithm": name, "value": bytes(ALGORITHMS[name].width).hex()} for name in names]
    (tmp_path / "l").write_text("".join(json.dumps(line) + "\n" for line in lines))
    fill(tmp_path / "s", tmp_path / "l")
    matcher = Matcher.open(tmp_path / "s")
    audits = matcher.lists[0].facts.audit
    for lookup in matcher.lookups:
        margin = max(lookup.margin, lookup.screen.margin)
        asked = reach(lookup.hash_lookup.metric, lookup.threshold(WHOLE), margin)
        assert asked <= audits[lookup.algorithm]["radius"]
    assert audits["phash"]["radius"] > ALGORITHMS["phash"].threshold
    assert audits["photodna"]["radius"] == ALGORITHMS["photodna"].threshold


@pytest.mark.slow
def test_sound_lists_are_told_one_line_an_index(tmp_path: Path, listed: Path, capsys: Capture) -> None:
    fill(tmp_path / "s", listed)
    fill(tmp_path / "s", listed, "other")
    assert run(["lists", "audit", "--store", str(tmp_path / "s")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(": sound")[0] for line in lines] == [
        f"{name} version 1: {algorithm}" for name in ("made", "other") for algorithm in ("md5", "pdq", "phash")
    ]
    recorded = Store.open(tmp_path / "s").open_list("made", 1).facts.audit["pdq"]
    assert f"sound: 1,128 queries of 120 codes within 47, {recorded['matches']:,} matches" in lines[1]
    assert lines[1].endswith(f"seed {recorded['seed']}")
    only = ["lists", "audit", "--store", str(tmp_path / "s"), "--name", "other", "--sample", "8", "--seed", "5"]
    assert run(only) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "12 queries of 120 codes within 47, " in lines[1]
    assert lines[1].endswith("seed 5")
    assert run([*only[:4], "--name", "none"]) == 2
    assert "holds no list 'none'" in capsys.readouterr().err


@pytest.mark.slow
def test_what_is_not_sound_is_named_and_the_rest_is_audited(
    tmp_path: Path, listed: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "s", listed)
    fill(tmp_path / "s", listed, "other")
    command = ["lists", "audit", "--store", str(tmp_path / "s")]
    with (tmp_path / "s" / "lists" / "made" / "1" / "hashes" / "pdq.entries").open("rb+") as stream:
        first = stream.read(1)[0]
        stream.seek(0)
        stream.write(bytes([first ^ 1]))
    assert run(command) == 2
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 3
    assert "made version 1: NOT SOUND: " in captured.err
    assert "pdq.entries: its bytes are not those that were imported" in captured.err
    monkeypatch.setattr(auditing, "open_index", Lying)
    assert run([*command, "--name", "other"]) == 2
    captured = capsys.readouterr()
    assert captured.out.startswith("other version 1: md5: sound")
    assert len(captured.out.splitlines()) == 1
    assert captured.err.count("NOT SOUND") == 2
    assert "other version 1: phash: NOT SOUND: " in captured.err
