"""Relookups of what is less plain: meanings that change, many matches, several scans, evidence with odd names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from ledger import Ledger
from matcher.commands import run
from matcher.errors import CaseError, MatcherError
from matcher.hashers.imagehashes import PHASH
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import Picture
from matcher.lists.compacting import compact_list
from matcher.lists.removing import remove_entries
from matcher.lists.store import Store
from matcher.model import CategoryProfile, Disposition
from matcher.record.case import CaseFacts, open_case
from matcher.record.hashes_file import path_of
from matcher.revisit.relookup import Relookup, RelookupRequest, relookup
from matcher.revisit.verify import verify_case
from tests.shared.scan_cases import Failing, entries, scan

pytestmark = pytest.mark.slow

MakeStore = Callable[..., Path]
Capture = pytest.CaptureFixture[str]
MD5 = "9a0364b9e99bb480dd25e1f0284c8555"  # of b"content"


def run_relookup(case: Path, store: Path, **more: Any) -> list[Relookup]:
    with open_case(case, CaseFacts(), key=case.parent / "key") as log:
        return list(relookup(log, RelookupRequest(case, store, **more)))


def line(name: str, category: str = "1") -> dict[str, object]:
    return {"id": name, "algorithm": "md5", "value": MD5, "category": category}


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "exhibit"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"content")
    (folder / "b.txt").write_bytes(b"text")
    return folder


INFORMATION = CategoryProfile({"2": Disposition.INFORMATION})


def test_a_category_that_means_something_else_now(tmp_path: Path, evidence: Path, make_store: MakeStore) -> None:
    store = make_store([line("a")], profile=CategoryProfile({"1": Disposition.INFORMATION}))
    facts, _listener = scan(tmp_path / "case", evidence, store)
    assert facts["notable"] == 0
    make_store([line("a")])
    (result,) = run_relookup(tmp_path / "case", store)
    assert [(change.kind, change.path, change.was, change.notable) for change in result.changes] == [
        ("changed", "a.bin", "information", True)
    ]
    (again,) = run_relookup(tmp_path / "case", store)
    assert again.changes == []
    assert verify_case(tmp_path / "case").problems == ()


def test_a_new_match_behind_a_hundred_others_is_told(tmp_path: Path, evidence: Path, make_store: MakeStore) -> None:
    many = [line(f"i{number:03d}", "2") for number in range(120)]
    store = make_store(many, profile=INFORMATION)
    scan(tmp_path / "case", evidence, store)
    make_store([*many, line("z")], profile=INFORMATION)
    (result,) = run_relookup(tmp_path / "case", store)
    assert "z" in {change.match["entry"] for change in result.changes_of("new") if change.match}
    assert result.changes_of("new")[0].notable
    make_store([line("0", "2"), *many], profile=INFORMATION)
    (result,) = run_relookup(tmp_path / "case", store)
    assert {change.match["entry"] for change in result.changes_of("withdrawn") if change.match} == {"z"}


def test_another_list_does_not_make_cut_matches_new(tmp_path: Path, evidence: Path, make_store: MakeStore) -> None:
    store = make_store([line(f"i{number:03d}", "2") for number in range(120)], profile=INFORMATION)
    scan(tmp_path / "case", evidence, store)
    make_store([line("other")], name="other")
    (result,) = run_relookup(tmp_path / "case", store)
    assert [change.match["list"] for change in result.changes_of("new") if change.match] == ["other"]


def test_a_merging_does_not_make_cut_matches_new(tmp_path: Path, evidence: Path, make_store: MakeStore) -> None:
    folder = make_store([line(f"i{number:03d}", "2") for number in range(120)], profile=INFORMATION)
    store = Store.open(folder)
    ((name, _version),) = store.current()
    remove_entries(store, name, ["i007"])
    scan(tmp_path / "case", evidence, folder)
    merged = compact_list(store, name)
    assert merged.same_as == (2,)
    (result,) = run_relookup(tmp_path / "case", folder)
    assert result.changes == []
    remove_entries(store, name, ["i008"])
    assert compact_list(store, name).same_as == (4,)
    (result,) = run_relookup(tmp_path / "case", folder)
    assert {change.match["entry"] for change in result.changes_of("withdrawn") if change.match} == {"i008"}


def test_one_scan_that_cannot_be_looked_up_does_not_hide_the_others(
    tmp_path: Path, evidence: Path, make_store: MakeStore, capsys: Capture
) -> None:
    store = make_store([line("a")])
    scan(tmp_path / "case", evidence, store)
    scan(tmp_path / "case", evidence / "b.txt", store)
    with pytest.raises(MatcherError, match="gone"):
        scan(tmp_path / "case", evidence, store, executor=Failing(MatcherError("gone"), after=1))
    make_store([line("a"), line("new")])
    path_of(tmp_path / "case", 2).write_bytes(b"damaged")
    arguments = ["relookup", "--case", str(tmp_path / "case"), "--store", str(store), "--key", str(tmp_path / "key")]
    assert run(arguments) == 2
    printed = capsys.readouterr()
    assert [json.loads(text)["match"]["entry"] for text in printed.out.splitlines()] == ["new"]
    assert "2.hashes" in printed.err
    assert "scan 3 was never closed" in printed.err
    assert len(entries(tmp_path / "case", "relookup")) == 1


def test_what_the_stored_hash_decides_needs_no_confirmation(tmp_path: Path, make_store: MakeStore) -> None:
    half = landscape(1, width=160, height=240)  # of full quality
    symmetric = Image.new("RGB", (320, 240))
    symmetric.paste(half, (0, 0))
    symmetric.paste(ImageOps.mirror(half), (160, 0))
    folder = tmp_path / "exhibit"
    folder.mkdir()
    symmetric.save(folder / "a.png")
    store = make_store([{"id": "other", "algorithm": "md5", "value": "00" * 16}])
    scan(tmp_path / "case", folder, store)
    value = PHASH.hash(Picture(symmetric)).value.hex()
    make_store([{"id": "a", "algorithm": "phash", "value": value}])
    folder.rename(tmp_path / "away")
    (result,) = run_relookup(tmp_path / "case", store)
    assert [change.match["distance"] for change in result.changes_of("new") if change.match] == [0]
    assert len(result.changes_of("unconfirmed")) == 1


@pytest.mark.parametrize("name", ["100% exhibit", "Beweis ü", "file"])
def test_evidence_with_odd_names_is_found_again(
    tmp_path: Path, make_store: MakeStore, known_list: Path, name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    landscape(2, width=320, height=240).transpose(Image.Transpose.ROTATE_90).save(folder / "a.png")
    location = folder
    if name == "file":
        location = tmp_path / "a link"
        location.symlink_to(folder / "a.png")
    store = make_store([{"id": "other", "algorithm": "md5", "value": "00" * 16}])
    scan(tmp_path / "case", location, store)
    make_store([json.loads(text) for text in known_list.read_text(encoding="utf-8").splitlines()])
    (result,) = run_relookup(tmp_path / "case", store)
    assert result.changes_of("unconfirmed") == []
    assert {change.match["algorithm"] for change in result.changes_of("new") if change.match} == {"pdq", "phash"}
    assert result.opened == 1


def test_two_at_once_record_a_change_once(
    tmp_path: Path, evidence: Path, make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store([line("a")])
    scan(tmp_path / "case", evidence, store)
    make_store([line("a"), line("new")])
    ordinary = Ledger.append
    overtaken: list[int] = []

    def append(log: Ledger, bodies: list[bytes], **more: Any) -> int:
        if not overtaken and b'"type":"relookup"' in bodies[-1]:
            overtaken.append(1)
            (other,) = run_relookup(tmp_path / "case", store)
            assert len(other.changes_of("new")) == 1
        return ordinary(log, bodies, **more)

    monkeypatch.setattr(Ledger, "append", append)
    (result,) = run_relookup(tmp_path / "case", store)
    assert result.changes_of("new") == []
    assert [len(entry["new"]) for entry in entries(tmp_path / "case", "relookup")] == [1, 0]


def test_many_lists_leave_room_for_changes(tmp_path: Path, evidence: Path, make_store: MakeStore) -> None:
    store = make_store([line("a")])
    scan(tmp_path / "case", evidence, store)
    for number in range(60):
        make_store([line("x" * 900)], name=f"{number:02d}" + "n" * 40)
    (result,) = run_relookup(tmp_path / "case", store)
    assert len(result.changes_of("new")) == 60
    assert verify_case(tmp_path / "case").problems == ()


def test_a_scan_that_was_named_must_be_there(tmp_path: Path, evidence: Path, make_store: MakeStore) -> None:
    store = make_store([line("a")])
    scan(tmp_path / "case", evidence, store)
    with pytest.raises(CaseError, match="has no scan 7"):
        run_relookup(tmp_path / "case", store, scan=7)
