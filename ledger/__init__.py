"""A tamper-evident log in one file: an RFC 6962 tree over canonical entries, with signed checkpoints.

Example:

    from ledger import Ledger, Signer, canonical
    from ledger import audit

    signer = Signer.generate("lab.example/case-17")
    with Ledger.create("case.ledger", origin="lab.example/case-17", signer=signer) as log:
        log.append([canonical({"v": 1, "type": "note", "text": "begun"})], checkpoint=True)
    assert audit("case.ledger", keys=[signer.vkey]).intact
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger import clock as clock
    from ledger.auditing.completeness import ScanCheck, ScanChecker
    from ledger.auditing.ledger_file import AuditReport, audit
    from ledger.commands.output import STANDARD_OUTPUT, abandon_stdout, flush_stdout, name_stdout
    from ledger.decision import VERDICTS, Decision, contrary_decision, decision_entries, decision_entry, items_to_cite
    from ledger.entries.disclosure import Opening, check_opening, disclose, is_sealed, seal
    from ledger.entries.entry import MAX_ENTRY, canonical, parse
    from ledger.entries.item import decode_item, encode_item, is_item, is_item_of, place_of
    from ledger.entries.later import LaterChanges, LaterEntries, NamedList, match_identity, seqs_named
    from ledger.entries.secret import load_secret
    from ledger.errors import (
        DamagedError,
        DecisionError,
        DisclosureError,
        EntryError,
        KeyFileError,
        LedgerError,
        NotALedgerError,
        NoteError,
        PassphraseError,
        PolicyError,
        ProofError,
        QuorumError,
        RevokedKeyError,
        SignatureError,
        SizeChangedError,
        StoreError,
        TimestampError,
        UnknownSignerError,
        UnreadableError,
        WitnessError,
    )
    from ledger.exhibit.exporting import Choices, Exported, export
    from ledger.exhibit.selecting import Selection
    from ledger.log import Ledger
    from ledger.notes.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
    from ledger.notes.cosignature import Cosigner
    from ledger.notes.input_files import read_checkpoint, read_policy
    from ledger.notes.key_files import add_vkey, load_cosigner, load_signer, read_passphrase, read_vkeys, write_key
    from ledger.notes.keyring import Keyring
    from ledger.notes.note import Note, Signature, Verifier, format_note, open_note, parse_note
    from ledger.notes.policy import Policy, PolicyResult, parse_policy
    from ledger.notes.proof_file import (
        ConsistencyFile,
        InclusionFile,
        format_consistency,
        format_inclusion,
        parse_consistency,
        parse_inclusion,
        verify_consistency_file,
        verify_inclusion_file,
    )
    from ledger.notes.signer import Signer, sign_checkpoint, sign_note
    from ledger.notes.trust import LogKeys
    from ledger.notes.witness_answer import Answer, format_answer, parse_answer
    from ledger.tree.merkle import (
        EMPTY_ROOT,
        TreeHasher,
        consistency_proof,
        inclusion_proof,
        leaf_hash,
        node_hash,
        root,
    )
    from ledger.tree.proof import verify_consistency, verify_inclusion
    from ledger.witness.cosigning import Witness
    from ledger.witness.witness_folder import WitnessFolder

__all__ = [
    "EMPTY_ROOT",
    "MAX_ENTRY",
    "STANDARD_OUTPUT",
    "VERDICTS",
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

_HOMES = {
    "ledger.auditing.completeness": ("ScanCheck", "ScanChecker"),
    "ledger.auditing.ledger_file": ("AuditReport", "audit"),
    "ledger.commands.output": ("STANDARD_OUTPUT", "abandon_stdout", "flush_stdout", "name_stdout"),
    "ledger.decision": (
        "VERDICTS",
        "Decision",
        "contrary_decision",
        "decision_entries",
        "decision_entry",
        "items_to_cite",
    ),
    "ledger.entries.disclosure": ("Opening", "check_opening", "disclose", "is_sealed", "seal"),
    "ledger.entries.entry": ("MAX_ENTRY", "canonical", "parse"),
    "ledger.entries.item": ("decode_item", "encode_item", "is_item", "is_item_of", "place_of"),
    "ledger.entries.later": ("LaterChanges", "LaterEntries", "NamedList", "match_identity", "seqs_named"),
    "ledger.entries.secret": ("load_secret",),
    "ledger.errors": (
        "DamagedError",
        "DecisionError",
        "DisclosureError",
        "EntryError",
        "KeyFileError",
        "LedgerError",
        "NotALedgerError",
        "NoteError",
        "PassphraseError",
        "PolicyError",
        "ProofError",
        "QuorumError",
        "RevokedKeyError",
        "SignatureError",
        "SizeChangedError",
        "StoreError",
        "TimestampError",
        "UnknownSignerError",
        "UnreadableError",
        "WitnessError",
    ),
    "ledger.exhibit.exporting": ("Choices", "Exported", "export"),
    "ledger.exhibit.selecting": ("Selection",),
    "ledger.log": ("Ledger",),
    "ledger.notes.checkpoint": ("Checkpoint", "format_checkpoint", "parse_checkpoint"),
    "ledger.notes.cosignature": ("Cosigner",),
    "ledger.notes.input_files": ("read_checkpoint", "read_policy"),
    "ledger.notes.key_files": (
        "add_vkey",
        "load_cosigner",
        "load_signer",
        "read_passphrase",
        "read_vkeys",
        "write_key",
    ),
    "ledger.notes.keyring": ("Keyring",),
    "ledger.notes.note": ("Note", "Signature", "Verifier", "format_note", "open_note", "parse_note"),
    "ledger.notes.policy": ("Policy", "PolicyResult", "parse_policy"),
    "ledger.notes.proof_file": (
        "ConsistencyFile",
        "InclusionFile",
        "format_consistency",
        "format_inclusion",
        "parse_consistency",
        "parse_inclusion",
        "verify_consistency_file",
        "verify_inclusion_file",
    ),
    "ledger.notes.signer": ("Signer", "sign_checkpoint", "sign_note"),
    "ledger.notes.trust": ("LogKeys",),
    "ledger.notes.witness_answer": ("Answer", "format_answer", "parse_answer"),
    "ledger.tree.merkle": (
        "EMPTY_ROOT",
        "TreeHasher",
        "consistency_proof",
        "inclusion_proof",
        "leaf_hash",
        "node_hash",
        "root",
    ),
    "ledger.tree.proof": ("verify_consistency", "verify_inclusion"),
    "ledger.witness.cosigning": ("Witness",),
    "ledger.witness.witness_folder": ("WitnessFolder",),
}
"""Where the public names live, but for the submodule `clock`. Each is imported when it is first asked for (PEP 562)."""

if not TYPE_CHECKING:  # a type checker reads the imports above, and tells of names that do not exist

    def __getattr__(name: str) -> Any:
        if name == "clock":
            return import_module("ledger.clock")
        for home, names in _HOMES.items():
            if name in names:
                value = globals()[name] = getattr(import_module(home), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
