"""A complete exhibit: the tree is rebuilt from all entries, and compared with every checkpoint. Constant memory."""

from __future__ import annotations

from ledger.exhibit.verifier.canonical import MAX_ENTRY, parse_entry
from ledger.exhibit.verifier.checking import ENTRIES, SCANS, Checks
from ledger.exhibit.verifier.files import Exhibit, numbers
from ledger.exhibit.verifier.tree import Tree, leaf_hash

BODIES = "entries.jsonl"


def check_complete(exhibit: Exhibit, checks: Checks) -> None:
    """One pass over all entries, and a second one if decisions cite some."""
    step, manifest = checks.report[ENTRIES], checks.manifest
    sizes = numbers(manifest, "checkpoints/", ".txt")
    tree = Tree()

    def reached() -> None:
        """Everything that is said of the tree at its present size."""
        while sizes and sizes[0] == tree.size:
            size = sizes.pop(0)
            with step.refusing(f"the checkpoint of size {size}"):
                checks.checkpoint(size, exhibit.read(f"checkpoints/{size}.txt"), tree.root())
        if checks.expects(tree.size):
            checks.root_at(tree.size, tree.root())

    for body in exhibit.lines(BODIES, MAX_ENTRY + 1):
        reached()
        with step.refusing(f"entry {tree.size}"):
            checks.entry(tree.size, parse_entry(body))
        tree.add(leaf_hash(body))
    reached()
    for size in sizes:
        step.problem(f"the checkpoint of size {size} is beyond the {tree.size} entries")
    if (manifest.size, manifest.entries) != (tree.size, tree.size):
        step.problem(f"there are {tree.size} entries, not as many as the manifest says")
    if manifest.root != tree.root():
        step.problem("the root of the manifest is not that of the entries")
    step.say(f"{tree.size} entries of {manifest.origin}, root {tree.root().hex()}")
    check_citations(exhibit, checks)


def check_citations(exhibit: Exhibit, checks: Checks) -> None:
    """The entries that decisions cite have the leaf hashes that they cite."""
    if checks.decisions.cited:
        for index, body in enumerate(exhibit.lines(BODIES, MAX_ENTRY + 1)):
            if index in checks.decisions.cited:
                checks.decisions.check_cited(index, leaf_hash(body), checks.report[SCANS])
