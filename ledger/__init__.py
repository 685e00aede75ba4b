"""A tamper-evident log in one file: an RFC 6962 tree over canonical entries, with signed checkpoints.

from ledger import Ledger, Signer, audit, canonical

signer = Signer.generate("lab.example/case-17")
with Ledger.create("case.ledger", origin="lab.example/case-17", signer=signer) as log:
    log.append([canonical({"v": 1, "type": "note", "text": "begun"})], checkpoint=True)
assert audit("case.ledger", keys=[signer.vkey]).intact
"""

from ledger.answer import Answer, format_answer, parse_answer
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
    WitnessError,
)
from ledger.keyring import Keyring
from ledger.keys import add_vkey, load_cosigner, load_signer, read_vkeys, write_key
from ledger.log import Ledger
from ledger.merkle import EMPTY_ROOT, TreeHasher, consistency_proof, inclusion_proof, leaf_hash, node_hash, root
from ledger.note import Note, Signature, Verifier, format_note, open_note, parse_note
from ledger.policy import Policy, PolicyResult, parse_policy
from ledger.proof import verify_consistency, verify_inclusion
from ledger.proof_file import (
    ConsistencyFile,
    InclusionFile,
    format_consistency,
    format_inclusion,
    parse_consistency,
    parse_inclusion,
    verify_consistency_file,
    verify_inclusion_file,
)
from ledger.secret import load_secret
from ledger.signer import Signer, sign_checkpoint, sign_note
from ledger.trust import LogKeys
from ledger.witness import Witness
from ledger.witness_folder import WitnessFolder

__all__ = [
    "EMPTY_ROOT",
    "MAX_ENTRY",
    "Answer",
    "AuditReport",
    "Checkpoint",
    "ConsistencyFile",
    "Cosigner",
    "DamagedError",
    "Decision",
    "DecisionError",
    "DisclosureError",
    "EntryError",
    "InclusionFile",
    "KeyFileError",
    "Keyring",
    "Ledger",
    "LedgerError",
    "LogKeys",
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
    "Signature",
    "SignatureError",
    "Signer",
    "SizeChangedError",
    "StoreError",
    "TimestampError",
    "TreeHasher",
    "UnknownSignerError",
    "Verifier",
    "Witness",
    "WitnessError",
    "WitnessFolder",
    "add_vkey",
    "audit",
    "canonical",
    "check_opening",
    "consistency_proof",
    "decision_entry",
    "disclose",
    "format_answer",
    "format_checkpoint",
    "format_consistency",
    "format_inclusion",
    "format_note",
    "inclusion_proof",
    "leaf_hash",
    "load_cosigner",
    "load_secret",
    "load_signer",
    "node_hash",
    "open_note",
    "parse",
    "parse_answer",
    "parse_checkpoint",
    "parse_consistency",
    "parse_inclusion",
    "parse_note",
    "parse_policy",
    "read_vkeys",
    "root",
    "seal",
    "sign_checkpoint",
    "sign_note",
    "verify_consistency",
    "verify_consistency_file",
    "verify_inclusion",
    "verify_inclusion_file",
    "write_key",
]
