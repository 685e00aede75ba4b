"""The command line, and the seven steps in order."""

from __future__ import annotations

import argparse
import hashlib
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeVar

from ledger.exhibit.verifier.certificates import Certificate, parse_roots
from ledger.exhibit.verifier.checking import (
    COSIGNATURES,
    ENTRIES,
    FILES,
    OPENED,
    SCANS,
    SIGNATURES,
    TOKENS,
    Checks,
    Expected,
)
from ledger.exhibit.verifier.complete import check_complete
from ledger.exhibit.verifier.cosigning import Cosignatures
from ledger.exhibit.verifier.files import Exhibit, Manifest, check_files, numbers, open_exhibit, read_manifest
from ledger.exhibit.verifier.keyring import Keyring, signs_for
from ledger.exhibit.verifier.notes import Key, parse_note, parse_vkeys, read_supplied
from ledger.exhibit.verifier.openings import OPENINGS, Openings
from ledger.exhibit.verifier.partial import check_partial, check_remembered
from ledger.exhibit.verifier.policy import Policy
from ledger.exhibit.verifier.report import CannotCheck, Refused, Report, Step, printable
from ledger.exhibit.verifier.timestamps import MAX_TOKEN, Tokens

TITLES = (
    "Files: each has the digest of the manifest, none is missing, none is there besides",
    "Entries: each is canonical, and they make the tree of the checkpoints",
    "Checkpoints: signed by the keys of the log",
    "Cosignatures: by witnesses, and the policy",
    "Time: tokens on checkpoints",
    "Scans and decisions: complete, and citing what is there",
    "Disclosed values: each fits its commitment",
)
PATIENCE = 100_000
EXPECTED = re.compile("(0|[1-9][0-9]{0,15}):([0-9a-f]{64})")
Parsed = TypeVar("Parsed")


class Supplied(NamedTuple):
    """The keys, policy, roots and expected sizes that the command line supplies from outside the exhibit."""

    keys: list[Key]
    policy: Policy | None
    roots: list[Certificate]
    expected: list[Expected]


class Trust(NamedTuple):
    """The initial trusted keys, the exhibit's own, the witnesses', and the policy. `outside`: whether `keys` are."""

    keys: list[Key]
    own: list[Key]
    witnesses: list[Key]
    policy: Policy | None
    outside: bool


