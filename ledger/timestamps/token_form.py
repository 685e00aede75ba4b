"""The parts of a time-stamp token: CMS SignedData (RFC 5652) over a TSTInfo (RFC 3161). Verifies no signature. Pure.

    ContentInfo { SignedData { 3, digest algorithms, { TSTInfo }, [0] certificates, { SignerInfo { 1, issuer and serial
    number, digest algorithm, [0] signed attributes, signature algorithm, signature } } } }

The signed attributes name the signer's certificate by its digest (ESSCertID of RFC 2634, ESSCertIDv2 of RFC 5035):
otherwise a token could be shown with another certificate for the same key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import TimestampError
from ledger.timestamps.der import (
    CONTEXT_0,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Value,
    read_value,
    write_value,
)

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_SIGNING_CERTIFICATE = bytes.fromhex("2a864886f70d010910020c")
_SIGNING_CERTIFICATE_V2 = bytes.fromhex("2a864886f70d010910022f")
_SHA2 = bytes.fromhex("6086480165030402")
_DIGESTS = {_SHA2 + b"\x01": "sha256", _SHA2 + b"\x02": "sha384", _SHA2 + b"\x03": "sha512"}
_RSA, _ECDSA = bytes.fromhex("2a864886f70d0101"), bytes.fromhex("2a8648ce3d0403")
_SIGNATURES = {
    **{_RSA + b"\x01": None, _RSA + b"\x0b": "sha256", _RSA + b"\x0c": "sha384", _RSA + b"\x0d": "sha512"},
    **{_ECDSA + b"\x02": "sha256", _ECDSA + b"\x03": "sha384", _ECDSA + b"\x04": "sha512"},
}
"""The digest algorithm of each signature algorithm; rsaEncryption has none. OpenSSL ignores it and uses the key."""
_SIGNED_DATA_VERSION, _SIGNER_VERSION, _INFO_VERSION = 3, 1, 1


@dataclass(frozen=True, slots=True)
class TokenForm:
    """The parts of a token. `ordered` is the token with its certificates sorted, as DER requires."""

    imprint: bytes
    certificates: tuple[bytes, ...]
    attributes: tuple[Value, ...]
    ordered: bytes


def read_token(token: bytes) -> TokenForm:
    """The parts of a token. Raises TimestampError.

    It must be one DER value of the versions above, with one signer; the digest algorithm of the signature must be of
    SHA-2, that of the imprint SHA-256.
    """
    kind, content = _two(read_value(token))
    if kind.of(OBJECT_IDENTIFIER) != _SIGNED_DATA:
        raise TimestampError("it is no CMS SignedData")
    signed = content.only(CONTEXT_0)
    version, _, encapsulated, *rest = _some(signed, 4)
    signer = _some(rest[-1].only(SET), 6)
    kind, content = _two(encapsulated)
    if kind.of(OBJECT_IDENTIFIER) != _TST_INFO:
        raise TimestampError("it is no time-stamp token")
    if (version.number(), signer[0].number()) != (_SIGNED_DATA_VERSION, _SIGNER_VERSION):
        raise TimestampError("its structures have other versions than RFC 5652 gives them")
    if _SIGNATURES.get(_oid(signer[4]), "") not in {None, _digest_of(signer[2])}:
        raise TimestampError("its signature is not by RSA or ECDSA with the digest algorithm that it names")
    certificates = [value.raw for field in rest[:-1] if field.tag == CONTEXT_0 for value in field.inside(CONTEXT_0)]
    return TokenForm(
        _imprint(content.only(CONTEXT_0).of(OCTET_STRING)),
        tuple(certificates),
        tuple(signer[3].inside(CONTEXT_0)),
        _ordered(read_value(token)),
    )


def check_binding(form: TokenForm, certificate: bytes) -> None:
    """Raises TimestampError unless the signed attributes are those of a token with this signer's certificate (DER).

    They must have one content type, which is TSTInfo, and one message digest (RFC 5652, 5.3 and 11), and must name the
    certificate.
    """
    attributes = [(kind.of(OBJECT_IDENTIFIER), values) for kind, values in map(_two, form.attributes)]
    types = [values.only(SET) for oid, values in attributes if oid == _CONTENT_TYPE]
    if len(types) != 1 or types[0].of(OBJECT_IDENTIFIER) != _TST_INFO:
        raise TimestampError("its signed attributes do not say, once, that a time stamp is what is signed")
    if sum(oid == _MESSAGE_DIGEST for oid, _ in attributes) != 1:
        raise TimestampError("its signed attributes do not have one digest of what is signed")
    bound = False
    for oid, values in attributes:
        if oid not in {_SIGNING_CERTIFICATE, _SIGNING_CERTIFICATE_V2}:
            continue
        (named, *_) = _some(_some(values.only(SET), 1)[0], 1)
        fields = _some(named, 1)
        name = "sha1"  # ESSCertID has SHA-1 only; the signature itself is over SHA-2 in any case
        if oid == _SIGNING_CERTIFICATE_V2:
            name = _digest_of(fields.pop(0)) if fields[0].tag == SEQUENCE else "sha256"
        if not fields or fields[0].of(OCTET_STRING) != hashlib.new(name, certificate).digest():
            raise TimestampError("its signed attributes name another certificate")
        bound = True
    if not bound:
        raise TimestampError("its signed attributes do not name the signer's certificate")


def request_nonce(request: bytes, imprint: bytes) -> int | None:
    """The nonce of a TimeStampReq (DER), or None. Raises TimestampError unless the request is for this SHA-256."""
    _, requested, *rest = _some(read_value(request), 2)
    algorithm, digest = _two(requested)
    if _digest_of(algorithm) != "sha256" or digest.of(OCTET_STRING) != imprint:
        raise TimestampError("it is for something else than this checkpoint")
    nonces = [field.number() for field in rest if field.tag == INTEGER]
    return nonces[0] if nonces else None


def _imprint(info: bytes) -> bytes:
    """The SHA-256 in a TSTInfo."""
    version, _, imprint, *_ = _some(read_value(info), 5)
    if version.number() != _INFO_VERSION:
        raise TimestampError("its TSTInfo is not of version 1")
    algorithm, digest = _two(imprint)
    if _digest_of(algorithm) != "sha256":
        raise TimestampError("what it is on is no SHA-256")
    return digest.of(OCTET_STRING)


def _digest_of(algorithm: Value) -> str:
    """The hashlib name of a digest algorithm of SHA-2. Raises TimestampError for any other."""
    oid = _oid(algorithm)
    if oid not in _DIGESTS:
        raise TimestampError("a digest algorithm in it is not one of SHA-256, SHA-384 and SHA-512")
    return _DIGESTS[oid]


def _oid(algorithm: Value) -> bytes:
    """The object identifier of an AlgorithmIdentifier."""
    return _some(algorithm, 1)[0].of(OBJECT_IDENTIFIER)


def _two(value: Value) -> tuple[Value, Value]:
    """The values of a SEQUENCE that has exactly two."""
    values = _some(value, 2)
    if len(values) != 2:
        raise TimestampError(f"DER with {len(values)} values where two must be")
    return values[0], values[1]


def _some(value: Value, least: int) -> list[Value]:
    """The values of a SEQUENCE that has at least `least` of them."""
    values = value.inside(SEQUENCE)
    if len(values) < least:
        raise TimestampError(f"DER with {len(values)} values where {least} must be")
    return values


def _ordered(token: Value) -> bytes:
    """The token with its certificates sorted. They are not signed, so their order does not affect verification."""
    kind, content = _two(token)
    fields = [
        write_value(CONTEXT_0, *_sorted(field.inside(CONTEXT_0))) if field.tag == CONTEXT_0 else field.raw
        for field in _some(content.only(CONTEXT_0), 4)
    ]
    return write_value(SEQUENCE, kind.raw, write_value(CONTEXT_0, write_value(SEQUENCE, *fields)))


def _sorted(values: Sequence[Value]) -> list[bytes]:
    return sorted(value.raw for value in values)
