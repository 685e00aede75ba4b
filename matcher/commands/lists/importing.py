"""matcher lists import: import list files as a new version of a list."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from matcher.commands import NO_HASHER, say
from matcher.commands.lazy import installed
from matcher.commands.lists.describing import described, report_change
from matcher.commands.options import FILE, store_option
from matcher.model import CategoryProfile, Disposition, RefusedLine
from matcher.system.text import printable

_SHOWN = 20
"""Refused lines of a file that are printed; further ones are only counted."""
_PLAIN = {value.value: value for value in Disposition}


@click.command(
    "import", epilog="Example: matcher lists import national.jsonl --store known.store --name national-2026-10"
)
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=FILE)
@store_option
@click.option("--name", required=True, help="The list's name; a name that is there gets a new version.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(installed("matcher.list_formats")),
    help="Detected from the content otherwise.",
)
@click.option("--algorithm", metavar="TYPE", help="Type of hashes that stand alone, e.g. pdq or sha256.")
@click.option(
    "--column", "columns", metavar="FIELD=NAME", multiple=True, help="For csv: the column that holds a field."
)
@click.option("--category", help="Category of entries that have none of their own.")
@click.option(
    "--map",
    "mapping",
    metavar="CATEGORY=MEANING",
    multiple=True,
    help="What a category means: notable, known-good or information. `*` is every other one (notable).",
)
@click.option(
    "--update", is_flag=True, help="Add to the list's newest version; entries that it has already are stated anew."
)
def command(
    *,
    files: tuple[Path, ...],
    store: Path,
    name: str,
    format_name: str | None,
    algorithm: str | None,
    columns: tuple[str, ...],
    category: str | None,
    mapping: tuple[str, ...],
    update: bool,
) -> int:
    """Import list files as a new version of one list. Bad lines are reported and the rest goes in.

    Without --map, categories named `known-good` and `information` mean what they say and every other one is notable;
    with --update, categories mean what they meant.
    """
    from matcher.lists.comparability import comparability
    from matcher.lists.importing import ImportRequest, import_lists
    from matcher.lists.store import Store
    from matcher.lists.version import REFUSED

    reported: Counter[str] = Counter()

    def refused(source: str, line: RefusedLine) -> None:
        reported[source] += 1
        if reported[source] <= _SHOWN:
            say(f"{source}:{line.line}: {line.reason}")

    request = ImportRequest(
        name=name,
        files=files,
        profile=None if update and not mapping else _profile(mapping),
        format_name=format_name,
        algorithm=algorithm,
        columns=_fields(columns),
        default_category=category,
        update=update,
    )
    target = Store(store)
    built = import_lists(target, request, on_refused=refused)
    for source, count in reported.items():
        if count > _SHOWN:
            refused_file = target.folder_of(built.name, built.version) / REFUSED
            say(f"{source}: {count - _SHOWN} more lines were refused; all are in {refused_file}")
    if update:
        report_change(target, built)
    else:
        click.echo(printable(described(built)))
    for kind, count in built.holds["kept"].items():
        say(f"{count} hashes of type {kind} were kept; this type is not looked up")
    opened = target.open_list(built.name, built.version)
    for kind, count in opened.not_computed.items():
        say(f"{count:,} {kind} hashes are indexed, and scans do not look them up: {NO_HASHER}")
    for each in comparability(opened):
        for sentence in each.sentences():
            say(sentence)
    return 0


def _profile(mapping: tuple[str, ...]) -> CategoryProfile:
    categories = dict(_PLAIN)
    other = Disposition.NOTABLE
    for value in mapping:
        category, separator, meaning = value.rpartition("=")
        if not separator or meaning not in _PLAIN:
            raise click.UsageError(f"--map {value!r}: CATEGORY= and one of {', '.join(_PLAIN)} are expected")
        if category == "*":
            other = _PLAIN[meaning]
        else:
            categories[category] = _PLAIN[meaning]
    return CategoryProfile(categories, other)


def _fields(columns: tuple[str, ...]) -> dict[str, str]:
    fields = {}
    for value in columns:
        field, separator, column = value.partition("=")
        if not separator or not field or not column:
            raise click.UsageError(f"--column {value!r}: FIELD=NAME is expected")
        fields[field] = column
    return fields