def main(arguments: list[str] | None = None) -> NoReturn:
    """Checks an exhibit and exits: 0 verified, 1 not verified, 2 could not check."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    options = parse_arguments(arguments)
    try:
        print(f"verify.py, a file with the SHA-256 {hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}")
        supplied = read_outside(options)
        exhibit = open_exhibit(Path(options.exhibit))
        code = run(exhibit, supplied)
        sys.stdout.flush()
    except (CannotCheck, OSError) as error:
        print(f"could not check: {printable(str(error))}", file=sys.stderr)
        code = 2
    except Exception as error:  # noqa: BLE001 - an exhibit that causes an error here is not verified
        print(f"could not check: {type(error).__name__}: {printable(str(error))}", file=sys.stderr)
        code = 2
    sys.exit(code)


def run(exhibit: Exhibit, supplied: Supplied) -> int:
    """Runs the seven steps and prints each; a problem in one does not stop the others. Returns the exit code."""
    report = Report(TITLES, print)
    try:
        manifest = read_manifest(exhibit)
    except Refused as error:
        print(f"NOT VERIFIED: {printable(str(error))}")
        return 1
    # 1
    with report[FILES].refusing():
        check_files(exhibit, manifest, report[FILES])
        report[FILES].say(
            f"{len(manifest.files)} files of {'a complete log' if manifest.complete else 'a part of a log'}"
        )
    report.show(FILES)
    # 2, with the checks of 3, 4, 6 and 7 that need the entries, in one pass over them
    trust = read_trust(exhibit, manifest, supplied, report[SIGNATURES])
    checks = make_checks(exhibit, manifest, supplied, trust, report)
    if manifest.entries > PATIENCE:
        print(f"reading {manifest.entries} entries", file=sys.stderr)
    with report[ENTRIES].refusing():
        (check_complete if manifest.complete else check_partial)(exhibit, checks)
    check_remembered(checks)
    checks.finish(
        "verified with the keys you gave" if trust.outside else "self-asserted: no key from outside the exhibit"
    )
    report.show(ENTRIES)
    # 3
    with report[SIGNATURES].refusing():
        check_latest(checks)
    report.show(SIGNATURES)
    # 4
    check_policy(checks, trust, supplied, report[COSIGNATURES])
    report.show(COSIGNATURES)
    # 5
    check_tokens(exhibit, checks, report[TOKENS])
    report.show(TOKENS)
    # 6, 7
    report.show(SCANS)
    report.show(OPENED)
    return verdict(report, checks, trust)


def verdict(report: Report, checks: Checks, trust: Trust) -> int:
    """Prints the last line, the verdict, and returns the exit code."""
    problems = report.problems()
    if problems:
        print(f"NOT VERIFIED: {printable(problems[0])}")
        return 1
    manifest = checks.manifest
    what = f"{manifest.size} entries" if manifest.complete else f"{manifest.entries} of {manifest.size} entries"
    if manifest.complete and checks.signed != manifest.size:
        what = f"the first {checks.signed} of {what}"
    how = "with the keys you gave" if trust.outside else "self-asserted (no key from outside the exhibit)"
    print(printable(f"VERIFIED {how}: {what} of {manifest.origin}, root {checks.root.hex()}"))
    return 0


def read_trust(exhibit: Exhibit, manifest: Manifest, supplied: Supplied, step: Step) -> Trust:
    """The keys from outside or, if there are none, those of the exhibit, which are self-asserted."""
    own: list[Key] = []
    policy = supplied.policy
    if "keys.txt" in manifest.files:
        with step.refusing("keys.txt"):
            own = parse_vkeys(exhibit.read("keys.txt"))
    if "policy.txt" in manifest.files:
        with step.refusing("policy.txt"):
            enclosed = Policy(exhibit.read("policy.txt"))
            own += [key for key in enclosed.logs if key.name == manifest.origin]
            policy = policy or enclosed
    witnesses = [key for key in supplied.keys if not signs_for(key, manifest.origin)]
    witnesses += policy.witnesses.values() if policy else []
    outside = [key for key in supplied.keys if key not in witnesses]
    # A policy may know many logs; the key of another one is no key of this one.
    outside += [key for key in supplied.policy.logs if key.name == manifest.origin] if supplied.policy else []
    if supplied.keys and not outside:
        raise CannotCheck(f"none of the keys that were given can be one of the log {manifest.origin}")
    own = [key for key in own if signs_for(key, manifest.origin)]
    return Trust(outside or own, own, witnesses, policy, bool(outside))


def make_checks(exhibit: Exhibit, manifest: Manifest, supplied: Supplied, trust: Trust, report: Report) -> Checks:
    """The checks of the pass over the entries."""
    roots, roots_are = supplied.roots, "which you gave"
    if not roots and "tsa-roots.pem" in manifest.files:
        with report[TOKENS].refusing("tsa-roots.pem"):
            roots, roots_are = (
                parse_roots(exhibit.read("tsa-roots.pem")),
                "which the exhibit brings itself: self-asserted",
            )
    keyring = Keyring([])
    with report[SIGNATURES].refusing():
        keyring = Keyring(trust.keys)
    if not trust.keys:
        report[SIGNATURES].problem("there is no key to check signatures with")
    return Checks(
        report,
        manifest,
        keyring=keyring,
        own=trust.own,
        witnesses=trust.witnesses,
        cosignatures=Cosignatures(trust.witnesses, trust.policy),
        tokens=Tokens(roots, roots_are),
        openings=Openings(exhibit, OPENINGS in manifest.files, report[OPENED]),
        expected=supplied.expected,
    )


def check_latest(checks: Checks) -> None:
    """Refuses unless a trusted key has signed the latest checkpoint; notes the unsigned entries after it."""
    sizes = numbers(checks.manifest, "checkpoints/", ".txt")
    if not sizes:
        raise Refused("there is no checkpoint")
    if checks.signed != sizes[-1]:
        raise Refused(f"the latest checkpoint, of size {sizes[-1]}, is signed by no key that is trusted")
    if checks.manifest.size > sizes[-1]:
        checks.report[SIGNATURES].note(f"the entries from {sizes[-1]} on are SIGNED BY NOBODY")


def check_policy(checks: Checks, trust: Trust, supplied: Supplied, step: Step) -> None:
    """Checks that some checkpoint meets the policy; notes the entries after the latest such checkpoint."""
    if trust.policy is None:
        return
    logs = supplied.policy.logs if supplied.policy else []
    if logs and all(key.name != checks.manifest.origin for key in logs):
        step.problem(f"the policy you gave does not know the log {checks.manifest.origin}")
    whose = "the policy you gave" if supplied.policy else "the policy in the exhibit (self-asserted)"
    witnessed = checks.cosignatures.witnessed
    if witnessed is None:
        step.problem(f"no checkpoint has the cosignatures that {whose} asks for")
        return
    step.say(f"the first {witnessed} entries are cosigned as {whose} asks for")
    if witnessed < checks.manifest.size:
        step.note(f"the entries from {witnessed} on are not")


def check_tokens(exhibit: Exhibit, checks: Checks, step: Step) -> None:
    """Checks every token of the exhibit."""
    manifest = checks.manifest
    for name in sorted(name for name in manifest.files if name.startswith("tokens/")):
        with step.refusing(name):
            checkpoint = f"checkpoints/{name[len('tokens/') :].partition('-')[0]}.txt"
            if checkpoint not in manifest.files:
                raise Refused("its checkpoint is not in the exhibit")
            note = parse_note(exhibit.read(checkpoint))
            checks.tokens.check(name, exhibit.read(name, MAX_TOKEN), note, manifest.complete, step)
    checks.tokens.finish(step)


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(
        prog="verify.py",
        description="Checks an exhibit of an evidence ledger, a folder or a ZIP archive. Writes nothing; no network.",
        epilog="Exit code 0: verified. 1: not verified. 2: could not check.",
    )
    parser.add_argument("exhibit", nargs="?", default=str(Path(__file__).parent), help="the folder or the .zip file")
    parser.add_argument("--keys", metavar="FILE", help="vkeys that you trust, one a line, from outside the exhibit")
    parser.add_argument("--policy", metavar="FILE", help="a policy (c2sp.org/tlog-policy) from outside the exhibit")
    parser.add_argument("--tsa-roots", metavar="FILE", help="roots of time-stamping authorities that you trust, PEM")
    parser.add_argument("--expect", metavar="SIZE:ROOT", action="append", default=[], help="from a notebook, in hex")
    parser.add_argument("--checkpoint", metavar="FILE", action="append", default=[], help="a checkpoint got elsewhere")
    return parser.parse_args(arguments)


def read_outside(options: argparse.Namespace) -> Supplied:
    """The inputs from the command line. Raises CannotCheck for a file or a text that cannot be read."""
    expected = []
    for text in options.expect:
        match = EXPECTED.fullmatch(text)
        if match is None:
            raise CannotCheck("--expect is SIZE:ROOT, a number and 64 hexadecimal digits")
        expected.append(Expected(int(match[1]), bytes.fromhex(match[2]), f"--expect {match[1]}"))
    for path in options.checkpoint:
        checkpoint = parse_supplied(path, parse_note)
        expected.append(Expected(checkpoint.size, checkpoint.root, f"the checkpoint in {path}"))
    keys = parse_supplied(options.keys, parse_vkeys) if options.keys else []
    if options.keys and not keys:
        raise CannotCheck(f"{options.keys}: no vkey in it")
    return Supplied(
        keys,
        parse_supplied(options.policy, Policy) if options.policy else None,
        parse_supplied(options.tsa_roots, parse_roots) if options.tsa_roots else [],
        expected,
    )


def parse_supplied(path: str, parse: Callable[[bytes], Parsed]) -> Parsed:
    """The parsed content of a file from outside. Raises CannotCheck."""
    try:
        return parse(read_supplied(path))
    except Refused as error:
        raise CannotCheck(f"{path}: {error}") from error


if __name__ == "__main__":
    main()
