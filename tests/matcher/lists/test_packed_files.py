"""A compressed list, an archive or a spreadsheet is called that, and the message says how to import the list in it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import pytest

from matcher.commands import run
from matcher.errors import ListError
from matcher.lists.formats import ReadOptions, choose
from matcher.lists.formats.csv import CSV
from matcher.model import ListedHash
from tests.shared.list_cases import value

Capture = pytest.CaptureFixture[str]
LIST = f"id,md5\na,{value(1, 'md5')}\n".encode()


def zipped(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, LIST)
    return written.getvalue()


def open_document() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return written.getvalue()


def tarred() -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        facts = tarfile.TarInfo("list.csv")
        facts.size = len(LIST)
        archive.addfile(facts, io.BytesIO(LIST))
    return written.getvalue()


def database(folder: Path) -> bytes:
    with sqlite3.connect(folder / "db") as connection:
        connection.execute("create table hashes (md5)")
    connection.close()
    return (folder / "db").read_bytes()


PACKED = {
    "list.csv.gz": (gzip.compress(LIST), "compressed by gzip. Unpack it on the way: gunzip -c", "import - …"),
    "list.csv.xz": (lzma.compress(LIST), "compressed by xz", "xz -dc"),
    "list.csv.bz2": (bz2.compress(LIST), "compressed by bzip2", "bzip2 -dc"),
    "list.zst": (b"\x28\xb5\x2f\xfd" + bytes(9), "compressed by Zstandard", "zstd -dc"),
    "list.7z": (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive", "unpack it"),
    "list.zip": (zipped("list.csv"), "a ZIP archive", "unzip -p"),
    "list.xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "a spreadsheet", "as CSV in UTF-8"),
    "list.ods": (open_document(), "a spreadsheet", "as CSV in UTF-8"),
    "list.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "as an Excel spreadsheet", "as CSV in UTF-8"),
    "list.tar": (tarred(), "a tar archive", "unpack it"),
}


@pytest.mark.parametrize("requested", [None, "csv", "bare"])
@pytest.mark.parametrize("name", PACKED)
def test_it_is_said_what_the_file_is_and_how_to_go_on(name: str, requested: str | None) -> None:
    content, what, how = PACKED[name]
    with pytest.raises(ListError) as raised:
        choose(content, name, requested)
    assert str(raised.value).startswith(f"{name}: nothing imported: the file is ")
    assert what in str(raised.value)
    assert how in str(raised.value)


def test_a_database(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="an SQLite database: export its table of hashes as CSV"):
        choose(database(tmp_path), "rds.db", None)


def test_a_name_is_quoted_for_the_shell_and_standard_input_has_none() -> None:
    with pytest.raises(ListError, match="gunzip -c 'my list.gz' | matcher lists import -"):
        choose(gzip.compress(LIST), "my list.gz", None)
    with pytest.raises(ListError, match=r"gunzip -c \| matcher lists import -"):
        choose(gzip.compress(LIST), "-", None)


def test_text_that_begins_like_a_packed_file_is_read() -> None:
    assert choose(b"id,md5\n" + LIST, "x", None).name == "csv"
    with pytest.raises(ListError, match="not a list format that is known.*--format csv --column md5=NAME"):
        choose(b"id,hash_of_file\na,b\n", "x", None)


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;", "\ufeffsep=;"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_separator_that_excel_states_is_used(first: str, end: str) -> None:
    text = end.join([first, "id;note;md5", f'a;"one, two; three";{value(1, "md5")}', f"b;x;{value(2, 'md5')}", ""])
    assert choose(text.encode(), "list.csv", None).name == "csv"
    listed = list(CSV.read(io.BytesIO(text.encode()), ReadOptions()))
    assert [(each.line, each.entry.id, each.entry.note) for each in listed if isinstance(each, ListedHash)] == [
        (3, "a", "one, two; three"),
        (4, "b", "x"),
    ]


def test_any_separator_may_be_stated_and_a_line_number_counts_that_line(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "list.csv").write_text(f"sep=|\nid|md5\na|{value(1, 'md5')}\nb|abc\n")
    arguments = ["lists", "import", str(tmp_path / "list.csv"), "--store", str(tmp_path / "s"), "--name", "made"]
    assert run(arguments) == 3
    assert "list.csv:4: md5 needs 32 hex digits, has 3" in capsys.readouterr().err


def test_nothing_behind_the_stated_separator(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("sep=;\n")
    arguments = ["lists", "import", str(tmp_path / "list.csv"), "--store", str(tmp_path / "s"), "--name", "made"]
    assert run([*arguments, "--format", "csv"]) == 2
    assert run(arguments) == 2
