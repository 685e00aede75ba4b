"""Can any byte of an exhibit be changed undetected? One bit of every byte of every file is flipped, one at a time.

    python -m benchmarks.ledger.flip_every_byte_of_an_exhibit [--stride N]

The exhibits are a complete one and a partial one of a small case, with cosignatures and, where openssl is installed, a
time-stamp token. Each byte is changed twice: with the original manifest, where step 1 must refuse it, and with a
manifest that fits the change, as a forger would make it, where the whole verifier runs with the log's keys. Files that
nobody signs (texts, and the exhibit's own keys, policy and roots) are left out of the second. Prints the counts, and
exits with 1 if a changed byte verifies without the verifier saying that a signature was not checked.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import redirect_stdout
from functools import lru_cache
from pathlib import Path

from benchmarks.shared.exhibit_cases import Case, build, sha256
from benchmarks.shared.time_authority import Authority, issue, make_key
from ledger import canonical
from ledger.exhibit.selecting import Selection
from ledger.exhibit.verifier import main as verifier
from ledger.exhibit.verifier import notes, timestamps
from ledger.exhibit.verifier.files import Folder, check_files, read_manifest
from ledger.exhibit.verifier.notes import parse_vkey
from ledger.exhibit.verifier.report import Refused, Step

UNSIGNED = {"README.txt", "certificate.txt", "keys.txt", "policy.txt", "tsa-roots.pem", "verify.py"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stride", type=int, default=1, help="every which byte")
    stride: int = parser.parse_args().stride
    for module, name in ((notes, "mldsa44_verify"), (notes, "ed25519_verify"), (timestamps, "verify_by_key")):
        setattr(module, name, lru_cache(maxsize=None)(getattr(module, name)))  # pure: it always returns the same
    free = 0
    with tempfile.TemporaryDirectory() as folder:
        case = _case(Path(folder))
        parts = {"complete": None, "part": Selection(notable=True)}
        for name, selection in parts.items():
            exhibit = case.export(Path(folder) / name, selection=selection, disclose=frozenset({case.sealed}))
            free += _flip_all(case, exhibit, name, stride)
    return 1 if free else 0


def _case(folder: Path) -> Case:
    if shutil.which("openssl") is None:
        print("WITHOUT a time-stamp token: no openssl here")
        return build(folder)
    root = issue("Root", make_key("p256"), authority=True)
    authority = Authority(folder / "authority", issue("Authority", make_key("p256"), by=root))
    return build(folder, stamp=lambda note: (authority.stamp(note.encode()), root.pem))


def _flip_all(case: Case, exhibit: Path, title: str, stride: int) -> int:
    supplied = verifier.Supplied([parse_vkey(vkey) for vkey in case.vkeys], None, [], [])
    manifest = json.loads((exhibit / "manifest.json").read_bytes())
    counts: Counter[str] = Counter()
    started = time.monotonic()
    for path in sorted(path for path in exhibit.rglob("*") if path.is_file()):
        name = path.relative_to(exhibit).as_posix()
        original = path.read_bytes()
        for place in range(0, len(original), stride if name != "verify.py" else 1000 * stride):
            changed = bytearray(original)
            changed[place] ^= 1
            path.write_bytes(changed)
            counts["refused by the manifest" if _refused(exhibit) else f"FREE in {name}"] += 1
            if name in UNSIGNED or name == "manifest.json":
                continue
            files = {**manifest["files"], name: sha256(bytes(changed))}
            (exhibit / "manifest.json").write_bytes(canonical({**manifest, "files": files}) + b"\n")
            counts[_outcome(exhibit, supplied, f"{name}, byte {place}")] += 1
            (exhibit / "manifest.json").write_bytes(canonical(manifest) + b"\n")
        path.write_bytes(original)
    for outcome, count in sorted(counts.items()):
        print(f"{title:<9} {count:>7}  {outcome}")
    print(f"{title:<9} {time.monotonic() - started:>7.0f}  seconds")
    return sum(count for outcome, count in counts.items() if outcome.startswith("FREE"))


def _refused(exhibit: Path) -> bool:
    """Whether step 1 refuses the exhibit, whose manifest is read as the verifier reads it."""
    step = Step(1, "")
    try:
        check_files(Folder(exhibit), read_manifest(Folder(exhibit)), step)
    except Refused:
        return True
    if step.problems:
        return True
    # A manifest that names the right files may still misstate the log: the next steps compare it.
    return _outcome(exhibit, verifier.Supplied([], None, [], []), "") == "refused with a fitting manifest"


def _outcome(exhibit: Path, supplied: verifier.Supplied, where: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        code = verifier.run(Folder(exhibit), supplied)
    if code:
        return "refused with a fitting manifest"
    if "not checked: " in out.getvalue() or "signed by no key that is trusted: " in out.getvalue():
        return "harmless: a name or key id of a signature, reported as not checked"
    return f"FREE at {where}"


if __name__ == "__main__":
    sys.exit(main())
