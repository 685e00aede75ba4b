"""Columns and keys that are not read are said to be, and those with hashes or categories need a look."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from matcher.commands import run
from matcher.lists.formats.notices import ListNotice
from matcher.lists.formats.unused import MOST_VALUES, Unused, names_a_category
from tests.shared.list_cases import line, value

Capture = pytest.CaptureFixture[str]


def photodna(number: int) -> bytes:
    return b"".join(hashlib.sha512(f"{number} {part}".encode()).digest() for part in range(3))[:144]


def table(header: str, *cells: str, count: int = 6) -> str:
    """A table of `count` rows; in a cell `{n}` is the row's number, and names of hashes stand for hashes."""
    rows = []
    for number in range(1, count + 1):
        names = {name: hashlib.new(name, bytes([number])).hexdigest() for name in ("md5", "sha1", "sha256")}
        names |= {name: value(number, name) for name in ("pdq", "phash")}
        coded = {
            "b64": base64.b64encode(photodna(number)).decode(),
            "b64md5": base64.b64encode(bytes(range(16))).decode(),
        }
        rows.append(",".join(cell.format(n=number, **names, **coded) for cell in cells))
    return "\n".join([header, *rows]) + "\n"


def imported(tmp_path: Path, text: str, *more: str, name: str = "list.csv") -> int:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return run(["lists", "import", str(path), "--store", str(tmp_path / "s"), "--name", "made", *more])


def test_hashes_and_categories_under_other_names_need_a_look(tmp_path: Path, capsys: Capture) -> None:
    text = table("id,md5,pdq_hash,PhotoDNA_B64,Kategorie", "e{n}", "{md5}", "{pdq}", "{b64}", "k{n}")
    assert imported(tmp_path, text) == 3
    captured = capsys.readouterr()
    assert captured.out == "made version 1: 6 entries: 6 md5\n"
    assert "column 'pdq_hash' is not used, and its values look like hashes (64 hex digits, as pdq)" in captured.err
    assert "to import them, --column pdq=pdq_hash; if they are none: --column unused=pdq_hash" in captured.err
    assert "(192 letters of base64, as photodna): to import them, --column photodna=PhotoDNA_B64" in captured.err
    assert "column 'Kategorie' is not used, and is named as categories are" in captured.err
    assert "--column category=Kategorie; it has 'k1', 'k2', 'k3', 'k4', 'k5'" in captured.err
    assert "(exit code 3)" in captured.err


def test_what_is_advised_imports_them(tmp_path: Path, capsys: Capture) -> None:
    text = table("id,md5,pdq_hash,Kategorie,my guid", "e{n}", "{md5}", "{pdq}", "k{n}", "{phash}")
    columns = ["--column", "pdq=pdq_hash", "--column", "category=Kategorie", "--column", "unused=my guid"]
    assert imported(tmp_path, text, *columns) == 0
    captured = capsys.readouterr()
    assert captured.out == "made version 1: 6 entries: 6 md5, 6 pdq\n"
    assert "used" not in captured.err


def test_an_unused_column_that_is_missing_is_an_error(tmp_path: Path, capsys: Capture) -> None:
    assert imported(tmp_path, table("id,md5", "e{n}", "{md5}"), "--column", "unused=other") == 2
    assert "no column 'other'; the columns are id, md5" in capsys.readouterr().err


@pytest.mark.parametrize(
    "cell", ["a remark of row {n}", "2026-12-0{n}", "140000000000000{n}", "{n}", "DSC_{n}.jpg", "deadbeef"]
)
def test_a_plain_column_is_only_told(tmp_path: Path, capsys: Capture, cell: str) -> None:
    assert imported(tmp_path, table("id,md5,remark,empty", "e{n}", "{md5}", cell, "")) == 0
    said = capsys.readouterr().err
    assert "list.csv: columns that are not used: 'remark'; to keep one as the note: --column note=remark" in said
    assert "'empty'" not in said


@pytest.mark.parametrize("cell", ["{md5}", "{sha1}", "{phash}", "{b64}", "{b64md5}"])
def test_hashes_are_known_by_their_values(tmp_path: Path, capsys: Capture, cell: str) -> None:
    assert imported(tmp_path, table("id,sha256,x y", "e{n}", "{sha256}", cell)) == 3
    said = capsys.readouterr().err
    assert "column 'x y' is not used, and its values look like hashes" in said
    assert ("write them in hex" in said) == (cell == "{b64md5}")
    assert ("=x y'" in said) == (cell != "{b64md5}")


def test_a_column_without_a_name_and_a_second_one_of_a_type(tmp_path: Path, capsys: Capture) -> None:
    assert imported(tmp_path, table("id,md5,,md5_of_thumbnail", "e{n}", "{md5}", "{sha1}", "{md5}")) == 3
    said = capsys.readouterr().err
    assert "column '' is not used" in said
    assert "give the column a name in the header" in said
    assert "--column md5=md5_of_thumbnail, in place of 'md5'" in said


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *((name, True) for name in ("Kategorie", "CATEGORY_ID", "category name", "Catégorie", "categoría", "class")),
        *((name, True) for name in ("Disposition", "classification", "Klassifizierung", "категория", "severity")),
        *((name, False) for name in ("file name", "md5", "remark", "classroom", "tagged by", "")),
    ],
)
def test_names_of_categories(name: str, is_one: bool) -> None:
    assert names_a_category(name) == is_one


def test_a_second_column_of_categories_needs_no_look_once_the_examiner_chose_one(
    tmp_path: Path, capsys: Capture
) -> None:
    text = table("id,md5,category,severity", "e{n}", "{md5}", "1", "{n}")
    assert imported(tmp_path, text) == 3
    assert "column 'severity' is not used, and is named as categories are" in capsys.readouterr().err
    assert imported(tmp_path, text, "--column", "category=category") == 0
    assert "columns that are not used: 'severity'" in capsys.readouterr().err


def test_keys_of_records(tmp_path: Path, capsys: Capture) -> None:
    lines = [
        {**line(f"e{n}", "md5", n), "Kategorie": n, "sha1": hashlib.sha1(bytes([n])).hexdigest(), "seen": "today"}
        for n in range(1, 4)
    ]
    text = "".join(json.dumps(each) + "\n" for each in lines)
    assert imported(tmp_path, text, name="list.jsonl") == 3
    said = capsys.readouterr().err
    assert "key 'Kategorie' is not used, and is named as categories are" in said
    assert "write them under the key 'category'; it has '1', '2', '3'" in said
    assert "key 'sha1' is not used, and its values look like hashes" in said
    assert "keys of records that are not used: 'seen'" in said


def test_hashes_are_looked_for_in_a_bounded_number_of_values_and_most_of_them_decide() -> None:
    unused = Unused({}, option=True, has_category=False)
    for number in range(1, MOST_VALUES):
        assert unused.add("x", hashlib.md5(bytes([number % 256])).hexdigest() if number % 2 else "other")
    assert not unused.add("x", "other")  # half of them are no hashes
    assert list(unused.notices()) == [
        ListNotice("columns that are not used: 'x'; to keep one as the note: --column note=x", needs_a_look=False)
    ]
