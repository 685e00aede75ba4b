"""The command line, and the seven steps in their order."""

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
from ledger.exhibit.verifier.notes import Key, parse_note, parse_vkeys, read_given
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


class Given(NamedTuple):
    """What the verifying person gave from outside the exhibit."""

    keys: list[Key]
    policy: Policy | None
    roots: list[Certificate]
    expected: list[Expected]


class Trust(NamedTuple):
    """The keys to begin with, whose they are, and the policy."""

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
        given = read_outside(options)
        exhibit = open_exhibit(Path(options.exhibit))
        code = run(exhibit, given)
        sys.stdout.flush()
    except (CannotCheck, OSError) as error:
        print(f"could not check: {printable(str(error))}", file=sys.stderr)
        code = 2
    except Exception as error:  # noqa: BLE001 - whatever an exhibit makes of this, it is not verified
        print(f"could not check: {type(error).__name__}: {printable(str(error))}", file=sys.stderr)
        code = 2
    sys.exit(code)


def run(exhibit: Exhibit, given: Given) -> int:
    """The seven steps, printed as they go; what is wrong in one does not keep the others from being looked at."""
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
    # 2, with what 3, 4, 6 and 7 need of the entries, in one pass over them
    trust = read_trust(exhibit, manifest, given, report[SIGNATURES])
    checks = make_checks(exhibit, manifest, given, trust, report)
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
    check_policy(checks, trust, given, report[COSIGNATURES])
    report.show(COSIGNATURES)
    # 5
    check_tokens(exhibit, checks, report[TOKENS])
    report.show(TOKENS)
    # 6, 7
    report.show(SCANS)
    report.show(OPENED)
    return verdict(report, checks, trust)


def verdict(report: Report, checks: Checks, trust: Trust) -> int:
    """The last line."""
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


def read_trust(exhibit: Exhibit, manifest: Manifest, given: Given, step: Step) -> Trust:
    """The keys from outside, or else, self-asserted, those of the exhibit."""
    own: list[Key] = []
    policy = given.policy
    if "keys.txt" in manifest.files:
        with step.refusing("keys.txt"):
            own = parse_vkeys(exhibit.read("keys.txt"))
    if "policy.txt" in manifest.files:
        with step.refusing("policy.txt"):
            enclosed = Policy(exhibit.read("policy.txt"))
            own += [key for key in enclosed.logs if key.name == manifest.origin]
            policy = policy or enclosed
    witnesses = [key for key in given.keys if not signs_for(key, manifest.origin)]
    witnesses += policy.witnesses.values() if policy else []
    outside = [key for key in given.keys if key not in witnesses]
    # A policy may know many logs; the key of another one is no key of this one.
    outside += [key for key in given.policy.logs if key.name == manifest.origin] if given.policy else []
    if given.keys and not outside:
        raise CannotCheck(f"none of the keys that were given can be one of the log {manifest.origin}")
    own = [key for key in own if signs_for(key, manifest.origin)]
    return Trust(outside or own, own, witnesses, policy, bool(outside))


def make_checks(exhibit: Exhibit, manifest: Manifest, given: Given, trust: Trust, report: Report) -> Checks:
    """The checks that the pass feeds."""
    roots, roots_are = given.roots, "which you gave"
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
        expected=given.expected,
    )


def check_latest(checks: Checks) -> None:
    """The latest checkpoint is signed by a trusted key; entries behind it are told of: nobody vouches for them."""
    sizes = numbers(checks.manifest, "checkpoints/", ".txt")
    if not sizes:
        raise Refused("there is no checkpoint")
    if checks.signed != sizes[-1]:
        raise Refused(f"the latest checkpoint, of size {sizes[-1]}, is signed by no key that is trusted")
    if checks.manifest.size > sizes[-1]:
        checks.report[SIGNATURES].note(f"the entries from {sizes[-1]} on are SIGNED BY NOBODY")


def check_policy(checks: Checks, trust: Trust, given: Given, step: Step) -> None:
    """Enough witnesses have cosigned some checkpoint; what is behind the latest such one is told."""
    if trust.policy is None:
        return
    if given.policy and given.policy.logs and all(key.name != checks.manifest.origin for key in given.policy.logs):
        step.problem(f"the policy you gave does not know the log {checks.manifest.origin}")
    whose = "the policy you gave" if given.policy else "the policy in the exhibit (self-asserted)"
    witnessed = checks.cosignatures.witnessed
    if witnessed is None:
        step.problem(f"no checkpoint has the cosignatures that {whose} asks for")
        return
    step.say(f"the first {witnessed} entries are cosigned as {whose} asks for")
    if witnessed < checks.manifest.size:
        step.note(f"the entries from {witnessed} on are not")


def check_tokens(exhibit: Exhibit, checks: Checks, step: Step) -> None:
    """Every token."""
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
    """The command line."""
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


def read_outside(options: argparse.Namespace) -> Given:
    """What was given on the command line. Raises CannotCheck for what cannot be read."""
    expected = []
    for text in options.expect:
        match = EXPECTED.fullmatch(text)
        if match is None:
            raise CannotCheck("--expect is SIZE:ROOT, a number and 64 hexadecimal digits")
        expected.append(Expected(int(match[1]), bytes.fromhex(match[2]), f"--expect {match[1]}"))
    for path in options.checkpoint:
        checkpoint = parse_given(path, parse_note)
        expected.append(Expected(checkpoint.size, checkpoint.root, f"the checkpoint in {path}"))
    keys = parse_given(options.keys, parse_vkeys) if options.keys else []
    if options.keys and not keys:
        raise CannotCheck(f"{options.keys}: no vkey in it")
    return Given(
        keys,
        parse_given(options.policy, Policy) if options.policy else None,
        parse_given(options.tsa_roots, parse_roots) if options.tsa_roots else [],
        expected,
    )


def parse_given(path: str, parse: Callable[[bytes], Parsed]) -> Parsed:
    """What a file from outside says."""
    try:
        return parse(read_given(path))
    except Refused as error:
        raise CannotCheck(f"{path}: {error}") from error


if __name__ == "__main__":
    main()
