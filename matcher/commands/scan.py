"""matcher scan: every file of one or more sources, recorded in a case; or an open scan, ended as abandoned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.commands import say
from matcher.commands.abandoning import abandoned
from matcher.commands.going_on import RememberingCommand, repeated
from matcher.commands.options import (
    FILE,
    FOLDER,
    STANDARD_STREAM,
    case_option,
    examination_settings,
    exit_code,
    settings_options,
)
from matcher.commands.scan_result import is_incomplete, notebook, print_result, summary
from matcher.errors import NotIntactError
from matcher.executors.limits import SECONDS

if TYPE_CHECKING:
    from matcher.commands.progress import Progress
    from matcher.executors import Executor
    from matcher.scan.opening import ScanRequest

NOT_INTACT = 1
"""The exit code of `--resume` where the case is not intact, as that of `verify`."""


@click.command(
    "scan",
    cls=RememberingCommand,
    epilog="Example: matcher scan E1/ --store known.store --case case-17 --examiner 'A. Keller' --exhibit E1",
)
@click.argument("sources", metavar="SOURCE…", nargs=-1, type=FILE)
@click.option("--store", type=FOLDER, help="Folder with the imported hash lists.")
@case_option
@click.option("--files-from", type=FILE, metavar="FILE", help="Scan the files that FILE names, one a line; - is stdin.")
@click.option("--null", is_flag=True, help="The names in that list are separated by NUL.")
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
@click.option("--scan", type=click.IntRange(min=1), help="With --resume: this scan, whose source may have moved.")
@click.option(
    "--abandon", type=click.IntRange(min=1), metavar="N", help="End the open scan N for good; needs --reason."
)
@click.option("--reason", metavar="TEXT", help="Why that scan is abandoned.")
@click.option("--seal-paths", is_flag=True, help="Record paths as salted commitments: see docs/ledger.md.")
@click.option("--key", type=FILE, help="Private key that signs; the examiner's own otherwise.")
@click.option("--passphrase-file", type=FILE, help="File with that key's passphrase on its first line.")
@click.option("--jsonl", is_flag=True, help="Print every finding on stdout, one JSON line each, in order.")
@click.option("--quiet", is_flag=True, help="Neither progress nor matches on stderr.")
@settings_options
def command(
    *,
    sources: tuple[Path, ...],
    store: Path | None,
    case: Path,
    files_from: Path | None,
    null: bool,
    examiner: str | None,
    role: str | None,
    authority: str | None,
    exhibit: str | None,
    workers: int | None,
    time_limit: float | None,
    memory_limit: int | None,
    resume: bool,
    scan: int | None,
    abandon: int | None,
    reason: str | None,
    seal_paths: bool,
    key: Path | None,
    passphrase_file: Path | None,
    jsonl: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Scan folders or files against the lists of a store; the case is made where there is none.

    Each folder is a scan of its own in the case's ledger; several files, or the files of a list, are one scan.

    Exit code: 0 every picture examined and compared, and nothing notable, 1 notable found (or, of --resume, the case is
    not intact), 2 failed or interrupted, 3 nothing notable but something could not be read, was not opened (a
    container, a video, a disk image, something encrypted), was not looked at whole, or could not be compared, where the
    source has no item, or where recorded items are not there any more.
    """
    from ledger import read_passphrase
    from matcher.commands.progress import Progress
    from matcher.commands.scan_sources import listed, located
    from matcher.executors.choosing import executor_for
    from matcher.record.case import LEDGER, CaseFacts, check_apart, check_facts
    from matcher.record.examiner_folder import sealing_secret_path, signing_key_path
    from matcher.record.intact import check_intact
    from matcher.record.sealing import Sealing
    from matcher.scan.opening import ScanRequest

    facts = CaseFacts(exhibit=exhibit, examiner=examiner, role=role, authority=authority)
    check_facts(facts)
    key = signing_key_path() if key is None else key
    if abandon is not None or reason is not None:
        if abandon is None or reason is None or sources or files_from or resume or scan or store:
            raise click.UsageError("--abandon N and --reason TEXT go together, with --case, without SOURCE or --store")
        passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
        return abandoned(case, abandon, reason, facts=facts, key=key, passphrase=passphrase, quiet=quiet)
    _check_usage(sources, files_from, store, null=null, resume=resume, scan=scan)
    assert store is not None
    examination = examination_settings(**settings)
    for source in sources:
        check_apart(source, key)
    places = located(sources) if files_from is None else [(Path.cwd(), listed(files_from, null=null))]
    if scan is not None and len(places) > 1:
        raise click.UsageError("--scan goes on with one scan: name one source")
    progress = Progress(quiet=quiet, jsonl=jsonl, case=case, store=store)
    try:
        if resume and (case / LEDGER).is_file():
            check_intact(case)
        return _scanned(
            [
                ScanRequest(
                    location,
                    store,
                    case,
                    examination,
                    facts,
                    resume,
                    Sealing.from_file(sealing_secret_path()) if seal_paths else None,
                    scan,
                    source=files,
                )
                for location, files in places
            ],
            executor_for(workers, seconds=time_limit, memory=None if memory_limit is None else memory_limit << 20),
            progress,
            key=key,
            passphrase=None if passphrase_file is None else read_passphrase(passphrase_file),
            jsonl=jsonl,
            go_on=(", with the same list on standard input" if files_from == STANDARD_STREAM else "")
            + f": {repeated('--resume')}",
        )
    except NotIntactError as error:
        if not resume:
            raise
        say(f"matcher: {error}")
        return NOT_INTACT


