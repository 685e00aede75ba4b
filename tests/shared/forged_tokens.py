"""Time-stamp tokens made by hand that `openssl ts` refuses to make, each wrong in one place only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from benchmarks.shared.time_authority import Issued
from ledger.timestamps.der import INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, write_value

GENERALIZED_TIME = 0x18

SIGNED_DATA, TST_INFO = "2a864886f70d010702", "2a864886f70d0109100104"
CONTENT_TYPE, MESSAGE_DIGEST = "2a864886f70d010903", "2a864886f70d010904"
SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2 = "2a864886f70d010910020c", "2a864886f70d010910022f"
SHA1, SHA256, SHA512 = "2b0e03021a", "608648016503040201", "608648016503040203"
RSA, RSA_SHA1, RSA_SHA512 = "2a864886f70d010101", "2a864886f70d010105", "2a864886f70d01010d"
ECDSA_SHA256 = "2a8648ce3d040302"
POLICY = "2a0304"  # 1.2.3.4


def sequence(*parts: bytes) -> bytes:
    return write_value(SEQUENCE, b"".join(parts))


def number(value: int) -> bytes:
    return write_value(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(text: str) -> bytes:
    return write_value(OBJECT_IDENTIFIER, bytes.fromhex(text))


def set_of(*parts: bytes) -> bytes:
    return write_value(SET, b"".join(sorted(parts)))


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def attribute(kind: str, value: bytes) -> bytes:
    return sequence(oid(kind), set_of(value))


def named(certificate: x509.Certificate) -> bytes:
    """The attribute that names a certificate by SHA-256."""
    digest = write_value(OCTET_STRING, hashlib.sha256(der(certificate)).digest())
    return attribute(SIGNING_CERTIFICATE_V2, sequence(sequence(sequence(digest))))


@dataclass(frozen=True, slots=True)
class Forgery:
    """A token on the SHA-256 of `data`, valid with the default fields. `names`: the certificate that it names."""

    signer: Issued
    data: bytes
    time: bytes = b"20261001083000Z"
    certificates: Sequence[x509.Certificate] | None = None
    ordered: bool = True
    names: x509.Certificate | None = None
    info_version: int = 1
    serial: int = 7
    version: int = 3
    signer_version: int = 1
    imprint_hash: str = SHA256
    imprint: bytes | None = None
    content_type: str = TST_INFO
    signed_type: str = TST_INFO
    declared: str = SHA256
    algorithm: str | None = None
    without: tuple[str, ...] = ()
    more: tuple[bytes, ...] = ()
    signers: int = 1

    def token(self) -> bytes:
        imprint = hashlib.sha256(self.data).digest() if self.imprint is None else self.imprint
        info = sequence(
            number(self.info_version),
            oid(POLICY),
            sequence(sequence(oid(self.imprint_hash)), write_value(OCTET_STRING, imprint)),
            number(self.serial),
            write_value(GENERALIZED_TIME, self.time),
        )
        certificates = self.certificates if self.certificates is not None else [self.signer.certificate]
        return sequence(
            oid(SIGNED_DATA),
            write_value(
                0xA0,
                sequence(
                    number(self.version),
                    set_of(sequence(oid(self.declared))),
                    sequence(oid(self.content_type), write_value(0xA0, write_value(OCTET_STRING, info))),
                    write_value(0xA0, b"".join(sorted(map(der, certificates), reverse=not self.ordered))),
                    set_of(*[self._signer_info(info)] * self.signers),
                ),
            ),
        )

    def _signer_info(self, info: bytes) -> bytes:
        attributes = {
            CONTENT_TYPE: attribute(CONTENT_TYPE, oid(self.signed_type)),
            MESSAGE_DIGEST: attribute(MESSAGE_DIGEST, write_value(OCTET_STRING, hashlib.sha256(info).digest())),
            SIGNING_CERTIFICATE_V2: named(self.names or self.signer.certificate),
        }
        kept = [value for kind, value in attributes.items() if kind not in self.without]
        content = b"".join(sorted([*kept, *self.more]))
        rsa = not isinstance(self.signer.key, ec.EllipticCurvePrivateKey)
        certificate = self.signer.certificate
        return sequence(
            number(self.signer_version),
            sequence(certificate.issuer.public_bytes(), number(certificate.serial_number)),
            sequence(oid(SHA256)),
            write_value(0xA0, content),
            sequence(oid(self.algorithm or (RSA if rsa else ECDSA_SHA256))),
            write_value(OCTET_STRING, _sign(self.signer.key, write_value(SET, content))),
        )


def _sign(key: Any, data: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA256()))
    signature: bytes = key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return signature
