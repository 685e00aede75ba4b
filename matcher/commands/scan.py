"""matcher scan: every file of one or more sources, recorded in a case."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.commands import say
from matcher.commands.options import (
    FILE,
    case_option,
    examination_settings,
    exit_code,
    settings_options,
    store_option,
)
from matcher.executors.limits import SECONDS
from matcher.model import Status

if TYPE_CHECKING:
    from ledger import Ledger


@click.command(
    "scan", epilog="Example: matcher scan E1/ --store known.store --case case-17 --examiner 'A. Keller' --exhibit E1"
)
@click.argument("sources", metavar="SOURCE…", nargs=-1, required=True, type=FILE)
@store_option
@case_option
@click.option("--examiner", help="Who scans.")
@click.option("--role", help="In what role, e.g. forensic examiner.")
@click.option("--authority", help="On whose order, e.g. a warrant's number.")
@click.option("--exhibit", help="Number of the exhibit that is scanned.")
@click.option(
    "--workers", type=click.IntRange(min=0), help="Processes; one a core otherwise, 0 for this process alone."
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help=f"How long a worker may stand still at one item; {SECONDS:.0f} otherwise.",
)
@click.option(
    "--memory-limit",
    type=click.IntRange(min=1),
    metavar="MB",
    help="Memory of each worker; its share of the machine's otherwise.",
)
@click.option("--resume", is_flag=True, help="Go on with the scans of these sources that did not end.")
@click.option("--seal-paths", is_flag=True, help="Record paths as salted commitments: see docs/ledger.md.")
@click.option("--key", type=FILE, help="Private key that signs; the examiner's own otherwise.")
@click.option("--passphrase-file", type=FILE, help="File with that key's passphrase on its first line.")
@click.option("--jsonl", is_flag=True, help="Print every finding on stdout, one JSON line each, in order.")
@click.option("--quiet", is_flag=True, help="Neither progress nor matches on stderr.")
@settings_options
def command(
    *,
    sources: tuple[Path, ...],
    store: Path,
    case: Path,
    examiner: str | None,
    role: str | None,
    authority: str | None,
    exhibit: str | None,
    workers: int | None,
    time_limit: float | None,
    memory_limit: int | None,
    resume: bool,
    seal_paths: bool,
    key: Path | None,
    passphrase_file: Path | None,
    jsonl: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Scan folders or files against the lists of a store; the case is made where there is none.

    Each source is a scan of its own in the case's ledger.

    Exit code: 0 every picture examined and compared, and nothing notable, 1 notable found, 2 failed or interrupted, 3
    nothing notable but something could not be read, was not opened (a container, a video, a disk image, something
    encrypted), was not looked at whole, or could not be compared.
    """
    from ledger import read_passphrase
    from matcher.commands.lists.describing import NEVER_NOTABLE, is_never_notable, say_meanings
    from matcher.commands.progress import Progress
    from matcher.executors.choosing import executor_for
    from matcher.record.case import CaseFacts, check_apart, check_facts, open_case
    from matcher.record.examiner_folder import sealing_secret_path, signing_key_path
    from matcher.record.sealing import Sealing
    from matcher.scan.opening import PreparedScan, ScanRequest, prepare_scan
    from matcher.scan.run import run_scan

    examination = examination_settings(**settings)
    key = signing_key_path() if key is None else key
    facts = CaseFacts(exhibit=exhibit, examiner=examiner, role=role, authority=authority)
    check_facts(facts)
    sealing = Sealing.from_file(sealing_secret_path()) if seal_paths else None
    for source in sources:
        check_apart(source, key)
    prepared: list[PreparedScan] = []
    for source in sources:
        request = ScanRequest(source, store, case, examination, facts, resume, sealing)
        prepared.append(prepare_scan(request, matcher=prepared[-1].matcher if prepared else None))
    lists = prepared[0].matcher.lists
    say_meanings(lists, quiet=quiet)
    progress = Progress(quiet=quiet, jsonl=jsonl)
    executor = executor_for(workers, seconds=time_limit, memory=None if memory_limit is None else memory_limit << 20)
    closed = []
    passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
    with open_case(case, facts, key=key, passphrase=passphrase, on_wait=progress.waiting) as log:
        try:
            for each in prepared:
                closed.append(run_scan(log, each, executor=executor, listener=progress))
                _print_result(_summary(closed[-1]), err=jsonl)
        except BaseException:
            progress.stop()
            if progress.begun and len(closed) < len(prepared):
                say("the scan is NOT complete")
                say(_notebook(log))
            raise
        if progress.changed:
            changed = (
                f"  {progress.changed:,} items changed after they were examined: what they hold now was NOT examined"
            )
            _print_result(changed, err=jsonl)
        if is_never_notable(lists):
            say(NEVER_NOTABLE)
        _print_result(_notebook(log), err=jsonl)
    return exit_code(
        failed=False,
        notable=any(facts["notable"] for facts in closed),
        incomplete=progress.changed > 0 or any(_is_incomplete(facts) for facts in closed),
    )


def _is_incomplete(facts: dict[str, Any]) -> bool:
    """Whether known material may have been missed in the items of a `scan.close`."""
    from matcher.record.shortfall import Shortfall

    counts = facts["counts"]
    return bool(counts[Status.UNREADABLE.value] or Shortfall.of_facts(facts) or _may_have_more(facts))


def _may_have_more(facts: dict[str, Any]) -> bool:
    """Whether an earlier version closed the scan: it did not tell containers from other files that were skipped."""
    from matcher.record.shortfall import is_told

    return not is_told(facts) and bool(facts["counts"][Status.SKIPPED.value])


def _print_result(text: str, *, err: bool) -> None:
    """Print the result of a complete scan. It stays complete where the output cannot be written."""
    with suppress(OSError, ValueError):
        click.echo(text, err=err)


def _summary(facts: dict[str, Any]) -> str:
    from matcher.commands.progress import in_bytes
    from matcher.record.shortfall import Shortfall
    from matcher.reports.not_examined import shortfall_lines

    counts = ", ".join(f"{count:,} {status}" for status, count in facts["counts"].items() if count)
    lines = [
        f"scan {facts['scan']}: {facts['items']:,} items, {in_bytes(facts['bytes'])}: {counts or 'nothing'}",
        f"  {facts['notable']:,} items notable, {facts['matches']:,} matches in all",
    ]
    if facts["doubtful"]:
        lines.append(f"  {facts['doubtful']:,} of them only by hashes of low quality: such matches are doubtful")
    if trivial := facts.get("trivial"):
        lines.append(f"  {trivial:,} items match by a digest of trivial content (an empty file): not notable")
    if facts["conflicts"]:
        lines.append(f"  {facts['conflicts']:,} items are notable on one list and known good on another")
    if facts["counts"][Status.UNREADABLE.value]:
        lines.append("  what could not be read is NOT known to be free of known material")
    lines.extend(f"  {line}" for line in shortfall_lines(Shortfall.of_facts(facts)))
    if _may_have_more(facts):
        lines.append(
            "  an earlier version made this scan: it did NOT tell containers, videos and disk images from the other "
            f"{facts['counts'][Status.SKIPPED.value]:,} items that it skipped"
        )
    if facts["retried"]:
        lines.append(
            f"  {facts['retried']:,} were tried once more alone; {facts['of_the_machine']:,} have a finding that may "
            "depend on this machine"
        )
    lines.append(f"  findings root {facts['findings_root']}")
    return "\n".join(lines)


def _notebook(log: Ledger) -> str:
    return f"ledger size {log.size}, root {log.root().hex()}   (write both in your notebook)"