def _check_usage(
    sources: tuple[Path, ...],
    files_from: Path | None,
    store: Path | None,
    *,
    null: bool,
    resume: bool,
    scan: int | None,
) -> None:
    """UsageError where the options do not go together."""
    if not sources and files_from is None:
        raise click.UsageError("Missing argument 'SOURCE…' (or --files-from).")
    if store is None:
        raise click.UsageError("Missing option '--store'.")
    if sources and files_from is not None:
        raise click.UsageError("--files-from takes the place of SOURCE: name one or the other")
    if null and files_from is None:
        raise click.UsageError("--null is about the list of --files-from")
    if scan is not None and not resume:
        raise click.UsageError("--scan N names the scan that --resume goes on with")


def _scanned(
    requests: Sequence[ScanRequest],
    executor: Executor,
    progress: Progress,
    *,
    key: Path,
    passphrase: bytes | None,
    jsonl: bool,
    go_on: str,
) -> int:
    """Run the scans of one command, print their results, return the exit code. `go_on` ends a line on going on."""
    from matcher.commands.lists.describing import NEVER_NOTABLE, is_never_notable, say_meanings
    from matcher.commands.thresholds_line import say_thresholds
    from matcher.commands.work_done import note_done
    from matcher.record.case import open_case
    from matcher.scan.opening import PreparedScan, prepare_scan
    from matcher.scan.run import check_resumable, run_scan

    prepared: list[PreparedScan] = []
    for request in requests:
        prepared.append(prepare_scan(request, matcher=prepared[-1].matcher if prepared else None))
        if request.source is not None and request.source.repeated:
            say(f"note: {request.source.repeated:,} lines name a file of the list again: named twice, it is one item")
    lists = prepared[0].matcher.lists
    say_meanings(lists, quiet=progress.quiet)
    say_thresholds(prepared[0].matcher, quiet=progress.quiet)
    closed = []
    first = requests[0]
    with open_case(first.case, first.facts, key=key, passphrase=passphrase, on_wait=progress.waiting) as log:
        prepared = check_resumable(log, prepared)
        try:
            for each in prepared:
                closed.append(run_scan(log, each, executor=executor, listener=progress))
                note_done(f"scan {closed[-1]['scan']} is complete and recorded all the same: `matcher report` shows it")
                print_result(summary(closed[-1]), err=jsonl)
        except BaseException:
            progress.stop()
            if progress.begun and len(closed) < len(prepared):
                say("the scan is NOT complete")
                say(notebook(log))
                say(f"to go on, from the same folder{go_on}")
            raise
        if progress.changed:
            changed = (
                f"  {progress.changed:,} items changed after they were examined: what they hold now was NOT examined"
            )
            print_result(changed, err=jsonl)
        if progress.vanished:
            print_result(f"  {progress.vanished:,} recorded items are not there any more", err=jsonl)
        if is_never_notable(lists):
            say(NEVER_NOTABLE)
        print_result(notebook(log), err=jsonl)
    return exit_code(
        failed=False,
        notable=any(facts["notable"] for facts in closed),
        incomplete=progress.changed > 0 or progress.vanished > 0 or any(is_incomplete(facts) for facts in closed),
    )
