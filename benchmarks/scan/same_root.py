"""Is the findings root the same for every way to scan the same evidence on this machine?

    python -m benchmarks.scan.same_root EVIDENCE --store STORE --work DIR

Scans once, and then once for each variant: one worker and three, this process alone, a copy of the tree under another
name, another seed of Python's hashes, another BLAS kernel, no vector instructions in numpy, numba and libjpeg-turbo,
and a scan that is interrupted and resumed. Prints a Markdown table; exits with 1 where a root differs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.scan.kill_and_resume import close_of

MATCHER = [sys.executable, "-m", "matcher"]

VARIANTS: dict[str, tuple[list[str], dict[str, str]]] = {
    "one worker": (["--workers", "1"], {}),
    "three workers": (["--workers", "3"], {}),
    "this process alone": (["--workers", "0"], {}),
    "PYTHONHASHSEED=1": ([], {"PYTHONHASHSEED": "1"}),
    "PYTHONHASHSEED=4711": ([], {"PYTHONHASHSEED": "4711"}),
    "OPENBLAS_CORETYPE=Prescott": ([], {"OPENBLAS_CORETYPE": "Prescott"}),
    "OPENBLAS_CORETYPE=Haswell": ([], {"OPENBLAS_CORETYPE": "Haswell"}),
    "numba for a generic processor": ([], {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}),
    "numpy without AVX2 and AVX-512": ([], {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX2 FMA3 AVX512F AVX512CD"}),
    "libjpeg-turbo without SIMD": ([], {"JSIMD_FORCENONE": "1"}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evidence", type=Path)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    os.environ["EVIDENCE_MATCHER_CONFIG"] = str(options.work / "configuration")
    cases = options.work / "cases"
    shutil.rmtree(cases, ignore_errors=True)

    def command(case: Path, evidence: Path, *more: str) -> list[str]:
        return [*MATCHER, "scan", str(evidence), "--store", str(options.store), "--case", str(case), "--quiet", *more]

    def scanned(name: str, evidence: Path, *more: str, **environment: str) -> str:
        case = cases / name.replace(" ", "-")
        done = subprocess.run(
            command(case, evidence, *more), env=os.environ | environment, capture_output=True, text=True, check=False
        )
        if done.returncode == 2:
            return f"failed: {done.stderr.strip()[-200:]}"
        return str(close_of(case)["findings_root"])

    begun = time.monotonic()
    first = scanned("first", options.evidence)
    took = time.monotonic() - begun
    print(f"{close_of(cases / 'first')['items']} items, root {first}, {took:.0f} s\n\n| variant | root |\n|---|---|")
    differing = 0

    def report(name: str, root: str) -> None:
        nonlocal differing
        differing += root != first
        print(f"| {name} | {'the same' if root == first else root} |", flush=True)

    report("again, in a new case", scanned("again", options.evidence))
    for name, (more, environment) in VARIANTS.items():
        report(name, scanned(name.split("=")[0] + str(len(name)), options.evidence, *more, **environment))
    copy = options.work / "a copy under another name"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(options.evidence, copy, symlinks=True)
    report("a copy of the tree under another name", scanned("copy", copy))
    with subprocess.Popen(command(cases / "resumed", options.evidence), stdout=subprocess.DEVNULL) as process:
        time.sleep(took / 2)
        process.send_signal(signal.SIGINT)
    report("interrupted by Ctrl-C and resumed", scanned("resumed", options.evidence, "--resume"))
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
