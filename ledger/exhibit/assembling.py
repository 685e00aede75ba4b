"""Joins the parts of the verifier to one file, verify.py. The same parts give the same bytes.

Imports are moved to the top and merged, imports between parts are omitted, the docstring of a part becomes the heading
of its section, and a name that is defined twice is refused.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from importlib.resources import files

from ledger.errors import LedgerError

PARTS = (
    *("report", "canonical", "files", "tree", "ed25519", "mldsa", "notes", "policy", "keyring", "cosigning"),
    *("der", "public_keys", "certificates", "timestamps", "scans", "decisions", "openings"),
    *("checking", "complete", "partial", "main"),
)
"""The parts, each after those that it uses."""

PACKAGE = "ledger.exhibit.verifier"
_RULE = "# " + "-" * 100

_HEAD = '''\
#!/usr/bin/env python3
"""Checks an exhibit of an evidence ledger. One file, the standard library only, Python 3.9 and later, no network.

    python3 verify.py EXHIBIT [--keys FILE] [--policy FILE] [--tsa-roots FILE] [--expect SIZE:ROOT] [--checkpoint FILE]

EXHIBIT is a folder or a .zip file; without it, the folder in which this file lies. The steps, as they are printed:

1. Files: every file has the digest of manifest.json, none is missing, and there are no others.
2. Entries: every entry is canonical JSON and is hashed again. Complete exhibit: the Merkle tree (RFC 6962) is rebuilt
   and compared with every checkpoint. Part: every entry is proved to be in the tree of the latest checkpoint, and
   every checkpoint to be the beginning of the next.
3. Checkpoints: signed (Ed25519, ML-DSA-44) by keys of the log, as `key` entries add and revoke them.
4. Cosignatures by witnesses, the policy, and an entry for each cosignature.
5. Time-stamp tokens (RFC 3161) on checkpoints, and an entry for each.
6. Scans: no item is missing, counts and findings root are those of the close. Decisions: the cited entries are those
   of the log.
7. Disclosed values: each fits the commitment in its entry.

Without --keys nothing from outside the exhibit vouches for it, and the answer says so: self-asserted. A file passed by
an option must come from somewhere else than the exhibit, or it proves nothing. The same is true of this file: anybody
who can change an exhibit can change the verifier in it; compare its SHA-256 with that of a copy from elsewhere.

Exit code 0: verified. 1: not verified, the last line says why. 2: could not check.
"""

from __future__ import annotations
'''


class AssemblingError(LedgerError):
    """The parts cannot be joined."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One part: its docstring, its text without docstring and imports, its imports, and its top-level names."""

    heading: str
    text: str
    imports: tuple[ast.Import | ast.ImportFrom, ...]
    names: tuple[str, ...]


def assemble() -> bytes:
    """The bytes of verify.py. Raises AssemblingError."""
    folder = files(PACKAGE)
    return join({name: folder.joinpath(f"{name}.py").read_text("utf-8") for name in PARTS}).encode("utf-8")


def join(sources: dict[str, str]) -> str:
    """The text of one file made of the parts, source by name, in the order of `sources`. Raises AssemblingError."""
    plain: set[str] = set()
    named: dict[str, set[str]] = {}
    owners: dict[str, str] = {}
    sections = []
    for name, source in sources.items():
        part = _parse(name, source)
        for statement in part.imports:
            _hoist(statement, set(sources), plain, named)
        for defined in part.names:
            if defined in owners:
                raise AssemblingError(f"{name}.py: {defined} is defined in {owners[defined]}.py too")
            owners[defined] = name
        sections.append(f"{_RULE}\n{part.heading}\n{_RULE}\n\n{part.text}")
    imported = {alias.partition(".")[0] for alias in plain}.union(*named.values())
    for both in sorted(imported & set(owners)):
        raise AssemblingError(f"{owners[both]}.py: {both} is imported by a part")
    lines = [f"import {module}" for module in sorted(plain)]
    lines += [f"from {module} import {', '.join(sorted(named[module]))}" for module in sorted(named)]
    return "\n".join([_HEAD, *lines, "\n", "\n\n\n".join(sections)]) + "\n"


def _parse(name: str, source: str) -> _Part:
    tree = ast.parse(source, feature_version=(3, 9))
    heading = ast.get_docstring(tree)
    if heading is None:
        raise AssemblingError(f"{name}.py: has no docstring")
    lines = source.split("\n")
    imports = []
    names: list[str] = []
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imports.append(statement)
            _blank(lines, statement)
        else:
            names += _defined(statement)
    _blank(lines, tree.body[0])
    comment = "\n".join(f"# {line}".rstrip() for line in f"{name}: {heading}".split("\n"))
    return _Part(comment, "\n".join(lines).strip("\n"), tuple(imports), tuple(names))


def _blank(lines: list[str], statement: ast.stmt) -> None:
    assert statement.end_lineno is not None
    for number in range(statement.lineno - 1, statement.end_lineno):
        lines[number] = ""


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    return []


def _hoist(
    statement: ast.Import | ast.ImportFrom, parts: set[str], plain: set[str], named: dict[str, set[str]]
) -> None:
    if any(alias.asname for alias in statement.names):
        raise AssemblingError(f"line {statement.lineno}: an import under another name")
    names = {alias.name for alias in statement.names}
    if isinstance(statement, ast.Import):
        plain |= names
        return
    module = statement.module or ""
    if module.startswith(f"{PACKAGE}.") and module.rpartition(".")[2] in parts:
        return
    if statement.level or module.partition(".")[0] == "ledger":
        raise AssemblingError(f"line {statement.lineno}: an import of what is no part")
    if module != "__future__":
        named.setdefault(module, set()).update(names)
