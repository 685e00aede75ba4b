"""A time-stamping authority for tests: certificates made here, tokens made by `openssl ts`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_TST_INFO = "1.2.840.113549.1.9.16.1.4"
START = datetime(2020, 1, 1, tzinfo=UTC)
END = datetime(2090, 1, 1, tzinfo=UTC)
_CONFIG = """\
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
signer_digest = {digest}
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = {binding}
"""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def make_key(kind: str) -> Any:
    """A private key: rsa, p256, p384, p521 or ed25519."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:] or 2048))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    curves: dict[str, Callable[[], ec.EllipticCurve]] = {
        "p256": ec.SECP256R1,
        "p384": ec.SECP384R1,
        "p521": ec.SECP521R1,
    }
    return ec.generate_private_key(curves[kind]())


def issue(
    name: str,
    key: Any,
    *,
    by: Issued | None = None,
    authority: bool = False,
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,),
    critical: bool = True,
    until: datetime = END,
    pss: bool = False,
    path_length: int | None = None,
    more: x509.ExtensionType | None = None,
) -> Issued:
    """A certificate for `key`, self-signed without `by`."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=by.certificate.subject if by else subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(START).not_valid_after(until)
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    elif purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=critical)
    if more is not None:
        builder = builder.add_extension(more, critical=True)
    signer = by.key if by else key
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size) if pss else None
    return Issued(builder.sign(signer, digest, rsa_padding=scheme), key)


class Authority:
    """Stamps notes. `chain` goes into the token beside the signer's certificate."""

    def __init__(
        self,
        folder: Path,
        signer: Issued,
        chain: tuple[Issued, ...] = (),
        *,
        digest: str = "sha256",
        binding: str = "sha256",
    ) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        (folder / "signer.pem").write_bytes(signer.pem)
        (folder / "chain.pem").write_bytes(b"".join(issued.pem for issued in chain))
        (folder / "signer.key").write_bytes(
            signer.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (folder / "serial").write_text("01\n", "ascii")
        (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder, digest=digest, binding=binding), "utf-8")

    def stamp(self, data: bytes) -> bytes:
        """A token (DER) on the SHA-256 of `data`."""
        (self._folder / "data").write_bytes(data)
        self._openssl("-query", "-data", "data", "-sha256", "-cert", "-out", "query")
        self.answer((self._folder / "query").read_bytes())
        self._openssl("-reply", "-in", "reply", "-token_out", "-out", "token")
        return (self._folder / "token").read_bytes()

    def answer(self, request: bytes) -> bytes:
        """The TimeStampResp (DER) to a TimeStampReq."""
        (self._folder / "query").write_bytes(request)
        chain = ("-chain", "chain.pem") if (self._folder / "chain.pem").stat().st_size else ()
        keys = ("-signer", "signer.pem", "-inkey", "signer.key")
        self._openssl("-reply", "-queryfile", "query", "-config", "tsa.cnf", *keys, *chain, "-out", "reply")
        return (self._folder / "reply").read_bytes()

    def sign(self, content: bytes, *options: str) -> bytes:
        """A token with any content, signed by `openssl cms` with any certificate."""
        (self._folder / "content").write_bytes(content)
        keys = ("-signer", "signer.pem", "-inkey", "signer.key", "-certfile", "chain.pem")
        kept = keys if (self._folder / "chain.pem").stat().st_size else keys[:4]
        form = ("-econtent_type", _TST_INFO, "-nodetach", "-binary", "-outform", "DER", "-in", "content")
        self._openssl("-sign", *form, *kept, "-md", "sha256", *options, "-out", "forged", tool="cms")
        return (self._folder / "forged").read_bytes()

    def _openssl(self, *arguments: str, tool: str = "ts") -> None:
        done = subprocess.run(["openssl", tool, *arguments], cwd=self._folder, capture_output=True, check=False)
        if done.returncode:
            raise AssertionError(done.stderr.decode())


def later(days: int) -> datetime:
    """A time some days after START."""
    return START + timedelta(days=days)
