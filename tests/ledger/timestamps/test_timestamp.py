"""Time stamps: requests, answers and tokens, made by `openssl ts` and by hand, and everything that must be refused."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from benchmarks.shared.time_authority import Authority, Issued, issue, later, make_key
from ledger import Ledger, LedgerError, TimestampError, audit, canonical, parse
from ledger.exhibit.verifier import timestamps
from ledger.exhibit.verifier.certificates import parse_roots, trace
from ledger.timestamps.der import read_value, write_value
from ledger.timestamps.time_token import MAX_AUTHORITY, MAX_INLINE, Token, token_entry
from ledger.timestamps.timestamp import (
    MAX_RESPONSE,
    imprint_of,
    make_request,
    read_roots,
    verify_response,
    verify_token,
)
from ledger.timestamps.token_form import check_binding, read_token
from tests.shared.tokens import GRANTED, SHA3_256, SHA512_256, der, response, tst_info

pytestmark = pytest.mark.process

NOTE = "a signed checkpoint\n"
DATA = NOTE.encode()
SIGNED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def _openssl() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("NOT TESTED with time-stamp tokens: no openssl here")


@pytest.fixture(scope="module")
def root() -> Issued:
    return issue("Test Root", make_key("p384"), authority=True)


@pytest.fixture(scope="module")
def authority(root: Issued, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), issue("Test Authority", make_key("p256"), by=root))


@pytest.fixture
def forge(tmp_path: Path, root: Issued) -> Callable[..., bytes]:
    """A token of any content by an authority with any certificate."""

    def make(content: bytes, *options: str, **certificate: Any) -> bytes:
        signer = issue("Test Authority", make_key("p256"), by=root, **certificate)
        return Authority(tmp_path / "forging", signer).sign(content, *(options or ("-cades",)))

    return make


def verify_alone(token: bytes, root: Issued, data: bytes = DATA) -> None:
    """By rfc3161-client without us."""
    verifier = VerifierBuilder(roots=[root.certificate]).build()
    verifier.verify(decode_timestamp_response(response(token)), hashlib.sha256(data).digest())


def test_an_answer(authority: Authority, root: Issued) -> None:
    request = make_request(NOTE)
    answer = authority.answer(request)
    assert imprint_of(answer) == hashlib.sha256(DATA).digest()
    token = verify_response(answer, note=NOTE, roots=[root.certificate], request=request)
    assert token == verify_token(token.der, note=NOTE, roots=[root.certificate])
    assert (token.authority, token.policy) == ("CN=Test Authority", "1.2.3.4.1")
    assert token.time.tzinfo is UTC
    assert abs((token.time - datetime.now(UTC)).total_seconds()) < 3600
    assert answer.endswith(token.der)


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "p521"])
@pytest.mark.parametrize(("digest", "binding"), [("sha256", "sha1"), ("sha384", "sha256"), ("sha512", "sha512")])
def test_what_we_accept_the_exhibits_verifier_accepts(
    root: Issued, tmp_path: Path, kind: str, digest: str, binding: str
) -> None:
    """It shares no code with us, and must not refuse before the other side what was recorded as stamped."""
    middle = issue("Middle", make_key("rsa"), by=root, authority=True)
    signer = issue("Signer", make_key(kind), by=middle)
    token = Authority(tmp_path / "tsa", signer, (signer, middle), digest=digest, binding=binding).stamp(DATA)
    ours = verify_token(token, note=NOTE, roots=[root.certificate])
    theirs = timestamps.verify_token(token)
    assert (ours.imprint, int(ours.time.timestamp())) == (theirs.imprint, theirs.seconds)
    assert ours.authority == f"CN={theirs.signer}"
    trace(theirs.signer, theirs.others, parse_roots(root.pem), theirs.seconds)


def test_requests() -> None:
    """TimeStampReq of version 1, with the digest, another nonce each time, and the certificate wanted."""
    imprint = der(0x30, der(0x30, bytes.fromhex("06096086480165030402010500")), der(4, hashlib.sha256(DATA).digest()))
    bare = make_request(NOTE, nonce=False)
    assert bare == der(0x30, b"\x02\x01\x01", imprint, b"\x01\x01\xff")
    assert len({make_request(NOTE) for _ in range(10)}) == 10
    assert len(make_request(NOTE)) >= len(bare) + 10
    with pytest.raises(TimestampError, match="not UTF-8"):
        make_request("\udcff")


def test_the_nonce_is_that_of_the_request(authority: Authority, root: Issued) -> None:
    roots = [root.certificate]
    request = make_request(NOTE)
    answer = authority.answer(request)
    with pytest.raises(TimestampError, match="Nonce mismatch"):
        verify_response(answer, note=NOTE, roots=roots, request=make_request(NOTE))
    without = authority.answer(make_request(NOTE, nonce=False))
    with pytest.raises(TimestampError, match="Nonce mismatch"):
        verify_response(without, note=NOTE, roots=roots, request=request)
    with pytest.raises(TimestampError, match="request is not the one .* for something else"):
        verify_response(answer, note=NOTE, roots=roots, request=make_request("another"))
    for request in (b"", b"\x30\x00", der(0x30, b"\x02\x01\x01", der(0x30)), bytes(MAX_RESPONSE + 1)):
        with pytest.raises(TimestampError, match="request is"):
            verify_response(answer, note=NOTE, roots=roots, request=request)


def test_a_refusal_says_why(authority: Authority) -> None:
    status = der(
        0x30, b"\x02\x01\x02", der(0x30, der(0x0C, b"bad \x1b[31mpolicy"), der(0x0C, b"no")), b"\x03\x02\x07\x80"
    )
    with pytest.raises(TimestampError, match=r"gave no token: rejected: bad \?\[31mpolicy; no$"):
        verify_response(der(0x30, status), note=NOTE, roots=[])
    with pytest.raises(TimestampError, match="gave no token: waiting$"):
        imprint_of(der(0x30, der(0x30, b"\x02\x01\x03")))
    with pytest.raises(TimestampError, match="gave no token: another status$"):  # also if there is one
        imprint_of(response(authority.stamp(DATA), der(0x30, b"\x02\x01\x09")))
    long = der(0x30, b"\x02\x01\x02", der(0x30, der(0x0C, b"x" * 9999)))
    with pytest.raises(TimestampError) as error:
        imprint_of(der(0x30, long))
    assert len(str(error.value)) < 600


def test_answers_that_are_none(authority: Authority, root: Issued) -> None:
    token = authority.stamp(DATA)
    for answer in (
        *(b"", b"\x30", b"<html>", b"\x30\x00", b"\x05\x00", der(0x30, b"\x05\x00"), der(0x30, der(0x30))),
        *(token, response(token) + b"\x00", response(token)[:-1]),
        *(der(0x30, GRANTED), der(0x30, GRANTED, token, token), bytes(MAX_RESPONSE + 1)),
    ):
        with pytest.raises(TimestampError, match="answer"):
            verify_response(answer, note=NOTE, roots=[root.certificate])
    for answer in (response(b"\x05\x00"), response(b"\x30\x00"), response(GRANTED)):
        with pytest.raises(TimestampError):
            imprint_of(answer)
        with pytest.raises(TimestampError):
            verify_response(answer, note=NOTE, roots=[root.certificate])
    with pytest.raises(TimestampError, match="answer is longer than"):
        imprint_of(bytes(MAX_RESPONSE + 1))
    with pytest.raises(TimestampError, match="token is longer than"):
        verify_token(bytes(MAX_RESPONSE + 1), note=NOTE, roots=[root.certificate])
    modified = response(token, bytes.fromhex("3003020101"))
    assert verify_response(modified, note=NOTE, roots=[root.certificate]).der == token


def test_another_imprint_or_root(authority: Authority, root: Issued) -> None:
    token = authority.stamp(DATA)
    with pytest.raises(TimestampError, match="on something else"):
        verify_token(token, note="a signed checkpoint", roots=[root.certificate])
    namesake = issue("Test Root", make_key("p384"), authority=True).certificate
    stranger = issue("Stranger", make_key("p384"), authority=True).certificate
    for roots in ([namesake], [stranger]):
        with pytest.raises(TimestampError, match="not valid"):
            verify_token(token, note=NOTE, roots=roots)
    verify_token(token, note=NOTE, roots=[namesake, root.certificate, root.certificate])
    with pytest.raises(TimestampError, match="at least one root"):
        verify_token(token, note=NOTE, roots=[])


def test_what_a_forger_makes_is_valid_where_nothing_is_wrong(forge: Callable[..., bytes], root: Issued) -> None:
    """So that what is refused below is refused for its own reason."""
    token = verify_token(forge(tst_info(DATA)), note=NOTE, roots=[root.certificate])
    assert (token.time, token.serial, token.policy) == (SIGNED_AT, 7, "1.2.3.4.1")
    fraction = tst_info(DATA, time=b"20260301120000.5Z", after=der(0x30, b"\x02\x01\x01") + b"\x02\x01\x05")
    assert verify_token(forge(fraction), note=NOTE, roots=[root.certificate]).time == SIGNED_AT


@pytest.mark.parametrize(
    "certificate",
    [
        {"purposes": ()},
        {"critical": False},
        {"purposes": (ExtendedKeyUsageOID.CODE_SIGNING,)},
        {"purposes": (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)},
        {"until": later(30)},
    ],
)
def test_certificates_that_may_not_stamp(forge: Callable[..., bytes], root: Issued, certificate: Any) -> None:
    """No purpose, one that is not critical, another, two, and one that had ended: as rfc3161-client alone."""
    token = forge(tst_info(DATA), **certificate)
    with pytest.raises(TimestampError, match="unsuitable certificate purpose|certificate has expired"):
        verify_token(token, note=NOTE, roots=[root.certificate])
    with pytest.raises(VerificationError):
        verify_alone(token, root)


def test_a_certificate_that_ended_since_counts(forge: Callable[..., bytes], root: Issued) -> None:
    token = forge(tst_info(DATA, time=b"20200115000000Z"), until=later(30))
    verify_token(token, note=NOTE, roots=[root.certificate])


@pytest.mark.parametrize(
    ("content", "options", "reason"),
    [
        (tst_info(DATA), ("-binary",), "do not name the signer's certificate"),
        (tst_info(DATA), ("-cades", "-md", "sha1"), "digest algorithm"),
        (tst_info(DATA, algorithm=SHA3_256), ("-cades",), "digest algorithm"),
        (tst_info(DATA, algorithm=SHA512_256), ("-cades",), "digest algorithm"),
        (tst_info(DATA, version=2), ("-cades",), "TSTInfo"),
        (tst_info(DATA, serial=b"\x7f" * 21), ("-cades",), "160 bits"),
    ],
    ids=["no ESSCertID", "SHA-1", "SHA3-256", "SHA-512/256", "version 2", "serial number"],
)
def test_what_rfc3161_client_does_not_check(
    forge: Callable[..., bytes], root: Issued, content: bytes, options: tuple[str, ...], reason: str
) -> None:
    """It accepts each of these; when it does not any more, this test tells."""
    token = forge(content, *options)
    verify_alone(token, root)
    with pytest.raises(TimestampError, match=reason):
        verify_token(token, note=NOTE, roots=[root.certificate])


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (tst_info(DATA) + b"\x05\x00", ()),
        (tst_info(DATA, after=b"\x02\x01\xff"), ()),
        (tst_info(DATA, time=b"20261301120000Z"), ()),
        (b"", ()),
        (tst_info(DATA), ("-cades", "-nocerts")),
        (tst_info(DATA), ("-noattr",)),
    ],
    ids=["more behind", "negative nonce", "month 13", "empty", "no certificate", "no signed attributes"],
)
def test_malformed_tokens(forge: Callable[..., bytes], root: Issued, content: bytes, options: tuple[str, ...]) -> None:
    with pytest.raises(TimestampError):
        verify_token(forge(content, *options), note=NOTE, roots=[root.certificate])


def test_the_signer_is_bound_to_its_certificate(authority: Authority, root: Issued) -> None:
    """Whatever names it: SHA-1, SHA-256 or another digest, the digest is of one certificate only."""
    form = read_token(authority.stamp(DATA))
    (certificate,) = form.certificates
    check_binding(form, certificate)
    with pytest.raises(TimestampError, match="name another certificate"):
        check_binding(form, root.certificate.public_bytes(Encoding.DER))


def test_der_is_written_exactly() -> None:
    for content in (b"", bytes(127), bytes(128), bytes(255), bytes(256), bytes(65_536)):
        assert read_value(write_value(4, content)) == (4, content, der(4, content))
    for data in (
        b"\x04\x81\x01\x00",
        b"\x04\x80",
        b"\x04\x82\x00\x80" + bytes(128),
        b"\x1f\x01\x00",
        b"\x04",
        b"\x04\x02\x00",
    ):
        with pytest.raises(TimestampError, match="DER"):
            read_value(data)


def test_two_signers(forge: Callable[..., bytes], root: Issued, tmp_path: Path) -> None:
    other = issue("Other", make_key("p256"), by=root)
    Authority(tmp_path / "other", other)
    folder = tmp_path / "other"
    token = forge(tst_info(DATA), "-cades", "-signer", str(folder / "signer.pem"), "-inkey", str(folder / "signer.key"))
    with pytest.raises(TimestampError):
        verify_token(token, note=NOTE, roots=[root.certificate])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # of a serial number below 0
def test_no_bit_of_a_token_can_be_changed(authority: Authority, root: Issued) -> None:
    token = authority.stamp(DATA)
    for bit in range(0, 8 * len(token), 3):
        altered = bytearray(token)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TimestampError):
            verify_token(bytes(altered), note=NOTE, roots=[root.certificate])
    for strange in (b"", token + b"\x00", token[:-1], b"\x00" + token, token * 2, bytes(MAX_RESPONSE + 1)):
        with pytest.raises(TimestampError):
            verify_token(strange, note=NOTE, roots=[root.certificate])


def test_certificates_in_any_order(root: Issued, tmp_path: Path) -> None:
    """As `openssl ts` writes a chain: rfc3161-client alone refuses the order that is not DER's."""
    middle = issue("Middle", make_key("rsa"), by=root, authority=True)
    signer = issue("Signer", make_key("p256"), by=middle)
    refused = 0
    for number, chain in enumerate([(signer, middle), (middle, signer)]):
        token = Authority(tmp_path / str(number), signer, chain).stamp(DATA)
        assert verify_token(token, note=NOTE, roots=[root.certificate]).der == token
        try:
            verify_alone(token, root)
        except ValueError:
            refused += 1
    assert refused
    with pytest.raises(TimestampError, match="not valid: unable to get issuer certificate$"):
        verify_token(token, note=NOTE, roots=[middle.certificate])
    alone = Authority(tmp_path / "alone", signer).stamp(DATA)
    with pytest.raises(TimestampError, match="unable to get local issuer certificate$"):
        verify_token(alone, note=NOTE, roots=[root.certificate])


