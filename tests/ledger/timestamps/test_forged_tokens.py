"""Tokens made by hand: the signed attributes say what is signed, and once."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.shared.time_authority import Issued, issue, make_key
from ledger.errors import TimestampError
from ledger.timestamps.der import OCTET_STRING, write_value
from ledger.timestamps.timestamp import verify_token
from tests.shared.forged_tokens import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    TST_INFO,
    Forgery,
    attribute,
    oid,
)

NOTE = "a signed checkpoint\n"


@pytest.fixture(scope="module")
def root() -> Issued:
    return issue("Test Root", make_key("p256"), authority=True)


@pytest.fixture(scope="module", params=["rsa", "p256"])
def signer(request: pytest.FixtureRequest, root: Issued) -> Issued:
    return issue("Test Authority", make_key(request.param), by=root)


def test_a_token_with_nothing_wrong(root: Issued, signer: Issued) -> None:
    token = verify_token(Forgery(signer, NOTE.encode()).token(), note=NOTE, roots=[root.certificate])
    assert (token.serial, token.time.isoformat()) == (7, "2026-10-01T08:30:00+00:00")


@pytest.mark.parametrize(
    "wrong",
    [
        {"signed_type": SIGNED_DATA},
        {"without": (CONTENT_TYPE,)},
        {"more": (attribute(CONTENT_TYPE, oid(TST_INFO)),)},
        {"more": (attribute(CONTENT_TYPE, oid(SIGNED_DATA)),)},
        {"without": (MESSAGE_DIGEST,)},
        {"more": (attribute(MESSAGE_DIGEST, write_value(OCTET_STRING, bytes(32))),)},
        {"without": (SIGNING_CERTIFICATE_V2,)},
        {"signers": 2},
        {"info_version": 2},
        {"version": 4},
        {"imprint": bytes(32)},
        {"content_type": SIGNED_DATA},
    ],
)
def test_tokens_with_one_thing_wrong(root: Issued, signer: Issued, wrong: dict[str, Any]) -> None:
    with pytest.raises(TimestampError):
        verify_token(Forgery(signer, NOTE.encode(), **wrong).token(), note=NOTE, roots=[root.certificate])
