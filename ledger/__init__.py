"""A tamper-evident log in one file: an RFC 6962 tree over canonical entries, with signed checkpoints.

from ledger import Ledger, Signer, audit, canonical

signer = Signer.generate("lab.example/case-17")
with Ledger.create("case.ledger", origin="lab.example/case-17", signer=signer) as log:
    log.append([canonical({"v": 1, "type": "note", "text": "begun"})], checkpoint=True)
assert audit("case.ledger", keys=[signer.vkey]).intact
"""

from ledger.audit import AuditReport, audit
from ledger.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
from ledger.completeness import ScanCheck, ScanChecker
from ledger.cosignature import Cosigner
from ledger.decision import Decision, decision_entry
from ledger.disclosure import Opening, check_opening, disclose, seal
from ledger.entry import MAX_ENTRY, canonical, parse
from ledger.errors import (
    DamagedError,
    DecisionError,
    DisclosureError,
    EntryError,
    KeyFileError,
    LedgerError,
    NotALedgerError,
    NoteError,
    ProofError,
    SignatureError,
    SizeChangedError,
    StoreError,
    UnknownSignerError,
)
from ledger.keys import add_vkey, load_signer, read_vkeys, write_key
from ledger.log import Ledger
from ledger.merkle import EMPTY_ROOT, TreeHasher, consistency_proof, inclusion_proof, leaf_hash, node_hash, root
from ledger.note import Note, Signature, Verifier, format_note, open_note, parse_note
from ledger.proof import verify_consistency, verify_inclusion
from ledger.signer import Signer, sign_checkpoint, sign_note

__all__ = [
    "EMPTY_ROOT",
    "MAX_ENTRY",
    "AuditReport",
    "Checkpoint",
    "Cosigner",
    "DamagedError",
    "Decision",
    "DecisionError",
    "DisclosureError",
    "EntryError",
    "KeyFileError",
    "Ledger",
    "LedgerError",
    "NotALedgerError",
    "Note",
    "NoteError",
    "Opening",
    "ProofError",
    "ScanCheck",
    "ScanChecker",
    "Signature",
    "SignatureError",
    "Signer",
    "SizeChangedError",
    "StoreError",
    "TreeHasher",
    "UnknownSignerError",
    "Verifier",
    "add_vkey",
    "audit",
    "canonical",
    "check_opening",
    "consistency_proof",
    "decision_entry",
    "disclose",
    "format_checkpoint",
    "format_note",
    "inclusion_proof",
    "leaf_hash",
    "load_signer",
    "node_hash",
    "open_note",
    "parse",
    "parse_checkpoint",
    "parse_note",
    "read_vkeys",
    "root",
    "seal",
    "sign_checkpoint",
    "sign_note",
    "verify_consistency",
    "verify_inclusion",
    "write_key",
]