def test_roots_from_a_file(root: Issued, tmp_path: Path) -> None:
    path = tmp_path / "roots.pem"
    path.write_bytes(b"the lab's\n" + root.pem + b"\n" + root.pem)
    assert read_roots(path) == (root.certificate,) * 2
    for data in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"x" * 1_000_001):
        path.write_bytes(data)
        with pytest.raises(TimestampError, match="roots.pem: "):
            read_roots(path)
    with pytest.raises(TimestampError, match="none.pem: "):
        read_roots(tmp_path / "none.pem")


@pytest.fixture
def token() -> Token:
    """Unverified."""
    return Token(b"\x30\x00", hashlib.sha256(DATA).digest(), SIGNED_AT, "CN=Test Authority", 7, "1.2.3")


def test_the_entry(token: Token) -> None:
    entry = parse(token_entry(5, NOTE, token, stored={"time": "t", "monotonic_us": 1}))
    assert entry == {
        **{"v": 1, "type": "checkpoint.time", "time": "t", "monotonic_us": 1, "size": 5, "token": "3000"},
        **{"authority": "CN=Test Authority", "gen_time": "2026-03-01T12:00:00+00:00"},
        "note_sha256": hashlib.sha256(DATA).hexdigest(),
        "token_sha256": hashlib.sha256(b"\x30\x00").hexdigest(),
    }


