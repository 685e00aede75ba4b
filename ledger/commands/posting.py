"""Asking a witness over HTTP (c2sp.org/tlog-witness): the only file that uses a network."""

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

from ledger.answer import CONFLICT, MAX_ANSWER, OK, Answer, format_answer, parse_answer
from ledger.errors import WitnessError

_SECONDS = 60.0
_MAX_REASON = 500


def _opener() -> OpenerDirector:
    """Follows no redirect: a witness has one address, and urllib would repeat a POST elsewhere as a GET."""
    opener = OpenerDirector()
    for handler in (ProxyHandler, HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor):
        opener.add_handler(handler())
    return opener


def post(url: str, body: bytes) -> Answer:
    """The answer to an add-checkpoint request. Raises WitnessError if there is none that C2SP allows."""
    if not url.lower().startswith(("http://", "https://")):  # urllib reads files too
        raise WitnessError(f"{url}: not an http or https address")
    try:
        request = Request(f"{url.rstrip('/')}/add-checkpoint", data=body, method="POST")
        request.add_header("Content-Type", "application/octet-stream")
        with _opener().open(request, timeout=_SECONDS) as response:
            status, data = response.status, response.read(MAX_ANSWER + 1)
    except HTTPError as error:
        with error:
            status, data = error.code, error.read(MAX_ANSWER + 1)
    except (URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise WitnessError(f"{url}: {error}") from error
    return _read(url, status, data)


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
