"""X.509 certificates (RFC 5280), as far as tracing a time-stamping authority to a root needs them.

Revocation lists are not checked: a token shows only that the authority's certificate was valid by its dates.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ledger.exhibit.verifier.der import BOOLEAN, OCTET_STRING, SET, Der, read_der
from ledger.exhibit.verifier.notes import exact_base64
from ledger.exhibit.verifier.public_keys import verify_by_key
from ledger.exhibit.verifier.report import Refused

BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE = "2.5.29.19", "2.5.29.15", "2.5.29.37"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
UNDERSTOOD = {BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, "2.5.29.32"}
MAX_CHAIN = 8
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----")


class Certificate(NamedTuple):
    """A certificate; `extensions` are (critical, DER value) by object identifier."""

    raw: bytes
    tbs: bytes
    serial: int
    issuer: bytes
    subject: Der
    begins: int
    ends: int
    key: Der
    algorithm: Der
    signature: bytes
    extensions: dict[str, tuple[bool, bytes]]

    def __str__(self) -> str:
        """The last text attribute of its subject, usually its common name."""
        texts = [
            pair.members()[1].content.decode("utf-8", "replace")
            for part in self.subject.members()
            for pair in part.members(SET)
            if len(pair.members()) == 2
        ]
        return texts[-1] if texts else "a certificate without a name"


def parse_certificate(der: Der) -> Certificate:
    """The certificate in a DER value. Refuses versions 1 and 2."""
    parts = der.members()
    if len(parts) != 3:
        raise Refused("a certificate is malformed")
    fields = parts[0].members()
    if len(fields) < 7 or fields[0].tag != 0xA0 or fields[0].inner(0xA0).integer() != 2:
        raise Refused("a certificate is not of version 3")
    serial, algorithm, issuer, validity, subject, key, *rest = fields[1:]
    if algorithm.raw != parts[1].raw or len(validity.members()) != 2:
        raise Refused("a certificate is malformed")
    begins, ends = (moment.seconds() for moment in validity.members())
    extensions: dict[str, tuple[bool, bytes]] = {}
    for field in rest:
        if field.tag == 0xA3:
            for extension in field.inner(0xA3).members():
                add_extension(extensions, extension.members())
    return Certificate(
        der.raw,
        parts[0].raw,
        serial.integer(),
        issuer.raw,
        subject,
        begins,
        ends,
        key,
        parts[1],
        parts[2].bits(),
        extensions,
    )


def add_extension(extensions: dict[str, tuple[bool, bytes]], parts: list[Der]) -> None:
    """Adds an extension by its object identifier. Refuses a malformed or repeated one."""
    critical = len(parts) == 3 and parts[1].expect(BOOLEAN) == b"\xff"
    if len(parts) not in {2, 3} or parts[0].oid() in extensions or (len(parts) == 3 and not critical):
        raise Refused("an extension of a certificate is malformed")
    extensions[parts[0].oid()] = (critical, parts[-1].expect(OCTET_STRING))


def parse_roots(data: bytes) -> list[Certificate]:
    """The certificates of a PEM file, at least one."""
    certificates = [exact_base64(re.sub(rb"[\r\n]", b"", block).decode("ascii")) for block in PEM.findall(data)]
    if not certificates or data.count(b"-----BEGIN ") != len(certificates):
        raise Refused("not a PEM file of certificates")
    return [parse_certificate(read_der(der)) for der in certificates]


def check_time_stamping(certificate: Certificate) -> None:
    """Refuses a certificate unless its extended key usage is time stamping alone, and critical (RFC 3161, 2.3)."""
    critical, value = certificate.extensions.get(EXTENDED_KEY_USAGE, (False, b""))
    if not critical or [purpose.oid() for purpose in read_der(value).members()] != [TIME_STAMPING]:
        raise Refused("its signer's certificate is not one for time stamping alone")
    usage = certificate.extensions.get(KEY_USAGE)
    if usage is not None and not usage_bits(usage[1]) & 0xC0:
        raise Refused("its signer's certificate is not one for signing")


def trace(certificate: Certificate, others: list[Certificate], roots: list[Certificate], seconds: int) -> Certificate:
    """The root of a chain of certificates that were all valid at this Unix time. Refuses if there is none."""
    reason = "its issuer is not among the roots"
    chain = [certificate]
    while len(chain) <= MAX_CHAIN:
        check_valid(chain[-1], seconds)
        if any(root.raw == chain[-1].raw for root in roots):
            return chain[-1]
        for issuer in [*roots, *others]:
            if issuer.subject.raw != chain[-1].issuer or issuer in chain:
                continue
            try:
                check_issued(issuer, chain[-1], len(chain) - 1)
            except Refused as error:
                reason = str(error)
                continue
            chain.append(issuer)
            break
        else:
            raise Refused(f"its signer's certificate is not traced to a root: {reason}")
    raise Refused("its signer's certificate is not traced to a root: the chain is too long")


def check_valid(certificate: Certificate, seconds: int) -> None:
    """Refuses a certificate that was not valid at this Unix time, or has an unknown critical extension."""
    if not certificate.begins <= seconds <= certificate.ends:
        raise Refused(f"the certificate of {certificate} was not valid at the time of the token")
    for oid, (critical, _) in certificate.extensions.items():
        if critical and oid not in UNDERSTOOD:
            raise Refused(f"the certificate of {certificate} has a critical extension {oid} that is not known here")


def check_issued(issuer: Certificate, certificate: Certificate, below: int) -> None:
    """Refuses unless `issuer` has signed this certificate, and may do so with `below` authorities under it."""
    constraints = read_der(issuer.extensions.get(BASIC_CONSTRAINTS, (False, b"\x30\x00"))[1]).members()
    if not constraints or constraints[0].tag != BOOLEAN or constraints[0].content != b"\xff":
        raise Refused(f"{issuer} is no certificate authority")
    if len(constraints) > 1 and constraints[1].integer() < below:
        raise Refused(f"{issuer} may not have that many authorities below it")
    usage = issuer.extensions.get(KEY_USAGE)
    if usage is not None and not usage_bits(usage[1]) & 0x04:
        raise Refused(f"{issuer} may not sign certificates")
    verify_by_key(issuer.key, certificate.algorithm, certificate.tbs, certificate.signature)


def usage_bits(value: bytes) -> int:
    """The first byte of a key usage: 0x80 digital signature, 0x40 non-repudiation, 0x04 signing certificates."""
    content = read_der(value).content
    return content[1] if len(content) > 1 else 0
