"""The verifier's own signature algorithms against the standards' vectors and against `cryptography`."""

from __future__ import annotations

import random
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.exhibit.verifier.der import read_der
from ledger.exhibit.verifier.ed25519 import ORDER, P25519, ed25519_verify
from ledger.exhibit.verifier.mldsa import BETA, MLDSA_SIGNATURE, OMEGA, mldsa44_verify
from ledger.exhibit.verifier.public_keys import CURVES, ec_multiply, verify_by_key
from ledger.exhibit.verifier.report import Refused

RFC8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), RFC8032)
def test_ed25519_vectors_of_rfc_8032(public: str, message: str, signature: str) -> None:
    key, text, value = (bytes.fromhex(part) for part in (public, message, signature))
    ed25519_verify(key, text, value)
    with pytest.raises(Refused):
        ed25519_verify(key, text + b"x", value)


def test_ed25519_agrees_with_cryptography() -> None:
    choose = random.Random(8032)
    for length in range(40):
        key = Ed25519PrivateKey.from_private_bytes(choose.randbytes(32))
        public, message = key.public_key().public_bytes_raw(), choose.randbytes(length)
        signature = key.sign(message)
        ed25519_verify(public, message, signature)
        for place in choose.sample(range(512), 4):
            with pytest.raises(Refused):
                ed25519_verify(public, message, _flipped(signature, place))


def test_ed25519_refuses_what_is_not_canonical() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"m")
    s = int.from_bytes(signature[32:], "little") + ORDER
    with pytest.raises(Refused, match="not below the order"):
        ed25519_verify(public, b"m", signature[:32] + s.to_bytes(32, "little"))
    with pytest.raises(Refused, match="of its length"):
        ed25519_verify(public, b"m", signature + b"\0")
    with pytest.raises(Refused, match="canonically"):
        ed25519_verify((P25519 + 1).to_bytes(32, "little"), b"m", signature)
    for y in (0, 1, P25519 - 1):  # points of order 4, 1 and 2, under which one signature fits many messages
        with pytest.raises(Refused, match="small order"):
            ed25519_verify(y.to_bytes(32, "little"), b"m", signature)
    with pytest.raises(Refused, match="no point"):
        ed25519_verify((2).to_bytes(32, "little"), b"m", signature)


def test_mldsa44_agrees_with_cryptography() -> None:
    choose = random.Random(204)
    for length in range(12):
        key = MLDSA44PrivateKey.from_seed_bytes(choose.randbytes(32))
        public, message = key.public_key().public_bytes_raw(), choose.randbytes(50 * length)
        signature = key.sign(message)
        mldsa44_verify(public, message, signature)
        with pytest.raises(Refused):
            mldsa44_verify(public, message + b"x", signature)
        for place in choose.sample(range(8 * MLDSA_SIGNATURE), 6):
            with pytest.raises(Refused):
                mldsa44_verify(public, message, _flipped(signature, place))


def test_mldsa44_with_a_context_is_another_signature() -> None:
    key = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    with pytest.raises(Refused):
        mldsa44_verify(key.public_key().public_bytes_raw(), b"m", key.sign(b"m", b"context"))


def test_mldsa44_z_is_bounded() -> None:
    """A coefficient at the bound, GAMMA1 - BETA: refused as too large, before anything is computed with it."""
    key = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"m")
    packed = int.from_bytes(signature[32:608], "little")
    at_bound = (packed & ~0x3FFFF | BETA).to_bytes(576, "little")  # packed as GAMMA1 minus the coefficient
    below = (packed & ~0x3FFFF | BETA + 1).to_bytes(576, "little")
    with pytest.raises(Refused, match="z is too large"):
        mldsa44_verify(public, b"m", signature[:32] + at_bound + signature[608:])
    with pytest.raises(Refused, match=r"not valid$"):
        mldsa44_verify(public, b"m", signature[:32] + below + signature[608:])


def test_mldsa44_hints_can_be_written_in_one_way_only() -> None:
    key = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"m")
    hints = signature[-OMEGA - 4 :]
    assert hints[OMEGA] >= 2  # the first row has two hints to be swapped
    swapped = bytes([hints[1], hints[0]]) + hints[2:]
    beyond = hints[:OMEGA] + hints[OMEGA : OMEGA + 3] + bytes([OMEGA + 1])
    padded = hints[: OMEGA - 1] + b"\x01" + hints[OMEGA:]
    for changed in (swapped, beyond, padded):
        with pytest.raises(Refused, match="hints are malformed"):
            mldsa44_verify(public, b"m", signature[: -OMEGA - 4] + changed)


@pytest.mark.slow
@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=lambda digest: digest.name)
def test_ecdsa_agrees_with_cryptography(curve: Any, digest: Any) -> None:
    key = ec.generate_private_key(curve)
    signature = key.sign(b"m", ec.ECDSA(digest))
    oid = {"sha256": "2", "sha384": "3", "sha512": "4"}[digest.name]
    algorithm = bytes.fromhex(f"300a06082a8648ce3d04030{oid}")
    _check(key, algorithm, signature)


def test_the_generators_have_their_order() -> None:
    for curve in CURVES.values():
        assert curve.generator is not None
        x, y = curve.generator
        assert (y * y - x**3 + 3 * x - curve.b) % curve.p == 0
        assert ec_multiply(curve, curve.order - 1, curve.generator) == (x, curve.p - y)


@pytest.mark.parametrize(("digest", "oid"), [(hashes.SHA256(), "0b"), (hashes.SHA384(), "0c"), (hashes.SHA512(), "0d")])
def test_rsa_pkcs1_agrees_with_cryptography(digest: Any, oid: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    _check(key, bytes.fromhex(f"300d06092a864886f70d0101{oid}0500"), key.sign(b"m", padding.PKCS1v15(), digest))


@pytest.mark.parametrize("bits", [2048, 2049, 2055])
def test_rsa_pss_agrees_with_cryptography(bits: int) -> None:
    key = rsa.generate_private_key(65537, bits)
    signature = key.sign(b"m", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    sha256 = "300d06096086480165030402010500"
    parameters = f"a00f{sha256}a11c301a06092a864886f70d010108{sha256}a203020120"
    _check(key, bytes.fromhex(f"304106092a864886f70d01010a3034{parameters}"), signature)


def test_weak_rsa_keys_are_refused() -> None:
    key = rsa.generate_private_key(65537, 1024)
    signature = key.sign(b"m", padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(Refused, match="weaker than 2048"):
        verify_by_key(_spki(key), read_der(bytes.fromhex("300d06092a864886f70d01010b0500")), b"m", signature)


def _check(key: Any, algorithm: bytes, signature: bytes) -> None:
    """Verifies, and refuses another message, every eleventh flipped bit, and another key."""
    parsed = read_der(algorithm)
    verify_by_key(_spki(key), parsed, b"m", signature)
    with pytest.raises(Refused):
        verify_by_key(_spki(key), parsed, b"n", signature)
    for place in range(0, 8 * len(signature), 8 * len(signature) // 11):
        with pytest.raises(Refused):
            verify_by_key(_spki(key), parsed, b"m", _flipped(signature, place))


def _spki(key: Any) -> Any:
    encoding, layout = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return read_der(key.public_key().public_bytes(encoding, layout))


def _flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
