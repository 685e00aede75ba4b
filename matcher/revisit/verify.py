"""Is a case's record intact, complete, and arithmetically true?

1. The ledger is intact, by `ledger.audit`: bodies rehashed, tree rebuilt, checkpoints and signatures checked.
2. Every scan in it is closed and complete, or was abandoned: no gap, no repeat, counts and findings root as stated. So
   are the counts of what was not opened, not looked at or not compared, and of trivial and negative items, where a
   version that states them closed the scan. An open scan is a problem, but not one of the others: each scan is
   judged by itself.
3. The hashes of every closed scan are the file whose digest stands in its close.
4. Every match can be recomputed: its distance is that of its two hashes, by the metric that the scan opened with, and
   within its threshold; its list and its threshold are among those that the scan opened with. (Where two algorithms
   decide together, the threshold by one depends on the distance by the other, and is not compared.) A match that is
   marked trivial, and so not notable, has the digest of a trivial content; beside one that is marked negative stands
   what makes it so (negative_marks.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger import AuditReport, DamagedError, LedgerError, Policy, ScanCheck, audit, load_signer, read_vkeys
from matcher.algorithms import Metric
from matcher.calibration.tables import KINDS, LOW_QUALITIES
from matcher.distances import distance as distance_of
from matcher.distances import unit
from matcher.errors import CaseError
from matcher.lists.trivial import trivial_content
from matcher.lookup.chances import REGION, WHOLE
from matcher.record.case import KEYS, LEDGER, CaseReader, check_case
from matcher.record.examiner_folder import signing_key_path
from matcher.record.floods import Floods
from matcher.record.hashes_file import path_of
from matcher.revisit.counts import ShortfallChecker
from matcher.revisit.negative_marks import NegativeLists, mark_problems, name_problem

MAX_PROBLEMS = 50
"""The largest number of problems of matches that are named."""


@dataclass(frozen=True, slots=True)
class ScanVerdict:
    """The result for one scan. `opened` is its `scan.open`; None where the entries were not read, as `matches` is then.

    `matches` is the number of recomputed matches; `problems` are those of this scan.
    """

    check: ScanCheck
    opened: dict[str, Any] | None
    matches: int | None
    problems: tuple[str, ...]
    closed: dict[str, Any] | None = None
    """Its `scan.close`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result: the ledger's audit, the number of recomputed matches, every problem in words, and scan by scan.

    `matches` is None where the ledger itself is not intact: then nothing was recomputed.
    """

    audit: AuditReport
    matches: int | None
    problems: tuple[str, ...]
    scans: tuple[ScanVerdict, ...] = ()


def verify_case(
    folder: Path,
    *,
    keys: Path | None = None,
    expect: tuple[int, bytes] | None = None,
    policy: Policy | None = None,
    checkpoints: Sequence[str] = (),
) -> Verdict:
    """Check a case, reading only. LedgerError or CaseError where it cannot be checked at all.

    `keys` is a file of vkeys from a trusted place. Without it, a case that this examiner's own key has signed is
    verified by that key; any other is checked with the keys in the case, and is self-asserted. `policy` names the
    trusted logs and witnesses; `checkpoints` are signed notes from elsewhere, which the ledger must contain.
    """
    path = folder / LEDGER
    check_case(folder)
    in_case: tuple[str, ...] = ()
    if keys is not None:
        trusted = read_vkeys(keys)
        if not trusted:
            raise CaseError(f"{keys}: no vkey in it")
    else:
        in_case = read_vkeys(folder / KEYS) if (folder / KEYS).exists() else ()
        trusted = _own(_origin(folder, in_case), in_case)
    report = audit(
        path, keys=trusted, own_keys=in_case, expect=expect, policy=policy, checkpoints=checkpoints, folder=folder
    )
    problems = list(report.problems)
    if report.of_the_ledger:
        scans = tuple(ScanVerdict(scan, None, None, scan.problems) for scan in report.scans)
        return Verdict(report, None, tuple(problems), scans)
    checker, counts = _MatchChecker(), ShortfallChecker(folder)
    of_scans: dict[object, list[str]] = {scan.scan: list(scan.problems) for scan in report.scans}
    opened: dict[object, dict[str, Any]] = {}
    closed: dict[object, dict[str, Any]] = {}
    faulty = {scan.scan for scan in report.scans if scan.other_problems}  # more would only follow from these
    with CaseReader(folder) as reader:
        for index, entry in reader.entries(unopened=True):
            checker.add(index, entry)
            number = entry.get("scan") if type(entry.get("scan")) is int else None
            found = [] if number in faulty else _count_problems(counts, index, entry)
            if entry["type"] == "scan.close" and not _names_its_own(folder, entry):
                found.append(f"entry {index} closes a scan without naming its file of hashes")
            if entry["type"] == "scan.open":
                opened[number] = entry
            if entry["type"] == "scan.close":
                closed[number] = entry
                found.extend(_flood_problems(index, entry))
            problems.extend(found)
            of_scans.get(number, []).extend(found)
    problems.extend(problem for _scan, problem in checker.problems)
    for number, problem in checker.problems:
        of_scans.get(number, []).append(problem)
    scans = tuple(
        ScanVerdict(
            scan,
            opened.get(scan.scan),
            checker.matches[scan.scan],
            tuple(of_scans[scan.scan]),
            closed.get(scan.scan),
        )
        for scan in report.scans
    )
    return Verdict(report, checker.matches.total(), tuple(problems), scans)


def _origin(folder: Path, in_case: Sequence[str]) -> str | None:
    """The name of the log, from the ledger, or where that is damaged from the keys in the case."""
    try:
        with CaseReader(folder) as reader:
            return reader.origin
    except DamagedError:
        return in_case[0].partition("+")[0] if in_case else None


def _count_problems(counts: ShortfallChecker, index: int, entry: dict[str, Any]) -> list[str]:
    try:
        return list(counts.problems(index, entry))
    except (KeyError, TypeError, ValueError, AttributeError):
        is_close = entry["type"] == "scan.close"  # a malformed item is named with its matches
        return [f"entry {index}: its counts of what was not examined cannot be checked"] if is_close else []


def _flood_problems(index: int, closed: dict[str, Any]) -> list[str]:
    """The problem of a close whose floods are not as matcher writes them. The numbers are not counted anew."""
    try:
        Floods.of_facts(closed)
    except (KeyError, TypeError):
        return [f"entry {index}: its entries that match very many pictures cannot be read"]
    return []


def _names_its_own(folder: Path, closed: dict[str, Any]) -> bool:
    """Whether a close names the file that `relookup` reads; the audit has compared that file's digest."""
    try:
        path = path_of(folder, int(closed["scan"]))
        return bool(closed["hashes"]["file"] == f"{path.parent.name}/{path.name}")
    except (KeyError, TypeError, ValueError):
        return False


