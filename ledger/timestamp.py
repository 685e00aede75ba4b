"""Time stamps (RFC 3161): a request for an authority, and verifying what it answers. The only file with rfc3161-client.

What is stamped is the SHA-256 of the signed checkpoint's bytes as the log signed it, without cosignatures:

    TimeStampReq = version 1, SHA-256 of the note, a random nonce, the authority's certificates wanted

A token is verified twice, by rfc3161-client (OpenSSL) and by the verifier that goes into every exhibit, which shares no
code with it. It counts only if both accept it and read the same in it: so nothing is recorded as stamped that the other
side's expert would have to refuse. Nobody asks here whether the authority's certificate was revoked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from ledger.errors import TimestampError
from ledger.exhibit.verifier import timestamps
from ledger.exhibit.verifier.certificates import parse_certificate, trace
from ledger.exhibit.verifier.der import INTEGER, SEQUENCE, Der, read_der
from ledger.exhibit.verifier.public_keys import hash_name
from ledger.exhibit.verifier.report import Refused
from ledger.time_token import Token

MAX_RESPONSE = 65_536
"""Bytes of a request, an answer or a token."""
_MAX_ROOTS = 1_000_000
_MAX_REASON = 500

_GRANTED = (0, 1)
_STATUS = {2: "rejected", 3: "waiting", 4: "a revocation is imminent", 5: "a certificate was revoked"}
_UTF8_STRING, _CONTENT, _CERTIFICATES = 0x0C, 0xA0, 0xA0
_VERSIONS = (3, [1])
"""Of SignedData over something else than plain data, and of a SignerInfo that names issuer and serial number."""
_MAX_SERIAL_BITS = 160
_OPENSSL = re.compile(r'data: "(?:Verify error: )?([^"]+)"')
_GRANTED_DER = bytes.fromhex("3003020100")


def make_request(note: str, *, nonce: bool = True) -> bytes:
    """A TimeStampReq (DER) for a signed checkpoint. The nonce shows that an answer was made for this request."""
    builder = TimestampRequestBuilder().data(_stamped(note)).hash_algorithm(HashAlgorithm.SHA256)
    return builder.nonce(nonce=nonce).cert_request(cert_request=True).build().as_bytes()


def read_roots(path: Path | str) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file, at least one. Raises TimestampError."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MAX_ROOTS + 1)
    except OSError as error:
        raise TimestampError(f"{path}: {error.strerror}") from error
    if len(data) > _MAX_ROOTS:
        raise TimestampError(f"{path}: longer than {_MAX_ROOTS} bytes")
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except ValueError as error:
        raise TimestampError(f"{path}: not a PEM file of certificates") from error


def imprint_of(response: bytes) -> bytes:
    """The SHA-256 that an answer's token is on, as it says, before anything is verified: to find the checkpoint.

    Raises TimestampError if the authority has not granted a token, or if there is none on a SHA-256.
    """
    try:
        content, _, _ = timestamps.open_signed_data(read_der(_token_of(response)))
        return timestamps.parse_tst_info(read_der(content))[0]
    except Refused as error:
        raise TimestampError(f"the token cannot be read: {error}") from error


def verify_response(
    response: bytes, *, note: str, roots: Sequence[x509.Certificate], request: bytes | None = None
) -> Token:
    """The token in a TimeStampResp, verified as by `verify_token`, and of the nonce of `request` if that is given.

    Raises TimestampError; where the authority has refused, with what it says.
    """
    nonce = None if request is None else _nonce_of(request, note)
    return _verify(_token_of(response), note, roots, nonce=nonce)


def verify_token(token: bytes, *, note: str, roots: Sequence[x509.Certificate]) -> Token:
    """What a token (DER) on a signed checkpoint says. Raises TimestampError unless it is valid.

    1. It is no longer than MAX_RESPONSE, and one DER value with nothing behind it.
    2. By the exhibit's verifier: one signer, whose certificate is in it, is for time stamping alone (critical), and is
       named by its digest in the signed attributes (ESSCertID); the signature is valid; TSTInfo is of version 1.
    3. Its imprint is of SHA-256 and is that of `note`.
    4. By the exhibit's verifier: the signer leads to one of `roots`, and the whole chain was valid at its time.
    5. By rfc3161-client, through OpenSSL: written again from what was read it is the same bytes; the same signature,
       chain, purpose and imprint are valid. Of these it leaves out: the ESSCertID, the imprint's algorithm (another of
       32 bytes would pass), SHA-1 in the signature, TSTInfo's version, and the versions of step 6.
    6. The versions of its structures are those of RFC 5652, its serial number has at most 160 bits, and both have read
       the same time.
    """
    return _verify(token, note, roots, nonce=None)


def _verify(token: bytes, note: str, roots: Sequence[x509.Certificate], *, nonce: int | None) -> Token:
    if not roots:
        raise TimestampError("a token is verified with at least one root certificate")
    imprint = hashlib.sha256(_stamped(note)).digest()
    try:
        # 1 and 2
        read = timestamps.verify_token(token)
        # 3
        if read.imprint != imprint:
            raise TimestampError("the token is on something else than this checkpoint")
        # 4
        anchors = [parse_certificate(read_der(root.public_bytes(Encoding.DER))) for root in roots]
        trace(read.signer, read.others, anchors, read.seconds)
    except Refused as error:
        raise TimestampError(f"the token is not valid: {error}") from error
    # 5 and 6
    try:
        response = _verify_by_library(token, imprint, roots, nonce=nonce)
        info, signed = response.tst_info, response.signed_data
        signer = x509.load_der_x509_certificate(read.signer.raw).subject.rfc4514_string()
        found = Token(token, imprint, info.gen_time, signer, info.serial_number, info.policy.dotted_string)
    except (VerificationError, ValueError) as error:
        raise TimestampError(f"the token is not valid: {_reason(error)}") from error
    if (signed.version, [info.version for info in signed.signer_infos]) != _VERSIONS:
        raise TimestampError("the token is not valid: its structures have other versions than RFC 5652 gives them")
    if found.serial.bit_length() > _MAX_SERIAL_BITS:
        raise TimestampError(f"the token is not valid: its serial number has more than {_MAX_SERIAL_BITS} bits")
    if int(found.time.timestamp()) != read.seconds:
        raise TimestampError("the token is not valid: its time can be read in two ways")
    return found


def _verify_by_library(
    token: bytes, imprint: bytes, roots: Sequence[x509.Certificate], *, nonce: int | None
) -> TimeStampResponse:
    """Step 5. rfc3161-client verifies answers only, so the token is put into one that grants it."""
    ordered = _in_order(token)
    response = decode_timestamp_response(_der(SEQUENCE, _GRANTED_DER, ordered))
    if response.time_stamp_token() != ordered:
        raise ValueError("it is not DER, written exactly")
    VerifierBuilder(roots=list(roots), nonce=nonce).build().verify(response, imprint)
    return response


def _in_order(token: bytes) -> bytes:
    """The token with its certificates sorted, as DER has it.

    Many authorities (`openssl ts` for one) do not sort them, and rfc3161-client refuses that. They are not signed, so
    nothing changes that anybody verifies; what is kept is the token as it came.
    """
    kind, signed = read_der(token).members()
    fields = [
        _der(_CERTIFICATES, *sorted(member.raw for member in field.members(_CERTIFICATES)))
        if field.tag == _CERTIFICATES
        else field.raw
        for field in signed.inner(_CONTENT).members()
    ]
    return _der(SEQUENCE, kind.raw, _der(_CONTENT, _der(SEQUENCE, *fields)))


def _reason(error: Exception) -> str:
    """Of OpenSSL's whole error stack, which rfc3161-client quotes, what it says of the certificate."""
    found = _OPENSSL.search(str(error))
    return (found[1] if found is not None else str(error))[:_MAX_REASON]


