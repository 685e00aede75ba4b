"""matcher report: write the findings of a case as a document, for readers and for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from matcher.commands import say
from matcher.commands.lazy import installed
from matcher.commands.options import FILE, STANDARD_STREAM, as_scanned_option, case_option
from matcher.errors import CaseError
from matcher.system.files import replacing

if TYPE_CHECKING:
    from matcher.record.case import CaseReader


@click.command("report", epilog="Example: matcher report --case case-17 --format html -o report.html")
@case_option
@click.option(
    "--format", "format_name", required=True, type=click.Choice(installed("matcher.reports")), help="What to write."
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=FILE,
    help="File to write, never inside the evidence; - is stdout. A file there is replaced if it is such a report.",
)
@click.option("--force", is_flag=True, help="Replace also a file that is no report of this tool.")
@click.option("--mask-paths", is_flag=True, help="Replace every path by a token.")
@click.option("--matched", is_flag=True, help="Only items with a match (csv, jsonl).")
@click.option("--bom", is_flag=True, help="Begin with a byte order mark, which Excel needs (csv).")
@as_scanned_option
def command(
    *,
    case: Path,
    format_name: str,
    output: Path,
    force: bool,
    mask_paths: bool,
    matched: bool,
    bom: bool,
    as_scanned: bool,
) -> int:
    """Write a report of a case, as it is after its relookups and decisions. It holds no picture."""
    if matched and format_name == "html":
        raise click.UsageError("--matched is for csv and jsonl: the HTML lists matches, and counts all other items")
    if bom and format_name != "csv":
        raise click.UsageError("--bom is for csv: programs that read the other formats do not expect it")
    from matcher.commands.deciding import say_of_no_item
    from matcher.record.case import CaseReader
    from matcher.record.current import state_of
    from matcher.reports import ReportOptions, report

    options = ReportOptions(
        mask_paths=mask_paths, as_scanned=as_scanned, matched=matched, byte_order_mark=bom, warn=say
    )
    with CaseReader(case) as reader:
        if output != STANDARD_STREAM:
            check_output(reader, output, force=force)
        say_of_no_item(state_of(reader, as_scanned=as_scanned))
        if output == STANDARD_STREAM:
            report(format_name).write(reader, sys.stdout.buffer, options)
            return 0
        try:
            with replacing(output) as stream:
                report(format_name).write(reader, stream, options)
        except OSError as error:
            raise CaseError(f"{error.filename or output}: {error.strerror}") from error
    say(f"{output}: written")
    return 0


def check_output(reader: CaseReader, output: Path, *, force: bool = False) -> None:
    """CaseError where a report is not to be written to `output`.

    It is not the name of a file; it is in the case, but not in its folder of reports; it lies inside the evidence; or,
    without `force`, a file is there that is no report of this tool.
    """
    from matcher.record.case import REPORTS
    from matcher.record.evidence import check_outside_evidence
    from matcher.reports.recognising import is_own_report

    target, case = output.resolve(), reader.folder
    if not output.name or target.is_dir():
        raise CaseError(f"{output}: not a file's name")
    own = case.resolve()
    if target.is_relative_to(own) and not target.is_relative_to(own / REPORTS):
        raise CaseError(f"{output}: inside a case, reports go to {case / REPORTS} only")
    check_outside_evidence(reader, output)
    try:
        is_foreign = not force and target.is_file() and not is_own_report(target)
    except OSError as error:
        raise CaseError(f"{output}: is there and cannot be read: {error.strerror}") from error
    if is_foreign:
        raise CaseError(
            f"{output}: a file is there that is no report of this tool: name another one, or replace it with --force"
        )
