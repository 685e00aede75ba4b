"""matcher report: write the findings of a case as a document, for readers and for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from matcher.commands import say
from matcher.commands.lazy import installed
from matcher.commands.options import FILE, STANDARD_STREAM, as_scanned_option, case_option
from matcher.errors import CaseError
from matcher.system.files import replacing


@click.command("report", epilog="Example: matcher report --case case-17 --format html -o report.html")
@case_option
@click.option(
    "--format", "format_name", required=True, type=click.Choice(installed("matcher.reports")), help="What to write."
)
@click.option("-o", "--output", required=True, type=FILE, help="File to write; - is stdout.")
@click.option("--mask-paths", is_flag=True, help="Replace every path by a token.")
@click.option("--matched", is_flag=True, help="Only items with a match (csv, jsonl).")
@click.option("--bom", is_flag=True, help="Begin with a byte order mark, which Excel needs (csv).")
@as_scanned_option
def command(
    *, case: Path, format_name: str, output: Path, mask_paths: bool, matched: bool, bom: bool, as_scanned: bool
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
        say_of_no_item(state_of(reader, as_scanned=as_scanned))
        if output == STANDARD_STREAM:
            report(format_name).write(reader, sys.stdout.buffer, options)
            return 0
        check_output(case, output)
        try:
            with replacing(output) as stream:
                report(format_name).write(reader, stream, options)
        except OSError as error:
            raise CaseError(f"{error.filename or output}: {error.strerror}") from error
    say(f"{output}: written")
    return 0


def check_output(case: Path, output: Path) -> None:
    """CaseError where `output` is not the name of a file, or is in the case but not in its folder of reports."""
    from matcher.record.case import REPORTS

    target = output.resolve()
    if not output.name or target.is_dir():
        raise CaseError(f"{output}: not a file's name")
    own = case.resolve()
    if target.is_relative_to(own) and not target.is_relative_to(own / REPORTS):
        raise CaseError(f"{output}: inside a case, reports go to {case / REPORTS} only")
