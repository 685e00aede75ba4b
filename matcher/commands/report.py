"""matcher report: a case's findings for people and for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from matcher.case import CaseReader
from matcher.commands.options import FILE, case_option
from matcher.errors import CaseError
from matcher.reports import ReportOptions, report, report_names


@click.command("report", epilog="Example: matcher report --case case-17 --format html -o report.html")
@case_option
@click.option("--format", "format_name", required=True, type=click.Choice(report_names()), help="What to write.")
@click.option("-o", "--output", required=True, type=FILE, help="File to write; - is stdout.")
@click.option("--mask-paths", is_flag=True, help="Replace every path by a token.")
def command(case: Path, format_name: str, output: Path, mask_paths: bool) -> int:
    """Write a report of a case. It holds no picture."""
    options = ReportOptions(mask_paths=mask_paths)
    with CaseReader(case) as reader:
        if str(output) == "-":
            report(format_name).write(reader, sys.stdout.buffer, options)
            return 0
        temporary = output.with_name(f".{output.name}.tmp")
        try:
            with temporary.open("wb") as stream:
                report(format_name).write(reader, stream, options)
            temporary.replace(output)
        except OSError as error:
            raise CaseError(f"{error.filename or output}: {error.strerror}") from error
        finally:
            temporary.unlink(missing_ok=True)
    click.echo(f"{output}: written", err=True)
    return 0