def test_an_entry_holds_every_token(token: Token) -> None:
    worst = replace(token, der=bytes(MAX_INLINE), authority="\x01" * MAX_AUTHORITY)
    assert parse(token_entry(2**52, NOTE, worst, stored={}))["token"] == "00" * MAX_INLINE
    assert "token" not in parse(token_entry(5, NOTE, replace(worst, der=bytes(MAX_INLINE + 1)), stored={}))
    for authority in ("", "x" * (MAX_AUTHORITY + 1)):
        with pytest.raises(TimestampError, match="authority"):
            token_entry(5, NOTE, replace(token, authority=authority), stored={})


def test_a_ledger_keeps_tokens(
    make_ledger: Callable[..., Path], authority: Authority, root: Issued, signer: Any, token: Token
) -> None:
    path = make_ledger(7, checkpoints=[3])
    with Ledger.open(path, signer=signer) as log:
        note = dict(log.checkpoints())[3]
        found = verify_token(authority.stamp(note.encode()), note=note, roots=[root.certificate])
        assert log.add_token(3, found) == 7
        assert (log.size, log.tokens(3)) == (8, [found.der])
        entry = parse(dict(log.entries(7))[7])
        assert (entry["size"], entry["token"]) == (3, found.der.hex())
        assert {"time", "monotonic_us", "gen_time"} <= entry.keys()
        for size, wrong, reason in (
            (3, found, "has that token already"),
            (7, found, "not on the checkpoint of size 7"),
            (3, token, "not on the checkpoint of size 3"),
            (4, found, "no checkpoint has size 4"),
        ):
            with pytest.raises(LedgerError, match=reason):
                log.add_token(size, wrong)
        assert (log.size, log.tokens(7)) == (8, [])
        assert log.append([canonical({"v": 1, "type": "note"})], checkpoint=True) == 8
    assert audit(path, keys=[signer.vkey]).intact
    with Ledger.open_readonly(path) as log, pytest.raises(LedgerError, match="for reading only"):
        log.add_token(3, found)


def test_no_more_tokens_than_are_read(make_ledger: Callable[..., Path], token: Token, signer: Any) -> None:
    path = make_ledger(2)
    with Ledger.open(path, signer=signer) as log:
        digest = hashlib.sha256(log.latest_checkpoint().encode()).digest()
        for number in range(100):
            log.add_token(2, replace(token, imprint=digest, der=bytes([number])))
        with pytest.raises(TimestampError, match="has 100 tokens"):
            log.add_token(2, replace(token, imprint=digest, der=b"one more"))
        log.checkpoint()
    assert audit(path, keys=[signer.vkey]).intact
