"""A download that was cut is not imported, whether it ends in a cut line or is merely too short; unless asked for."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from matcher.errors import ListError, StoreError
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.last_line import MAX_HELD, LastLine, ListFile
from matcher.lists.store import Store
from matcher.model import ListedHash, ListEntry, RefusedLine
from tests.shared.list_cases import NAME, bring, line, newest, value

SHA1, MD5, SHA256 = ([value(number, name) for number in range(1, 9)] for name in ("sha1", "md5", "sha256"))


def lines(*texts: str) -> str:
    return "".join(f"{text}\n" for text in texts)


TABLE = lines("id,md5,sha1,category", *(f"e{place},{MD5[place]},{SHA1[place]},1" for place in range(3)))
RECORDS = lines(*(json.dumps(line(f"e{place}", "md5", place)) for place in range(3)))
CUT = {
    "a record": (RECORDS + '{"id": "e3", "algorithm": "md', "not a line of JSON"),
    "a row between two cells": (TABLE + f"e3,{MD5[3]}", "it is shorter than the other lines"),
    "a row in a hash": (TABLE + f"e3,{MD5[3]},{SHA1[3][:9]}", "it is shorter than the other lines"),
    "a row in a quoted cell": (TABLE + f'e3,{MD5[3]},{SHA1[3]},"a category, and', "its quotes do not balance"),
    "a SHA-1 that is as long as an MD5": (lines(*SHA1[:3]) + SHA1[3][:32], "it is shorter than the other lines"),
    "a hash": (lines(*MD5[:3]) + MD5[3][:20], "no hash type with 20 hex digits is known"),
    "a digest of a file": (lines(*(f"{digest}  name" for digest in SHA256[:3])) + SHA256[3][:50], "not a digest"),
    "Windows line ends": (lines(*MD5[:3]).replace("\n", "\r\n") + MD5[3][:7], "no hash type with 7 hex digits"),
}
WHOLE = {
    "records": RECORDS.removesuffix("\n"),
    "rows": TABLE.removesuffix("\n"),
    "hashes": lines(*SHA1[:3]).removesuffix("\n"),
    "hashes of two types": lines(SHA1[0], MD5[0], SHA1[1]) + MD5[1],
    "a comment at the end": lines(*MD5[:3]) + "# the end",
    "spaces at the end": lines(*MD5[:3]) + "   ",
}


def brought(store: Path, text: str, **more: object) -> list[tuple[int, str]]:
    refused: list[tuple[int, str]] = []
    path = store.with_name("list")
    path.write_bytes(text.encode())
    request = ImportRequest(NAME, [path], **more)  # type: ignore[arg-type]
    import_lists(Store(store), request, on_refused=lambda _source, line: refused.append((line.line, line.reason)))
    return refused


@pytest.mark.parametrize(("text", "why"), CUT.values(), ids=CUT)
def test_a_file_whose_last_line_is_cut_is_refused(tmp_path: Path, text: str, why: str) -> None:
    store = tmp_path / "s"
    with pytest.raises(ListError) as raised:
        brought(store, text)
    assert "nothing imported: line " in str(raised.value)
    assert "has no line end" in str(raised.value)
    assert why in str(raised.value)
    assert "--allow-shrink" in str(raised.value)
    with pytest.raises(StoreError, match="no list 'made' is in use"):
        newest(store)


@pytest.mark.parametrize(("text", "why"), CUT.values(), ids=CUT)
def test_it_is_imported_without_that_line_if_that_is_asked_for(tmp_path: Path, text: str, why: str) -> None:
    refused = brought(tmp_path / "s", text, allow_shrink=True)
    assert [number for number, _why in refused] == [text.count("\n") + 1]
    assert refused[0][1].startswith("the last line, without a line end, is cut: ")
    assert why in refused[0][1]
    assert newest(tmp_path / "s").facts.counts["entries"] == 3


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_a_whole_last_line_needs_no_line_end(tmp_path: Path, text: str) -> None:
    assert brought(tmp_path / "s", text) == []
    assert newest(tmp_path / "s").facts.counts["hashes"].keys() <= {"md5", "sha1"}


def test_a_bad_last_line_with_a_line_end_is_only_refused(tmp_path: Path) -> None:
    assert brought(tmp_path / "s", lines(*MD5[:3], "abc")) == [
        (4, "no hash type with 3 hex digits is known; state it with --algorithm")
    ]


def test_a_file_of_which_nothing_is_taken_says_that(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="nothing imported: all of its 1 lines were refused as jsonl"):
        brought(tmp_path / "s", '{"id": "e3", "algorithm": "md', format_name="jsonl")


def test_a_list_that_becomes_less_than_half_as_long_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "s"
    bring(store, *(line(f"e{place}", "md5", place) for place in range(10)))
    bring(store, *(line(f"e{place}", "md5", place) for place in range(5)))  # half is enough
    with pytest.raises(ListError, match=r"would have 2 entries, less than half of the 5 of version 2.*--allow-shrink"):
        bring(store, line("a", "md5", 1), line("b", "md5", 2))
    assert newest(store).version == 2
    assert not (store / "lists" / NAME / ".staging").exists()
    assert bring(store, line("a", "md5", 1), line("b", "md5", 2), allow_shrink=True).counts["entries"] == 2


def test_the_size_of_a_version_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    store = tmp_path / "s"
    bring(store, line("a", "md5", 1))
    (store / "lists" / NAME / "1" / "list.json").write_text("{}")
    with pytest.raises(StoreError, match="--allow-shrink"):
        bring(store, line("a", "md5", 1))
    assert bring(store, line("a", "md5", 1), allow_shrink=True).version == 2


@pytest.mark.parametrize("block", [1, 3, 100])
@pytest.mark.parametrize(
    ("text", "unended"), [(b"", None), (b"a", 1), (b"a\n", None), (b"a\nbc", 2), (b"\n\n \t", None), (b"a\nb  ", 2)]
)
def test_the_last_line_without_an_end(text: bytes, unended: int | None, block: int) -> None:
    file = ListFile(io.BytesIO(text))
    file.head(2)
    while file.read(block):
        pass
    assert file.unended == unended


def test_a_line_of_very_many_hashes_is_not_held_in_memory() -> None:
    many = [ListedHash(1, ListEntry(str(place)), "md5", b"") for place in range(2 * MAX_HELD + 1)]
    lines = LastLine(iter([*many, RefusedLine(2, "bad")]))
    assert list(lines.others()) == many
    assert lines.held == [RefusedLine(2, "bad")]
    assert (lines.cut(2), lines.cut(None), lines.cut(3)) == ("it was refused (bad)", None, None)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_the_last_line_has_the_number_that_formats_give_it(size: int) -> None:
    for text in (b"a\r\nb\r\nc", b"a\rb\rc", b"a\nb\r\nc", b"a\r\n\rc", b"a\n\r\nc"):
        file = ListFile(io.BytesIO(text))
        while file.read(size):
            pass
        assert file.unended == 3
        ended = ListFile(io.BytesIO(text + b"\r"))
        while ended.read(size):
            pass
        assert ended.unended is None
