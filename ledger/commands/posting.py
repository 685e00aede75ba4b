"""Requests to witnesses (c2sp.org/tlog-witness) and time-stamping authorities: the only file that uses a network."""

from __future__ import annotations

import http.client
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from ledger.errors import LedgerError, TimestampError, WitnessError
from ledger.notes.witness_answer import CONFLICT, MAX_ANSWER, OK, Answer, format_answer, parse_answer
from ledger.timestamps.timestamp import MAX_RESPONSE

_SECONDS = 60.0
_MAX_REASON = 500
_FAILURES = (URLError, http.client.HTTPException, OSError, ValueError)


def _opener() -> OpenerDirector:
    """An opener that follows no redirects: urllib would repeat a POST to another address as a GET."""
    opener = OpenerDirector()
    for handler in (ProxyHandler, HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor):
        opener.add_handler(handler())
    return opener


def post(url: str, body: bytes) -> Answer:
    """Posts an add-checkpoint request and returns the answer. Raises WitnessError for an answer that C2SP forbids."""
    _check_scheme(url, WitnessError)
    submission = f"{url.rstrip('/')}/add-checkpoint"
    try:
        status, _, data = _exchange(submission, body, kind="application/octet-stream", limit=MAX_ANSWER)
    except _FAILURES as error:
        raise WitnessError(f"{url}: {error}") from error
    return _read(url, status, data)


def post_query(url: str, request: bytes) -> bytes:
    """Posts a TimeStampReq and returns the response (RFC 3161, 3.4). Raises TimestampError if it is no TimeStampResp.

    The content of the response is not verified here.
    """
    _check_scheme(url, TimestampError)
    try:
        status, kind, data = _exchange(url, request, kind="application/timestamp-query", limit=MAX_RESPONSE)
    except _FAILURES as error:
        raise TimestampError(f"{url}: {error}") from error
    if status != OK or kind != "application/timestamp-reply":
        raise TimestampError(f"{url}: status {status} and {_printable(kind)!r}, not an answer to a time-stamp query")
    if len(data) > MAX_RESPONSE:
        raise TimestampError(f"{url}: the answer is longer than {MAX_RESPONSE} bytes")
    return data


def _check_scheme(url: str, error: type[LedgerError]) -> None:
    if not url.lower().startswith(("http://", "https://")):  # urllib would also read file: addresses
        raise error(f"{url}: not an http or https address")


def _exchange(url: str, body: bytes, *, kind: str, limit: int) -> tuple[int, str, bytes]:
    """The status, content type, and at most `limit` + 1 bytes of the answer. Raises one of _FAILURES."""
    request = Request(url, data=body, method="POST", headers={"Content-Type": kind})
    try:
        with _opener().open(request, timeout=_SECONDS) as response:
            return response.status, response.headers.get_content_type(), response.read(limit + 1)
    except HTTPError as error:
        with error:
            return error.code, error.headers.get_content_type(), error.read(limit + 1)


def _read(url: str, status: int, data: bytes) -> Answer:
    try:
        text = data.decode("utf-8", "strict" if status == OK else "replace")
        answer = Answer(status, text)
        if status not in (OK, CONFLICT):
            answer = Answer(status, f"{_printable(text)}\n")
        return parse_answer(format_answer(answer))
    except (UnicodeDecodeError, WitnessError) as error:
        raise WitnessError(f"{url}: status {status}, and not what a witness answers: {error}") from error


def _printable(text: str) -> str:
    line = text.partition("\n")[0][:_MAX_REASON]
    return "".join(char if char.isprintable() else "?" for char in line)
