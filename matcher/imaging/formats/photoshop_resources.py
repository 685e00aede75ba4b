"""The image resources of Photoshop: in its documents, and in the metadata of JPEG and TIFF files.

Source: Adobe's *Photoshop File Formats Specification*, "Image Resources Section".
"""

from __future__ import annotations

from collections.abc import Iterator


def resources(block: bytes | memoryview) -> Iterator[tuple[int, memoryview]]:
    """A generator of (number, body). It ends where the block does; a body may be cut there."""
    view = memoryview(block)
    at = 0
    while at + 7 <= len(view):
        number = int.from_bytes(view[at + 4 : at + 6])
        name = view[at + 6] + 1
        at += 6 + name + name % 2
        if at + 4 > len(view):
            return
        size = int.from_bytes(view[at : at + 4])
        yield number, view[at + 4 : at + 4 + size]
        at += 4 + size + size % 2
