"""Key files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger import KeyFileError, NoteError, Signer, add_vkey, load_signer, read_vkeys, write_key


def test_round_trip_under_another_name(tmp_path: Path, signer: Signer) -> None:
    path = tmp_path / "examiner.pem"
    write_key(path, signer)
    assert load_signer(path, name=signer.name).vkey == signer.vkey
    other = load_signer(path, name="lab.example/case-18")
    assert other.private_bytes() == signer.private_bytes()
    assert other.name == "lab.example/case-18"


def test_only_the_owner_may_read_it(tmp_path: Path, signer: Signer) -> None:
    path = tmp_path / "examiner.pem"
    write_key(path, signer)
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_never_overwrites(tmp_path: Path, signer: Signer) -> None:
    path = tmp_path / "examiner.pem"
    path.write_bytes(b"precious")
    with pytest.raises(KeyFileError, match=r"examiner\.pem"):
        write_key(path, signer)
    assert path.read_bytes() == b"precious"


def test_files_that_hold_no_key(tmp_path: Path, signer: Signer) -> None:
    path = tmp_path / "examiner.pem"
    write_key(path, signer)
    pem = path.read_bytes()
    encrypted = load_pem_private_key(pem, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    another_kind = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"nonsense", pem[:40], encrypted, another_kind, pem + b"\n" * 20_000):
        path.write_bytes(content)
        with pytest.raises(KeyFileError, match=r"examiner\.pem"):
            load_signer(path, name="a")
    with pytest.raises(KeyFileError, match=r"absent\.pem"):
        load_signer(tmp_path / "absent.pem", name="a")
    with pytest.raises(KeyFileError):
        write_key(tmp_path / "no" / "such" / "folder.pem", signer)


def test_vkeys(tmp_path: Path, signer: Signer) -> None:
    path = tmp_path / "verifier.keys"
    other = Signer.generate("witness.example/w")
    for vkey in (signer.vkey, other.vkey, signer.vkey):
        add_vkey(path, vkey)
    assert path.read_bytes() == f"{signer.vkey}\n{other.vkey}\n".encode()
    assert read_vkeys(path) == (signer.vkey, other.vkey)
    path.write_bytes(f"\r\n{signer.vkey}\r\n\r\n".encode())
    assert read_vkeys(path) == (signer.vkey,)


def test_vkey_files_that_are_none(tmp_path: Path, signer: Signer) -> None:
    path = tmp_path / "verifier.keys"
    for content in (b"nonsense\n", signer.vkey.encode() + b" comment\n", b"\xff\xfe", b"\n" * 1_000_001):
        path.write_bytes(content)
        with pytest.raises(KeyFileError, match=r"verifier\.keys"):
            read_vkeys(path)
    with pytest.raises(KeyFileError):
        read_vkeys(tmp_path / "absent")
    with pytest.raises(NoteError):
        add_vkey(path, "nonsense")
