"""The exhibit's README.txt. Pure."""

from __future__ import annotations

from ledger.exhibit.certificate import Extent

_TEXT = """\
EXHIBIT OF AN EVIDENCE LEDGER

{what}

To verify it (Python 3.9 or later, nothing else, no network; this folder or the .zip as it is):

    python3 verify.py EXHIBIT --keys KEYS --expect SIZE:ROOT

KEYS is a file with the public keys of the laboratory, got from the laboratory and not from this exhibit. SIZE:ROOT is
what somebody wrote down when the scan ended. Both may be left out; then nothing from outside the exhibit vouches for
it, and the answer says: self-asserted. verify.py --help describes --policy, --tsa-roots and --checkpoint.

verify.py has the SHA-256
    {verifier}
Whoever can change an exhibit can change the verifier in it too. Compare this digest with that of a copy that you got
elsewhere, or use that copy; it is one file to be read, or checked by software of others: the formats are public.

What VERIFIED shows
  - The entries are, byte for byte, those of which the signed checkpoints speak: none was changed, swapped or inserted,
    and in a complete exhibit none was left out up to the latest checkpoint.
  - The checkpoints are signed by the keys that you gave; or, self-asserted, by keys that came with the exhibit.
  - Witnesses and time-stamping authorities, where there are any, saw these checkpoints at the times that are printed.
  - In a complete exhibit: every scan is complete, from its open to its close, with the counts and the findings root of
    its close, against lists that were loaded before it; or it is named as ABANDONED, and is not complete.
  - In a part that holds all items of a scan: that scan is complete in the same way. Step 6 names it.
  - Every disclosed value is the one that was committed to.

What it does not show
  - That what was recorded is true, or that a list was right: only that it was recorded, and when at the latest.
  - That there is nothing behind the latest checkpoint. An older state of a log verifies too; only a later size and
    root, a checkpoint got elsewhere (--expect, --checkpoint) or a witness rules that out.
  - In a part: what is not in it. Entries that would revoke a key or change a decision may have been left out.
  - Times, where nobody from outside states one: the clocks of the machine are what they were.
  - That a certificate of a time-stamping authority was not revoked.

Files
  manifest.json          the SHA-256 of every other file
  certificate.txt        what was done, as a draft of a statement for a qualified person
  entries.jsonl          complete: entry i in line i, counted from 0
  entries/, proofs/      part: entries as they are stored, and the proof of each (c2sp.org/tlog-proof)
  checkpoints/           signed checkpoints (c2sp.org/tlog-checkpoint) with their cosignatures (tlog-cosignature)
  consistency/           part: proof that each checkpoint goes on from the one before (tlog-witness)
  tokens/                time-stamp tokens on checkpoints (RFC 3161); openssl ts -verify -token_in reads them
  openings.jsonl         disclosed values and their salts
  keys.txt, policy.txt, tsa-roots.pem
                         keys, policy and roots that the exhibit brings itself
"""


def readme(origin: str, extent: Extent, verifier: str) -> str:
    """The text of README.txt; `verifier` is the SHA-256 of verify.py, in hex."""
    much = "all" if extent.complete else f"{extent.entries} of the"
    what = f"Log: {origin}\nThis exhibit holds {much} {extent.size} entries of it.\nRoot: {extent.root.hex()}"
    return _TEXT.format(what=what, verifier=verifier)
