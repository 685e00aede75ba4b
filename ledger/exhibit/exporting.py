"""Exports an exhibit of a ledger. docs/exhibit.md describes the layout; verifier/ reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ledger.auditing.ledger_file import audit
from ledger.entries.entry import canonical, parse
from ledger.entries.item import is_item
from ledger.entries.later import LaterEntries
from ledger.errors import EntryError
from ledger.exhibit.assembling import assemble
from ledger.exhibit.certificate import Extent, certificate
from ledger.exhibit.facts import Facts
from ledger.exhibit.readme import readme
from ledger.exhibit.selecting import Selection, Selector
from ledger.exhibit.writing import Draft, ExhibitError
from ledger.log import Ledger
from ledger.notes.proof_file import ConsistencyFile, InclusionFile, format_consistency, format_inclusion

_RUN = 1000
_LATE = (b'"type":"checkpoint.cosign"', b'"type":"checkpoint.time"')


@dataclass(frozen=True, slots=True)
class Choices:
    """The content of an exhibit. Without a selection the export is complete.

    `disclose` are the indices of entries whose commitments are opened; None opens all that the exhibit holds.
    """

    vkeys: tuple[str, ...] = ()
    selection: Selection | None = None
    disclose: frozenset[int] | None = frozenset()
    policy: bytes | None = None
    tsa_roots: bytes | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export. `unsigned` counts the entries after the latest checkpoint, which a complete exhibit has
    at its end and a part does not have. `open_scans` were neither closed nor abandoned when the ledger was audited."""

    size: int
    root: bytes
    entries: int
    complete: bool
    unsigned: int
    problems: tuple[str, ...]
    open_scans: tuple[int, ...] = ()


def export(
    ledger: Path, out: Path, *, choices: Choices, archive: bool = False, even_if_damaged: bool = False
) -> Exported:
    """Exports the ledger in the file `ledger` to `out`, a new folder, or with `archive` a new ZIP file.

    1. The ledger is audited. Raises ExhibitError for one that is not intact, unless `even_if_damaged`. That a scan is
       open is no obstacle to a part in which that scan was not requested.
    2. Its size is fixed: later entries are not in the exhibit.
    3. Entries, checkpoints, tokens and openings are written, then the texts, then the manifest.
    """
    # 1
    report = audit(ledger, own_keys=choices.vkeys)
    open_scans = tuple(scan.scan for scan in report.scans if scan.is_open)
    problems = report.problems
    if choices.selection is not None and choices.selection.scans.isdisjoint(open_scans):
        problems = report.other_problems
    if problems and not even_if_damaged:
        raise ExhibitError(_refusal(ledger, problems, only_open=not report.other_problems))
    # 2, 3
    with Ledger.open_readonly(ledger) as log, Draft(out, archive=archive) as draft:
        return replace(_Exporting(log, draft, choices).write(problems), open_scans=open_scans)


def _refusal(ledger: Path, problems: Sequence[str], *, only_open: bool) -> str:
    if not only_open:
        return f"{ledger}: not intact: {problems[0]}"
    return (
        f"{ledger}: {problems[0]}: resume it to its end, or abandon it (`matcher scan --abandon`); an exhibit of "
        "another scan can be made now, with --scan"
    )


