"""The sections of the HTML report on what was not read, not opened, not looked at whole, not compared, or skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from matcher.model import Reason, Status
from matcher.reasons import NOT_OPENED
from matcher.reports import ReportOptions
from matcher.reports.classify import ClassifiedFinding
from matcher.reports.markup import counted, number, path_name, short_id, table, text
from matcher.reports.masking import shown_path
from matcher.reports.summary import CaseSummary
from matcher.reports.wording import PARTS, reason_text

LISTED = 5_000
"""How many items each section lists one by one, at most."""


@dataclass(slots=True)
class _Items:
    """The first LISTED items of one kind, and how many there are."""

    told: Callable[[ClassifiedFinding], str]
    """The text of an item's last cell."""
    listed: list[ClassifiedFinding] = field(default_factory=list)
    total: int = 0

    def add(self, item: ClassifiedFinding) -> None:
        self.total += 1
        if len(self.listed) < LISTED:
            self.listed.append(item)


@dataclass(frozen=True, slots=True)
class _Words:
    """The anchor and title of a section, the sentence where it has no item, and the caption of its list."""

    anchor: str
    title: str
    nothing: str
    caption: str


_UNREADABLE = _Words("unreadable", "What could not be read", "No item is recorded as unreadable.", "Unreadable items")
_NOT_OPENED = _Words(
    "not-opened",
    "What was not opened",
    "No container, video, disk image or encrypted file was recognised.",
    "Items that were not opened",
)
_IN_PART = _Words(
    "in-part",
    "Pictures that were not looked at whole",
    "No part of a picture is recorded as not looked at.",
    "Pictures with parts that were not looked at",
)
_NOT_COMPARED = _Words(
    "not-compared",
    "Pictures that were not compared",
    "No picture is recorded as not compared by an algorithm.",
    "Pictures that were not compared by an algorithm",
)


