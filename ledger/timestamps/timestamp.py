"""Time stamps (RFC 3161): makes requests and verifies responses. The only file that uses rfc3161-client.

The stamped data are the bytes of the signed checkpoint as the log signed it, without cosignatures:

    TimeStampReq = version 1, SHA-256 of the note, a random nonce, certificates requested

rfc3161-client verifies signature and chain through OpenSSL; token_form checks what it omits. Revocation of the
authority's certificate is not checked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from ledger.durable import read_file
from ledger.errors import TimestampError
from ledger.timestamps.der import SEQUENCE, UTF8_STRING, Value, read_value, write_value
from ledger.timestamps.time_token import Token
from ledger.timestamps.token_form import TokenForm, check_binding, read_token, request_nonce

MAX_RESPONSE = 65_536
"""The most bytes of a request, a response or a token."""
_MAX_ROOTS = 1_000_000
_MAX_REASON = 500

_GRANTED = (0, 1)
_STATUS = {2: "rejected", 3: "waiting", 4: "a revocation is imminent", 5: "a certificate was revoked"}
_GRANTED_DER = bytes.fromhex("3003020100")
_MAX_SERIAL_BITS = 160
_MALFORMED = (ValueError, KeyError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
"""The errors that the libraries raise for a certificate or a name that they cannot read."""
_OPENSSL = re.compile(r'data: "Verify error: ([^"]+)"')


def make_request(note: str, *, nonce: bool = True) -> bytes:
    """A TimeStampReq (DER) for a signed checkpoint. The nonce shows that a response was made for this request."""
    builder = TimestampRequestBuilder().data(_stamped(note)).hash_algorithm(HashAlgorithm.SHA256)
    return builder.nonce(nonce=nonce).cert_request(cert_request=True).build().as_bytes()


def read_roots(path: Path | str) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file, at least one. Raises TimestampError."""
    try:
        data = read_file(Path(path), _MAX_ROOTS)
    except OSError as error:
        raise TimestampError(f"{path}: {error.strerror}") from error
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except _MALFORMED as error:
        raise TimestampError(f"{path}: not a PEM file of certificates") from error


def imprint_of(response: bytes) -> bytes:
    """The imprint, a SHA-256, of a response's token, not verified; it identifies the stamped checkpoint.

    Raises TimestampError if the authority has not granted a token, or if the imprint is no SHA-256.
    """
    return _read(_token_of(response)).imprint


def verify_response(
    response: bytes, *, note: str, roots: Sequence[x509.Certificate], request: bytes | None = None
) -> Token:
    """The token in a TimeStampResp, verified as `verify_token` does. With `request`, the nonces must be equal.

    Raises TimestampError; where the authority has refused, with its reason.
    """
    token, nonce = _token_of(response), None
    if request is not None:
        if len(request) > MAX_RESPONSE:
            raise TimestampError(f"the request is longer than {MAX_RESPONSE} bytes")
        try:
            nonce = request_nonce(request, hashlib.sha256(_stamped(note)).digest())
        except TimestampError as error:
            raise TimestampError(f"the request is not the one that was answered: {error}") from error
    return _verify(token, note, roots, nonce=nonce)


def verify_token(token: bytes, *, note: str, roots: Sequence[x509.Certificate]) -> Token:
    """Verifies a token (DER) on a signed checkpoint. Raises TimestampError unless it is valid.

    1. It is no longer than MAX_RESPONSE, one DER value with nothing after it, of the versions of the RFCs, with one
       signer; the signature is by RSA or ECDSA with SHA-2, and SHA-256 of `note` is the imprint (rfc3161-client
       checks neither the versions nor the algorithms that imprint and signature name).
    2. Exactly one certificate in it is the signer's, and the signed attributes name it (rfc3161-client does not check
       that).
    3. By rfc3161-client: encoding the parsed token gives the same bytes; the signature is valid; the signer's chain
       leads to one of `roots`, and was valid at the token's time; the signer's certificate is for time stamping
       alone, and that extension is critical; imprint and nonce are the expected ones.
    4. Its serial number has at most 160 bits.
    """
    return _verify(token, note, roots, nonce=None)


