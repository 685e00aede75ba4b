"""Options and output that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from matcher.system.text import json_line

if TYPE_CHECKING:
    from matcher.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path, file_okay=False, readable=False)
FILE = click.Path(path_type=Path, readable=False)
STANDARD_STREAM = Path("-")


def store_option(function: Command) -> Command:
    """Add the option `--store`."""
    return click.option("--store", required=True, type=FOLDER, help="Folder with the imported hash lists.")(function)


def case_option(function: Command) -> Command:
    """Add the option `--case`."""
    return click.option("--case", required=True, type=FOLDER, help="Folder of the case.")(function)


def as_scanned_option(function: Command) -> Command:
    """Add the option `--as-scanned`."""
    return click.option(
        "--as-scanned", is_flag=True, help="The state that the scan recorded, without later relookups and decisions."
    )(function)


def settings_options(function: Command) -> Command:
    """Add the options that `examination_settings` reads."""
    for option in (
        click.option(
            "--algorithms",
            metavar="A,B",
            default="",
            help="Compute these too, besides md5, sha256, pdq and phash.",
        ),
        click.option(
            "--threshold",
            "thresholds",
            metavar="ALGORITHM=N",
            multiple=True,
            help="Largest distance that is a match: bits, e.g. pdq=31; of photodna, squared.",
        ),
        click.option(
            "--minimum-quality",
            metavar="ALGORITHM=N",
            multiple=True,
            help="Lowest quality that is looked up, e.g. pdq=50.",
        ),
        click.option("--exact", is_flag=True, help="Decode every picture in full, hash it by the reference; slower."),
        click.option("--no-regions", is_flag=True, help="Look at whole pictures only, not at pictures inside of them."),
        click.option(
            "--max-false-matches",
            type=click.FloatRange(min=0, min_open=True),
            metavar="X",
            help="Choose thresholds: so many matches by chance in 10,000 items, at most.  [default: 1]",
        ),
        click.option(
            "--published-thresholds",
            is_flag=True,
            help="Fixed thresholds, each algorithm alone: to reproduce another tool. Many matches may be chance.",
        ),
        click.option(
            "--reframings",
            is_flag=True,
            help="Look each picture up turned and cropped a little, too: slower, with thresholds above the published.",
        ),
        click.option("--calibration", type=FILE, help="What was measured of unrelated pictures, of your own."),
        click.option("--exclude-known-good", is_flag=True, help="Do not decode files whose digest is known good."),
    ):
        function = option(function)
    return function


def examination_settings(
    *,
    algorithms: str,
    thresholds: tuple[str, ...],
    minimum_quality: tuple[str, ...],
    exact: bool,
    no_regions: bool,
    max_false_matches: float | None,
    published_thresholds: bool,
    reframings: bool,
    calibration: Path | None,
    exclude_known_good: bool,
) -> Settings:
    """The settings of an examination, from the options above. UsageError where one is malformed."""
    from matcher.settings import Settings

    return Settings(
        algorithms=algorithm_names(algorithms),
        thresholds=_pairs(thresholds, "--threshold"),
        minimum_quality=_pairs(minimum_quality, "--minimum-quality"),
        exact=exact,
        regions=not no_regions,
        max_false_matches=max_false_matches,
        published_thresholds=published_thresholds,
        reframings=reframings,
        calibration=calibration,
        exclude_known_good=exclude_known_good,
    )


_DIGITS = 10
"""The most digits of a number in an option: more than any distance has."""


def _pairs(values: tuple[str, ...], option: str) -> dict[str, int]:
    pairs = {}
    for value in values:
        name, separator, number = value.partition("=")
        if not separator or not number.isdecimal() or len(number) > _DIGITS:
            raise click.UsageError(f"{option} {value!r}: ALGORITHM=NUMBER is expected")
        pairs[name] = int(number)
    return pairs


def echo_json(value: Any) -> None:
    """Print a value as one JSON line on stdout."""
    click.echo(json_line(value))


def algorithm_names(value: str) -> tuple[str, ...]:
    """The names of the default algorithms and of those that `--algorithms A,B` adds, each once."""
    from matcher.hashers import DEFAULT_ALGORITHMS

    more = (name.strip() for name in value.split(","))
    return tuple(dict.fromkeys([*DEFAULT_ALGORITHMS, *filter(None, more)]))


def exit_code(*, failed: bool, notable: bool, incomplete: bool) -> int:
    """The exit code of `match` and `scan`, which is never a false all-clear.

    `incomplete`: something was not read, not opened, not looked at or not compared.
    """
    if failed:
        return 2
    if notable:
        return 1
    return 3 if incomplete else 0
