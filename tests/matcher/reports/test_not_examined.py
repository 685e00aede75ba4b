"""Reports say what was not opened, not looked at whole, and not compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from matcher.model import Reason, Status
from matcher.record.case import CaseReader
from matcher.record.shortfall import Shortfall
from matcher.reports import not_examined_section
from matcher.reports.not_examined import not_opened, shortfall_lines
from matcher.reports.summarizing import summarize
from matcher.reports.wording import statement
from tests.shared.report_cases import Page, finding, page_of, rows, written

ITEMS = (
    finding(
        "mail/letters.zip", status=Status.SKIPPED, reason=Reason.CONTAINER_NOT_OPENED, media_type="application/zip"
    ),
    finding("film.mp4", status=Status.SKIPPED, reason=Reason.VIDEO_NOT_READ, media_type="video/mp4"),
    finding("disk <b>.dd", status=Status.SKIPPED, reason=Reason.DISK_IMAGE_NOT_READ),
    finding("vault.hc", status=Status.SKIPPED, reason=Reason.ENCRYPTED),
    finding("notes.txt", status=Status.SKIPPED, reason=Reason.NOT_A_PICTURE),
    finding("moving.jpg", reason=Reason.SKIPPED_PARTS, skipped_parts=("video",)),
    finding("weak.jpg", not_compared={"pdq": "quality"}),
    finding("flat.jpg", not_compared={"pdq": "quality", "phash": "quality"}, is_compared=False),
)


def section(markup: str, anchor: str) -> str:
    part = markup.split(f'<section aria-labelledby="{anchor}">')[1].split("</section>", maxsplit=1)[0]
    return Page(f"<section>{part}</section>").texts["section"][0]


def test_the_page_has_a_section_for_each(tmp_path: Path) -> None:
    markup = page_of(tmp_path, *ITEMS)
    text = section(markup, "not-opened")
    for expected in (
        *("What is inside of these files is not known to be free of known material.", "mail/letters.zip", "film.mp4"),
        *("disk <b>.dd", "vault.hc", "container-not-opened, application/zip", "video-not-read, video/mp4"),
        "matcher findings --case DIR --reason container-not-opened --reason video-not-read "
        "--reason disk-image-not-read --reason encrypted",
    ):
        assert expected in text, expected
    assert "notes.txt" not in text
    assert "moving.jpg" in section(markup, "in-part")
    text = section(markup, "not-compared")
    assert "1 picture was looked up by no perceptual algorithm" in text
    assert "pdq: quality, phash: quality" in text
    assert "weak.jpg" in text
    text = section(markup, "skipped")
    assert "not-a-picture1" in text
    assert "container-not-opened" not in text


def test_the_result_says_so_first(tmp_path: Path) -> None:
    page_of(tmp_path, *ITEMS)
    with CaseReader(tmp_path / "case") as reader:
        sentences = " ".join(statement(summarize(reader)).sentences)
    assert (
        "4 items were NOT opened (1 container, 1 disk image, 1 encrypted file, 1 video): they are not known to be free "
        "of known material." in sentences
    )
    assert "1 item was skipped by a rule" in sentences
    assert "In 1 picture a part of the file was not looked at" in sentences
    assert "1 picture was compared by no perceptual algorithm" in sentences
    assert "compared by digest only" not in sentences


def test_a_page_without_any_says_so(tmp_path: Path) -> None:
    markup = page_of(tmp_path, finding("a.jpg"))
    assert "No container, video, disk image or encrypted file was recognised." in section(markup, "not-opened")
    assert "No part of a picture is recorded as not looked at." in section(markup, "in-part")
    assert "No picture is recorded as not compared by an algorithm." in section(markup, "not-compared")
    assert "NOT" not in section(markup, "result")


def test_a_long_list_is_cut_aloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(not_examined_section, "LISTED", 2)
    text = section(page_of(tmp_path, *(replace(ITEMS[0], path=f"{n}.zip") for n in range(5))), "not-opened")
    assert [n for n in range(5) if f"{n}.zip" in text] == [0, 1]
    assert "3 more items are not listed here, the first 2 are." in text


def test_a_scan_of_an_earlier_version_is_not_believed_to_have_no_containers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shortfall, "facts", lambda _self: {})
    markup = page_of(tmp_path, ITEMS[4])
    assert "did not tell containers, videos and disk images from other" in section(markup, "not-opened")
    assert "No container" not in section(markup, "not-opened")
    assert "Scan 1 did not tell containers" in section(markup, "result")


def test_a_close_that_contradicts_its_items_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stated = Shortfall().facts()
    monkeypatch.setattr(Shortfall, "facts", lambda _self: stated)
    assert "INCOMPLETE" in page_of(tmp_path, ITEMS[0])


def test_the_table_of_cells_has_its_columns(tmp_path: Path) -> None:
    page_of(tmp_path, *ITEMS)
    with CaseReader(tmp_path / "case") as reader:
        found = {row["path"]: row for row in rows(written(reader, "csv"))}
    assert found["flat.jpg"]["not_compared"] == "pdq=quality phash=quality"
    assert found["weak.jpg"]["not_compared"] == "pdq=quality"
    assert found["moving.jpg"]["skipped_parts"] == "video"
    assert found["film.mp4"]["reason"] == "video-not-read"
    assert (found["notes.txt"]["not_compared"], found["notes.txt"]["skipped_parts"]) == ("", "")


def test_lines_for_the_end_of_a_scan() -> None:
    shortfall = Shortfall()
    assert list(shortfall_lines(shortfall)) == []
    for item in (*ITEMS, ITEMS[0]):
        shortfall.add_finding(item)
    opened, parts, compared = shortfall_lines(shortfall)
    assert opened == (
        "NOT opened: 2 containers, 1 video, 1 disk image, 1 encrypted file: what is inside is NOT known to be free of "
        "known material"
    )
    assert parts.startswith("NOT looked at in pictures that were examined otherwise: the video in it (1 item)")
    assert compared.startswith("NOT compared by any perceptual algorithm: 1 picture: it is not known")


def test_an_unknown_reason_is_named_as_it_is() -> None:
    assert not_opened({"later-reason": 2}) == "2 later-reason"
