"""Checks a complete exhibit: rebuilds the tree from all entries, and compares it with every checkpoint.

Constant memory.
"""

from __future__ import annotations

from ledger.exhibit.verifier.canonical import MAX_ENTRY, parse_entry
from ledger.exhibit.verifier.checking import ENTRIES, SCANS, Checks
from ledger.exhibit.verifier.files import Exhibit, numbers
from ledger.exhibit.verifier.report import Refused
from ledger.exhibit.verifier.tree import Tree, leaf_hash

BODIES = "entries.jsonl"


def check_complete(exhibit: Exhibit, checks: Checks) -> None:
    """Checks all entries and checkpoints in one pass, and the cited entries, if any, in a second one."""
    step, manifest = checks.report[ENTRIES], checks.manifest
    sizes = numbers(manifest, "checkpoints/", ".txt")
    named = frozenset(sizes)
    tree = Tree()

    def check_size() -> None:
        """Compares the tree at its present size with the checkpoint and the expected root of that size."""
        while sizes and sizes[0] == tree.size:
            size = sizes.pop(0)
            with step.refusing(f"the checkpoint of size {size}"):
                checks.checkpoint(size, exhibit.read(f"checkpoints/{size}.txt"), tree.root())
        if checks.expects(tree.size):
            checks.root_at(tree.size, tree.root())

    for body in exhibit.lines(BODIES, MAX_ENTRY + 1):
        check_size()
        with step.refusing(f"entry {tree.size}"):
            entry = parse_entry(body)
            checks.entry(tree.size, entry)
            after = entry.get("after_checkpoint")
            if "after_checkpoint" in entry and (type(after) is not int or after not in named):
                raise Refused(f"it came after a checkpoint, of size {after!r:.20}, that is not in the exhibit")
        tree.add(leaf_hash(body))
    check_size()
    for size in sizes:
        step.problem(f"the checkpoint of size {size} is beyond the {tree.size} entries")
    if (manifest.size, manifest.entries) != (tree.size, tree.size):
        step.problem(f"there are {tree.size} entries, not as many as the manifest says")
    if manifest.root != tree.root():
        step.problem("the root of the manifest is not that of the entries")
    step.say(f"{tree.size} entries of {manifest.origin}, root {tree.root().hex()}")
    check_citations(exhibit, checks)


def check_citations(exhibit: Exhibit, checks: Checks) -> None:
    """Compares the leaf hashes of the cited entries with those that the decisions have."""
    if checks.decisions.cited:
        for index, body in enumerate(exhibit.lines(BODIES, MAX_ENTRY + 1)):
            if index in checks.decisions.cited:
                checks.decisions.check_cited(index, leaf_hash(body), checks.report[SCANS])
