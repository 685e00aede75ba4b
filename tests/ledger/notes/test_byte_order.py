"""Byte order marks in files of passphrases, keys, policies, vkeys and notes: skipped, or named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger import (
    KeyFileError,
    LedgerError,
    PassphraseError,
    Signer,
    UnreadableError,
    add_vkey,
    load_signer,
    read_passphrase,
    read_policy,
    read_vkeys,
    write_key,
)
from ledger.notes.byte_order import UTF8, without_mark

SIGNER = Signer.from_private_bytes(bytes(range(32)), name="lab.example/case-17")
POLICY = f"log {SIGNER.vkey}\nquorum none\n".encode()


def test_the_mark_of_utf_8_is_skipped_in_every_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_bytes(UTF8 + b"correct horse\r\n")
    assert read_passphrase(tmp_path / "passphrase") == b"correct horse"
    (tmp_path / "vkeys").write_bytes(UTF8 + SIGNER.vkey.encode() + b"\n")
    assert read_vkeys(tmp_path / "vkeys") == (SIGNER.vkey,)
    (tmp_path / "policy").write_bytes(UTF8 + POLICY)
    (tmp_path / "plain").write_bytes(POLICY)
    assert read_policy(tmp_path / "policy") == read_policy(tmp_path / "plain")
    (tmp_path / "windows").write_bytes(UTF8 + POLICY.replace(b"\n", b"\r\n"))
    assert read_policy(tmp_path / "windows") == read_policy(tmp_path / "plain")
    (tmp_path / "macintosh").write_bytes(POLICY.replace(b"\n", b"\r"))
    with pytest.raises(UnreadableError, match="macintosh: "):
        read_policy(tmp_path / "macintosh")
    write_key(tmp_path / "key", SIGNER)
    (tmp_path / "marked").write_bytes(UTF8 + (tmp_path / "key").read_bytes())
    assert load_signer(tmp_path / "marked", name=SIGNER.name).vkeys == SIGNER.vkeys


def test_a_vkey_is_added_to_a_file_with_a_mark(tmp_path: Path) -> None:
    other = Signer.from_private_bytes(bytes(range(1, 33)), name="other.example")
    path = tmp_path / "vkeys"
    path.write_bytes(UTF8 + SIGNER.vkey.encode())
    add_vkey(path, SIGNER.vkey)
    add_vkey(path, other.vkey)
    assert read_vkeys(path) == (SIGNER.vkey, other.vkey)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "file"
    name = "UTF-32" if encoding == "utf-32" else "UTF-16"
    for text, read, error in (
        ("correct horse\n", read_passphrase, PassphraseError),
        (f"{SIGNER.vkey}\n", read_vkeys, KeyFileError),
        (POLICY.decode(), read_policy, UnreadableError),
    ):
        path.write_bytes(text.encode(encoding))
        with pytest.raises(error, match=f"{path}: text in {name}: save it as UTF-8"):
            read(path)
    write_key(tmp_path / "key", SIGNER)
    path.write_bytes((tmp_path / "key").read_text().encode(encoding))
    with pytest.raises(KeyFileError, match=f"text in {name}"):
        load_signer(path, name=SIGNER.name)


def test_other_bytes_are_left_alone() -> None:
    for data in (b"", b"a", b"\0", b"abc\0", bytes(range(200, 256)), b"\xef\xbb", "äöü".encode(), b"\0\0\0\0"):
        assert without_mark(data) == data


def test_a_key_that_an_earlier_version_encrypted_with_the_mark_opens(tmp_path: Path) -> None:
    write_key(tmp_path / "key", SIGNER, passphrase=UTF8 + b"horse")
    assert load_signer(tmp_path / "key", name=SIGNER.name, passphrase=b"horse").vkeys == SIGNER.vkeys
    with pytest.raises(LedgerError, match="does not open it"):
        load_signer(tmp_path / "key", name=SIGNER.name, passphrase=b"cow")
