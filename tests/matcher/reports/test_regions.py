"""Reports of regions and of chance: a box on a blank canvas, and what was expected, in plain words."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from matcher.record.case import CaseReader
from matcher.record.strength import in_digits
from tests.shared.composed import exhibit
from tests.shared.report_cases import MASKED, PLAIN, Page, finding, match, page_of, written
from tests.shared.scan_cases import scan

CHANCES: dict[str, Any] = {
    "calibration": {"name": "ours <b>", "digest": "ab" * 32, "pairs": 1_000_000},
    "pictures": 10_000,
    "questions": {"whole": 8, "region": 80},
    "expected": {"whole": "2.0e-02", "region": "9.3e-01"},
    "not_known": [],
}


def test_a_region_is_a_box_on_a_blank_canvas(tmp_path: Path) -> None:
    found = finding("a.png", match(2, "pdq", distance=7, region=(412, 96, 1320, 742), chance="3.2e-09"), notable=True)
    page = Page(page_of(tmp_path, found))
    (drawing,) = (attributes for tag, attributes in page.tags if tag == "svg")
    assert drawing["viewbox"] == "0 0 4000 3000"
    assert drawing["aria-label"] == "1320 × 742 pixels at 412, 96 of 4000 × 3000"
    boxes = [attributes for tag, attributes in page.tags if tag == "rect"]
    assert boxes == [
        {"class": "canvas", "width": "4000", "height": "3000"},
        {"class": "region", "x": "412", "y": "96", "width": "1320", "height": "742"},
    ]
    assert "region 412 96 1320 742" in page.texts["small"]
    assert "<\xa00.0001" in page.texts["td"]


def test_the_canvas_holds_a_region_of_a_larger_frame(tmp_path: Path) -> None:
    page = Page(page_of(tmp_path, finding("a", match(2, "pdq", region=(0, 0, 5000, 10)), width=None, height=None)))
    (drawing,) = (attributes for tag, attributes in page.tags if tag == "svg")
    assert drawing["viewbox"] == "0 0 5000 10"


def test_a_whole_picture_has_no_box(tmp_path: Path) -> None:
    assert "<svg" not in page_of(tmp_path, finding("a", match(2, "pdq")))


def test_what_is_expected_by_chance_is_said(tmp_path: Path) -> None:
    text = Page(page_of(tmp_path, finding("a", match(2, "pdq")), chances=CHANCES)).texts["body"][0]
    assert "at most 0.95 matches by perceptual hash are expected by chance alone among 10,000 items" in text
    assert "0.020 by whole pictures and 0.93 by regions inside of pictures" in text
    assert "calibration ours <b>" in text
    assert "This scan looked up 0 hashes by each algorithm" in text


@pytest.mark.slow
@pytest.mark.parametrize("options", [PLAIN, MASKED])
def test_a_real_scan(tmp_path: Path, known_store: Path, options: Any) -> None:
    scan(tmp_path / "case", exhibit(tmp_path / "exhibit"), known_store)
    with CaseReader(tmp_path / "case") as reader:
        page = Page(written(reader, "html", options).decode())
        questions = next(entry for _at, entry in reader.entries() if entry["type"] == "scan.close")["questions"]
        table = written(reader, "csv", options).decode("utf-8-sig")
    assert page.count("svg") >= 7
    assert f"This scan looked up {sum(questions.values()):,} hashes" in page.texts["body"][0]
    assert "60 70 320 240" in table


@pytest.mark.parametrize(
    ("value", "said"),
    [("0", "0"), ("0.0123", "0.013"), ("0.83", "0.83"), ("5.3", "5.3"), ("12.1", "13"), ("1234", "1,234"),
     ("1e-12", "less than 0.000000001"), ("0.000004", "0.0000040")],
)  # fmt: skip
def test_numbers_for_people(value: str, said: str) -> None:
    assert in_digits(Decimal(value)) == said
