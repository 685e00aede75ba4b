"""Reports as pages: what they state, and that they are well formed, self-contained and never an all-clear."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matcher.model import Finding, Reason, Status
from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.record.entries import entry
from matcher.reports import match_tables, not_examined_section
from matcher.reports.summarizing import summarize
from matcher.reports.wording import statement
from tests.shared.report_cases import (
    FINDINGS,
    MASKED,
    Page,
    finding,
    match,
    opening,
    page_of,
    written,
)


class TestStatement:
    def said(self, tmp_path: Path, *findings: Finding, **fields: Any) -> tuple[str, str]:
        page_of(tmp_path, *findings, **fields)
        with CaseReader(tmp_path / "case") as reader:
            found = statement(summarize(reader))
        return found.headline, " ".join(found.sentences)

    def test_notable_first_then_what_could_not_be_read(self, case: CaseReader) -> None:
        found = statement(summarize(case))
        assert found.headline == "4 strong, 4 to be looked at, 0 weak: 8 of 16 items match notable entries."
        assert found.grave
        text = " ".join(found.sentences)
        assert "2 items could not be read: they are not known to be free of known material." in text
        assert "1 item repeats the content of another" in text
        assert "2 items match both notable and known-good entries" in text

    def test_never_an_all_clear(self, tmp_path: Path) -> None:
        headline, text = self.said(tmp_path, FINDINGS[9])
        assert headline == "No match with a notable entry was recorded for 1 item."
        assert "no match does not mean that an item is harmless" in text

    def test_notable_beyond_the_listed_matches_is_told(self, tmp_path: Path) -> None:
        headline, text = self.said(tmp_path, replace(FINDINGS[8], notable=True))
        assert headline == "0 strong, 1 to be looked at, 0 weak: 1 of 1 item matches notable entries."
        assert "matched a notable entry only beyond the 100 nearest" in text

    def test_notable_beyond_the_listed_matches_may_be_fewer_after_a_relookup(self, tmp_path: Path) -> None:
        _headline, text = self.said(tmp_path, replace(FINDINGS[8], notable=True))
        assert "the largest that is possible" not in text
        with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
            log.append([entry("relookup", scan=1, part=1, parts=1, lists=opening()["lists"])], checkpoint=True)
        with CaseReader(tmp_path / "case") as reader:
            found = statement(summarize(reader))
        assert found.headline == "0 strong, 1 to be looked at, 0 weak: 1 of 1 item matches notable entries."
        assert "the number of notable items is the largest that is possible" in " ".join(found.sentences)

    def test_what_is_known_and_could_not_be_decoded_is_told(self, tmp_path: Path) -> None:
        known = finding("a.jpg", match(1), status=Status.KNOWN, reason=Reason.CORRUPT, notable=True)
        assert "1 known item was compared by digest only" in self.said(tmp_path, known)[1]

    def test_no_list(self, tmp_path: Path) -> None:
        assert "Scan 1 had no hash list loaded: nothing in it could match." in self.said(tmp_path, lists=[])[1]

    def test_no_scan(self, tmp_path: Path) -> None:
        open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key").close()
        with CaseReader(tmp_path / "case") as reader:
            assert statement(summarize(reader)).headline == "Nothing was scanned in this case."
            Page(written(reader, "html").decode())


class TestHtml:
    @pytest.fixture
    def markup(self, case: CaseReader) -> str:
        return written(case, "html").decode()

    def test_every_tag_closes_and_nothing_is_injected(self, markup: str) -> None:
        page = Page(markup)
        assert page.count("script") == page.count("style") == 1
        assert not {"img", "b", "iframe", "link", "object", "form", "image", "use"} & {
            tag for tag, _attributes in page.tags
        }
        allowed = {"lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "role", "scope"} | {
            *("colspan", "rowspan", "aria-labelledby", "data-name", "data-sort", "data-v", "dir", "title"),
            *("viewbox", "x", "y", "width", "height", "aria-label"),  # of the boxes of regions
        }
        assert {name for _tag, attributes in page.tags for name in attributes} <= allowed

    def test_names_read_as_they_are(self, markup: str) -> None:
        names = set(Page(markup).texts["bdi"])
        assert {FINDINGS[1].path, FINDINGS[3].path, FINDINGS[5].path, FINDINGS[7].path, "<img src=x>"} <= names
        assert {"zeileU+000AbruchU+000DU+0009tabulator.jpg", "Überraschung U+202Egpj.exe"} <= names

    def test_the_policy_allows_what_is_inline_and_nothing_else(self, markup: str) -> None:
        (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', markup)
        directives = dict(part.split(" ", 1) for part in policy.split("; "))
        for tag in ("style", "script"):
            (inline,) = re.findall(f"<{tag}>(.*?)</{tag}>", markup, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
            assert directives.pop(f"{tag}-src") == f"'sha256-{digest}'"
        assert directives == {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}

    def test_nothing_is_asked_of_the_network(self, markup: str) -> None:
        targets = [attributes.get("href") for _tag, attributes in Page(markup).tags if "href" in attributes]
        assert targets
        ids = {attributes["id"] for _tag, attributes in Page(markup).tags if "id" in attributes}
        assert all(target is not None and target[0] == "#" and target[1:] in ids for target in targets)
        assert not re.search(r"url\(|@import|fetch\(|XMLHttp", markup)

    def test_accessible(self, markup: str) -> None:
        page = Page(markup)
        assert ("html", {"lang": "en"}) in page.tags
        assert page.count("h1") == page.count("title") == page.count("main") == 1
        assert page.count("caption") == page.count("table")
        assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
        ids = [attributes["id"] for _tag, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert {attributes["aria-labelledby"] for _tag, attributes in page.tags if "aria-labelledby" in attributes} <= {
            *ids
        }

    def test_says_what_it_is_of(self, markup: str, case: CaseReader) -> None:
        text = Page(markup).texts["body"][0]
        for expected in (
            *("case-17", "E1 <b>", 'M. "Q" Doe', "examiner & analyst", "Court of X", case.origin, case.root()),
            *(case.checkpoint, "matcher verify --case DIR", "python -m ledger verify DIR", "1,925,121"),
            *("INCOMPLETE", "Scan 2 was never closed.", "stopped by <OSError>", "7 entries came after it"),
            *(
                "4 strong, 4 to be looked at, 0 weak: 8 of 16 items match notable entries.",
                "conflict: notable and known good",
                "undecided",
            ),
            *("the nearest 3 of 240 matches", "12 of 31", "region 412 96 1320 742", "pdq <full>", "ef" * 32),
            *("/mnt/evidence-disk/Familie", "1: notable; 2: information; any other: notable", "any: known good"),
        ):
            assert expected in text, expected

    def test_a_complete_case_has_no_banner(self, tmp_path: Path) -> None:
        markup = page_of(tmp_path, FINDINGS[9])
        assert "INCOMPLETE" not in Page(markup).texts["main"][0]
        assert "It covers every entry." in markup

    def test_strongest_first_then_by_distance(self, markup: str) -> None:
        names = re.findall('<table class="matches similar" data-name="([^"]*)">', markup)
        assert names == ["strong", "to be looked at", "without a notable match"]
        table = markup.split('<table class="matches similar" data-name="to be looked at">')[1]
        table, others = table.split("</table>", maxsplit=1)
        groups = re.findall(r"<tbody( class=\"notable\")?>(.*?)</tbody>", table, re.DOTALL)
        assert all(css for css, _body in groups)
        assert '<tbody class="notable">' not in others.split("</table>", maxsplit=1)[0]
        nearest = [re.findall(r'class="a">(\w+)</td><td class="d">(\d+)', body)[0] for css, body in groups if css]
        ordered = sorted((algorithm, int(distance)) for algorithm, distance in nearest)
        assert [(algorithm, int(distance)) for algorithm, distance in nearest] == ordered
        assert {algorithm for algorithm, _distance in nearest} == {"pdq", "phash"}

    def test_an_item_stands_once_with_its_matches_below(self, markup: str) -> None:
        table = markup.split('<table class="matches similar" data-name="strong">')[1].split("</table>", maxsplit=1)[0]
        (group,) = (body for body in table.split("<tbody") if "alert(1)" in body)
        assert group.count("<tr>") == 2
        assert group.count("entry-1<") == 1
        assert "also identical to an entry" in group

    def test_masked_says_so(self, case: CaseReader) -> None:
        markup = written(case, "html", MASKED).decode()
        Page(markup)
        assert "Paths are masked in this report" in markup
        assert "source-1" in markup

    def test_lists_of_items_that_are_not_notable_are_capped_aloud(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(match_tables, "LISTED_OTHERS", 3)
        monkeypatch.setattr(not_examined_section, "LISTED", 2)
        good = (finding(f"good-{n}.dll", match(9, list="system", category=None)) for n in range(10))
        bad = (finding(f"bad-{n}.jpg", status=Status.UNREADABLE, reason=Reason.CORRUPT) for n in range(3))
        text = Page(page_of(tmp_path, *good, *bad, FINDINGS[1])).texts["body"][0]
        assert [n for n in range(10) if f"good-{n}.dll" in text] == [0, 1, 2]
        assert "7 more items without a notable match are not listed here, the nearest 3 are." in text
        assert [n for n in range(3) if f"bad-{n}.jpg" in text] == [0, 1]
        assert "1 more item is not listed here, the first 2 are." in text
        assert "alert(1)" in text
