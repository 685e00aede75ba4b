"""The sentences of a report. They never give an all-clear: they state what was not, or not fully, compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from matcher.model import Disposition, Reason, Status
from matcher.record.strength import in_words
from matcher.reports.markup import counted
from matcher.reports.not_examined import not_known, not_opened
from matcher.reports.summary import CaseSummary, ScanSummary
from matcher.settings import MAX_MATCHES

STATUSES = {
    Status.EXAMINED: "Read, decoded and hashed. Compared with the lists, but for what is named below as not compared.",
    Status.KNOWN: "Identical, by a digest, to a notable entry. Compared by perceptual hash as well.",
    Status.EXCLUDED: "On a known-good list, and excluded from further comparison as was asked.",
    Status.DUPLICATE: "Same content as an item that the scan had examined before; carries its matches.",
    Status.SKIPPED: "Passed over by a rule, or not opened; compared by digests only.",
    Status.UNREADABLE: "Could not be read or decoded, or not whole. Not known to be free of known material.",
}

REASONS = {
    Reason.EMPTY: "The file has no content.",
    Reason.NOT_A_PICTURE: "The content is not that of a picture.",
    Reason.SIDE_FILE: "A file of properties that a system stores beside another file.",
    Reason.CONTAINER_NOT_OPENED: "An archive, a document, mail or a database. It may have pictures inside: not opened.",
    Reason.VIDEO_NOT_READ: "A film. No frame of it was looked at.",
    Reason.DISK_IMAGE_NOT_READ: "An image of a disk, a partition or a medium. The files in it were not listed.",
    Reason.ENCRYPTED: "Only a key opens it. It may have pictures inside.",
    Reason.SKIPPED_PARTS: "A picture with parts that were not looked at; the picture itself was examined.",
    Reason.SYMBOLIC_LINK: "A link to another place. Links are recorded and not followed.",
    Reason.SPECIAL_FILE: "Not a regular file (a device, a socket, a pipe).",
    Reason.FOLDER_UNREADABLE: "The folder could not be listed: nothing below it was examined.",
    Reason.PERMISSION_DENIED: "The operating system refused to open it.",
    Reason.VANISHED: "It was listed, and gone when it was to be read.",
    Reason.INPUT_OUTPUT_ERROR: "Reading failed. The medium may be damaged.",
    Reason.UNSUPPORTED_FORMAT: "A kind of picture that this installation cannot decode.",
    Reason.TRUNCATED: "The file ends before the picture does.",
    Reason.CORRUPT: "The picture's data contradict its format.",
    Reason.TWELVE_BIT_JPEG: "A JPEG of twelve bits a channel, which this installation cannot decode.",
    Reason.LOSSLESS_JPEG: "A lossless or hierarchical JPEG, which this installation cannot decode.",
    Reason.FRAMES_NOT_READ: "An animation: frames beyond the limits, or that no decoder gives, were not looked at.",
    Reason.TOO_MANY_FRAMES: "More frames than the limit in the scan's settings; those within it were examined.",
    Reason.TOO_MANY_PIXELS: "Larger than the limit of pixels in the scan's settings.",
    Reason.TOO_MANY_BYTES: "Larger than the limit of bytes in the scan's settings.",
    Reason.OUT_OF_MEMORY: "Decoding ran out of memory, twice. May depend on the machine: examine it again.",
    Reason.HASHER_FAILED: "A hash algorithm failed on this picture.",
    Reason.WORKER_DIED: "The process that decoded it died, twice. May depend on the machine: examine it again.",
    Reason.TIMED_OUT: "Reading or decoding it stood still, twice. May depend on the machine: examine it again.",
}

PARTS = {
    "video": "The film of a motion photo.",
    "layers": "The layers of a document that has no merged picture.",
    "container": "An archive behind the end of the picture.",
    "thumbnail": "A small copy in the metadata that cannot be decoded.",
    "preview": "A preview that cannot be decoded.",
    "appended": "A file behind the end of the picture that cannot be decoded.",
    "auxiliary": "A picture that belongs to the own one, as a gain map, and cannot be decoded.",
}

DISPOSITIONS = {
    Disposition.NOTABLE: "notable",
    Disposition.INFORMATION: "information",
    Disposition.KNOWN_GOOD: "known good",
    Disposition.NEGATIVE: "negative",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """The result that a report states first: a headline and its sentences. `grave` if an item is notable.

    `basis` says what it holds for: the lists and their versions, and whether later entries are taken into account.
    """

    headline: str
    basis: str
    sentences: tuple[str, ...]
    grave: bool


def reason_text(reason: str) -> str:
    """A sentence for a reason of the fixed vocabulary; empty for any other word."""
    return REASONS[Reason(reason)] if reason in list(Reason) else ""


def statement(case: CaseSummary) -> Statement:
    if not case.scans:
        return Statement("Nothing was scanned in this case.", "", ("The ledger holds no scan.",), grave=False)
    items, notable = case.items, case.notable
    if not items:
        headline = "No item was recorded: the source had no items at all. Was it mounted?"
        if not all(scan.closed for scan in case.scans):
            headline = "No item was recorded."
    elif notable:
        verb = "matches" if notable == 1 else "match"
        headline = f"{in_words(case.strength)}: {notable:,} of {counted(items, 'item')} {verb} notable entries."
    else:
        headline = f"No match with a notable entry was recorded for {counted(items, 'item')}."
    return Statement(headline, _basis(case), tuple(_sentences(case)), grave=notable > 0)


def _basis(case: CaseSummary) -> str:
    """The lists by which the result holds, scan by scan where these differ, and which state of the case it is."""
    named = {scan.number: _named(scan) for scan in case.scans}
    if len(set(named.values())) == 1:
        lists = next(iter(named.values()))
    else:
        lists = "; ".join(f"scan {number}: {text}" for number, text in named.items())
    relookups, decisions = sum(scan.relookups_made for scan in case.scans), case.decisions
    later = " and ".join(
        counted(count, noun) for count, noun in ((relookups, "relookup"), (decisions, "decision")) if count
    )
    if case.as_scanned:
        left_out = f"; {later} in the ledger {'is' if relookups + decisions == 1 else 'are'} left out" if later else ""
        return f"As scanned, by {lists}{left_out}."
    return f"By {lists}{f', after {later}' if later else ''}."


def _named(scan: ScanSummary) -> str:
    return ", ".join(f"{used.name} version {used.version}" for used in scan.lists_now) or "no list"


def incomplete(case: CaseSummary) -> Iterator[str]:
    """A generator of a sentence for each scan that is not complete."""
    for scan in case.scans:
        if scan.abandoned is not None:
            yield (
                f"Scan {scan.number} was abandoned: {scan.abandoned.get('reason')}. {_were(scan.items, 'item')} "
                "recorded; whatever else its source holds was not examined by it."
            )
        elif scan.closed is None:
            yield (
                f"Scan {scan.number} was never closed. {_were(scan.items, 'item')} recorded; "
                "whatever else its source holds was not examined, or the scan is still running."
            )
        if scan.problems:
            yield f"Scan {scan.number} contradicts itself: {'; '.join(scan.problems)}."


def _sentences(case: CaseSummary) -> Iterator[str]:
    scans = case.scans
    if len(scans) > 1:
        yield f"The numbers are of {len(scans)} scans together: an item that was scanned twice counts twice."
    yield from _of_matches(case)
    yield from _of_later(case)
    unreadable, skipped = case.total(Status.UNREADABLE), sum(case.skipped.values())
    if unreadable:
        known = (
            "it is not known to be free of known material"
            if unreadable == 1
            else ("they are not known to be free of known material")
        )
        yield f"{counted(unreadable, 'item')} could not be read: {known}."
    yield from _of_not_opened(case)
    if undecoded := sum(scan.undecoded for scan in scans):
        yield f"{_were(undecoded, 'known item')} compared by digest only: no picture could be decoded."
    if skipped:
        was = (
            "was skipped by a rule: no picture in it was"
            if skipped == 1
            else ("were skipped by a rule: no picture in them was")
        )
        yield f"{counted(skipped, 'item')} {was} compared."
    if excluded := case.total(Status.EXCLUDED):
        yield f"{_were(excluded, 'item')} excluded as known good, as was asked."
    for scan in scans:
        if scan.closed is not None and not scan.items and len(scans) > 1:
            yield f"Scan {scan.number} found no items at all in its source: was it mounted?"
        if not scan.lists:
            yield f"Scan {scan.number} had no hash list loaded: nothing in it could match."
    yield "What the lists do not hold, no scan can find: no match does not mean that an item is harmless."


def _of_later(case: CaseSummary) -> Iterator[str]:
    """A generator of sentences on what relookups and decisions changed."""
    scans = case.scans
    gained, lost = sum(scan.gained for scan in scans), sum(scan.lost for scan in scans)
    if not case.as_scanned and any(scan.relookups for scan in scans):
        now = "is notable now and was not" if gained == 1 else "are notable now and were not"
        then = "was notable and is not" if lost == 1 else "were notable and are not"
        yield f"After looking up again: {counted(gained, 'item')} {now}; {counted(lost, 'item')} {then} any more."
    if unconfirmed := sum(scan.unconfirmed for scan in scans):
        yield (
            f"{counted(unconfirmed, 'item')} may match the newer lists and could not be confirmed: the evidence was "
            "not there or not the same (run `matcher relookup` again where it is), or the item was excluded and its "
            "picture never hashed (scan it anew)."
        )
    decided: Counter[str] = Counter()
    for scan in scans:
        decided.update(scan.decisions)
    if decided:
        verdicts = ", ".join(f"{count:,} {verdict}" for verdict, count in decided.most_common())
        yield f"Examiners decided on {counted(decided.total(), 'item')}: {verdicts}. The counts here are of matches."
    if outdated := sum(scan.outdated for scan in scans):
        items = counted(outdated, "item")
        yield f"Decided before the lists changed, look again: {items}, not counted as decided."
    if case.of_no_item:
        yield (
            f"{counted(len(case.of_no_item), 'decision')} of an examiner on no item, so on none of the matches here: "
            f"{'; '.join(case.of_no_item[:10])}{'; …' if len(case.of_no_item) > 10 else ''}."
        )
    undecided = sum(scan.undecided for scan in scans)
    if (decided or outdated) and undecided:
        yield f"{_are(undecided)} notable and {'has' if undecided == 1 else 'have'} no decision yet."


def _of_not_opened(case: CaseSummary) -> Iterator[str]:
    if count := sum(case.not_opened.values()):
        was = "was" if count == 1 else "were"
        yield f"{counted(count, 'item')} {was} NOT opened ({not_opened(case.not_opened)}): {not_known(count)}."
    if count := sum(case.skipped_parts.values()):
        yield f"In {counted(count, 'picture')} a part of the file was not looked at: {not_known(count)} as a whole."
    if count := case.not_compared:
        yield (
            f"{_were(count, 'picture')} compared by no perceptual algorithm, since the hashes hold too little "
            f"information: {not_known(count)}."
        )
    for scan in case.scans:
        if not scan.told and scan.skipped:
            yield f"Scan {scan.number} did not tell containers, videos and disk images from other skipped files."


def _of_matches(case: CaseSummary) -> Iterator[str]:
    scans = case.scans
    identical = sum(scan.notable_identical for scan in scans)
    similar = case.notable - identical
    if identical:
        yield f"{_are(identical)} identical to a notable entry, byte for byte (by digest)."
    if similar:
        yield (
            f"{_are(similar)} similar to a notable entry by perceptual hash only: similar pictures can be different "
            "pictures, and an examiner must compare them."
        )
    if doubtful := sum(scan.notable_doubtful for scan in scans):
        yield (
            f"{_are(doubtful)} similar only by hashes of low quality, of the item or of the entry: such matches are "
            "doubtful, and never counted as strong."
        )
    if trivial := sum(scan.trivial for scan in scans):
        match = "item matches" if trivial == 1 else "items match"
        yield (
            f"{trivial:,} {match} a list by the digest of trivial content, as of an empty file: such matches identify "
            "nothing, and are not counted as notable."
        )
    if negative := sum(scan.negative for scan in scans):
        what = "item has a match" if negative == 1 else "items have matches"
        yield (
            f"{negative:,} {what} that a negative list, or the packaged bank, makes not notable: the picture is nearer "
            "to something that matched wrongly before, or is that file. Both matches are shown, and neither is counted."
        )
    if repeated := sum(scan.notable_duplicates for scan in scans):
        yield f"Of these, {counted(repeated, 'item repeats', 'items repeat')} the content of another."
    if conflicts := sum(scan.conflicts for scan in scans):
        match = "item matches" if conflicts == 1 else "items match"
        yield f"{conflicts:,} {match} both notable and known-good entries and count as notable: the lists disagree."
    if unlisted := sum(max(_unlisted(scan), 0) for scan in scans):
        yield (
            f"{counted(unlisted, 'item')} of these matched a notable entry only beyond the {MAX_MATCHES} nearest "
            "matches, which alone are recorded of an item: they stand below with those that are recorded."
        )
        if any(_unlisted(scan) > 0 and scan.relookups for scan in scans):
            yield (
                "Whether they still match after the relookup is not recorded: the number of notable items is the "
                "largest that is possible. A new scan with these lists counts them exactly."
            )
    elif cut := sum(scan.cut for scan in scans if scan.closed is None):
        yield (
            f"{counted(cut, 'item has', 'items have')} more matches than the {MAX_MATCHES} nearest, which alone are "
            "recorded; whether any other is notable is not recorded either, since the scan was not closed."
        )


def _unlisted(scan: ScanSummary) -> int:
    """How many notable items of a scan have no notable match among their listed ones."""
    return scan.notable - scan.notable_listed


def _were(count: int, noun: str) -> str:
    return f"{counted(count, noun)} {'was' if count == 1 else 'were'}"


def _are(count: int) -> str:
    return f"{counted(count, 'item')} {'is' if count == 1 else 'are'}"
