"""The exhibit's files, in a folder or in a ZIP archive. Links are refused, and nothing is unpacked."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from ledger.exhibit.verifier.canonical import canonical, digest_of, read_json, size_of, text_of
from ledger.exhibit.verifier.report import CannotCheck, Refused, Step

MANIFEST = "manifest.json"
MAX_MANIFEST = 256 * 1024 * 1024
MAX_SMALL = 2_000_000
MAX_FILES = 4_000_000
CHUNK = 1024 * 1024
NUMBER = "(?:0|[1-9][0-9]{0,15})"
PLACES = re.compile(
    r"README\.txt|certificate\.txt|verify\.py|keys\.txt|policy\.txt|tsa-roots\.pem|openings\.jsonl|entries\.jsonl"
    rf"|entries/{NUMBER}\.json|proofs/{NUMBER}\.tlog-proof|checkpoints/{NUMBER}\.txt"
    rf"|consistency/{NUMBER}-{NUMBER}\.txt|tokens/{NUMBER}-{NUMBER}\.tst"
)
READ_ERRORS = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, KeyError)


class Exhibit(ABC):
    """Files by name, with `/` between folder and file. Refuses anything that is no regular file."""

    @abstractmethod
    def names(self) -> set[str]:
        """The names of all files."""

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """Opens a file for reading."""

    def read(self, name: str, limit: int = MAX_SMALL) -> bytes:
        """All bytes of a file. Refuses one that is longer than `limit`."""
        try:
            with self.open(name) as file:
                data = file.read(limit + 1)
        except READ_ERRORS as error:
            raise Refused(f"{name} cannot be read: {error}") from error
        if len(data) > limit:
            raise Refused(f"{name} is longer than {limit} bytes")
        return data

    def digest(self, name: str) -> str:
        """The SHA-256 of a file of any length, hex."""
        hasher = hashlib.sha256()
        try:
            with self.open(name) as file:
                for chunk in iter(lambda: file.read(CHUNK), b""):
                    hasher.update(chunk)
        except READ_ERRORS as error:
            raise Refused(f"{name} cannot be read: {error}") from error
        return hasher.hexdigest()

    def lines(self, name: str, limit: int) -> Iterator[bytes]:
        """Generates the lines of a file without their newlines. Refuses a line that is too long or has no newline."""
        try:
            with self.open(name) as file:
                for line in iter(lambda: file.readline(limit + 1), b""):
                    if not line.endswith(b"\n"):
                        raise Refused(f"{name} has a line that is too long, or does not end in a newline")
                    yield line[:-1]
        except READ_ERRORS as error:
            raise Refused(f"{name} cannot be read: {error}") from error


class Folder(Exhibit):
    """An exhibit in a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> set[str]:
        names: set[str] = set()
        self._walk(self._path, "", names)
        return names

    def _walk(self, folder: Path, prefix: str, names: set[str]) -> None:
        with os.scandir(folder) as children:
            for child in children:
                name = prefix + child.name
                if child.is_dir(follow_symlinks=False) and not child.is_symlink() and not prefix:
                    self._walk(folder / child.name, name + "/", names)
                elif child.is_file(follow_symlinks=False):
                    names.add(name)
                else:
                    raise Refused(f"{name} is no ordinary file")
                if len(names) > MAX_FILES:
                    raise Refused(f"there are more than {MAX_FILES} files")

    def open(self, name: str) -> BinaryIO:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(self._path / name, flags)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Refused(f"{name} is no ordinary file")
        return os.fdopen(descriptor, "rb")


class Archive(Exhibit):
    """An exhibit in a ZIP archive, which is read without being unpacked."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            if file.read(4) not in {b"PK\x03\x04", b"PK\x05\x06"}:
                raise zipfile.BadZipFile("something stands in front of it")
        self._archive = zipfile.ZipFile(path)

    def names(self) -> set[str]:
        names: set[str] = set()
        for member in self._archive.infolist():
            if member.filename in names:
                raise Refused(f"the archive has {member.filename} twice")
            if member.flag_bits & 1 or member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise Refused(f"{member.filename} is encrypted, or compressed in an unusual way")
            names.add(member.filename)
            if len(names) > MAX_FILES:
                raise Refused(f"there are more than {MAX_FILES} files")
        return names

    def open(self, name: str) -> BinaryIO:
        # Without the buffer lines would be read byte by byte.
        return cast("BinaryIO", io.BufferedReader(cast("Any", self._archive.open(name)), CHUNK))


def open_exhibit(path: Path) -> Exhibit:
    """Opens the exhibit at `path`. Raises CannotCheck if it is neither a folder nor a readable archive."""
    try:
        if path.is_dir():
            return Folder(path)
        return Archive(path)
    except READ_ERRORS as error:
        raise CannotCheck(f"{path}: neither a folder nor a ZIP archive that can be read ({error})") from error


class Manifest(NamedTuple):
    """The content of manifest.json; `files` are SHA-256 digests in hex, by name."""

    origin: str
    size: int
    root: bytes
    complete: bool
    entries: int
    files: dict[str, str]


def read_manifest(exhibit: Exhibit) -> Manifest:
    """Reads the manifest. Refuses one that is not canonical, or has a name that no file of an exhibit has."""
    data = exhibit.read(MANIFEST, MAX_MANIFEST)
    value = read_json(data)
    if canonical(value) + b"\n" != data:
        raise Refused(f"{MANIFEST} is not in canonical form")
    keys = ["complete", "entries", "files", "format", "origin", "root", "size"]
    if type(value) is not dict or sorted(value) != keys or type(value["format"]) is not int or value["format"] != 1:
        raise Refused(f"{MANIFEST} is not of format 1")
    manifest = Manifest(
        text_of(value, "origin"),
        size_of(value, "size"),
        digest_of(value, "root"),
        value["complete"],
        size_of(value, "entries"),
        value["files"],
    )
    if type(manifest.complete) is not bool or type(manifest.files) is not dict:
        raise Refused(f"{MANIFEST} is not of format 1")
    for name in manifest.files:
        if not PLACES.fullmatch(name):
            raise Refused(f"{MANIFEST} names {name!r:.80}, which has no place in an exhibit")
        digest_of(manifest.files, name)
    if ("entries.jsonl" in manifest.files) != manifest.complete:
        raise Refused(f"{MANIFEST} calls the exhibit {'complete' if manifest.complete else 'a part'}, and it is not")
    if manifest.complete and any(name.startswith(("entries/", "proofs/", "consistency/")) for name in manifest.files):
        raise Refused(f"{MANIFEST}: a complete exhibit has no single entries and no proofs")
    return manifest


def numbers(manifest: Manifest, folder: str, ending: str) -> list[int]:
    """The numbers in the file names of a folder, sorted."""
    names = (name for name in manifest.files if name.startswith(folder))
    return sorted(int(name[len(folder) : -len(ending)]) for name in names)


def check_files(exhibit: Exhibit, manifest: Manifest, step: Step) -> None:
    """Checks that every file has the digest of the manifest, that none is missing, and that there are no others."""
    names = exhibit.names()
    for name in sorted(set(manifest.files) - names):
        step.problem(f"{name} is missing")
    for name in sorted(names - set(manifest.files) - {MANIFEST}):
        step.problem(f"{name} does not belong to the exhibit")
    for name in sorted(names & set(manifest.files)):
        with step.refusing():
            if exhibit.digest(name) != manifest.files[name]:
                raise Refused(f"{name} is not the file of the manifest")
