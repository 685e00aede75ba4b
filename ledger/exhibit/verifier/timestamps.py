"""Time-stamp tokens (RFC 3161): CMS SignedData (RFC 5652) over a TSTInfo with the SHA-256 of a signed checkpoint."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from ledger.exhibit.verifier.canonical import digest_of, size_of
from ledger.exhibit.verifier.certificates import Certificate, check_time_stamping, parse_certificate, trace
from ledger.exhibit.verifier.cosigning import utc
from ledger.exhibit.verifier.der import INTEGER, OCTET_STRING, SEQUENCE, SET, Der, read_der
from ledger.exhibit.verifier.notes import Checkpoint
from ledger.exhibit.verifier.public_keys import hash_name, verify_by_key
from ledger.exhibit.verifier.report import Refused, Step

SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
MAX_TOKEN = 65_536


class Token(NamedTuple):
    """A token with a verified signature: it states that SHA-256 `imprint` existed at Unix time `seconds`."""

    imprint: bytes
    seconds: int
    signer: Certificate
    others: list[Certificate]


def verify_token(data: bytes) -> Token:
    """Verifies a token (DER) and returns its content. Its signer is not traced to a root here.

    1. It is SignedData with one signer, whose certificate is in it and is for time stamping alone.
    2. The signed attributes name the content's type, its digest, and the signer's certificate by its digest.
    3. The signature over them is valid.
    """
    # 1
    if len(data) > MAX_TOKEN:
        raise Refused(f"longer than {MAX_TOKEN} bytes")
    content, certificates, info = open_signed_data(read_der(data))
    identifier, hash_algorithm, attributes_der, algorithm, signature = info[1:6]
    if attributes_der.tag != 0xA0:
        raise Refused("it has no signed attributes")
    signer = find_signer(identifier, certificates)
    check_time_stamping(signer)
    # 2
    name = hash_name(hash_algorithm)
    signed = bytes([SET]) + attributes_der.raw[1:]
    attributes = parse_attributes(read_der(signed))
    if not {CONTENT_TYPE, MESSAGE_DIGEST} <= set(attributes) or attributes[CONTENT_TYPE].oid() != TST_INFO:
        raise Refused("its signed attributes do not name its content")
    if attributes[MESSAGE_DIGEST].expect(OCTET_STRING) != hashlib.new(name, content).digest():
        raise Refused("its content is not the one that was signed")
    check_binding(attributes, signer)
    # 3
    verify_by_key(signer.key, algorithm, signed, signature.expect(OCTET_STRING), hashed_by=name)
    imprint, seconds = parse_tst_info(read_der(content))
    return Token(imprint, seconds, signer, [other for other in certificates if other.raw != signer.raw])


def open_signed_data(token: Der) -> tuple[bytes, list[Certificate], list[Der]]:
    """The TSTInfo's bytes, the certificates, and the fields of the one SignerInfo."""
    outer = token.members()
    if len(outer) != 2 or outer[0].oid() != SIGNED_DATA:
        raise Refused("it is not CMS SignedData")
    fields = outer[1].inner(0xA0).members()
    if len(fields) < 4 or fields[0].tag != INTEGER:
        raise Refused("it is not CMS SignedData")
    encapsulated = fields[2].members()
    if len(encapsulated) != 2 or encapsulated[0].oid() != TST_INFO:
        raise Refused("it is not a time-stamp token")
    content = encapsulated[1].inner(0xA0).expect(OCTET_STRING)
    certificates = [
        parse_certificate(member)
        for field in fields[3:-1]
        if field.tag == 0xA0
        for member in field.members(0xA0)
        if member.tag == SEQUENCE
    ]
    info = fields[-1].inner(SET).members()
    if len(info) < 6:
        raise Refused("it has no signed attributes")
    return content, certificates, info


def find_signer(identifier: Der, certificates: list[Certificate]) -> Certificate:
    """The certificate that a SignerIdentifier identifies. Refuses if it is not in the token."""
    if identifier.tag == 0x80:
        key_identifier = b"\x04" + bytes([len(identifier.content) & 0x7F]) + identifier.content
        candidates = [one for one in certificates if one.extensions.get("2.5.29.14", (False, b""))[1] == key_identifier]
    else:
        parts = identifier.members()
        if len(parts) != 2:
            raise Refused("its signer is not named")
        candidates = [one for one in certificates if (one.issuer, one.serial) == (parts[0].raw, parts[1].integer())]
    if not candidates:
        raise Refused("its signer's certificate is not in it")
    return candidates[0]


