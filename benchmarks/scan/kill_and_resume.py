"""Does a scan that is killed at any moment resume to the same findings root?

    python -m benchmarks.scan.kill_and_resume --work DIR [--items 3000] [--kills 100] [--seed 1] [--folder EVIDENCE]

Scans a folder once without disturbance. Then, for each of `--kills` rounds: a new case, a scan that is killed with
SIGKILL (the whole group of processes) at a random moment of the time that the undisturbed scan took, and `--resume`.
Each round must end with the same findings root and with a case that verifies. Prints a JSON line for each round, and a
summary.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.shared.many_pictures import draw
from ledger import Ledger, parse

MATCHER = [sys.executable, "-m", "matcher"]


def command(work: Path, evidence: Path, case: Path, *more: str) -> list[str]:
    return [*MATCHER, "scan", str(evidence), "--store", str(work / "store"), "--case", str(case), "--quiet", *more]


def close_of(case: Path) -> dict[str, object]:
    """The last `scan.close` of a case."""
    with Ledger.open_readonly(case / "case.ledger") as log:
        closes = [body for _index, body in log.entries() if b'"type":"scan.close"' in body]
    return parse(closes[-1])


def kill_at(arguments: list[str], seconds: float) -> bool:
    """Start a scan and kill its process group after some seconds. Returns whether it had ended before."""
    with subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as it:
        try:
            it.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(it.pid, signal.SIGKILL)
            return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--items", type=int, default=3000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="evidence to scan instead of drawn pictures")
    options = parser.parse_args()
    work: Path = options.work
    os.environ["EVIDENCE_MATCHER_CONFIG"] = str(work / "configuration")
    evidence = options.folder
    if evidence is None:
        evidence = work / "evidence"
        draw(evidence, options.items)
    if not (work / "store").exists():
        known = work / "known"
        draw(known, 40)
        subprocess.run(
            [*MATCHER, "lists", "build", str(known), "--name", "known", "-o", str(work / "k.jsonl")], check=True
        )
        subprocess.run(
            [*MATCHER, "lists", "import", str(work / "k.jsonl"), "--name", "known", "--store", str(work / "store")],
            check=True,
        )
    shutil.rmtree(work / "whole", ignore_errors=True)
    begun = time.monotonic()
    code = subprocess.run(command(work, evidence, work / "whole"), stdout=subprocess.DEVNULL, check=False).returncode
    took = time.monotonic() - begun
    whole = close_of(work / "whole")
    print(f"undisturbed: {took:.1f} s, exit {code}, {whole['items']} items, root {whole['findings_root']}", flush=True)
    chance, outcomes = random.Random(options.seed), Counter[str]()
    for number in range(options.kills):
        case = work / "case"
        shutil.rmtree(case, ignore_errors=True)
        moment = chance.uniform(0.0, took)
        ended = kill_at(command(work, evidence, case), moment)
        journal = (case / "case.ledger-journal").exists()
        resumed = subprocess.run(command(work, evidence, case, "--resume"), capture_output=True, text=True, check=False)
        verified = subprocess.run(
            [*MATCHER, "verify", "--case", str(case)], capture_output=True, text=True, check=False
        )
        same = resumed.returncode == code and close_of(case)["findings_root"] == whole["findings_root"]
        good = same and verified.returncode == 0
        outcomes["good" if good else "BAD"] += 1
        outcomes["ended before the kill"] += ended
        outcomes["journal left"] += journal
        line: dict[str, object] = {"round": number, "killed_at": round(moment, 2), "journal": journal, "good": good}
        if not good:
            line |= {"resumed": [resumed.returncode, resumed.stderr[-500:]], "verified": verified.stdout[-500:]}
        print(json.dumps(line), flush=True)
    print(dict(outcomes))
    sys.exit(1 if outcomes["BAD"] else 0)


if __name__ == "__main__":
    main()