def _stamped(note: str) -> bytes:
    try:
        return note.encode()
    except UnicodeEncodeError as error:  # a checkpoint of a damaged file
        raise TimestampError("the checkpoint is not UTF-8") from error


def _token_of(response: bytes) -> bytes:
    """The token of an answer that grants one. Raises TimestampError with the authority's reason if it does not."""
    if len(response) > MAX_RESPONSE:
        raise TimestampError(f"the authority's answer is longer than {MAX_RESPONSE} bytes")
    try:
        status, *tokens = read_der(response).members()
        number, *reasons = status.members()
        code = number.integer()
        text = _text(reasons)
    except (Refused, ValueError) as error:
        raise TimestampError(f"the authority's answer is no TimeStampResp: {error}") from error
    if code not in _GRANTED:
        raise TimestampError(f"the authority gave no token: {_STATUS.get(code, f'status {code}')}{text}")
    if len(tokens) != 1:
        raise TimestampError("the authority's answer has no token, or several")
    return tokens[0].raw


def _text(reasons: Sequence[Der]) -> str:
    """An authority's words (PKIFreeText), made fit for one line."""
    words = [
        part.expect(_UTF8_STRING).decode("utf-8", "replace")
        for reason in reasons
        if reason.tag == SEQUENCE
        for part in reason.members()
    ]
    line = "".join(char if char.isprintable() else "?" for char in "; ".join(words))
    return f": {line[:_MAX_REASON]}" if line else ""


def _nonce_of(request: bytes, note: str) -> int | None:
    """The nonce of a request, which must be for the same checkpoint."""
    if len(request) > MAX_RESPONSE:
        raise TimestampError(f"the request is longer than {MAX_RESPONSE} bytes")
    try:
        _, wanted, *rest = read_der(request).members()
        algorithm, imprint = wanted.members()
        if hash_name(algorithm) != "sha256" or imprint.content != hashlib.sha256(_stamped(note)).digest():
            raise TimestampError("the request is for something else than this checkpoint")
        nonces = [field.integer() for field in rest if field.tag == INTEGER]
    except (Refused, ValueError) as error:
        raise TimestampError(f"the request is no TimeStampReq: {error}") from error
    return nonces[0] if nonces else None


def _der(tag: int, *contents: bytes) -> bytes:
    """A value whose length is written as short as it can be."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content