def parse_attributes(attributes: Der) -> dict[str, Der]:
    """The one value of each signed attribute, by object identifier."""
    values: dict[str, Der] = {}
    for attribute in attributes.members(SET):
        parts = attribute.members()
        if len(parts) != 2 or parts[0].oid() in values:
            raise Refused("its signed attributes are malformed")
        values[parts[0].oid()] = parts[1].inner(SET)
    return values


def check_binding(attributes: dict[str, Der], signer: Certificate) -> None:
    """Refuses unless the signed attributes have the digest of the signer's certificate (RFC 2634, RFC 5035)."""
    bound = False
    for oid in (SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2):
        if oid not in attributes:
            continue
        lists = attributes[oid].members()
        first = lists[0].members()[0].members() if lists and lists[0].members() else []
        name = "sha1" if oid == SIGNING_CERTIFICATE else "sha256"
        if first and oid == SIGNING_CERTIFICATE_V2 and first[0].tag == SEQUENCE:
            name = hash_name(first.pop(0))
        if not first or first[0].expect(OCTET_STRING) != hashlib.new(name, signer.raw).digest():
            raise Refused("its signed attributes name another certificate")
        bound = True
    if not bound:
        raise Refused("its signed attributes do not name the signer's certificate")


def parse_tst_info(info: Der) -> tuple[bytes, int]:
    """The stamped SHA-256 and the Unix time of a TSTInfo."""
    fields = info.members()
    if len(fields) < 5 or fields[0].integer() != 1:
        raise Refused("its TSTInfo is malformed")
    imprint = fields[2].members()
    if len(imprint) != 2 or hash_name(imprint[0]) != "sha256":
        raise Refused("it does not hold a SHA-256")
    return imprint[1].expect(OCTET_STRING), fields[4].seconds()


class Tokens:
    """Checks the tokens of an exhibit against its checkpoints and its `checkpoint.time` entries."""

    def __init__(self, roots: list[Certificate], roots_are: str) -> None:
        self._roots = roots
        self._roots_are = roots_are
        self._recorded: dict[bytes, tuple[int, int, bytes]] = {}
        self._checked: set[bytes] = set()

    def add_entry(self, index: int, entry: dict[str, Any]) -> None:
        """Records a `checkpoint.time` entry: the digests of a token and of the signed checkpoint that it stamps."""
        size = size_of(entry, "size")
        if size > index:
            raise Refused(f"it stamps size {size}, which was not yet")
        self._recorded[digest_of(entry, "token_sha256")] = (index, size, digest_of(entry, "note_sha256"))

    def check(self, name: str, data: bytes, checkpoint: Checkpoint, complete: bool, step: Step) -> None:
        """Checks a token on a checkpoint.

        1. The token is valid, and stamps the checkpoint as the log signed it.
        2. Its signer is traced to a root, if there are roots.
        3. An entry records it; in a part, the entry may be missing.
        """
        # 1
        token = verify_token(data)
        if token.imprint not in signed_forms(checkpoint):
            raise Refused(f"it stamps something else than the checkpoint of size {checkpoint.size}")
        # 2
        traced = "not traced to a trusted root: no roots were given"
        if self._roots:
            root = trace(token.signer, token.others, self._roots, token.seconds)
            traced = f"traced to {root}, {self._roots_are}"
        # 3
        digest = hashlib.sha256(data).digest()
        self._checked.add(digest)
        index, size, note = self._recorded.get(digest, (-1, checkpoint.size, token.imprint))
        if (size, note) != (checkpoint.size, token.imprint):
            raise Refused(f"entry {index} tells of it with another checkpoint")
        if index < 0 and complete:
            raise Refused("no entry tells of it")
        step.say(f"{name}: size {checkpoint.size} existed at {utc(token.seconds)}, says {token.signer} ({traced})")

    def finish(self, step: Step) -> None:
        """Checks that the token of every `checkpoint.time` entry is in the exhibit."""
        for digest, (index, size, _) in self._recorded.items():
            if digest not in self._checked:
                step.problem(f"entry {index} tells of a token on size {size} that is not in the exhibit")
        if not self._checked and not self._recorded:
            step.say("no authority has stamped a checkpoint")


def signed_forms(checkpoint: Checkpoint) -> set[bytes]:
    """The SHA-256 of the note with its first 1, 2, ... signatures: the log's signatures come first."""
    note, forms = checkpoint.text + "\n", set()
    for signature in checkpoint.signatures:
        note += signature.line + "\n"
        forms.add(hashlib.sha256(note.encode("utf-8")).digest())
    return forms