def _own(origin: str | None, in_case: Sequence[str]) -> tuple[str, ...]:
    """This examiner's vkeys for the case, if they are among the case's; else empty."""
    key = signing_key_path()
    if origin is None or not key.is_file():
        return ()
    try:
        own = load_signer(key, name=origin).vkeys
    except LedgerError:  # a key that cannot be read proves nothing either way
        return ()
    return own if set(own) <= set(in_case) else ()


class _MatchChecker:
    """Checks matches, step 4, entry by entry."""

    def __init__(self) -> None:
        self.matches: Counter[object] = Counter()
        """By scan, the number of matches that were recomputed."""
        self.problems: list[tuple[object, str]] = []
        """Each problem, with its scan."""
        self._thresholds: dict[int, dict[str, dict[str, int]]] = {}
        self._by_commonness: set[int] = set()
        """By scan, then by kind, then by algorithm."""
        self._metrics: dict[int, dict[str, Metric]] = {}
        self._combined: dict[int, list[str]] = {}
        """By scan, the algorithms that decide together: each of their matches has a threshold of its own."""
        self._lists: dict[int, set[str]] = {}
        self._negative = NegativeLists()
        self._banks: dict[int, str | None] = {}

    def add(self, index: int, entry: dict[str, Any]) -> None:
        """Check the matches of the entry at leaf index `index`; entries come in ascending order."""
        try:
            self._add(index, entry)
        except (KeyError, TypeError, ValueError, AttributeError):
            self._problem_at(index, entry.get("scan"), f"{entry.get('type')} entry that this tool does not write")

    def _problem_at(self, index: int, scan: object, problem: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append((scan if isinstance(scan, int) else None, f"entry {index}: {problem}"))

    def _add(self, index: int, entry: dict[str, Any]) -> None:
        if entry["type"] == "list.load":
            self._negative.add(entry)
        elif entry["type"] == "scan.open":
            self._thresholds[entry["scan"]] = {
                kind: {algorithm["name"]: algorithm.get(field, 0) for algorithm in entry["algorithms"]}
                for kind, field in ((WHOLE, "threshold"), (REGION, "region_threshold"))
            } | {
                kind: {
                    algorithm["name"]: algorithm["low_quality_thresholds"][kind]
                    for algorithm in entry["algorithms"]
                    if "low_quality_thresholds" in algorithm
                }
                for kind in LOW_QUALITIES
            }
            self._metrics[entry["scan"]] = {
                algorithm["name"]: Metric(algorithm.get("metric", Metric.HAMMING))  # digests state none
                for algorithm in entry["algorithms"]
            }
            self._combined[entry["scan"]] = entry.get("chances", {}).get("combined", [])
            if "bank" in entry.get("chances", {}):
                self._by_commonness.add(entry["scan"])
            self._banks[entry["scan"]] = entry.get("chances", {}).get("bank", {}).get("digest")
            self._lists[entry["scan"]] = {opened["name"] for opened in entry["lists"]}
        elif entry["type"] == "item":
            known = self._lists.get(entry["scan"], set()), self._thresholds.get(entry["scan"], {})
            self._check(index, entry["scan"], entry["finding"]["matches"], *known)
            bank = self._banks.get(entry["scan"])
            for match, problem in mark_problems(entry["finding"], self._negative, bank=bank):
                self._problem_at(index, entry["scan"], f"match with {match['list']} {match['entry']}: {problem}")
        elif entry["type"] == "relookup":
            lists = {opened["name"] for opened in entry["lists"]}
            opened = self._thresholds.get(entry["scan"], {})
            since = entry.get("thresholds", {})
            thresholds = {kind: opened.get(kind, {}) | since.get(kind, {}) for kind in (*KINDS, *LOW_QUALITIES)}
            self._check(index, entry["scan"], [change["match"] for change in entry["new"]], lists, thresholds)
            for match in [change["match"] for change in (*entry["new"], *entry["changed"])]:
                if (wrong := name_problem(match, self._negative)) is not None:
                    self._problem_at(index, entry["scan"], f"match with {match['list']} {match['entry']}: {wrong}")

    def _check(
        self,
        index: int,
        scan: int,
        matches: list[dict[str, Any]],
        lists: set[str],
        thresholds: dict[str, dict[str, int]],
    ) -> None:
        for match in matches:
            self.matches[scan] += 1
            problem = self._problem(scan, match, lists, thresholds)
            if problem:
                self._problem_at(index, scan, f"match with {match['list']} {match['entry']}: {problem}")

    def _problem(
        self, scan: int, match: dict[str, Any], lists: set[str], thresholds: dict[str, dict[str, int]]
    ) -> str | None:
        if match.get("trivial") and trivial_content(match["algorithm"], bytes.fromhex(match["value"])) is None:
            return "it is marked trivial, and its digest is not that of a trivial content"
        metric = self._metrics.get(scan, {}).get(match["algorithm"], Metric.HAMMING)
        distance = distance_of(metric, bytes.fromhex(match["value"]), bytes.fromhex(match["entry_value"]))
        if distance != match["distance"]:
            return f"the distance of its hashes is {distance} ({unit(metric)}), not {match['distance']}"
        if distance > match["threshold"]:
            return f"distance {distance} is above the threshold {match['threshold']}"
        kinds = (WHOLE, *LOW_QUALITIES) if match["region"] is None else (REGION,)
        is_combined = match["algorithm"] in self._combined.get(scan, [])
        stated = {thresholds.get(kind, {}).get(match["algorithm"]) for kind in kinds}
        is_stated = match["threshold"] in stated
        if scan in self._by_commonness:  # common hashes have smaller ones
            is_stated = any(one is not None and match["threshold"] <= one for one in stated)
        if not is_combined and not is_stated:
            return f"threshold {match['threshold']} is not the one that scan {scan} opened with"
        if match["list"] not in lists:
            return f"scan {scan} opened without that list"
        return None
