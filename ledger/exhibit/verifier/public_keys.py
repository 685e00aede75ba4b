"""Signatures by the keys that certificates hold: RSA (PKCS #1 v1.5 and PSS, RFC 8017), ECDSA (FIPS 186), Ed25519."""

from __future__ import annotations

import hashlib
from typing import NamedTuple, Optional

from ledger.exhibit.verifier.der import Der, read_der
from ledger.exhibit.verifier.ed25519 import ed25519_verify
from ledger.exhibit.verifier.report import Refused

HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
RSA = "1.2.840.113549.1.1.1"
RSA_PSS = "1.2.840.113549.1.1.10"
MGF1 = "1.2.840.113549.1.1.8"
RSA_HASHES = {
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
}
EC = "1.2.840.10045.2.1"
EC_HASHES = {
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
ED25519_OID = "1.3.101.112"
# DigestInfo up to the digest (RFC 8017, 9.2, note 1)
DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
EcPoint = Optional[tuple[int, int]]


class Curve(NamedTuple):
    """y^2 = x^3 - 3x + b over the integers modulo p, and a point of prime order (FIPS 186, SP 800-186)."""

    p: int
    b: int
    order: int
    generator: EcPoint


CURVES = {
    "1.2.840.10045.3.1.7": Curve(
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        (
            0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
            0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        ),
    ),
    "1.3.132.0.34": Curve(
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        (
            0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
            0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
        ),
    ),
    "1.3.132.0.35": Curve(
        2**521 - 1,
        int(
            "051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D"
            "2C34F1EF451FD46B503F00",
            16,
        ),
        2**521 - 2**260 + 0xA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
        (
            int(
                "0C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1"
                "856A429BF97E7E31C2E5BD66",
                16,
            ),
            int(
                "11839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086"
                "A272C24088BE94769FD16650",
                16,
            ),
        ),
    ),
}


def hash_name(algorithm: Der) -> str:
    """The hashlib name of an AlgorithmIdentifier of SHA-256, SHA-384 or SHA-512. Refuses others."""
    oid = algorithm.members()[0].oid() if algorithm.members() else ""
    if oid not in HASHES:
        raise Refused(f"the hash algorithm {oid} is not one of SHA-256, SHA-384 and SHA-512")
    return HASHES[oid]


def verify_by_key(spki: Der, algorithm: Der, message: bytes, signature: bytes, *, hashed_by: str = "") -> None:
    """Verifies a signature. `algorithm` is its AlgorithmIdentifier, `spki` the public key. Refuses an invalid one.

    `hashed_by` is the hash that CMS names elsewhere; it is used where the algorithm names none.
    """
    parts, key = algorithm.members(), spki.members()
    if not parts or len(key) != 2 or not key[0].members():
        raise Refused("an algorithm or a public key is malformed")
    oid, kind, public = parts[0].oid(), key[0].members(), key[1].bits()
    name = RSA_HASHES.get(oid) or EC_HASHES.get(oid) or (hashed_by if oid == RSA else "")
    key_kind = kind[0].oid()
    if key_kind == RSA and oid == RSA_PSS and len(parts) == 2:
        verify_pss(public, parts[1], message, signature)
    elif key_kind == RSA and name and oid not in EC_HASHES:
        encoded = rsa_opened(public, signature)
        expected = DIGEST_INFO[name] + hashlib.new(name, message).digest()
        if encoded != b"\x00\x01" + b"\xff" * (len(encoded) - len(expected) - 3) + b"\x00" + expected:
            raise Refused("an RSA signature is not valid")
    elif key_kind == EC and oid in EC_HASHES and len(kind) == 2 and kind[1].oid() in CURVES:
        verify_ecdsa(CURVES[kind[1].oid()], public, hashlib.new(name, message).digest(), signature)
    elif key_kind == oid == ED25519_OID:
        ed25519_verify(public, message, signature)
    else:
        raise Refused(f"signatures by {oid} with keys of {key_kind} are not known here")


def rsa_opened(public: bytes, signature: bytes) -> bytes:
    """signature ** e modulo n, as bytes of the length of n. Refuses weak or malformed keys."""
    numbers = [member.integer() for member in read_der(public).members()]
    if len(numbers) != 2:
        raise Refused("an RSA key is malformed")
    n, e = numbers
    if not 2048 <= n.bit_length() <= 16384 or not 3 <= e < 2**64 or not n & e & 1:
        raise Refused("an RSA key is weaker than 2048 bits, or malformed")
    length = (n.bit_length() + 7) // 8
    value = int.from_bytes(signature, "big")
    if len(signature) != length or value >= n:
        raise Refused("an RSA signature is not of the key's length")
    return pow(value, e, n).to_bytes(length, "big")


def verify_pss(public: bytes, parameters: Der, message: bytes, signature: bytes) -> None:
    """Verifies RSASSA-PSS (RFC 8017, 9.1.2) with one hash for message and mask, and a salt of its length."""
    fields = {member.tag: member.inner(member.tag) for member in parameters.members()}
    if not {0xA0, 0xA1, 0xA2} <= set(fields) or not set(fields) <= {0xA0, 0xA1, 0xA2, 0xA3}:
        raise Refused("RSASSA-PSS with parameters that are not known here")
    name = hash_name(fields[0xA0])
    length = hashlib.new(name).digest_size
    mask = fields[0xA1].members()
    if len(mask) != 2 or mask[0].oid() != MGF1 or hash_name(mask[1]) != name or fields[0xA2].integer() != length:
        raise Refused("RSASSA-PSS with parameters that are not known here")
    if 0xA3 in fields and fields[0xA3].integer() != 1:
        raise Refused("RSASSA-PSS with parameters that are not known here")
    bits = read_der(public).members()[0].integer().bit_length() - 1
    opened = rsa_opened(public, signature)
    encoded = opened[-((bits + 7) // 8) :]
    masked, digest, last = encoded[: -length - 1], encoded[-length - 1 : -1], encoded[-1]
    stream = b"".join(
        hashlib.new(name, digest + counter.to_bytes(4, "big")).digest() for counter in range(len(masked) // length + 1)
    )
    spare = 8 * len(encoded) - bits
    block = bytearray(left ^ right for left, right in zip(masked, stream))
    unused = masked[0] >> (8 - spare) or any(opened[: -len(encoded)])
    block[0] &= 0xFF >> spare
    zeros, salt = bytes(block[: -length - 1]), bytes(block[-length:])
    inner = hashlib.new(name, bytes(8) + hashlib.new(name, message).digest() + salt).digest()
    if unused or any(zeros) or block[-length - 1] != 1 or last != 0xBC or inner != digest:
        raise Refused("an RSA signature is not valid")


def verify_ecdsa(curve: Curve, public: bytes, digest: bytes, signature: bytes) -> None:
    """Verifies ECDSA (FIPS 186-5, 6.4.2); the public key is an uncompressed point."""
    numbers = [member.integer() for member in read_der(signature).members()]
    if len(numbers) != 2 or not all(0 < number < curve.order for number in numbers):
        raise Refused("an ECDSA signature is malformed")
    r, s = numbers
    length = (curve.p.bit_length() + 7) // 8
    x, y = int.from_bytes(public[1 : 1 + length], "big"), int.from_bytes(public[1 + length :], "big")
    if public[:1] != b"\x04" or len(public) != 1 + 2 * length or max(x, y) >= curve.p:
        raise Refused("an elliptic curve key is not an uncompressed point")
    if (y * y - x * x * x + 3 * x - curve.b) % curve.p != 0:
        raise Refused("an elliptic curve key is no point of its curve")
    e = int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - curve.order.bit_length())
    inverse = pow(s, -1, curve.order)
    both = ec_add(
        curve,
        ec_multiply(curve, e * inverse % curve.order, curve.generator),
        ec_multiply(curve, r * inverse % curve.order, (x, y)),
    )
    if both is None or both[0] % curve.order != r:
        raise Refused("an ECDSA signature is not valid")


def ec_multiply(curve: Curve, factor: int, point: EcPoint) -> EcPoint:
    """The multiple of a point, by doubling and adding; `factor` is 0 or more."""
    result: EcPoint = None
    for bit in bin(factor)[2:]:
        result = ec_add(curve, result, result)
        if bit == "1":
            result = ec_add(curve, result, point)
    return result


def ec_add(curve: Curve, left: EcPoint, right: EcPoint) -> EcPoint:
    """The sum of two points; None is the point at infinity. Each addition inverts: slow, but simple."""
    if left is None or right is None:
        return right if left is None else left
    if left[0] == right[0]:
        if (left[1] + right[1]) % curve.p == 0:
            return None
        slope = 3 * (left[0] * left[0] - 1) * pow(2 * left[1], -1, curve.p)
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, curve.p)
    x = (slope * slope - left[0] - right[0]) % curve.p
    return (x, (slope * (left[0] - x) - left[1]) % curve.p)
