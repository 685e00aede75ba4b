"""matcher lists import: import list files as a new version of a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from matcher.commands import NO_HASHER, say
from matcher.commands.lazy import installed
from matcher.commands.lists.describing import by_category, by_meaning, described, is_never_notable, report_change
from matcher.commands.options import FILE, store_option
from matcher.commands.work_done import note_done
from matcher.model import CategoryProfile, Disposition, RefusedLine
from matcher.system.text import printable

if TYPE_CHECKING:
    from matcher.lists.formats.notices import ListNotice
    from matcher.lists.opened import OpenList
    from matcher.lists.store import Store
    from matcher.lists.version import ListVersion

_UNUSED = "unused"
"""What --column calls a column that is not to be read."""
_SHOWN = 20
"""Refused lines of a file that are printed; further ones are only counted."""
_PLAIN = {value.value: value for value in Disposition if value is not Disposition.NEGATIVE}


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
    "--column",
    "columns",
    metavar="FIELD=NAME",
    multiple=True,
    help="For csv: the column that holds a field or a hash type. `unused=NAME`: one that is not to be read.",
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
    "--as",
    "kind",
    type=click.Choice([Disposition.NEGATIVE.value]),
    help="negative: what matched wrongly. Its entries are never notable, nor is what is nearer to them.",
)
@click.option(
    "--allow-shrink",
    is_flag=True,
    help="Take a list that lost half of its entries, notable ones or hashes of a type, or a file's cut last line.",
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
    kind: str | None,
    allow_shrink: bool,
    update: bool,
) -> int:
    """Import list files as a new version of one list. Bad lines are reported and the rest goes in.

    Without --map, categories named `known-good` and `information` mean what they say and every other one is notable;
    with --update, categories mean what they meant. What looks like a cut download is refused: see --allow-shrink.

    Exit code: 0 all taken, 2 nothing taken, 3 taken, but lines were refused or something needs a look: --map names
    a category that no entry has, no entry is notable (unless all are known-good, or negative), a hash is in a
    negative list and in another of the store, hashes are not looked up or match nothing, a digest is that of
    trivial content, as an empty file, columns that are not used look like hashes or categories, or one id has the
    hashes of many files.
    """
    from matcher.commands.lists.negative import check_kind, contradictions
    from matcher.lists.importing import ImportRequest, import_lists
    from matcher.lists.store import Store
    from matcher.lists.version import REFUSED

    reported: Counter[str] = Counter()

    def refused(source: str, line: RefusedLine) -> None:
        reported[source] += 1
        if reported[source] <= _SHOWN:
            say(f"{source}:{line.line}: {line.reason}")

    needs_a_look = False

    def noticed(notice: ListNotice) -> None:
        nonlocal needs_a_look
        needs_a_look |= notice.needs_a_look
        say(f"warning: {notice.text}" if notice.needs_a_look else notice.text)

    request = ImportRequest(
        name=name,
        files=files,
        profile=None if update and not mapping and kind is None else _profile(mapping, kind),
        format_name=format_name,
        algorithm=algorithm,
        columns=_fields(columns),
        unused_columns=frozenset(column for field, column in _pairs(columns) if field == _UNUSED),
        default_category=category,
        update=update,
        allow_shrink=allow_shrink,
    )
    target = Store(store)
    check_kind(target, name, is_negative=kind is not None, is_kept=update and not mapping, is_stated=bool(mapping))
    had_notable = _has_notable(target, name)
    built = import_lists(target, request, on_refused=refused, on_notice=noticed)
    for source, count in reported.items():
        if count > _SHOWN:
            refused_file = target.folder_of(built.name, built.version) / REFUSED
            say(f"{source}: {count - _SHOWN} more lines were refused; all are in {refused_file}")
    note_done(f"{built.name} version {built.version} was imported all the same")
    if update:
        report_change(target, built)
    else:
        click.echo(printable(described(built)))
    opened = target.open_list(built.name, built.version)
    say(by_meaning(opened))
    is_known_good = opened.is_negative or (not had_notable and _is_known_good(opened))
    look = [
        *_unused(opened, mapping, is_known_good=is_known_good),
        *_never_matched(opened, built),
        *contradictions(target, opened),
    ]
    for sentence, is_a_doubt in _qualities(opened):
        if is_a_doubt and not is_known_good:
            look.append(sentence)
        else:
            say(sentence)
    for sentence in look:
        say(f"warning: {sentence}")
    if look or reported or needs_a_look:
        say("the list was imported, and what is said above needs a look (exit code 3)")
    return 3 if look or reported or needs_a_look else 0


def _qualities(opened: OpenList) -> Iterator[tuple[str, bool]]:
    """A generator of sentences on the hashes and ids, each with whether it calls for a look at a notable list."""
    from matcher.lists.comparability import comparability
    from matcher.lists.shared_ids import shared_ids

    for each in comparability(opened):
        for sentence in each.sentences():
            yield sentence, each.needs_a_look
    if (shared := shared_ids(opened.parts[-1])) is not None:
        yield shared.sentence(), True


def _has_notable(store: Store, name: str) -> bool:
    """Whether the version in use is known to have a notable entry."""
    from matcher.errors import StoreError

    try:
        meanings = store.open_list(name, store.current_version(name)).meanings
    except (StoreError, OSError):
        return False
    return bool(meanings and meanings[Disposition.NOTABLE.value])


def _unused(opened: OpenList, mapping: tuple[str, ...], *, is_known_good: bool) -> Iterator[str]:
    """A generator of a warning for each category that --map names and no entry has, and where none is notable."""
    names = dict.fromkeys(value.rpartition("=")[0] for value in mapping)
    names.pop("*", None)
    counted = opened.categories
    if counted is None and names:
        yield "the list has too many categories to count: whether any entry has one that --map names is not known"
    elif counted is not None:
        has = {category for category, _count in counted}
        for name in names:
            if name not in has:
                yield f"--map names category {name!r}, which no entry has; categories: {by_category(opened)}"
    if is_never_notable([opened]) and not is_known_good:
        yield "no entry is notable: a scan with no other list can find nothing notable, whatever the files hold"


def _is_known_good(opened: OpenList) -> bool:
    """Whether every entry is known-good: such a list means no other."""
    return opened.meanings is not None and set(+Counter(opened.meanings)) == {Disposition.KNOWN_GOOD.value}


def _never_matched(opened: OpenList, built: ListVersion) -> Iterator[str]:
    """A generator of a warning for each type of hashes that no scan looks up."""
    for kind, count in built.holds["kept"].items():
        yield f"{count} hashes of type {kind} were kept; this type is not looked up"
    for kind, count in opened.not_computed.items():
        yield f"{count:,} {kind} hashes are indexed, and scans do not look them up: {NO_HASHER}"


def _profile(mapping: tuple[str, ...], kind: str | None) -> CategoryProfile:
    if kind is not None:
        if mapping:
            raise click.UsageError("--as says what every entry means: leave --map out")
        return CategoryProfile(other=Disposition(kind))
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
    return {field: column for field, column in _pairs(columns) if field != _UNUSED}


def _pairs(columns: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """A generator of the fields and columns that --column options state."""
    for value in columns:
        field, separator, column = value.partition("=")
        if not separator or not field or not column:
            raise click.UsageError(f"--column {value!r}: FIELD=NAME is expected")
        yield field, column
