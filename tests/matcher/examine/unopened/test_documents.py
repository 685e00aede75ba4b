"""Documents, mail and databases, texts that hold a picture, and texts that hold none."""

from __future__ import annotations

import sqlite3
from base64 import b64encode, encodebytes, urlsafe_b64encode
from binascii import b2a_uu
from email.message import EmailMessage
from pathlib import Path

import pytest

from matcher.examine.unopened import Unopened, unopened
from matcher.examine.unopened.edges import HEAD, Edges
from matcher.model import Reason

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(256))
ENCODED = b64encode(JPEG)
PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))


def told(data: bytes) -> Unopened | None:
    return unopened(Edges.of(data))


def named(name: str) -> bytes:
    return bytes(600) + name.encode("utf-16-le") + b"\0\0" + bytes(40)


def message() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "Bilder"
    mail.set_content("text")
    mail.add_attachment(PICTURE, maintype="image", subtype="png", filename="1.png")
    return mail


def uuencoded() -> bytes:
    lines = (b2a_uu(PICTURE[at : at + 45]) for at in range(0, len(PICTURE), 45))
    return b"Look:\n\nbegin 644 1.png\n" + b"".join(lines) + b"`\nend\n"


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (OLE + named("Catalog"), "application/x-ole-storage"),
        (OLE + named("WordDocument"), "application/msword"),
        (OLE + bytes(2 * HEAD) + named("Workbook"), "application/vnd.ms-excel"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\xef\xbb\xbf%PDF-1.4\n", "application/pdf"),
        (b"\n" * 99 + b"%PDF-1.4\n", "application/pdf"),
        (b"CWS\x0a\0\1\0\0\x78" + bytes(20), "application/vnd.adobe.flash.movie"),
        (b"RIFF\0\1\0\0ACON", "application/x-navi-animation"),
        (b"AC1032\0\0\0\0", "image/vnd.dwg"),
        (message().as_bytes(), "message/rfc822"),
        (b"1234\n" + message().as_bytes(), "message/rfc822"),
        (b"From a@example.org Mon Sep  7 10:00:00 2026\n" + message().as_bytes(), "application/mbox"),
        (b"Received: from a by b;\r\n Mon, 7 Sep 2026\r\nSubject: x\r\n\r\ntext", "message/rfc822"),
        (b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\n\r\n", "message/rfc822"),
        (b'<img src="data:image/png;base64,' + b64encode(PICTURE) + b'">', "text/plain"),
        (b"BEGIN:VCARD\r\nPHOTO;ENCODING=b;TYPE=JPEG:" + b64encode(b"\xff\xd8\xff\xe0" + bytes(300)), "text/plain"),
        (b'{"image/png": "' + encodebytes(PICTURE).replace(b"\n", b"\\n") + b'"}', "text/plain"),
        (b"jpegPhoto:: " + encodebytes(b"\xff\xd8\xff\xdb" + bytes(300)).replace(b"\n", b"\n "), "text/plain"),
        (encodebytes(b"GIF89a" + bytes(300)), "text/plain"),
        (b'{"url": "data:image\\/jpeg;base64,' + ENCODED.replace(b"/", b"\\/") + b'"}', "text/plain"),
        (b"?image=" + ENCODED.replace(b"/", b"%2F").replace(b"+", b"%2b"), "text/plain"),
        (b"?image=" + urlsafe_b64encode(JPEG), "text/plain"),
        (b"<img src=" + ENCODED + b">\n\0", "application/octet-stream"),
        (b"\xff\xfe" + f"<img src={ENCODED.decode()}>".encode("utf-16-le"), "application/octet-stream"),
        (b"\xfe\xff" + f"<img src={ENCODED.decode()}>".encode("utf-16-be"), "application/octet-stream"),
        (b64encode(b"\0\0\0\x1cftypheic" + bytes(300)), "text/plain"),
        (b64encode(b"\0\0\0\x20ftypavif" + bytes(300)), "text/plain"),
        (b64encode(b"II*\0\x08\0\0\0" + bytes(300)), "text/plain"),
        (b64encode(b"MM\0*\0\0\0\x08" + bytes(300)), "text/plain"),
        (b64encode(b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(300)), "text/plain"),
        (uuencoded(), "text/plain"),
        (b"bplist00\xd1\1\2" + PICTURE, "application/octet-stream"),
        (b"\0unknown" + bytes(2 * HEAD) + b"\xff\xd8\xff\xe1\1\2Exif\0\0II*\0", "application/octet-stream"),
        (b"\0unknown\xff\xd8\xff\xdb\0\x43\0" + bytes(64), "application/octet-stream"),
        (b"\0unknown RIFF\1\2\3\4WEBPVP8 " + bytes(64), "application/octet-stream"),
        (b"\0unknown\0\0\0\x18ftypheic" + bytes(64), "application/octet-stream"),
    ],
    ids=range(36),
)
def test_what_may_hold_pictures_is_told(data: bytes, media_type: str) -> None:
    assert told(data) == Unopened(Reason.CONTAINER_NOT_OPENED, media_type)


@pytest.mark.parametrize(
    "data",
    [
        b"text\n" * 100,
        b"",
        b"From the beginning\nit was a text: of letters.\n",
        b"Subject: a heading of a note\n\ntext\n",
        b"Name: package\nVersion: 1\nSummary: from here\n\n",
        b"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: a\nDate: b\nSubject: c\n",
        b"see %PDF-1.4 for the format\n",
        b'<img src="data:image/png;base64,iVBORw0KGgo=">',
        b'if head.startswith(b"iVBORw0KGgo"): decode("/9j/4AAQ")\n' * 9,
        b"begin 644 the story\nof a text\n",
        b"/9j/4" + b"   \n   " * 30_000 + b"!",
        b"a9j/4" + b"A" * 300,
        b"GZ0eXB" + b"A" * 300,
        b"MZ" + bytes(60) + PICTURE,
        b"MZ" + bytes(60) + ENCODED,
        b"\x7fELF" + bytes(60) + PICTURE,
        b"\xca\xfe\xba\xbe" + bytes(60) + PICTURE,
        b"\0unknown" + b"\x89PNG\r\n\x1a\n" + b"WEBPVP8" + b"ftypheic" + b"\xff\xd8\xff\xd8" + bytes(64),
        bytes(range(256)) * 999,
        b"AC1032 is a name\n",
        b"CWS are letters too, and more",
    ],
    ids=range(21),
)
def test_what_holds_none_is_not_told(data: bytes) -> None:
    assert told(data) is None


def test_a_database_is_told(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "contacts") as database:
        database.execute("CREATE TABLE photo (picture BLOB)")
    assert told((tmp_path / "contacts").read_bytes()) == Unopened(
        Reason.CONTAINER_NOT_OPENED, "application/vnd.sqlite3"
    )


def test_a_file_with_more_beginnings_than_are_looked_at_is_not_believed() -> None:
    assert told(b"\0" + b"\xff\xd8\xff\xd8" * 499) is None
    assert told(b"\0" + b"\xff\xd8\xff\xd8" * 501) is not None
