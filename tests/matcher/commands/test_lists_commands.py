"""matcher lists: updating, removing, exporting, merging and showing from the command line."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from matcher.commands import run
from matcher.lists import compacting
from matcher.lists.store import Store
from tests.shared.list_cases import NAME, bring, exported, line, newest

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "s"
    bring(
        folder,
        line("a", "md5", 1, category="1", note="first\u2028"),
        line("a", "pdq", 1, quality=80, category="1", note="first\u2028"),
        line("b", "pdq", 2),
        line("c", "vpdq", 3, category="2"),
        line("d", "sha512x", 4),
    )
    return folder


def call(command: str, store: Path, *more: object) -> int:
    return run(["lists", command, "--store", str(store), *map(str, more)])


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


class TestUpdate:
    def test_adds_to_the_newest_version(self, store: Path, tmp_path: Path, capsys: Capture) -> None:
        path = write(tmp_path / "u", json.dumps(line("b", "md5", 9)) + "\n" + json.dumps(line("e", "vpdq", 9)))
        assert call("import", store, path, "--name", NAME, "--update") == 3
        captured = capsys.readouterr()
        assert captured.out == "made version 2: 5 entries: 2 md5, 1 pdq\n"
        assert captured.err == (
            "list made version 2: 5 notable, 0 known-good, 0 information entries\n"
            "warning: 1 hashes of type vpdq were kept; this type is not looked up\n"
            "the list was imported, and what is said above needs a look (exit code 3)\n"
        )

    @pytest.mark.slow
    def test_categories_keep_their_meaning(self, store: Path, tmp_path: Path) -> None:
        path = write(tmp_path / "u", json.dumps(line("b", "md5", 9)))
        assert call("import", store, path, "--name", NAME, "--map", "*=known-good", "--allow-shrink") == 3
        assert call("import", store, path, "--name", NAME, "--update") == 0
        assert newest(store).facts.profile.other.value == "known-good"
        assert call("import", store, path, "--name", NAME, "--update", "--map", "*=notable") == 0
        assert newest(store).facts.profile.other.value == "notable"

    def test_needs_a_list(self, store: Path, tmp_path: Path, capsys: Capture) -> None:
        path = write(tmp_path / "u", json.dumps(line("b", "md5", 9)))
        assert call("import", store, path, "--name", "other", "--update") == 2
        assert "no list 'other' is in use; in use: made" in capsys.readouterr().err
        assert call("import", tmp_path / "none", path, "--name", NAME, "--update") == 2
        assert not (tmp_path / "none").exists()

    @pytest.mark.slow
    def test_merges_and_says_so(
        self, store: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(compacting, "SMALL", 1)
        path = write(tmp_path / "u", json.dumps(line("x", "md5", 9)) + "\n" + json.dumps(line("y", "md5", 9)))
        assert call("import", store, path, "--name", NAME, "--update") == 0
        captured = capsys.readouterr()
        assert captured.out == "made version 2: 6 entries: 3 md5, 2 pdq\n"
        assert "made version 2 is in use; its updates have grown, and are merged now" in captured.err
        assert "merged: made version 3: 6 entries: 3 md5, 2 pdq\n" in captured.err


class TestNeedsALook:
    """`lists import` ends with 3 where a list was taken and says something that an examiner should know."""

    def brought(self, tmp_path: Path, *lines: dict[str, object], more: tuple[str, ...] = ()) -> int:
        path = write(tmp_path / "l", "".join(json.dumps(one) + "\n" for one in lines))
        return call("import", tmp_path / "new", path, "--name", "lab", *more)

    def test_all_taken(self, tmp_path: Path, capsys: Capture) -> None:
        assert self.brought(tmp_path, line("a", "md5", 1, category="1.0"), more=("--map", "1.0=notable")) == 0
        assert capsys.readouterr().err == "list lab version 1: 1 notable, 0 known-good, 0 information entries\n"

    def test_a_category_that_no_entry_has(self, tmp_path: Path, capsys: Capture) -> None:
        lines = [line("a", "md5", 1, category="1.0"), line("b", "md5", 2, category="1.0"), line("c", "md5", 3)]
        assert self.brought(tmp_path, *lines, more=("--map", "1=information", "--map", "*=notable")) == 3
        said = capsys.readouterr().err
        assert (
            "warning: --map names category '1', which no entry has; categories: '1.0' (2 entries), none (1 entry)"
            in said
        )
        assert "--map names category '*'" not in said

    def test_no_notable_entry(self, tmp_path: Path, capsys: Capture) -> None:
        assert self.brought(tmp_path, line("a", "md5", 1), more=("--map", "*=information")) == 3
        said = capsys.readouterr().err
        assert "list lab version 1: 0 notable, 0 known-good, 1 information entries" in said
        assert "warning: no entry is notable" in said

    def test_a_list_of_known_good_files_needs_no_look(self, tmp_path: Path, capsys: Capture) -> None:
        empty = {**line("a", "md5", 1), "value": hashlib.md5(b"", usedforsecurity=False).hexdigest()}
        assert self.brought(tmp_path, empty, line("b", "md5", 2), more=("--map", "*=known-good")) == 0
        said = capsys.readouterr().err
        assert "the empty file" in said
        assert "warning" not in said

    def test_a_list_that_loses_its_last_notable_entry(self, tmp_path: Path, capsys: Capture) -> None:
        lines = [line(name, "md5", number, category="good") for number, name in enumerate("abc")]
        profile = ("--map", "good=known-good")
        assert self.brought(tmp_path, *lines, line("d", "md5", 9, category="bad"), more=profile) == 0
        assert self.brought(tmp_path, *lines, more=profile) == 2
        assert "would have 0 notable entries, less than half of the 1 of version 1" in capsys.readouterr().err
        assert self.brought(tmp_path, *lines, more=(*profile, "--allow-shrink")) == 3
        assert "no entry is notable" in capsys.readouterr().err

    def test_a_type_of_hashes_that_is_gone_is_a_cut(self, tmp_path: Path, capsys: Capture) -> None:
        digests = [line(name, "md5", number) for number, name in enumerate("abc")]
        codes = [line(name, "pdq", number) for number, name in enumerate("abc")]
        assert self.brought(tmp_path, *digests, *codes) == 0
        assert self.brought(tmp_path, *digests) == 2
        assert "would have 0 different pdq hashes, less than half of the 3 of version 1" in capsys.readouterr().err
        assert self.brought(tmp_path, *digests, more=("--allow-shrink",)) == 0

    def test_refused_lines(self, tmp_path: Path, capsys: Capture) -> None:
        assert self.brought(tmp_path, line("a", "md5", 1), {"id": "x"}) == 3
        assert "algorithm is missing" in capsys.readouterr().err

    def test_a_flat_hash(self, tmp_path: Path, capsys: Capture) -> None:
        assert self.brought(tmp_path, line("a", "pdq", 1, quality=0)) == 3
        assert "pdq, of flat pictures: 1 hashes, which match nothing" in capsys.readouterr().err

    def test_trivial_digests(self, tmp_path: Path, capsys: Capture) -> None:
        lines: list[dict[str, object]] = [
            {"id": name, "algorithm": name, "value": hashlib.new(name, b"").hexdigest()}
            for name in ("md5", "sha1", "sha256", "sha512")
        ]
        assert self.brought(tmp_path, *lines) == 3
        said = capsys.readouterr().err
        for one in lines:
            assert (
                f"warning: {one['id']} {one['value']}: the empty file; its matches are trivial, and not notable" in said
            )

    def test_a_cut_download_leaves_the_store_as_it_was(self, store: Path, tmp_path: Path, capsys: Capture) -> None:
        path = write(tmp_path / "u", json.dumps(line("b", "md5", 9)))
        assert call("import", store, path, "--name", NAME) == 2
        assert "would have 1 entry, less than half of the 4 of version 1" in capsys.readouterr().err
        assert newest(store).version == 1
        assert call("import", store, path, "--name", NAME, "--allow-shrink") == 0
        assert newest(store).version == 2

    def test_show_counts_by_meaning(self, store: Path, capsys: Capture) -> None:
        assert call("show", store) == 0
        expected = "list made version 1: 4 notable, 0 known-good, 0 information entries; by category: "
        assert f"{expected}none (2 entries), '1' (1 entry), '2' (1 entry)" in capsys.readouterr().out
        assert call("show", store, "--json") == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["meanings"] == {"notable": 4, "known-good": 0, "information": 0}
        assert shown["categories"] == [[None, 2], ["1", 1], ["2", 1]]


class TestRemove:
    def test_by_ids(self, store: Path, capsys: Capture) -> None:
        assert call("remove", store, "--name", NAME, "a", "c") == 0
        assert capsys.readouterr().out == "made version 2: 2 entries: 1 pdq\n"

    def test_by_a_file_and_standard_input(
        self, store: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write(tmp_path / "ids", "\ufeffa\r\n\r\nc\r\n")
        assert call("remove", store, "--name", NAME, "--entries", path) == 0
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"b")))
        assert call("remove", store, "--name", NAME, "--entries", "-") == 0
        assert {json.loads(text)["id"] for text in exported(newest(store))} == {"d"}
        sources = newest(store).load_record()["sources"]
        assert [source["file"] for source in sources] == ["brought.jsonl", "ids", "standard input"]
        assert [source["format"] for source in sources[1:]] == ["removal", "removal"]

    def test_what_is_not_there(self, store: Path, capsys: Capture) -> None:
        assert call("remove", store, "--name", NAME, "a", "x", "y") == 2
        assert "has no entry x, y: nothing was removed" in capsys.readouterr().err
        assert Store.open(store).current() == [(NAME, 1)]
        assert call("remove", store, "--name", NAME, "x", "--ignore-missing") == 0
        assert "none of these entries: nothing was removed" in capsys.readouterr().out
        assert call("remove", store, "--name", NAME, "a", "x", "--ignore-missing") == 0
        assert Store.open(store).current() == [(NAME, 2)]

    @pytest.mark.parametrize("more", [[], ["a", "--whole"], ["--entries", "f", "a"], ["--entries", "absent"], [""]])
    def test_what_makes_no_sense(self, store: Path, more: list[str]) -> None:
        assert call("remove", store, "--name", NAME, *more) == 2
        assert Store.open(store).current() == [(NAME, 1)]

    def test_a_line_that_is_no_id(self, store: Path, tmp_path: Path, capsys: Capture) -> None:
        assert call("remove", store, "--name", NAME, "--entries", write(tmp_path / "ids", "a\n" + "x" * 2000)) == 2
        assert "ids:2: id is longer than 1024 characters" in capsys.readouterr().err

    def test_a_whole_list(self, store: Path, tmp_path: Path, capsys: Capture) -> None:
        bring(store, line("z", "md5", 7), name="other")
        assert call("remove", store, "--name", NAME, "--whole") == 0
        assert capsys.readouterr().out == "made is no longer in use; in use now: other version 1\n"
        assert call("show", store) == 0
        shown = capsys.readouterr().out
        assert "made version 1: 4 entries: 1 md5, 2 pdq  (no longer in use)" in shown
        assert "other version 1: 1 entry: 1 md5  (in use)" in shown
        assert call("remove", store, "--name", NAME, "--whole") == 2
        assert call("remove", store, "--name", "other", "--whole") == 0
        assert "in use now: no list; `match` and `scan` refuse this store" in capsys.readouterr().out
        assert run(["match", "--store", str(store), str(store / "brought.jsonl")]) == 2
        assert call("import", store, store / "brought.jsonl", "--name", NAME) == 2
        assert "less than half of the 4 of version 1, which was the last in use" in capsys.readouterr().err
        assert call("import", store, store / "brought.jsonl", "--name", NAME, "--allow-shrink") == 0
        assert Store.open(store).current() == [(NAME, 2)]


class TestExport:
    @pytest.mark.slow
    def test_round_trip(self, store: Path, tmp_path: Path, capsys: Capture) -> None:
        assert call("remove", store, "--name", NAME, "b") == 0
        target = tmp_path / "out.jsonl"
        assert call("export", store, "--name", NAME, "-o", target) == 0
        assert "made version 2: 4 hashes exported" in capsys.readouterr().err
        assert call("import", tmp_path / "again", target, "--name", NAME) == 3
        again = newest(tmp_path / "again")
        assert exported(again) == exported(newest(store))
        assert again.facts.counts == newest(store).facts.counts
        assert call("export", tmp_path / "again", "--name", NAME, "-o", tmp_path / "second.jsonl") == 0
        assert (tmp_path / "second.jsonl").read_bytes() == target.read_bytes()

    def test_to_stdout_and_by_version(self, store: Path, capsys: Capture) -> None:
        assert call("remove", store, "--name", NAME, "b") == 0
        capsys.readouterr()
        assert call("export", store, "--name", NAME, "--version", 1) == 0
        assert len(capsys.readouterr().out.splitlines()) == 5
        assert call("export", store, "--name", NAME) == 0
        first = json.loads(capsys.readouterr().out.splitlines()[0])
        assert list(first) == ["id", "algorithm", "value", "quality", "category", "note"]
        assert call("export", store, "--name", NAME, "--version", 3) == 2
        assert call("export", store, "--name", "other") == 2
        assert call("remove", store, "--name", NAME, "--whole") == 0
        assert call("export", store, "--name", NAME) == 2
        assert call("export", store, "--name", NAME, "--version", 2) == 0


class TestCompact:
    @pytest.mark.slow
    def test_merges_every_list_that_has_updates(self, store: Path, capsys: Capture) -> None:
        bring(store, line("z", "md5", 7), name="other")
        assert call("remove", store, "--name", NAME, "b") == 0
        before = exported(newest(store))
        capsys.readouterr()
        assert call("compact", store) == 0
        assert capsys.readouterr().out == (
            "made version 3: 3 entries: 1 md5, 1 pdq (merged from version 2)\n"
            "other version 1: 1 entry: 1 md5 (one part already, nothing to merge)\n"
        )
        assert exported(newest(store)) == before
        assert call("compact", store, "--name", "absent") == 2

    @pytest.mark.slow
    def test_prune(self, store: Path, capsys: Capture) -> None:
        assert call("remove", store, "--name", NAME, "b") == 0
        capsys.readouterr()
        assert call("compact", store, "--name", NAME, "--prune") == 0
        captured = capsys.readouterr()
        assert captured.out.splitlines()[1:] == ["made version 1: deleted", "made version 2: deleted"]
        assert "which cases were examined with these versions cannot be known here" in captured.err
        assert call("compact", store, "--prune") == 0
        assert "no version to delete" in capsys.readouterr().out

    @pytest.mark.slow
    def test_prune_of_one_list_leaves_the_others(self, store: Path, capsys: Capture) -> None:
        for _ in range(2):
            bring(store, line("z", "md5", 7), name="other")
        capsys.readouterr()
        assert call("compact", store, "--name", NAME, "--prune") == 0
        assert "no version to delete" in capsys.readouterr().out
        assert call("compact", store, "--name", "other", "--prune") == 0
        assert capsys.readouterr().out.splitlines()[1:] == ["other version 1: deleted"]


def test_show_names_the_parts(store: Path, capsys: Capture) -> None:
    bring(store, line("b", "md5", 9), line("e", "md5", 9), update=True)
    assert call("show", store) == 0
    shown = capsys.readouterr().out
    assert "made version 1: 4 entries: 1 md5, 2 pdq  (superseded)" in shown
    assert "made version 2: 5 entries: 3 md5, 1 pdq  (in use)" in shown
    assert shown.endswith(
        "    part 1, of version 1: 4 entries added\n    part 2, of version 2: 2 entries added, 1 entry removed\n"
    )
    assert call("show", store, "--json") == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["current"], second["current"]) == (False, True)
    assert second["parts"] == [
        {"version": 1, "added": 4, "removed": 0},
        {"version": 2, "added": 2, "removed": 1},
    ]
