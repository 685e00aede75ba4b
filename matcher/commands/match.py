"""matcher match: look single files up, without a case and without a record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from matcher.commands.options import (
    FILE,
    echo_json,
    examination_settings,
    exit_code_of,
    settings_options,
    store_option,
)
from matcher.engine import Matcher
from matcher.files import readable_name
from matcher.lists.store import Store, check_lists


@click.command("match", epilog="Example: matcher match --store known.store IMG_0001.JPG")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=FILE)
@store_option
@settings_options
def command(files: tuple[Path, ...], store: Path, **settings: Any) -> int:
    """Print one JSON line a file, with its matches. Nothing is recorded.

    Exit code: 0 nothing notable, 1 notable found, 2 failed, 3 nothing notable but a file could not be read.
    """
    check_lists(Store.open(store))
    matcher = Matcher.open(store, settings=examination_settings(**settings))
    findings, failed = [], False
    for path in files:
        try:
            with path.open("rb") as stream:
                finding = matcher.examine_stream(stream, name=readable_name(path))
        except OSError as error:
            click.echo(f"matcher: {readable_name(path)}: {error.strerror}", err=True)
            failed = True
            continue
        echo_json(finding.as_json())
        findings.append(finding)
    return 2 if failed else exit_code_of(findings)
