"""Every exception that leaves ledger.

LedgerError
├── EntryError        bytes or values that are not a canonical entry
├── ProofError        a proof that does not lead to the root or cannot be made, or a malformed proof file
├── NoteError         a signed note, a vkey or a checkpoint that is malformed
│   ├── SignatureError      a known key's signature is not valid
│   ├── UnknownSignerError  no known key has signed
│   ├── RevokedKeyError     a key has signed after it was revoked or replaced
│   └── QuorumError         too few witnesses have cosigned
├── DecisionError     a decision that cites or supersedes an entry that it cannot
├── DisclosureError   an opening that does not open its commitment, or a malformed pointer
├── PolicyError       a trust policy that is malformed
├── WitnessError      a witness cannot answer, or its answer cannot be used; names the file
├── TimestampError    a time-stamp token, or an authority's answer, that is not valid or not available
├── KeyFileError      a key file cannot be written or read; names the file
│   └── PassphraseError     a private key needs a passphrase, or a different one
└── StoreError        the ledger's file cannot be used; names the file
    ├── NotALedgerError   there is a file, but it is not a ledger
    ├── DamagedError      a ledger, but it contradicts itself
    └── SizeChangedError  another writer appended first
"""

from __future__ import annotations


class LedgerError(Exception):
    """Base of all errors raised by ledger."""


class EntryError(LedgerError):
    """Bytes or values that are not a canonical entry."""


class ProofError(LedgerError):
    """A proof does not lead to the root, or cannot be made, or a proof file is malformed."""


class NoteError(LedgerError):
    """A signed note, a vkey or a checkpoint is malformed."""


class SignatureError(NoteError):
    """A known key's signature is not valid."""


class UnknownSignerError(NoteError):
    """No known key has signed."""


class DecisionError(LedgerError):
    """A decision cites or supersedes an entry that it cannot."""


class DisclosureError(LedgerError):
    """An opening does not open its commitment, or a pointer is malformed."""


class RevokedKeyError(NoteError):
    """A key has signed a checkpoint after it was revoked or replaced."""


class QuorumError(NoteError):
    """Fewer witnesses have cosigned than the policy requires."""


class PolicyError(LedgerError):
    """A trust policy is malformed."""


class WitnessError(LedgerError):
    """A witness cannot answer, or its answer cannot be used."""


class TimestampError(LedgerError):
    """A time-stamp token or an authority's answer is not valid, or not available."""


class KeyFileError(LedgerError):
    """A key file cannot be written or read."""


class PassphraseError(KeyFileError):
    """A private key cannot be read without a passphrase, or with this one."""


class StoreError(LedgerError):
    """The ledger's file cannot be used."""


class NotALedgerError(StoreError):
    """There is a file, but it is not a ledger."""


class DamagedError(StoreError):
    """The file is a ledger, but it contradicts itself."""


class SizeChangedError(StoreError):
    """The ledger does not have the size that the caller expected."""


class UnreadableError(LedgerError):
    """A file cannot be read, or is not of the expected kind; names the file."""
