"""Time-stamp tokens in exhibits: made by `openssl ts`, verified by the verifier alone; and what it refuses."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from benchmarks.shared.exhibit_cases import Case, build, remake_manifest, verify
from benchmarks.shared.time_authority import Authority, Issued, issue, later, make_key
from ledger.exhibit.verifier import timestamps
from ledger.exhibit.verifier.certificates import check_time_stamping, parse_roots, trace
from ledger.exhibit.verifier.der import read_der
from ledger.exhibit.verifier.report import Refused
from ledger.exhibit.verifier.timestamps import Token, verify_token

DATA = b"a signed checkpoint"


@pytest.fixture(scope="module", autouse=True)
def _openssl() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("NOT TESTED with time-stamp tokens: no openssl here")


@pytest.fixture(scope="module")
def root() -> Issued:
    return issue("Test Root", make_key("p384"), authority=True)


@pytest.fixture(scope="module")
def signer(root: Issued) -> Issued:
    return issue("Test Authority", make_key("p256"), by=root)


@pytest.fixture(scope="module")
def token(root: Issued, signer: Issued, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Authority(tmp_path_factory.mktemp("authority"), signer).stamp(DATA)


@pytest.fixture
def stamp(tmp_path: Path) -> Callable[..., Token]:
    """A token by a new authority, its signature verified."""

    def make(signer: Issued, chain: tuple[Issued, ...] = (), **options: Any) -> Token:
        return verify_token(Authority(tmp_path / "authority", signer, chain, **options).stamp(DATA))

    return make


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "p521"])
@pytest.mark.parametrize("binding", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_tokens_by_every_kind_of_key(
    root: Issued, stamp: Callable[..., Token], kind: str, binding: str, digest: str
) -> None:
    middle = issue("Middle", make_key("rsa"), by=root, authority=True)
    signer = issue("Signer", make_key(kind), by=middle)
    token = stamp(signer, (signer, middle), binding=binding, digest=digest)
    assert token.imprint == hashlib.sha256(DATA).digest()
    assert str(token.signer) == "Signer"
    assert str(trace(token.signer, token.others, parse_roots(root.pem), token.seconds)) == "Test Root"


@pytest.mark.parametrize("kind", ["rsa", "rsa3072", "ed25519"])
def test_roots_of_other_kinds(stamp: Callable[..., Token], kind: str) -> None:
    for pss in (False, True)[: 2 if kind != "ed25519" else 1]:
        root = issue("Root", make_key(kind), authority=True, pss=pss)
        token = stamp(issue("Signer", make_key("p256"), by=root, pss=pss))
        trace(token.signer, token.others, parse_roots(root.pem), token.seconds)


@pytest.mark.slow
def test_every_bit_of_a_token(token: bytes) -> None:
    """A flipped bit is refused, or changes nothing of what is signed: imprint, time and signer stay."""
    told = verify_token(token)
    changed = 0
    for bit in range(0, 8 * len(token), 5):
        data = bytearray(token)
        data[bit // 8] ^= 1 << bit % 8
        try:
            again = verify_token(bytes(data))
        except Refused:
            changed += 1
            continue
        assert (again.imprint, again.seconds, again.signer) == (told.imprint, told.seconds, told.signer)
    assert changed > len(token)
    for length in range(0, len(token), 7):
        with pytest.raises(Refused):
            verify_token(token[:length])


def test_a_chain_that_leads_nowhere(root: Issued, token: bytes) -> None:
    told = verify_token(token)
    namesake = issue("Test Root", make_key("p384"), authority=True)
    stranger = issue("Stranger", make_key("p256"), authority=True)
    for roots in (namesake.pem, stranger.pem):
        with pytest.raises(Refused, match="not traced to a root"):
            trace(told.signer, told.others, parse_roots(roots), told.seconds)
    trace(told.signer, told.others, parse_roots(stranger.pem + namesake.pem + root.pem), told.seconds)


def test_who_may_issue(root: Issued, stamp: Callable[..., Token]) -> None:
    short = issue("Short", make_key("p256"), by=root, authority=True, path_length=0)
    below = issue("Below", make_key("p256"), by=short, authority=True)
    no_authority = issue("None", make_key("p256"), by=root)
    for issuer, chain, reason in (
        (below, (below, short), "that many"),
        (no_authority, (no_authority,), "no certificate"),
    ):
        signer = issue("Signer", make_key("p256"), by=issuer)
        token = stamp(signer, (signer, *chain))
        with pytest.raises(Refused, match=reason):
            trace(token.signer, token.others, parse_roots(root.pem), token.seconds)


def test_a_certificate_that_had_ended(root: Issued, token: bytes) -> None:
    told = verify_token(token)
    signer = issue("Ended", make_key("p256"), by=root, until=later(30))
    ended = told._replace(signer=parse_roots(signer.pem)[0])
    with pytest.raises(Refused, match="Ended was not valid"):
        trace(ended.signer, [], parse_roots(root.pem), told.seconds)
    ended_root = issue("Test Root", root.key, authority=True, until=later(30))
    with pytest.raises(Refused, match="Test Root was not valid"):
        trace(told.signer, [], parse_roots(ended_root.pem), told.seconds)


def test_a_critical_extension_that_is_not_understood(root: Issued, stamp: Callable[..., Token]) -> None:
    names = x509.NameConstraints(permitted_subtrees=[x509.DNSName("lab.example")], excluded_subtrees=None)
    middle = issue("Middle", make_key("p256"), by=root, authority=True, more=names)
    signer = issue("Signer", make_key("p256"), by=middle)
    token = stamp(signer, (signer, middle))
    with pytest.raises(Refused, match="critical extension 2.5.29.30"):
        trace(token.signer, token.others, parse_roots(root.pem), token.seconds)


def test_a_token_asks_what_its_certificate_is_for(token: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(certificate: Any) -> None:
        raise Refused(f"{certificate} is for something else")

    monkeypatch.setattr(timestamps, "check_time_stamping", refuse)
    with pytest.raises(Refused, match="Test Authority is for something else"):
        verify_token(token)


@pytest.mark.parametrize(
    ("purposes", "critical"),
    [
        ((ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING), True),
        ((ExtendedKeyUsageOID.CODE_SIGNING,), True),
        ((ExtendedKeyUsageOID.TIME_STAMPING,), False),
        ((), True),
    ],
)
def test_a_certificate_for_something_else(root: Issued, purposes: Any, critical: bool) -> None:
    """Asked of the check alone: openssl makes no token with such a certificate."""
    other = issue("Other", make_key("p256"), by=root, purposes=purposes, critical=critical)
    with pytest.raises(Refused, match="not one for time stamping alone"):
        check_time_stamping(parse_roots(other.pem)[0])


def test_the_signer_is_bound_to_its_certificate(root: Issued, signer: Issued, token: bytes) -> None:
    """A second certificate for the same key, name and serial number in place of the first."""
    first = parse_roots(signer.pem)[0].raw
    for _ in range(20):  # until it has the same length, which keeps all lengths around it right
        second = parse_roots(issue("Test Authority", signer.key, by=root).pem)[0].raw
        if len(second) == len(first):
            break
    else:
        pytest.fail("no certificate of the same length")
    with pytest.raises(Refused, match="signer's certificate is not in it|name another certificate"):
        verify_token(token.replace(first, second))


@pytest.fixture(scope="module")
def stamped(root: Issued, signer: Issued, tmp_path_factory: pytest.TempPathFactory) -> Case:
    authority = Authority(tmp_path_factory.mktemp("tsa"), signer)
    return build(tmp_path_factory.mktemp("case"), stamp=lambda note: (authority.stamp(note.encode()), root.pem))


def test_an_exhibit_with_a_token(stamped: Case, tmp_path: Path, root: Issued) -> None:
    exhibit = stamped.export(tmp_path / "exhibit")
    (tmp_path / "roots.pem").write_bytes(root.pem)
    code, out, _ = verify(exhibit / "verify.py", exhibit)
    assert (code, "traced to Test Root, which the exhibit brings itself: self-asserted" in out) == (0, True)
    code, out, _ = verify(exhibit / "verify.py", exhibit, "--tsa-roots", tmp_path / "roots.pem")
    assert (code, "traced to Test Root, which you gave" in out) == (0, True)
    (tmp_path / "other.pem").write_bytes(issue("Other", make_key("p256"), authority=True).pem)
    code, out, _ = verify(exhibit / "verify.py", exhibit, "--tsa-roots", tmp_path / "other.pem")
    assert (code, "not traced to a root" in out) == (1, True)
    bare = stamped.export(tmp_path / "bare", tsa_roots=None)
    code, out, _ = verify(exhibit / "verify.py", bare)
    assert (code, "not traced to a trusted root: no roots were given" in out) == (0, True)


def test_tokens_and_entries_go_together(stamped: Case, tmp_path: Path, signer: Issued) -> None:
    exhibit = stamped.export(tmp_path / "exhibit")
    note = (exhibit / "checkpoints" / "10.txt").read_text("utf-8").split("— witness")[0].encode()
    token = (exhibit / "tokens" / "10-0.tst").read_bytes()
    authority = Authority(tmp_path / "authority", signer)
    for name, data, reason in (
        ("10-0.tst", None, "entry 11 tells of a token on size 10 that is not in the exhibit"),
        ("10-1.tst", authority.stamp(note), "tokens/10-1.tst: no entry tells of it"),
        ("14-0.tst", token, "tokens/14-0.tst: it stamps something else than the checkpoint of size 14"),
        ("7-0.tst", token, "tokens/7-0.tst: its checkpoint is not in the exhibit"),
    ):
        path = exhibit / "tokens" / name
        kept = path.read_bytes() if path.exists() else None
        path.write_bytes(data) if data is not None else path.unlink()
        remake_manifest(exhibit)
        code, out, _ = verify(exhibit / "verify.py", exhibit)
        assert (code, reason in out) == (1, True)
        path.unlink(missing_ok=True)
        if kept is not None:
            path.write_bytes(kept)


@pytest.mark.parametrize("data", ["", "30", "3080", "308100", "30820001", "1f0100", "020101ff"])
def test_der_that_is_none(data: str) -> None:
    with pytest.raises(Refused):
        read_der(bytes.fromhex(data))


@pytest.mark.parametrize("data", ["0202007f", "0200", "0202ffff"])
def test_integers_that_are_none(data: str) -> None:
    with pytest.raises(Refused):
        read_der(bytes.fromhex(data)).integer()


@pytest.mark.parametrize("data", ["06028001", "0600", "060181"])
def test_object_identifiers_that_are_none(data: str) -> None:
    with pytest.raises(Refused):
        read_der(bytes.fromhex(data)).oid()


@pytest.mark.parametrize("data", ["170d323630323330303030303030", "180f32303236303133303235303030305a", "0500"])
def test_times_that_are_none(data: str) -> None:
    with pytest.raises(Refused):
        read_der(bytes.fromhex(data)).seconds()
