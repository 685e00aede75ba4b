"""Private keys of both algorithms in one file, passphrases, vkey files that are replaced whole, and locks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA65PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ledger import Cosigner, KeyFileError, Signer, add_vkey, load_signer, read_vkeys, write_key
from ledger.durable import create_file, locked, replace_file
from ledger.errors import PassphraseError
from ledger.notes.key_files import load_cosigner, parse_keys


def pem(key: Ed25519PrivateKey | MLDSA44PrivateKey | MLDSA65PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


ED25519, MLDSA = pem(Ed25519PrivateKey.generate()), pem(MLDSA44PrivateKey.generate())


def test_both_algorithms_round_trip(tmp_path: Path) -> None:
    signer, cosigner = Signer.generate("a"), Cosigner.generate("w")
    write_key(tmp_path / "a.pem", signer)
    write_key(tmp_path / "w.pem", cosigner)
    assert load_signer(tmp_path / "a.pem", name="a").vkeys == signer.vkeys
    assert load_cosigner(tmp_path / "w.pem", name="w").vkeys == cosigner.vkeys
    assert (tmp_path / "a.pem").read_bytes().count(b"BEGIN PRIVATE KEY") == 2


def test_a_file_of_before_mldsa_loads(tmp_path: Path) -> None:
    path = tmp_path / "old.pem"
    path.write_bytes(ED25519)
    assert len(load_signer(path, name="a").vkeys) == 1
    with pytest.raises(KeyFileError, match=r"old\.pem: has no ML-DSA-44 key"):
        load_cosigner(path, name="a")


def test_passphrases(tmp_path: Path) -> None:
    path, signer = tmp_path / "a.pem", Signer.generate("a")
    write_key(path, signer, passphrase=b"secret")
    assert path.read_bytes().count(b"BEGIN ENCRYPTED PRIVATE KEY") == 2
    assert load_signer(path, name="a", passphrase=b"secret").vkeys == signer.vkeys
    for passphrase in (None, b"", b"Secret", b"x" * 5000):
        with pytest.raises(PassphraseError, match=r"a\.pem"):
            load_signer(path, name="a", passphrase=passphrase)
    with pytest.raises(PassphraseError, match="needs its passphrase"):
        load_signer(path, name="a")
    plain = tmp_path / "plain.pem"
    write_key(plain, signer)
    with pytest.raises(PassphraseError, match="not encrypted"):
        load_signer(plain, name="a", passphrase=b"secret")
    for passphrase in (b"", b"x" * 1024):
        with pytest.raises(PassphraseError):
            write_key(tmp_path / "never.pem", signer, passphrase=passphrase)
    assert not (tmp_path / "never.pem").exists()


ATTACKS = {
    "empty": b"",
    "nonsense": b"nonsense",
    "not utf-8": b"\xff" * 100,
    "only ML-DSA": MLDSA,
    "the other order": MLDSA + ED25519,
    "two Ed25519 keys": ED25519 + pem(Ed25519PrivateKey.generate()),
    "two ML-DSA keys": ED25519 + MLDSA + MLDSA,
    "another parameter set": ED25519 + pem(MLDSA65PrivateKey.generate()),
    "text before": b"text\n" + ED25519,
    "text between": ED25519 + b"text\n" + MLDSA,
    "text behind": ED25519 + MLDSA + b"text",
    "public key": ED25519.replace(b"PRIVATE", b"PUBLIC"),
    "other ends": ED25519.replace(b"END PRIVATE", b"END PUBLIC"),
    "truncated": ED25519[:-40],
    "truncated inside": re.sub(rb"\n(.{20}).*\n", rb"\n\1\n", ED25519),
    "headers": ED25519.replace(b"-----\n", b"-----\nProc-Type: 4,ENCRYPTED\n\n", 1),
    "says encrypted": ED25519.replace(b"PRIVATE", b"ENCRYPTED PRIVATE"),
    "too long": ED25519 + b"\n" * 20_000,
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_on_the_key_file_parser(name: str, tmp_path: Path) -> None:
    assert len(parse_keys(ED25519 + MLDSA)) == 2
    assert len(parse_keys((ED25519 + MLDSA).replace(b"\n", b"\r\n"))) == 2
    for passphrase in (None, b"secret"):
        with pytest.raises(KeyFileError):
            parse_keys(ATTACKS[name], passphrase=passphrase)
    path = tmp_path / "attack.pem"
    path.write_bytes(ATTACKS[name])
    with pytest.raises(KeyFileError, match=r"attack\.pem"):
        load_signer(path, name="a")


def test_an_interrupted_add_leaves_the_vkeys_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, one, two = tmp_path / "verifier.keys", Signer.generate("a"), Signer.generate("b")
    add_vkey(path, one.vkeys[1])
    before = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ledger.durable.os.fsync", fail)
    with pytest.raises(KeyFileError, match="No space left"):
        add_vkey(path, two.vkey)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_last_newline_is_added(tmp_path: Path) -> None:
    path, one, two = tmp_path / "verifier.keys", Signer.generate("a"), Cosigner.generate("b")
    path.write_text(one.vkey, "utf-8")
    add_vkey(path, two.vkeys[0])
    add_vkey(path, two.vkeys[1])
    add_vkey(path, two.vkeys[1])
    assert read_vkeys(path) == (one.vkey, *two.vkeys)
    assert path.read_bytes().endswith(b"\n")


def test_create_never_overwrites_and_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    create_file(path, b"one")
    with pytest.raises(FileExistsError):
        create_file(path, b"two")
    replace_file(path, b"three")
    assert path.read_bytes() == b"three"

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("ledger.durable.os.fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        create_file(tmp_path / "half", b"x")
    with pytest.raises(OSError, match="Input/output"):
        replace_file(path, b"x")
    assert list(tmp_path.iterdir()) == [path]


_HOLD = """
import sys, time
from pathlib import Path
from ledger.durable import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.process
def test_a_killed_process_lets_go_of_its_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    waiter = f"{_HOLD.partition('print')[0]}print('held', flush=True)\n"
    with subprocess.Popen([sys.executable, "-c", _HOLD, lock], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with subprocess.Popen([sys.executable, "-c", waiter, lock], stdout=subprocess.PIPE) as second:
            time.sleep(0.5)
            assert second.poll() is None  # it waits
            holder.kill()
            assert second.communicate(timeout=60)[0] == b"held\n"
    with locked(lock):
        assert lock.exists()


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: permissions are those of the folder on this system")
def test_only_the_owner_may_read_private_keys(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        for passphrase in (None, b"secret"):
            path = tmp_path / f"{passphrase!r}.pem"
            write_key(path, Signer.generate("a"), passphrase=passphrase)
            assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(old)
