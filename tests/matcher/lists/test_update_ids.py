"""What an update may take the place of: entries that have its ids, and nothing that only stands on the same line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.store import Store


def _bring(store: Path, text: str, *, update: bool = False) -> None:
    path = store / "brought"
    path.write_text(text)
    request = ImportRequest("made", [path], update=update)
    import_lists(Store(store), request, on_refused=lambda _source, line: pytest.fail(line.reason))


def test_rows_without_ids_and_digests_are_not_told_apart_by_their_lines(tmp_path: Path) -> None:
    """A table of perceptual hashes alone, updated by another: what was listed must still be found."""
    old, new = bytes(32), bytes([255] * 32)
    _bring(tmp_path, f"pdq\n{old.hex()}\n")
    _bring(tmp_path, f"pdq\n{new.hex()}\n", update=True)
    opened = Store.open(tmp_path).open_list("made", 2)
    queries = np.frombuffer(old + new, np.uint8).reshape(2, 32)
    near = opened.find_near("pdq", queries, radius=0, minimum_quality=0)
    assert near.queries.tolist() == [0, 1]
    assert opened.facts.counts["hashes"] == {"pdq": 2}


def test_long_texts_are_not_told_apart_by_their_lines(tmp_path: Path) -> None:
    known = f"pdq {'00' * 32}\n"
    _bring(tmp_path, known + f"raw_text {'x' * 1025}\n")
    _bring(tmp_path, known + f"raw_text {'y' * 1025}\n", update=True)
    assert Store.open(tmp_path).open_list("made", 2).facts.counts["kept"] == {"raw_text": 2}
    digest = hashlib.sha256(b"x" * 1025).hexdigest()
    assert len(Store.open(tmp_path).open_list("made", 2).records_of([digest])[1]) == 1
