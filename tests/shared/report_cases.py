"""A small case with hostile names, every disposition and status, and a scan that was never closed; for report tests."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from ledger import Ledger
from matcher.model import Finding, Hash, Item, Match, Reason, Status
from matcher.record.case import CaseFacts, CaseReader, open_case
from matcher.record.entries import append_scan_open, entry
from matcher.record.hashes_file import Header, StoredAlgorithm, path_of
from matcher.record.hashes_writer import HashesWriter
from matcher.record.recorder import Recorder
from matcher.reports import ReportOptions, report

PLAIN, MASKED = ReportOptions(), ReportOptions(mask_paths=True)
SECRETS = ("Familie", "Geburtstag", "Überraschung", "mnt", "evidence-disk")
FORMATS = ("csv", "html", "jsonl")
VOID = {"meta", "br", "link"}


def match(number: int, algorithm: str = "sha256", **fields: Any) -> Match:
    width = {"sha256": 32, "md5": 16, "pdq": 32, "phash": 8}[algorithm]
    value = hashlib.sha256(f"{algorithm}{number}".encode()).digest()[:width]
    similar = algorithm in ("pdq", "phash")
    made = Match(
        list="national",
        entry=f"entry-{number}",
        category="1",
        algorithm=algorithm,
        value=value,
        entry_value=value,
        distance=0,
        threshold={"pdq": 31, "phash": 8}.get(algorithm, 0),
        quality=100 if algorithm == "pdq" else None,
        region=None,
        transform="none",
    )
    return replace(made, **({"distance": 12} | fields if similar else fields))


def finding(path: str, *matches: Match, content: str | None = None, **fields: Any) -> Finding:
    facts: dict[str, Any] = {
        "path": path,
        "size": 1_925_121,
        "sha256": hashlib.sha256((content or path).encode()).digest(),
        "status": Status.EXAMINED,
        "exhibit": "E1 <b>",
        "media_type": "image/jpeg",
        "width": 4000,
        "height": 3000,
        "matches": tuple(sorted(matches, key=Match.order)),
        "matches_total": len(matches),
    }
    return Finding(**(facts | fields))


FINDINGS = (
    finding("=HYPERLINK(\"http://x.example\")", match(1, "pdq", distance=30, category="2")),
    finding("DCIM/Familie/<script>alert(1)</script>.jpg", match(1), match(1, "md5"), match(1, "pdq", distance=0),
            match(1, "phash", distance=2), status=Status.KNOWN, notable=True, content="A"),
    finding("DCIM/Geburtstag/kopie.jpg", match(1), match(1, "pdq", distance=0), status=Status.KNOWN, notable=True,
            content="A"),
    finding("\"quoted\" & 'single' </th></table>.png",
            match(2, "pdq", distance=7, transform="rotate90", region=(412, 96, 1320, 742)), notable=True),
    finding("zeile\nbruch\r\ttabulator.jpg", match(3), match(9, list="system", category=None), notable=True,
            conflict=True, status=Status.KNOWN),
    finding("name%FFwith%25percent.gif", match(9, list="system", category=None)),
    finding("Überraschung \u202egpj.exe", match(4, "pdq", distance=31, entry="<img src=x>"), notable=True),
    finding("x" * 4000 + ".jpg", match(5, "phash", distance=8), notable=True),
    finding("many.jpg", *(match(n, "pdq", list="system", category=None) for n in range(10, 13)), matches_total=240),
    finding("plain.jpg"),
    finding("excluded.dll", match(9, list="system", category=None), status=Status.EXCLUDED),
    finding("broken <b>.jpg", status=Status.UNREADABLE, reason=Reason.TRUNCATED, width=None, height=None),
    finding("Familie/", status=Status.UNREADABLE, reason=Reason.FOLDER_UNREADABLE, size=None, sha256=None,
            media_type=None, width=None, height=None),
    finding("letter.txt", status=Status.SKIPPED, reason=Reason.NOT_A_PICTURE, media_type=None),
)  # fmt: skip


def opening(source: str = "/mnt/evidence-disk/Familie", **fields: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "source": {"kind": "folder", "path": source},
        "exhibit": "E1 <b>",
        "settings": {"exact": False, "max_pixels": 200_000_000},
        "algorithms": [
            {"name": "sha256", "profile": "sha256: hashlib, every byte of the file"},
            {"name": "pdq", "profile": "pdq <full>", "threshold": 31, "minimum_quality": 50, "margin": 8},
        ],
        "lists": [{"name": name, "version": 1, "digest": "ab" * 32} for name in ("national", "system")],
        "tool": "0.1.0",
        "libraries": {"Pillow": "12.0", "numpy": "2.3"},
        "platform": {"python": "3.11", "os": "Linux"},
    }
    return facts | fields


def load(name: str, categories: dict[str, str], other: str) -> bytes:
    counts = {"entries": 1204, "hashes": {"pdq": 1204, "sha256": 900}, "kept": {"vpdq": 3}, "refused": 2}
    profile = {"categories": categories, "other": other}
    return entry("list.load", name=name, version=1, digest="ab" * 32, sources=[], counts=counts, profile=profile,
                 index_digest="cd" * 32)  # fmt: skip


def loads() -> list[bytes]:
    tested = entry("self.test", vectors="ef" * 32, cases=4, tested=["sha256", "pdq"], untested=["photodna"])
    national = load("national", {"1": "notable", "2": "information"}, "notable")
    return [tested, national, load("system", {}, "known-good")]


def recorder_for(folder: Path, log: Ledger, before: list[bytes], **fields: Any) -> Recorder:
    number = append_scan_open(log, before, opening(**fields))
    header = Header(number, (StoredAlgorithm("sha256", 32),), ())
    return Recorder(log, number, HashesWriter.create(path_of(folder, number), header))


def add(recorder: Recorder, item_finding: Finding) -> None:
    if item_finding.sha256 is not None:
        item_finding = replace(item_finding, digests=(Hash("sha256", item_finding.sha256),))
    recorder.add(Item(item_finding.path, b"", item_finding.size), item_finding)


def scan(folder: Path, log: Ledger, findings: tuple[Finding, ...], *, close: bool = True, **fields: Any) -> None:
    recorder = recorder_for(folder, log, loads(), **fields)
    for item_finding in findings:
        add(recorder, item_finding)
    if close:
        recorder.close()
    else:
        recorder.flush()
        recorder._hashes.close()


def reported_case_in(base: Path) -> Path:
    """Make a case with two scans of the hostile names, the second of which was never closed. Returns its folder."""
    facts = CaseFacts(exhibit="E1 <b>", examiner='M. "Q" Doe', role="examiner & analyst", authority="Court of X")
    with open_case(base / "case-17", facts, key=base / "examiner.key") as log:
        scan(base / "case-17", log, FINDINGS)
        scan(base / "case-17", log, FINDINGS[3:5], close=False)
        log.append([entry("anomaly", scan=2, what="stopped by <OSError>", items=2)])
    return base / "case-17"


def written(case: CaseReader, name: str, options: ReportOptions = PLAIN) -> bytes:
    stream = io.BytesIO()
    report(name).write(case, stream, options)
    return stream.getvalue()


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def without_strength(form: dict[str, Any]) -> dict[str, Any]:
    """A printed finding without the fields that are added when it is printed, as a scan recorded it."""
    matches = [{key: value for key, value in match.items() if key != "expected"} for match in form["matches"]]
    return {key: value for key, value in form.items() if key != "strength"} | {"matches": matches}


def page_of(tmp_path: Path, *findings: Finding, close: bool = True, **fields: Any) -> str:
    with open_case(tmp_path / "case", CaseFacts(), key=tmp_path / "key") as log:
        scan(tmp_path / "case", log, findings, close=close, **fields)
    with CaseReader(tmp_path / "case") as reader:
        return written(reader, "html").decode()


class Page(HTMLParser):
    """Asserts that tags close in order; collects attributes, and the text inside each kind of element."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in dict.fromkeys(self.open):
            self.texts[tag][-1] += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _attributes in self.tags)
