"""A case: the folder that contains one ledger and the files that belong to it.

    case.ledger      the record (ledger/)
    case.hashes/     the hashes of every item, one file a scan (hashes_file.py)
    verifier.keys    vkeys of the keys that sign the ledger, one a line
    reports/         the default folder of reports

The signing key is stored elsewhere.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger import (
    KeyFileError,
    Ledger,
    LedgerError,
    Signer,
    add_vkey,
    is_item,
    is_sealed,
    load_signer,
    read_vkeys,
    write_key,
)
from matcher.errors import CaseError, NotIntactError
from matcher.record.entries import entry
from matcher.record.examiner_folder import VARIABLE
from matcher.record.finding_json import in_order
from matcher.record.sealing import opened_entry
from matcher.system.files import publish_new, readable_name

LEDGER = "case.ledger"
KEYS = "verifier.keys"
REPORTS = "reports"

MOST_CHARACTERS = 1000
"""The largest length of each of CaseFacts."""

OnWait = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """The facts of a case that its entries record; all optional."""

    exhibit: str | None = None
    examiner: str | None = None
    role: str | None = None
    authority: str | None = None


NO_FACTS = CaseFacts()


def open_case(
    folder: Path, facts: CaseFacts, *, key: Path, passphrase: bytes | None = None, on_wait: OnWait | None = None
) -> Ledger:
    """Open a case for recording; create it where it does not exist. CaseError or LedgerError.

    `key` is the file of the examiner's private key; where it does not exist, a new key is created, encrypted with
    `passphrase` if that is not None. The name of the key is the case's origin, as C2SP recommends.
    """
    check_facts(facts)
    path = folder / LEDGER
    try:
        if key.resolve().is_relative_to(folder.resolve()):
            raise CaseError(f"{key}: a private key has no place in the case that it signs")
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            try:
                _create(folder, facts, key, passphrase)
            except BaseException:
                if new:
                    with suppress(OSError):  # fails, as it should, where the folder is not empty
                        folder.rmdir()
                raise
        (folder / REPORTS).mkdir(exist_ok=True)
    except OSError as error:
        raise CaseError(f"{error.filename or folder}: {error.strerror}") from error
    return _existing(folder, key, passphrase, on_wait)


def check_facts(facts: CaseFacts) -> None:
    """Refuse facts that a ledger entry cannot contain. CaseError names the field."""
    for name, value in facts_by_name(facts).items():
        if value is not None and (len(value) > MOST_CHARACTERS or value != value.encode("utf-8", "replace").decode()):
            raise CaseError(f"{name}: must be valid text of at most {MOST_CHARACTERS} characters")


def facts_by_name(facts: CaseFacts) -> dict[str, str | None]:
    """The facts by the names of their fields in entries."""
    return {
        "exhibit": facts.exhibit,
        "authority": facts.authority,
        "examiner": facts.examiner,
        "role": facts.role,
    }


def _create(folder: Path, facts: CaseFacts, key: Path, passphrase: bytes | None) -> None:
    """Create the ledger with its first entries under a temporary name, and rename it when it is complete."""
    from matcher.record.builds import library_builds, platform_facts, tool_version  # noqa: PLC0415 - it imports every decoder

    own = (REPORTS, KEYS)
    if any(child.name not in own and not child.name.startswith(f".{LEDGER}") for child in folder.iterdir()):
        raise CaseError(f"{folder}: holds other files and no {LEDGER}; a case needs a folder of its own")
    unique = secrets.token_hex(4)
    signer = _signer(key, f"case/{_slug(folder.resolve().name)}/{unique}", passphrase)
    beginning = entry(
        "case.open",
        case=readable_name(folder.resolve().name),
        **facts_by_name(facts),
        tool=tool_version(),
        libraries=library_builds(),
        platform=platform_facts(),
    )
    unfinished = folder / f".{LEDGER}.{unique}"
    try:
        with Ledger.create(unfinished, origin=signer.name, signer=signer) as log:
            log.append([beginning, entry("key", action="add", vkeys=[*signer.vkeys])], checkpoint=True)
        _add_vkeys(folder, signer)
        publish_new(unfinished, folder / LEDGER)
    finally:
        unfinished.unlink(missing_ok=True)


def _existing(folder: Path, key: Path, passphrase: bytes | None, on_wait: OnWait | None) -> Ledger:
    with Ledger.open_readonly(folder / LEDGER) as log:
        origin = log.origin
    signer = _signer(key, origin, passphrase)
    log = Ledger.open(folder / LEDGER, signer=signer, on_wait=on_wait)
    try:
        known = read_vkeys(folder / KEYS) if (folder / KEYS).exists() else ()
        if not known or not set(signer.vkeys) <= set(known):
            log.append([entry("key", action="add", vkeys=[*signer.vkeys])], checkpoint=True)
            _add_vkeys(folder, signer)
    except BaseException:
        log.close()
        raise
    return log


def _add_vkeys(folder: Path, signer: Signer) -> None:
    for vkey in signer.vkeys:
        add_vkey(folder / KEYS, vkey)


def _signer(key: Path, origin: str, passphrase: bytes | None) -> Signer:
    if not key.exists():
        try:
            key.parent.mkdir(parents=True, exist_ok=True)
            write_key(key, Signer.generate(origin), passphrase=passphrase)
        except (OSError, KeyFileError) as error:
            if not key.exists():  # another scan may have created it at the same time
                reason = str(error) if isinstance(error, KeyFileError) else f"{error.filename}: {error.strerror}"
                raise CaseError(
                    f"{reason}: there is no signing key, and none can be made there "
                    f"(--key or {VARIABLE} names another place)"
                ) from error
    return load_signer(key, name=origin, passphrase=passphrase)


def is_signed_by(folder: Path, origin: str, key: Path, passphrase: bytes | None) -> bool:
    """Whether the private key in the file `key` is among those that sign the case of this origin."""
    if not key.exists() or not (folder / KEYS).exists():
        return False
    return set(load_signer(key, name=origin, passphrase=passphrase).vkeys) <= set(read_vkeys(folder / KEYS))


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")[:60] or "case"


def check_case(folder: Path) -> None:
    """CaseError where `folder` is not a case, for callers that do not create one."""
    if not (folder / LEDGER).is_file():
        raise CaseError(f"{folder}: not a case (it has no {LEDGER})")


def check_apart(location: Path, *others: Path) -> None:
    """Refuse to write inside the evidence. CaseError where one of `others` lies inside `location`."""
    evidence = os.path.realpath(location)
    for other in others:
        written = os.path.realpath(other)
        if Path(written).is_relative_to(evidence):
            raise CaseError(f"{other}: lies inside the evidence {location}, which is never written to")


def check_files_apart(files: Iterable[bytes], folder: Path) -> None:
    """Refuse to examine the case as evidence. CaseError where one of the files lies inside `folder`."""
    inside = os.path.join(os.path.realpath(os.fsencode(folder)), b"")  # noqa: PTH118 - bytes
    for file in files:
        if os.path.normpath(file).startswith(inside):
            raise CaseError(f"{readable_name(os.fsdecode(file))}: lies inside the case, which is no evidence")


class CaseReader:
    """A case's ledger, read-only: its entries as objects, and its findings with their keys in print order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        check_case(folder)
        self._log = Ledger.open_readonly(folder / LEDGER)
        self.checkpoint = self._log.latest_checkpoint()
        """The newest signed checkpoint; read before the size, so its tree size is never larger than `size`."""
        self.size = self._log.size
        self.origin = self._log.origin

    def __enter__(self) -> CaseReader:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._log.close()

    def entries(
        self, *, start: int = 0, items: Callable[[int, bytes], bool] | None = None, unopened: bool = False
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """A generator of (leaf index, entry) for every entry, from `start` on, that the ledger had when it was opened.

        With `items`, only those items for whose leaf index and bytes it is true; the others are passed over unread,
        which is many times as fast. NotIntactError where a sealed value cannot be opened; with `unopened` its
        commitment stands in its place.
        """
        disclosed = Ledger.disclosed if unopened else opened_entry
        for index, body in self._log.entries(start, self.size):
            if items is not None and is_item(body) and not items(index, body):
                continue
            try:
                yield index, disclosed(self._log, index, body) if is_sealed(body) else json.loads(body)
            except NotIntactError as error:
                raise NotIntactError(f"{self.folder}: {error}") from error
            except ValueError as error:
                raise LedgerError(f"{self.folder / LEDGER}: entry {index} is not JSON") from error

    def findings(self, *, scan: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """A generator of (scan, finding as JSON), as scanned, in the order of the ledger.

        `findings_of` (current.py) has them after relookups and decisions.
        """
        for index, entry_form in self.entries():
            if entry_form.get("type") == "item" and scan in (None, entry_form["scan"]):
                try:
                    yield entry_form["scan"], in_order(entry_form["finding"])
                except (KeyError, TypeError) as error:
                    raise CaseError(f"{self.folder / LEDGER}: entry {index} is not a finding of this tool") from error

    def root(self) -> str:
        """The root hash over the entries that the ledger had when it was opened, hex."""
        return self._log.root(self.size).hex()
