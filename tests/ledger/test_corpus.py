"""Every file of the corpus, on its parser: `valid-…` is accepted, `attack-…` refused, what a fuzzer found either.

corpus/<parser>/valid-…     what must be read
corpus/<parser>/attack-…    what must be refused, made by hand
corpus/<parser>/…           what benchmarks/ledger/fuzz_parsers.py found
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.shared.parser_targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(path for path in CORPUS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_replay(path: Path) -> None:
    accepted = TARGETS[path.parent.name](path.read_bytes())
    kind = path.name.partition("-")[0]
    assert kind not in {"valid", "attack"} or accepted == (kind == "valid")


@pytest.mark.parametrize("name", TARGETS)
def test_every_parser_has_a_corpus(name: str) -> None:
    names = [path.name for path in FILES if path.parent.name == name]
    assert sum(name.startswith("attack-") for name in names) >= 15
    assert any(name.startswith("valid-") for name in names)


def test_a_target_can_fail() -> None:
    from benchmarks.shared.parser_targets import same_bytes
    from ledger import NoteError

    with pytest.raises(AssertionError):
        same_bytes(bytes.lower, NoteError)(b"A")
    with pytest.raises(ZeroDivisionError):
        same_bytes(lambda data: data * (1 // len(data)), NoteError)(b"")
