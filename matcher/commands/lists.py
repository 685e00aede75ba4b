"""matcher lists: import, build and show lists of known material."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from matcher.commands import NO_HASHER, say
from matcher.commands.lists_audit import audit_command
from matcher.commands.options import FILE, FOLDER, algorithm_names, echo_json, store_option
from matcher.listing import make_list
from matcher.lists.formats import formats
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.store import Store
from matcher.lists.version import REFUSED, ListVersion
from matcher.model import CategoryProfile, Disposition, RefusedLine
from matcher.text import printable

_SHOWN = 20
_PLAIN = {value.value: value for value in Disposition}


@click.group("lists")
def command() -> None:
    """Import, build, show and audit lists of known material."""


command.add_command(audit_command)


@command.command(
    "import", epilog="Example: matcher lists import national.jsonl --store known.store --name national-2026-10"
)
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=FILE)
@store_option
@click.option("--name", required=True, help="The list's name; a name that is there gets a new version.")
@click.option("--format", "format_name", type=click.Choice(sorted(formats())), help="Told from the content otherwise.")
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
def import_command(
    *,
    files: tuple[Path, ...],
    store: Path,
    name: str,
    format_name: str | None,
    algorithm: str | None,
    columns: tuple[str, ...],
    category: str | None,
    mapping: tuple[str, ...],
) -> int:
    """Import list files as a new version of one list. Bad lines are reported and the rest goes in.

    Without --map, categories named `known-good` and `information` mean what they say and every other one is notable.
    """
    reported: Counter[str] = Counter()

    def refused(source: str, line: RefusedLine) -> None:
        reported[source] += 1
        if reported[source] <= _SHOWN:
            say(f"{source}:{line.line}: {line.reason}")

    request = ImportRequest(
        name=name,
        files=files,
        profile=_profile(mapping),
        format_name=format_name,
        algorithm=algorithm,
        columns=_fields(columns),
        default_category=category,
    )
    target = Store(store)
    built = import_lists(target, request, on_refused=refused)
    for source, count in reported.items():
        if count > _SHOWN:
            kept = target.folder_of(built.name, built.version) / REFUSED
            say(f"{source}: {count - _SHOWN} more lines were refused; all are in {kept}")
    click.echo(printable(_line(built)))
    for kind, count in built.counts["kept"].items():
        say(f"{count} hashes of type {kind} were kept; this type is not looked up")
    for kind, count in target.open_list(built.name, built.version).not_computed.items():
        say(f"{count:,} {kind} hashes are indexed, and scans do not look them up: {NO_HASHER}")
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


def _line(version: ListVersion) -> str:
    counts: dict[str, Any] = dict(version.counts)
    hashes = (
        ", ".join(f"{count:,} {algorithm}" for algorithm, count in counts["hashes"].items()) or "no hash to look up"
    )
    refused = f"; {counts['refused']:,} lines refused" if counts["refused"] else ""
    entries = "1 entry" if counts["entries"] == 1 else f"{counts['entries']:,} entries"
    return f"{version.name} version {version.version}: {entries}: {hashes}{refused}"


@command.command("build", epilog="Example: matcher lists build pictures --name lab-17 -o lab-17.jsonl")
@click.argument("folder", type=FOLDER)
@click.option("--name", required=True, help="The list's name; every entry's id begins with it.")
@click.option("-o", "--output", required=True, type=FILE, help="List to write (JSON lines).")
@click.option("--category", help="Category of every entry.")
@click.option("--algorithms", metavar="A,B", default="", help="Besides md5, sha256, pdq and phash.")
@click.option(
    "--workers", type=click.IntRange(min=0), help="Processes; one a core otherwise, 0 for this process alone."
)
def build_command(
    *, folder: Path, name: str, output: Path, category: str | None, algorithms: str, workers: int | None
) -> int:
    """Make a list from the pictures of a folder that the lab lawfully holds.

    The list can be imported with `matcher lists import`. Files that are no pictures are passed over; pictures that
    cannot be read are named; only their digests are listed, if they are pictures at all.
    """
    made = make_list(
        folder,
        name=name,
        output=output,
        category=category,
        algorithms=algorithm_names(algorithms),
        workers=workers,
    )
    for path, reason in made.unreadable:
        say(f"{path}: {reason}: its picture is not in the list")
    click.echo(f"{output}: {made.entries:,} entries, {made.hashes:,} hashes")
    return 0


@command.command("show", epilog="Example: matcher lists show --store known.store")
@store_option
@click.option("--json", "as_json", is_flag=True, help="One JSON line a version, with everything that is known of it.")
def show_command(store: Path, as_json: bool) -> int:
    """Show the lists of a store and their versions. The newest version of each is the one that scans use."""
    opened = Store.open(store)
    current = dict(opened.current())
    for row in opened.versions():
        found = opened.open_list(row["name"], row["version"])
        version = found.facts
        if as_json:
            in_use = current[version.name] == version.version
            told = {"imported": row["imported"], "current": in_use, "not_computed": found.not_computed}
            echo_json({**version.as_json(), **told})
            continue
        mark = "" if current[version.name] == version.version else "  (superseded)"
        click.echo(printable(f"{_line(version)}{mark}"))
        profile = version.profile.as_json()
        click.echo(f"    imported {row['imported']}, digest {version.digest}")
        click.echo(f"    categories {json.dumps(profile['categories'], ensure_ascii=False)}, others {profile['other']}")
        for kind, count in version.counts["kept"].items():
            click.echo(printable(f"    {count:,} {kind} hashes are kept and not looked up"))
        for kind, count in found.not_computed.items():
            click.echo(f"    {count:,} {kind} hashes are indexed and scans do not look them up: {NO_HASHER}")
    return 0