class _Exporting:
    def __init__(self, log: Ledger, draft: Draft, choices: Choices) -> None:
        self._log = log
        self._draft = draft
        self._choices = choices
        self._size = log.size
        self._sizes = [size for size, _ in log.checkpoints() if size <= self._size]
        self._facts = Facts(log.origin)

    def write(self, problems: Sequence[str]) -> Exported:
        signed = self._sizes[-1]
        complete = self._choices.selection is None
        size = self._size if complete else signed
        indices: Sequence[int] = range(size) if complete else self._selected(signed)
        entries = self._write_all() if complete else self._write_some(indices)
        self._write_checkpoints(with_proofs=not complete)
        self._write_openings(indices)
        self._write_enclosed()
        self._check_grown()
        root = self._log.root(size)
        extent = Extent(size=size, root=root, signed=signed, entries=entries, complete=complete)
        digests = self._draft.digests
        self._draft.add("certificate.txt", certificate(self._facts, extent, digests, problems).encode())
        self._draft.add("README.txt", readme(self._log.origin, extent, digests["verify.py"]).encode())
        self._draft.publish(
            {
                "origin": self._log.origin,
                "size": size,
                "root": root.hex(),
                "complete": complete,
                "entries": entries,
            }
        )
        return Exported(size, root, entries, complete, self._size - signed, tuple(problems))

    def _write_all(self) -> int:
        with self._draft.streaming("entries.jsonl") as file:
            for index, body in self._log.entries(0, self._size):
                if b"\n" in body:
                    raise ExhibitError(f"entry {index} holds a newline: it cannot be exported")
                file.write(body + b"\n")
                self._facts.add(index, body)
        return self._size

    def _selected(self, signed: int) -> tuple[int, ...]:
        assert self._choices.selection is not None
        selector = Selector(self._choices.selection, self._later(signed))
        for index, body in self._log.entries(0, signed):
            try:
                selector.add(index, parse(body))
            except EntryError as error:
                raise ExhibitError(f"entry {index}: {error}; only a complete exhibit can show it") from error
        return selector.finish()

    def _later(self, signed: int) -> LaterEntries:
        """What the signed entries after them say of items."""
        later = LaterEntries()
        for index, body in self._log.entries(0, signed):
            if is_item(body):
                continue
            try:
                later.add(index, parse(body))
            except (EntryError, KeyError, TypeError, ValueError, AttributeError) as error:
                raise ExhibitError(f"entry {index} is malformed; only a complete exhibit can show it") from error
        return later

    def _write_some(self, indices: Sequence[int]) -> int:
        signed = self._sizes[-1]
        checkpoint = self._log.cosigned_checkpoint(signed)
        for index in indices:
            body = self._body(index)
            proof = self._log.inclusion_proof(index, signed)
            self._draft.add(f"entries/{index}.json", body)
            file = format_inclusion(InclusionFile(index, tuple(proof), checkpoint))
            self._draft.add(f"proofs/{index}.tlog-proof", file.encode())
            self._facts.add(index, body)
        return len(indices)

    def _body(self, index: int) -> bytes:
        return next(body for _, body in self._log.entries(index, index + 1))

    def _write_checkpoints(self, *, with_proofs: bool) -> None:
        before = 0
        for size in self._sizes:
            note = self._log.cosigned_checkpoint(size)
            self._draft.add(f"checkpoints/{size}.txt", note.encode())
            for number, token in enumerate(self._log.tokens(size)):
                self._draft.add(f"tokens/{size}-{number}.tst", token)
            if with_proofs and before:
                proof = self._log.consistency_proof(before, size)
                file = format_consistency(ConsistencyFile(before, tuple(proof), note))
                self._draft.add(f"consistency/{before}-{size}.txt", file.encode())
            before = size

    def _write_openings(self, indices: Sequence[int]) -> None:
        disclosed = self._choices.disclose
        if disclosed is not None and not disclosed:
            return
        held = indices if isinstance(indices, range) else frozenset(indices)
        with self._draft.streaming("openings.jsonl") as file:
            if disclosed is None:
                for start, stop in _runs(indices):
                    for line in self._openings(start, stop):
                        file.write(line)
            for index in sorted(disclosed or ()):
                lines = self._openings(index, index + 1) if index in held else []
                if not lines:
                    raise ExhibitError(f"entry {index} has nothing to disclose in this exhibit")
                file.write(b"".join(lines))

    def _openings(self, start: int, stop: int) -> list[bytes]:
        lines = []
        for index, opening in self._log.openings(start, stop):
            line = {"index": index, "pointer": opening.pointer, "salt": opening.salt.hex(), "value": opening.value}
            lines.append(canonical(line) + b"\n")
        return lines

    def _write_enclosed(self) -> None:
        if self._choices.vkeys:
            self._draft.add("keys.txt", "".join(f"{vkey}\n" for vkey in self._choices.vkeys).encode())
        for name, data in (("policy.txt", self._choices.policy), ("tsa-roots.pem", self._choices.tsa_roots)):
            if data is not None:
                self._draft.add(name, data)
        self._draft.add("verify.py", assemble())

    def _check_grown(self) -> None:
        """Raises ExhibitError if a checkpoint was cosigned or stamped meanwhile: its entry is not in the exhibit."""
        for _, body in self._log.entries(self._size, self._log.size):
            if any(late in body for late in _LATE):
                raise ExhibitError("a checkpoint was cosigned or stamped during the export: try again")


def _runs(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Generates half-open ranges that cover the sorted indices and nothing else, each of at most 1,000."""
    start = stop = 0
    for index in indices:
        if index != stop or stop - start >= _RUN:
            if stop > start:
                yield start, stop
            start = index
        stop = index + 1
    if stop > start:
        yield start, stop
