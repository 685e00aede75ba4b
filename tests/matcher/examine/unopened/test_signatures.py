"""Every signature of the tables tells its kind and reason, and no other table takes it first."""

from __future__ import annotations

import pytest

from matcher.examine.unopened import (
    Unopened,
    archives,
    disk_images,
    documents,
    encrypted,
    file_systems,
    unopened,
    videos,
)
from matcher.examine.unopened.edges import HEAD, TAIL, Edges, Signature, by_signature
from matcher.model import Reason

TABLES = {
    archives: Reason.CONTAINER_NOT_OPENED,
    documents: Reason.CONTAINER_NOT_OPENED,
    videos: Reason.VIDEO_NOT_READ,
    disk_images: Reason.DISK_IMAGE_NOT_READ,
    file_systems: Reason.DISK_IMAGE_NOT_READ,
    encrypted: Reason.ENCRYPTED,
}
SIGNATURES = [(signature, reason) for table, reason in TABLES.items() for signature in table.SIGNATURES]


def drawn(signature: Signature) -> bytes:
    """A file of 70,000 bytes that has nothing but a signature."""
    offset, magic, _media_type = signature
    data = bytearray(b"\x02" * 70_000)
    at = len(data) + offset if offset < 0 else offset
    data[at : at + len(magic)] = magic
    return bytes(data)


@pytest.mark.parametrize("reason", sorted(set(TABLES.values())))
def test_a_signature_tells_its_kind(reason: Reason) -> None:
    for signature, expected in SIGNATURES:
        if expected is reason:
            assert unopened(Edges.of(drawn(signature))) == Unopened(reason, signature[2]), signature


def test_a_signature_that_is_cut_tells_nothing_and_does_not_fail() -> None:
    for signature, _reason in SIGNATURES:
        end = -3 if signature[0] < 0 else signature[0] + len(signature[1]) - 1
        assert unopened(Edges.of(drawn(signature)[:end])) is None, signature


def test_no_signature_stands_twice() -> None:
    places = [(offset, magic) for (offset, magic, _media_type), _reason in SIGNATURES]
    assert len(places) == len(set(places))


def test_the_table_by_the_first_bytes_finds_what_a_search_of_all_finds() -> None:
    test = by_signature(signature for signature, _reason in SIGNATURES)
    for (offset, magic, media_type), _reason in SIGNATURES:
        assert test(Edges.of(drawn((offset, magic, media_type)))) == media_type


@pytest.mark.parametrize("size", [0, 1, 100, HEAD - 1, HEAD, HEAD + 1, HEAD + TAIL, HEAD + TAIL + 1])
def test_parts_are_those_of_the_whole_file_or_empty(size: int) -> None:
    whole = (bytes(range(251)) * (size // 251 + 1))[:size]
    edges = Edges.of(whole)
    for start in (0, 1, 99, HEAD - 2, HEAD, size - TAIL - 1, size - TAIL, size - 1, size):
        for length in (0, 1, 3, 64):
            expected = whole[start : start + length] if start >= 0 else b""
            assert edges.part(start, length) in (expected, b"")
            if start + length <= HEAD or start >= size - TAIL:
                assert edges.part(start, length) == expected
    assert edges.part(-8, 8) == (whole[-8:] if size >= 8 else b"")
