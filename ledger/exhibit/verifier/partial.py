"""Checks a part of a log: each entry is proved to be in the tree of the latest checkpoint, which extends all others."""

from __future__ import annotations

import hashlib

from ledger.exhibit.verifier.canonical import MAX_ENTRY, parse_entry
from ledger.exhibit.verifier.checking import ENTRIES, SCANS, Checks
from ledger.exhibit.verifier.files import MAX_SMALL, Exhibit, numbers
from ledger.exhibit.verifier.notes import Checkpoint, exact_size, parse_note, parse_proof_lines
from ledger.exhibit.verifier.report import Refused
from ledger.exhibit.verifier.tree import MAX_PROOF, check_consistency, check_inclusion, leaf_hash

EMPTY = hashlib.sha256(b"").digest()


def check_partial(exhibit: Exhibit, checks: Checks) -> None:
    """Checks entries and checkpoints, in the order of the log.

    1. The latest checkpoint is that of the manifest.
    2. Every entry is in its tree.
    3. The tree of every checkpoint is the beginning of the next one's.
    """
    step, manifest = checks.report[ENTRIES], checks.manifest
    # 1
    sizes = numbers(manifest, "checkpoints/", ".txt")
    if not sizes or sizes[-1] != manifest.size:
        raise Refused("there is no checkpoint of the size that the manifest says")
    note = exhibit.read(f"checkpoints/{manifest.size}.txt")
    latest = parse_note(note)
    if (latest.size, latest.root) != (manifest.size, manifest.root):
        raise Refused("the latest checkpoint is not the one of the manifest")
    # 2, 3
    before: Checkpoint | None = None
    indices = numbers(manifest, "entries/", ".json")
    check_names(manifest.files, indices, sizes)
    for index in indices:
        while sizes and sizes[0] <= index:
            before = next_checkpoint(exhibit, checks, sizes.pop(0), before)
        with step.refusing(f"entry {index}"):
            check_member(exhibit, checks, index, latest, note)
    while sizes:
        before = next_checkpoint(exhibit, checks, sizes.pop(0), before)
    if manifest.entries != len(indices):
        step.problem("there are not as many entries as the manifest says")
    step.say(f"{len(indices)} entries of the {manifest.size} of {manifest.origin}, root {manifest.root.hex()}")
    step.note("this is a part of the log: it cannot show what is not in it")


def check_names(files: dict[str, str], indices: list[int], sizes: list[int]) -> None:
    """Refuses unless each entry has a proof, and each two neighbouring checkpoints, except that of size 0, have one."""
    positive = [size for size in sizes if size]
    expected = {f"proofs/{index}.tlog-proof" for index in indices}
    expected |= {f"consistency/{a}-{b}.txt" for a, b in zip(positive, positive[1:])}
    if expected != {name for name in files if name.startswith(("proofs/", "consistency/"))}:
        raise Refused("the proofs are not those that the entries and checkpoints need")


def check_member(exhibit: Exhibit, checks: Checks, index: int, latest: Checkpoint, note: bytes) -> None:
    """Checks that entry `index` is canonical and in the tree of the latest checkpoint."""
    body = exhibit.read(f"entries/{index}.json", MAX_ENTRY)
    entry = parse_entry(body)
    proof = exhibit.read(f"proofs/{index}.tlog-proof")
    head, hashes = proof_parts(proof, note, 2)
    if head[0] != "c2sp.org/tlog-proof@v1" or exact_number(head[1], "index ") != index:
        raise Refused("its proof is not one of this entry")
    leaf = leaf_hash(body)
    check_inclusion(index, latest.size, leaf, hashes, latest.root)
    checks.entry(index, entry)
    checks.decisions.remember(index, leaf)


def next_checkpoint(exhibit: Exhibit, checks: Checks, size: int, before: Checkpoint | None) -> Checkpoint | None:
    """Checks a checkpoint, and that it extends the one before. Returns it, or None if it was refused."""
    with checks.report[ENTRIES].refusing(f"the checkpoint of size {size}"):
        note = exhibit.read(f"checkpoints/{size}.txt")
        checkpoint = checks.checkpoint(size, note, EMPTY if size == 0 else None)
        if before is not None and before.size:
            proof = exhibit.read(f"consistency/{before.size}-{size}.txt")
            head, hashes = proof_parts(proof, note, 1)
            if exact_number(head[0], "old ") != before.size:
                raise Refused("its consistency proof is not from the one before")
            check_consistency(before.size, size, before.root, checkpoint.root, hashes)
        return checkpoint
    return None


def proof_parts(proof: bytes, note: bytes, heads: int) -> tuple[list[str], list[bytes]]:
    """The first `heads` lines and the hashes of a proof file, which must end in a blank line and this checkpoint."""
    if len(proof) > MAX_SMALL or not proof.endswith(b"\n\n" + note):
        raise Refused("its proof is not one into the latest checkpoint" if heads == 2 else "its proof is for another")
    try:
        lines = proof[: -len(note) - 2].decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Refused("its proof is malformed") from error
    if not heads <= len(lines) <= heads + MAX_PROOF:
        raise Refused("its proof is malformed")
    return lines[:heads], parse_proof_lines(lines[heads:])


def exact_number(line: str, beginning: str) -> int:
    """The number after the prefix `beginning` of a line."""
    if not line.startswith(beginning):
        raise Refused("its proof is malformed")
    return exact_size(line[len(beginning) :])


def check_remembered(checks: Checks) -> None:
    """Checks the entries of this part that decisions cite."""
    for index, leaf in checks.decisions.remembered.items():
        checks.decisions.check_cited(index, leaf, checks.report[SCANS])
