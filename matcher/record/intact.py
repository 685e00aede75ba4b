"""Is a case sound enough for a scan in it to go on?"""

from __future__ import annotations

import shlex
from pathlib import Path

from ledger import DamagedError, audit, read_vkeys
from matcher.errors import NotIntactError
from matcher.record.case import KEYS, LEDGER

_MOST_NAMED = 3
"""The most problems that are named; `matcher verify` names all."""


def check_intact(folder: Path) -> None:
    """NotIntactError where the record contradicts itself, or something of it is missing. An open scan is no problem.

    The ledger is audited with the keys in the case, and the files of hashes are compared. LedgerError where that cannot
    be done at all.
    """
    keys = read_vkeys(folder / KEYS) if (folder / KEYS).exists() else ()
    try:
        report = audit(folder / LEDGER, own_keys=keys, folder=folder)
    except DamagedError as error:
        raise not_intact(folder, str(error)) from error
    if report.other_problems and (keys or report.nature != "unsigned"):
        raise not_intact(folder, "; ".join(report.other_problems[:_MOST_NAMED]))


def not_intact(folder: Path, problem: str) -> NotIntactError:
    """The error that says what is wrong, and what to do next."""
    return NotIntactError(
        f"{folder}: NOT INTACT: {problem}. Nothing was scanned. Make a copy of the case, and run: "
        f"matcher verify --case {shlex.quote(str(folder))}"
    )