def _verify(token: bytes, note: str, roots: Sequence[x509.Certificate], *, nonce: int | None) -> Token:
    if not roots:
        raise TimestampError("a token is verified with at least one root certificate")
    imprint = hashlib.sha256(_stamped(note)).digest()
    # 1
    form = _read(token)
    if form.imprint != imprint:
        raise TimestampError("the token is on something else than this checkpoint")
    try:
        response = _response(form)
        # 2
        signer = _signer(form, response)
        # 3
        _verify_by_library(response, imprint, roots, nonce=nonce)
        info, name = response.tst_info, signer.subject.rfc4514_string()
        verified = Token(token, imprint, info.gen_time, name, info.serial_number, info.policy.dotted_string)
    except (VerificationError, *_MALFORMED) as error:
        raise TimestampError(f"the token is not valid: {_reason(error)}") from error
    # 4
    if verified.serial.bit_length() > _MAX_SERIAL_BITS:
        raise TimestampError(f"the token is not valid: its serial number has more than {_MAX_SERIAL_BITS} bits")
    return verified


def _read(token: bytes) -> TokenForm:
    if len(token) > MAX_RESPONSE:
        raise TimestampError(f"the token is longer than {MAX_RESPONSE} bytes")
    try:
        return read_token(token)
    except TimestampError as error:
        raise TimestampError(f"the token is not valid: {error}") from error


def _response(form: TokenForm) -> TimeStampResponse:
    """A response that grants the token: rfc3161-client verifies responses only. Raises ValueError.

    A quirk of rfc3161-client: it refuses certificates that are not sorted, and many authorities (`openssl ts` for one)
    do not sort them. So it gets a sorted copy; the stored token is unchanged.
    """
    response = decode_timestamp_response(write_value(SEQUENCE, _GRANTED_DER, form.ordered))
    if response.time_stamp_token() != form.ordered:
        raise ValueError("it is not DER, written exactly")
    return response


def _signer(form: TokenForm, response: TimeStampResponse) -> x509.Certificate:
    """The signer's certificate. Raises ValueError unless exactly one fits, TimestampError unless the token names it."""
    (info,) = response.signed_data.signer_infos
    certificates = [(der, x509.load_der_x509_certificate(der)) for der in set(form.certificates)]
    named = (info.issuer, info.serial_number)
    candidates = [(der, each) for der, each in certificates if (each.issuer, each.serial_number) == named]
    if len(candidates) != 1:
        raise ValueError(f"{len(candidates)} certificates in it could be its signer's")
    der, certificate = candidates[0]
    try:
        check_binding(form, der)
    except TimestampError as error:
        raise TimestampError(f"the token is not valid: {error}") from error
    return certificate


def _verify_by_library(
    response: TimeStampResponse, imprint: bytes, roots: Sequence[x509.Certificate], *, nonce: int | None
) -> None:
    """Step 3. OpenSSL uses any one of roots with one name, so each is tried alone too. Raises VerificationError."""
    reason: VerificationError | None = None
    for tried in (roots, *([root] for root in roots)):
        try:
            VerifierBuilder(roots=list(tried), nonce=nonce).build().verify(response, imprint)
        except VerificationError as error:
            reason = reason or error
        else:
            return
    assert reason is not None
    raise reason


def _reason(error: Exception) -> str:
    """The reason in an error: of OpenSSL's error stack, which rfc3161-client quotes, the message on the certificate."""
    match = _OPENSSL.search(str(error))
    return (match[1] if match is not None else str(error))[:_MAX_REASON]


def _stamped(note: str) -> bytes:
    try:
        return note.encode()
    except UnicodeEncodeError as error:  # a checkpoint of a damaged file
        raise TimestampError("the checkpoint is not UTF-8") from error


def _token_of(response: bytes) -> bytes:
    """The token of a response that grants one. Raises TimestampError, with the authority's reason, for a refusal."""
    if len(response) > MAX_RESPONSE:
        raise TimestampError(f"the authority's answer is longer than {MAX_RESPONSE} bytes")
    try:
        status, *tokens = read_value(response).inside(SEQUENCE)
        number, *reasons = status.inside(SEQUENCE)
        code = number.number()
        text = _text(reasons)
    except (TimestampError, ValueError) as error:
        raise TimestampError(f"the authority's answer is no TimeStampResp: {error}") from error
    if code not in _GRANTED:
        raise TimestampError(f"the authority gave no token: {_STATUS.get(code, 'another status')}{text}")
    if len(tokens) != 1:
        raise TimestampError("the authority's answer has no token, or several")
    return tokens[0].raw


def _text(reasons: Sequence[Value]) -> str:
    """An authority's explanation (PKIFreeText) as one printable line, after a colon; empty if there is none."""
    words = [
        part.of(UTF8_STRING).decode("utf-8", "replace")
        for reason in reasons
        if reason.tag == SEQUENCE
        for part in reason.inside(SEQUENCE)
    ]
    line = "".join(char if char.isprintable() else "?" for char in "; ".join(words))
    return f": {line[:_MAX_REASON]}" if line else ""