class NotExamined:
    """The items of a case that were not examined, or not whole; memory grows with the items that are listed."""

    def __init__(self, options: ReportOptions) -> None:
        self._options = options
        self._unreadable = _Items(_reason)
        self._not_opened = _Items(_reason_and_type)
        self._in_part = _Items(lambda item: ", ".join(item.finding.skipped_parts))
        self._not_compared = _Items(_algorithms)

    def add(self, item: ClassifiedFinding) -> None:
        """Add a finding to each section that it belongs in."""
        finding = item.finding
        if finding.status is Status.UNREADABLE:
            self._unreadable.add(item)
        if finding.reason in NOT_OPENED:
            self._not_opened.add(item)
        if finding.skipped_parts:
            self._in_part.add(item)
        if finding.not_compared:
            self._not_compared.add(item)

    def contents(self) -> Iterator[tuple[str, str, int | None]]:
        """A generator of the sections' anchors, titles and numbers of items, None where none is counted."""
        for words, items in (
            (_UNREADABLE, self._unreadable),
            (_NOT_OPENED, self._not_opened),
            (_IN_PART, self._in_part),
            (_NOT_COMPARED, self._not_compared),
        ):
            yield words.anchor, words.title, items.total
        yield "skipped", "What was skipped by rule", None

    def markup(self, summary: CaseSummary) -> Iterator[str]:
        """A generator of the sections."""
        yield from self._sections_of_files(summary)
        yield from self._sections_of_pictures(summary)
        yield _skipped(summary)

    def _sections_of_files(self, summary: CaseSummary) -> Iterator[str]:
        before = _by_reason("Unreadable items by reason", summary.unreadable) if summary.unreadable else ""
        yield from self._section(_UNREADABLE, self._unreadable, before)
        before = _of_earlier_versions(summary)
        if summary.not_opened:
            ways = " ".join(f"--reason {reason.value}" for reason in NOT_OPENED)
            before += (
                "<p><strong>What is inside of these files is not known to be free of known material.</strong> They may "
                "have pictures inside and were not opened: only the file as a whole was compared, by its digests. They "
                "were told by content, not by name.</p>\n"
                f"{_by_reason('Items that were not opened, by reason', summary.not_opened)}"
                f"<p>All of them, as JSON lines:</p>\n<pre>matcher findings --case DIR {ways}</pre>\n"
            )
        yield from self._section(_NOT_OPENED, self._not_opened, before)

    def _sections_of_pictures(self, summary: CaseSummary) -> Iterator[str]:
        before = ""
        if summary.skipped_parts:
            rows = [[text(kind), number(count), text(PARTS.get(kind))] for kind, count in summary.skipped_parts.items()]
            before = (
                "<p>The picture itself was examined. These parts of its file were not looked at, and are not known to "
                "be free of known material.</p>\n"
                f"{table('Parts that were not looked at, by kind', ('Part', 'Items', 'Meaning'), rows, numeric=(1,))}"
                f"<pre>matcher findings --case DIR --reason {Reason.SKIPPED_PARTS.value}</pre>\n"
            )
        yield from self._section(_IN_PART, self._in_part, before)
        before, none = "", summary.not_compared
        if none or summary.not_compared_by:
            rows = [[text(algorithm), number(count)] for algorithm, count in summary.not_compared_by.items()]
            before = (
                "<p>A hash that holds too little information is not looked up: it would match whatever is as plain. "
                f"{counted(none, 'picture')} {'was' if none == 1 else 'were'} looked up by <strong>no</strong> "
                "perceptual algorithm, and compared only by digests. Any other was looked up by another algorithm than "
                "the one that is named, or in part.</p>\n"
                f"{table('Not looked up, by algorithm', ('Algorithm', 'Pictures'), rows, numeric=(1,))}"
            )
        yield from self._section(_NOT_COMPARED, self._not_compared, before)

    def _section(self, words: _Words, items: _Items, before: str) -> Iterator[str]:
        """A generator of one section: `before`, if anything, and the list of its items, or that there are none."""
        yield f'<section aria-labelledby="{words.anchor}">\n<h2 id="{words.anchor}">{text(words.title)}</h2>\n{before}'
        if items.total:
            yield from self._list(items, words.caption)
        elif not before:
            yield f"<p>{text(words.nothing)}</p>\n"
        yield "</section>\n"

    def _list(self, items: _Items, caption: str) -> Iterator[str]:
        if more := items.total - len(items.listed):
            yield (
                f'<p class="more">{counted(more, "more item")} {"is" if more == 1 else "are"} not listed here, the '
                f"first {LISTED:,} are. The CSV and JSONL reports have them all.</p>\n"
            )
        yield (
            f'<div class="wide"><table class="items">\n<caption>{text(caption)}, in the order of the ledger</caption>\n'
            '<thead>\n<tr><th scope="col" class="i">Item</th><th scope="col" class="s">Bytes</th>'
            '<th scope="col" class="r">Reason</th></tr>\n</thead>\n<tbody>\n'
        )
        for item in items.listed:
            finding = item.finding
            path = shown_path(finding.path, scan=item.scan, seq=item.seq, options=self._options)
            digest = "" if finding.sha256 is None else short_id(finding.sha256.hex())
            exhibit = "" if finding.exhibit is None else f" · exhibit {text(finding.exhibit)}"
            yield (
                f'<tr><th scope="row" class="i">{path_name(path, "p")}{digest}'
                f'<span class="m">scan {item.scan}, ledger entry {item.index:,}{exhibit}'
                f'</span></th><td class="s">{number(finding.size)}</td>'
                f'<td class="r">{text(items.told(item))}</td></tr>\n'
            )
        yield "</tbody>\n</table></div>\n"


def _reason(item: ClassifiedFinding) -> str:
    return "not stated" if item.finding.reason is None else item.finding.reason.value


def _reason_and_type(item: ClassifiedFinding) -> str:
    return ", ".join(part for part in (_reason(item), item.finding.media_type) if part)


def _algorithms(item: ClassifiedFinding) -> str:
    return ", ".join(f"{algorithm}: {why}" for algorithm, why in sorted(item.finding.not_compared.items()))


def _by_reason(caption: str, counts: Mapping[str, int]) -> str:
    rows = [[text(reason), number(count), text(reason_text(reason))] for reason, count in counts.items()]
    return table(caption, ("Reason", "Items", "Meaning"), rows, numeric=(1,))


def _of_earlier_versions(summary: CaseSummary) -> str:
    """A paragraph on scans of versions that did not recognise containers; empty without any."""
    scans = [str(scan.number) for scan in summary.scans if not scan.told]
    if not scans:
        return ""
    which = f"Scan {scans[0]} was" if len(scans) == 1 else f"Scans {', '.join(scans)} were"
    return (
        f"<p>{which} made by a version that did not tell containers, videos and disk images from other files: they "
        "stand among those that were skipped by rule.</p>\n"
    )


def _skipped(summary: CaseSummary) -> str:
    body = "<p>No item was skipped.</p>\n"
    if summary.skipped:
        rows = [[text(reason), number(count), text(reason_text(reason))] for reason, count in summary.skipped.items()]
        body = table("Skipped items by rule", ("Rule", "Items", "Meaning"), rows, numeric=(1,))
        body += "<p>The CSV and JSONL reports name each of them.</p>\n"
    return f'<section aria-labelledby="skipped">\n<h2 id="skipped">What was skipped by rule</h2>\n{body}</section>\n'
