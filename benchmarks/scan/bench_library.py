"""What does `examine` cost in worker processes, compared with `examine` in this process?

    python -m pytest benchmarks/scan/bench_library.py --benchmark-only --benchmark-columns=min,median,rounds

The input is drawn pictures of 2 and 12 megapixels as JPEG, five million bytes that are no picture (the cost of the pipe
and of two digests), and a list of 100,000 PDQ and pHash values. In `threads` 1, 2 and 4 threads examine eight pictures
of 2 megapixels, with two workers where it is isolated. Prints pytest-benchmark's table.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest

from matcher import IsolatedMatcher, Matcher
from matcher.imaging.drawing import landscape
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.store import Store
from matcher.model import CategoryProfile

Benchmark = Callable[..., Any]
Examiner = Matcher | IsolatedMatcher

ENTRIES = 50_000


def jpeg(width: int, height: int, seed: int = 1) -> bytes:
    stream = io.BytesIO()
    landscape(seed).resize((width, height)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


@pytest.fixture(scope="module")
def data() -> dict[str, bytes]:
    return {
        "2 megapixels": jpeg(1600, 1200),
        "12 megapixels": jpeg(4000, 3000),
        "5 MB, no picture": Random(1).randbytes(5_000_000),
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    drawn = Random(1)
    with (folder / "list.jsonl").open("w", encoding="utf-8") as stream:
        for number in range(ENTRIES):
            for algorithm, width in (("pdq", 32), ("phash", 8)):
                line = {"id": f"e{number}", "algorithm": algorithm, "value": drawn.randbytes(width).hex()}
                stream.write(json.dumps(line) + "\n")
    request = ImportRequest("bench", [folder / "list.jsonl"], CategoryProfile())
    import_lists(Store(folder / "store"), request, on_refused=lambda _source, _line: None)
    return folder / "store"


@pytest.fixture(scope="module", params=["this process", "isolated"])
def examiner(request: pytest.FixtureRequest, store: Path, data: dict[str, bytes]) -> Iterator[Examiner]:
    if request.param == "this process":
        yield Matcher.open(store)
        return
    with IsolatedMatcher.open(store, workers=2) as isolated:
        with ThreadPoolExecutor(2) as pool:  # so that both workers have started
            list(pool.map(isolated.examine, [data["12 megapixels"]] * 4))
        yield isolated


@pytest.mark.parametrize("name", ["2 megapixels", "12 megapixels", "5 MB, no picture"])
def test_examine(benchmark: Benchmark, examiner: Examiner, data: dict[str, bytes], name: str) -> None:
    benchmark.group = name  # type: ignore[attr-defined]
    finding = examiner.examine(data[name])
    assert (finding.width is None) == (name == "5 MB, no picture")
    benchmark(examiner.examine, data[name])


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads(benchmark: Benchmark, examiner: Examiner, data: dict[str, bytes], threads: int) -> None:
    benchmark.group = f"8 pictures of 2 megapixels, {threads} threads"  # type: ignore[attr-defined]
    pictures = [data["2 megapixels"]] * 8
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(examiner.examine, pictures))
        benchmark(lambda: list(pool.map(examiner.examine, pictures)))


@pytest.mark.parametrize("kind", [Matcher, IsolatedMatcher], ids=["this process", "isolated"])
def test_open(benchmark: Benchmark, store: Path, kind: type[Examiner]) -> None:
    benchmark.group = "open"  # type: ignore[attr-defined]

    def opened() -> None:
        matcher = kind.open(store)
        if isinstance(matcher, IsolatedMatcher):
            matcher.close()

    benchmark.pedantic(opened, rounds=5)  # type: ignore[attr-defined]
