"""The HTML report as its readers use it: contents, short ids, direction of paths, decisions, print."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from matcher.record.case import CaseReader
from matcher.reports.markup import path_name, short_id
from matcher.reports.match_tables import PRINTED
from tests.shared.later_cases import later_case_in
from tests.shared.report_cases import Page, finding, match, page_of, written

CSS = resources.files("matcher.reports").joinpath("report.css").read_text(encoding="utf-8")
JS = resources.files("matcher.reports").joinpath("report.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> str:
    case = later_case_in(tmp_path_factory.mktemp("reading"))
    with CaseReader(case) as reader:
        return written(reader, "html").decode()


class TestContents:
    def test_every_section_is_linked_with_its_count(self, later: str) -> None:
        nav = later.split("<nav")[1].split("</nav>", maxsplit=1)[0]
        linked = re.findall(r'href="#([a-z0-9-]+)"', nav)
        headings = re.findall(r'<h[23] id="([a-z0-9-]+)"', later)
        assert set(linked) <= set(headings)
        assert set(headings) - set(linked) == {"matches", "scans"}  # their parts are linked
        assert '<a href="#similar">Similar items</a> <span class="count">4</span>' in nav
        assert '<a href="#identical">Identical items</a> <span class="count">1</span>' in nav


class TestIds:
    def test_a_long_one_is_short_with_the_whole_in_its_title(self) -> None:
        assert short_id("ab" * 32, "n id") == f'<bdi class="n id cut" title="{"ab" * 32}">ababababab…</bdi>'

    def test_a_short_one_is_whole(self) -> None:
        assert short_id("entry-1") == '<bdi class="id">entry-1</bdi>'
        assert short_id(None) == ""

    def test_a_hostile_one_stays_in_its_attribute(self) -> None:
        page = Page(short_id('"><script>alert(1)</script>\u202e\n' + "x" * 30))
        ((tag, attributes),) = page.tags
        assert tag == "bdi"
        assert attributes["title"] == '"><script>alert(1)</script>U+202EU+000A' + "x" * 30


class TestDirection:
    def test_the_parts_of_a_right_to_left_path_are_isolated(self) -> None:
        made = path_name("\u05d0\u05d1/\u05d2\u05d3.jpg", "p")
        first, second = "\u05d0\u05d1", "\u05d2\u05d3.jpg"
        assert made == (
            f'<bdi class="p" dir="ltr"><span class="part">{first}</span>/<span class="part">{second}</span></bdi>'
        )
        assert ".part { unicode-bidi: isolate; direction: ltr; }" in CSS

    def test_any_other_is_plain_and_no_character_may_turn_it(self) -> None:
        assert path_name("/a//b/", "p") == '<bdi class="p" dir="ltr">/a//b/</bdi>'
        assert path_name("a\u202eb", "p") == '<bdi class="p" dir="ltr">a<span class="code">U+202E</span>b</bdi>'
        assert path_name("", "p") == '<bdi class="p" dir="ltr"><span class="none">—</span></bdi>'


class TestItems:
    def group(self, markup: str, path: str) -> str:
        return next(body for body in markup.split("<tbody") if f">{path}</bdi>" in body).split("</tbody>")[0]

    def test_the_decision_stands_with_the_item(self, later: str) -> None:
        kept = self.group(later, "kept.jpg")
        assert '<span class="review decided">refuted</span>' in kept
        assert "A. Keller" in kept
        assert '<small class="note">seen</small>' in kept
        assert "undecided" in self.group(later, "new.jpg")

    def test_what_a_relookup_changed_is_marked(self, later: str) -> None:
        assert "since the scan: matches 1 new" in self.group(later, "new.jpg")
        assert "since the scan: matches 1 of another meaning" in self.group(later, "changed.jpg")
        assert "since the scan" not in self.group(later, "kept.jpg")

    def test_a_decision_before_a_relookup_is_marked(self, tmp_path: Path) -> None:
        case = later_case_in(tmp_path)
        with CaseReader(case) as reader:
            markup = written(reader, "html").decode()
        assert "decided before the lists changed" not in self.group(markup, "kept.jpg")

    def test_of_many_matches_the_first_are_printed_and_the_number_told(self, tmp_path: Path) -> None:
        many = (match(number, "pdq", distance=number) for number in range(PRINTED + 4))
        markup = page_of(tmp_path, finding("many.jpg", *many, notable=True), finding("one.jpg", match(90)))
        group = self.group(markup, "many.jpg")
        assert group.count("<tr>") == PRINTED
        assert group.count('<tr class="extra">') == 4
        assert f"the first {PRINTED} of {PRINTED + 4} matches are printed" in group
        assert "extra" not in self.group(markup, "one.jpg")

    def test_doubtful_items_can_be_told_apart(self, tmp_path: Path) -> None:
        doubtful = match(1, "pdq", quality=30, doubtful=True)
        markup = page_of(tmp_path, finding("weak.jpg", doubtful, notable=True))
        assert '<tbody class="notable doubtful">' in markup


class TestScript:
    def test_it_makes_the_fields_so_without_it_there_are_none(self, later: str) -> None:
        assert not {"form", "input", "select", "button"} & {tag for tag, _attributes in Page(later).tags}

    def test_what_it_hides_is_hidden_only_where_it_runs(self) -> None:
        assert ".scripted .later, .scripted tbody:not(.open) > .extra { display: none; }" in CSS
        assert 'classList.add("scripted")' in JS

    def test_every_class_of_a_column_that_it_reads_is_in_the_table(self, later: str) -> None:
        table = later.split('<table class="matches similar"')[1].split("</table>", maxsplit=1)[0]
        for name in ("l", "c", "a", "d"):
            assert f'<td class="{name}"' in table
        assert 'class="d" data-sort="distance"' in table
