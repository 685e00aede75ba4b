"""What the package shows, what it imports, and which of its files may touch what."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ledger

FOLDER = Path(ledger.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))
PURE = [
    *("errors", "strict", "tree/merkle", "tree/proof", "tree/tiles", "tree/damage", "storage/schema"),
    *("auditing/completeness", "entries/entry", "entries/shapes", "entries/disclosure", "entries/item"),
    *("entries/cosign_entry",),
    *("notes/note", "notes/checkpoint", "notes/vkey", "notes/statement", "notes/signer", "notes/cosignature"),
    *("notes/trust", "notes/proof_file", "notes/policy", "notes/witness_answer"),
    *("timestamps/time_token", "timestamps/der", "timestamps/token_form"),
]
ALLOWED_IN_PURE = {
    *("__future__", "base64", "binascii", "collections", "dataclasses", "datetime", "enum", "hashlib", "hmac"),
    *("json", "re", "typing", "cryptography", "ledger"),
}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_public_names() -> None:
    assert sorted(ledger.__all__) == [
        "Answer",
        "AuditReport",
        "Checkpoint",
        "Choices",
        "ConsistencyFile",
        "Cosigner",
        "DamagedError",
        "Decision",
        "DecisionError",
        "DisclosureError",
        "EMPTY_ROOT",
        "EntryError",
        "Exported",
        "InclusionFile",
        "KeyFileError",
        "Keyring",
        "LaterChanges",
        "LaterEntries",
        "Ledger",
        "LedgerError",
        "LogKeys",
        "MAX_ENTRY",
        "NamedList",
        "NotALedgerError",
        "Note",
        "NoteError",
        "Opening",
        "PassphraseError",
        "Policy",
        "PolicyError",
        "PolicyResult",
        "ProofError",
        "QuorumError",
        "RevokedKeyError",
        "STANDARD_OUTPUT",
        "ScanCheck",
        "ScanChecker",
        "Selection",
        "Signature",
        "SignatureError",
        "Signer",
        "SizeChangedError",
        "StoreError",
        "TimestampError",
        "TreeHasher",
        "UnknownSignerError",
        "UnreadableError",
        "VERDICTS",
        "Verifier",
        "Witness",
        "WitnessError",
        "WitnessFolder",
        "abandon_stdout",
        "add_vkey",
        "audit",
        "canonical",
        "check_opening",
        "clock",
        "consistency_proof",
        "contrary_decision",
        "decision_entries",
        "decision_entry",
        "decode_item",
        "disclose",
        "encode_item",
        "export",
        "flush_stdout",
        "format_answer",
        "format_checkpoint",
        "format_consistency",
        "format_inclusion",
        "format_note",
        "inclusion_proof",
        "is_item",
        "is_item_of",
        "is_sealed",
        "items_to_cite",
        "leaf_hash",
        "load_cosigner",
        "load_secret",
        "load_signer",
        "match_identity",
        "name_stdout",
        "node_hash",
        "open_note",
        "parse",
        "parse_answer",
        "parse_checkpoint",
        "parse_consistency",
        "parse_inclusion",
        "parse_note",
        "parse_policy",
        "place_of",
        "read_checkpoint",
        "read_passphrase",
        "read_policy",
        "read_vkeys",
        "root",
        "seal",
        "seqs_named",
        "sign_checkpoint",
        "sign_note",
        "verify_consistency",
        "verify_consistency_file",
        "verify_inclusion",
        "verify_inclusion_file",
        "write_key",
    ]
    assert all(hasattr(ledger, name) for name in ledger.__all__)


def test_errors_have_one_base() -> None:
    errors = [getattr(ledger, name) for name in ledger.__all__ if name.endswith("Error")]
    assert len(errors) == 20
    assert all(issubclass(error, ledger.LedgerError) for error in errors)


@pytest.mark.process
def test_works_with_nothing_but_its_four_dependencies() -> None:
    # sqlite-utils takes numpy along where there is one, so it is hidden rather than looked for.
    hidden = ["matcher", "numpy", "pandas", "faiss", "PIL", "numba", "psutil", "imagehash", "rfc8785", "hypothesis"]
    code = f"import sys; sys.modules.update(dict.fromkeys({hidden})); import ledger, ledger.commands, ledger.__main__"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", PURE)
def test_pure_files_reach_no_disk_clock_or_network(name: str) -> None:
    allowed = {module.partition(".")[0] for module in imported(FOLDER / f"{name}.py")} <= ALLOWED_IN_PURE
    assert allowed
    inside = {module for module in imported(FOLDER / f"{name}.py") if module.startswith("ledger.")}
    assert inside <= {f"ledger.{pure}".replace("/", ".") for pure in PURE}


def test_only_the_store_knows_sqlite_utils_and_only_commands_click() -> None:
    for file in FILES:
        modules = {module.partition(".")[0] for module in imported(file)}
        assert ("sqlite_utils" in modules) == (file.name == "store.py")
        assert "sqlite3" not in modules or file.name in {"store.py", "untouched.py", "query_store.py"}
        assert "click" not in modules or "commands" in file.parts
        assert ("rfc3161_client" in modules) == (file.name == "timestamp.py" and "commands" not in file.parts)
        assert not any(module.partition(".")[0] == "matcher" for module in modules)


def test_files_stay_small() -> None:
    assert {file.name for file in FILES if len(file.read_text("utf-8").splitlines()) > 400} == set()
