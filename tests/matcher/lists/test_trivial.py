"""Digests of contents that many unrelated files have."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from matcher.lists.comparability import MOST_NAMED, comparability
from matcher.lists.trivial import ALGORITHMS, contents, trivial_content, trivial_digests
from tests.shared.list_cases import bring, newest


def digest(algorithm: str, content: bytes) -> bytes:
    return hashlib.new(algorithm, content).digest()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the empty file"),
        (b"\0", "one zero byte"),
        (b"\n", "one line end"),
        (bytes(512), "512 zero bytes"),
        (bytes(4096), "4,096 zero bytes"),
        (b"\xff" * (1 << 20), "1,048,576 bytes 0xFF"),
        (b"\xef\xbb\xbf", "a byte order mark alone (UTF-8)"),
        (b"{}\n", "an empty JSON document"),
        (b"x", None),
        (bytes(513), None),
        (b"GIF89a", None),
    ],
)
def test_the_content_of_a_digest(algorithm: str, content: bytes, words: str | None) -> None:
    assert trivial_content(algorithm, digest(algorithm, content)) == words


def test_other_algorithms_have_none() -> None:
    assert trivial_digests("pdq") == {}
    assert trivial_content("crc32", bytes(4)) is None


def test_an_empty_archive_as_it_is_written_elsewhere() -> None:
    written = io.BytesIO()
    zipfile.ZipFile(written, "w").close()
    assert trivial_content("md5", digest("md5", written.getvalue())) == "an empty ZIP archive"


def test_blank_pictures_have_one_pixel() -> None:
    pictures = [content for content, words in contents() if "pixel" in words]
    assert len(pictures) > 100
    for content in pictures:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            assert image.size == (1, 1)


def test_every_trivial_content_is_one_of_its_own() -> None:
    every = [content for content, _words in contents()]
    assert len(every) == len(set(every)) == len(trivial_digests("sha256"))


def test_a_list_names_its_trivial_digests_also_those_that_are_kept_as_text(tmp_path: Path) -> None:
    lines: list[dict[str, object]] = []
    for number, content in enumerate([b"", b"\0", b"a picture"]):
        for name in ("md5", "sha512"):
            text = digest(name, content).hex()
            lines.append({"id": str(number), "algorithm": name, "value": text.upper() if number else text})
    bring(tmp_path, *lines)
    found = {each.algorithm: each for each in comparability(newest(tmp_path))}
    assert {name: {words for _hex, words in each.trivial} for name, each in found.items()} == {
        "md5": {"the empty file", "one zero byte"},
        "sha512": {"the empty file", "one zero byte"},
    }
    assert all(each.needs_a_look for each in found.values())
    empty = "d41d8cd98f00b204e9800998ecf8427e"
    assert f"md5 {empty}: the empty file; its matches are trivial, and not notable" in list(found["md5"].sentences())
    bring(tmp_path, {"id": "0", "algorithm": "md5", "value": "00" * 16}, update=True)  # replaces the empty file
    assert {words for each in comparability(newest(tmp_path)) for _hex, words in each.trivial} == {"one zero byte"}


def test_many_are_counted(tmp_path: Path) -> None:
    every = list(trivial_digests("md5"))[: MOST_NAMED + 2]
    lines: list[dict[str, object]] = [{"id": value.hex(), "algorithm": "md5", "value": value.hex()} for value in every]
    bring(tmp_path, *lines)
    (counted,) = comparability(newest(tmp_path))
    assert list(counted.sentences())[-1] == "md5: 2 more digests of trivial content"
    assert len(json.dumps(list(counted.sentences()))) < 1000
