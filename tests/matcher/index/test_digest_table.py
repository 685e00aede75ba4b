"""The digest table against a search in a plain list: any digests, any queries, and what damage does."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import IndexFileError, StoreError
from matcher.index import check_index, digest_sorting
from matcher.index.digest_kernels import BLOCK, RUN
from matcher.index.digest_sorting import WORTH_COMPILING, prefix_bits
from matcher.index.digests import DIGESTS, FEW, PREFIXES, DigestTable, build, open_digests
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.store import Store
from matcher.lists.version import check_version
from matcher.model import CategoryProfile
from tests.shared.list_cases import find_digest

Digests = npt.NDArray[np.uint8]


@pytest.fixture(autouse=True, scope="module", params=[0, WORTH_COMPILING], ids=["compiled", "plain"])
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both ways to sort digests, whatever their number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digest_sorting, "WORTH_COMPILING", request.param)
        yield


def rows_of(values: list[bytes], width: int) -> Digests:
    return np.frombuffer(b"".join(values), np.uint8).reshape(len(values), width)


def numbered(numbers: npt.NDArray[np.int64], width: int, place: int) -> Digests:
    """Digests that are all zero but for a number's two bytes from `place` on."""
    digests = np.zeros((len(numbers), width), np.uint8)
    digests[:, place] = numbers >> 8
    digests[:, place + 1] = numbers & 255
    return digests


def spread(rng: np.random.Generator, count: int, width: int, _place: int) -> Digests:
    """Digests as they are: nothing in common."""
    return rng.integers(0, 256, (count, width), dtype=np.uint8)


def alike(rng: np.random.Generator, count: int, width: int, place: int) -> Digests:
    """Numbers among zeros, with many repeats: one bucket, or very unequal ones."""
    return numbered(rng.integers(0, max(count, 1), count), width, place)


def clumped(rng: np.random.Generator, count: int, width: int, place: int) -> Digests:
    """Half of each."""
    return np.concatenate([spread(rng, count // 2, width, place), alike(rng, count - count // 2, width, place)])


KINDS = (spread, alike, clumped)


class Oracle:
    """The same answers from Python's own sort and a dictionary."""

    def __init__(self, digests: Digests) -> None:
        values = [row.tobytes() for row in digests]
        self.order = sorted(range(len(values)), key=values.__getitem__)  # stable
        self.places = defaultdict(list)
        for place, row in enumerate(self.order):
            self.places[values[row]].append(place)

    def find(self, digest: Digests) -> list[int]:
        return self.places.get(digest.tobytes(), [])


def altered(rng: np.random.Generator, digests: Digests) -> Digests:
    """The digests with one bit of each another: neighbours that are not there, mostly."""
    other = digests.copy()
    if len(other):
        other[np.arange(len(other)), rng.integers(0, other.shape[1], len(other))] ^= np.uint8(1)
    return other


def check_answers(table: DigestTable, oracle: Oracle, queries: Digests) -> None:
    limits, places = table.find_many(queries)
    assert (limits.dtype, places.dtype, len(limits)) == (np.dtype(np.int64), np.dtype(np.int64), len(queries) + 1)
    expected = [oracle.find(query) for query in queries]
    assert [places[limits[q] : limits[q + 1]].tolist() for q in range(len(queries))] == expected
    assert [table.find(query.tobytes()) for query in queries] == expected


@pytest.mark.slow
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(KINDS),
    width=st.sampled_from([2, 7, 16, 20, 32, 64]),
    count=st.one_of(st.integers(0, 40), st.integers(100, 900)),
    place=st.integers(0, 62),
    asked=st.sampled_from([0, 1, FEW - 1, FEW, BLOCK, 3 * BLOCK + 1]),
)
@settings(max_examples=100, deadline=None)
def test_equals_a_search_in_a_plain_list(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    kind: Callable[..., Digests],
    width: int,
    count: int,
    place: int,
    asked: int,
) -> None:
    rng = np.random.default_rng(seed)
    digests = kind(rng, count, width, min(place, width - 2))
    oracle = Oracle(digests)
    path = tmp_path_factory.mktemp("table") / "t"
    order = build(digests, path=path)
    assert order.tolist() == oracle.order
    table = open_digests(path)
    known = digests[rng.integers(0, count, asked)] if count else np.zeros((asked, width), np.uint8)
    lowest_and_highest = np.array([[0] * width, [255] * width], np.uint8)
    for queries in (known, altered(rng, known), spread(rng, asked, width, 0), lowest_and_highest):
        check_answers(table, oracle, rng.permutation(queries))


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_threads_writes_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Callable[..., Digests], threads: int
) -> None:
    digests = kind(np.random.default_rng(5), 3000, 20, 11)
    build(digests, path=tmp_path / "alone")
    monkeypatch.setattr(digest_sorting, "WORTH_A_THREAD", 100)
    monkeypatch.setattr("os.cpu_count", lambda: threads)
    order = build(digests, path=tmp_path / "together")
    assert order.tolist() == Oracle(digests).order
    for path in sorted((tmp_path / "alone").iterdir()):
        assert (tmp_path / "together" / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("count", [RUN - 1, RUN, RUN + 1, 2 * RUN + 1, 5 * RUN, 1000])
def test_one_bucket_is_sorted_whatever_its_size(tmp_path: Path, count: int) -> None:
    """Descending, so that every run is merged; and each digest twice, so that it matters which comes first."""
    digests = numbered(np.repeat(np.arange(count), 2)[::-1], 16, 14)
    assert build(digests, path=tmp_path / "t").tolist() == Oracle(digests).order


def test_a_prefix_cuts_into_a_few_digests_and_takes_little_room() -> None:
    assert [prefix_bits(count, 32) for count in (0, 1, 7, 8, 100, 10**6)] == [0, 0, 0, 1, 4, 17]
    assert prefix_bits(10**6, 1) == 8
    bits = prefix_bits(100_000_000, 32)
    assert 100_000_000 * 32 + ((1 << bits) + 1) * 4 <= 3.3e9
    assert prefix_bits(2**32 - 1, 32) == 24


@pytest.mark.slow
def test_threads_may_share_a_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    digests = clumped(rng, 2000, 16, 3)
    build(digests, path=tmp_path / "t")
    table, oracle = open_digests(tmp_path / "t"), Oracle(digests)
    parts = np.array_split(np.concatenate([digests, altered(rng, digests)]), 8)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda part: check_answers(table, oracle, part), parts))


def test_queries_may_be_strided_or_read_only(tmp_path: Path) -> None:
    digests = spread(np.random.default_rng(7), 200, 16, 0)
    build(digests, path=tmp_path / "t")
    table, oracle = open_digests(tmp_path / "t"), Oracle(digests)
    check_answers(table, oracle, digests[::-2])
    wide = np.zeros((200, 40), np.uint8)
    wide[:, 5:21] = digests
    check_answers(table, oracle, wide[:, 5:21])
    fixed = digests.copy()
    fixed.flags.writeable = False
    check_answers(table, oracle, fixed)


@pytest.mark.parametrize("asked", [1, FEW])
def test_a_wrong_width_or_type_is_refused(tmp_path: Path, asked: int) -> None:
    build(np.zeros((3, 16), np.uint8), path=tmp_path / "t")
    table = open_digests(tmp_path / "t")
    with pytest.raises(IndexFileError, match=r"t: queries of shape \(\d+, 20\) uint8 among digests of 16 bytes"):
        table.find_many(np.zeros((asked, 20), np.uint8))
    with pytest.raises(IndexFileError, match="int64 among digests of 16 bytes"):
        table.spans(np.zeros((asked, 16), np.int64))
    for digests in (np.zeros(16, np.uint8), np.zeros((1, 16), np.int64), np.zeros((1, 0), np.uint8)):
        with pytest.raises(IndexFileError, match="digests must be"):
            build(digests, path=tmp_path / "u")  # type: ignore[arg-type]
    assert not (tmp_path / "u").exists()


def test_a_table_is_never_overwritten(tmp_path: Path) -> None:
    build(np.zeros((3, 16), np.uint8), path=tmp_path / "t")
    with pytest.raises(IndexFileError, match="never overwritten"):
        build(np.zeros((2, 16), np.uint8), path=tmp_path / "t")


def small_table(path: Path) -> tuple[Digests, Digests]:
    """Its digests and queries: every digest, neighbours of them, and others."""
    rng = np.random.default_rng(8)
    digests = np.concatenate([spread(rng, 20, 16, 0), np.zeros((4, 16), np.uint8)])
    build(digests, path=path)
    return digests, np.concatenate([digests, altered(rng, digests), spread(rng, 20, 16, 0)])


def flips(path: Path) -> Iterator[int]:
    """A generator of the places of a file's bytes, several bits of each flipped in turn."""
    whole = path.read_bytes()
    for place in range(len(whole)):
        for mask in (0x01, 0x10, 0x80, 0xFF):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :])
            yield place


@pytest.mark.slow
@pytest.mark.parametrize("name", [DIGESTS, PREFIXES])
def test_every_flipped_byte_is_refused_by_the_check(tmp_path: Path, name: str) -> None:
    small_table(tmp_path / "t")
    check_index(tmp_path / "t")
    for _place in flips(tmp_path / "t" / name):
        with pytest.raises(IndexFileError, match="its bytes are not those that were published"):
            check_index(tmp_path / "t")


@pytest.mark.slow
def test_every_flipped_byte_of_the_header_is_refused_or_changes_no_answer(tmp_path: Path) -> None:
    digests, queries = small_table(tmp_path / "t")
    oracle = Oracle(digests)
    refused = set()
    for place in flips(tmp_path / "t" / "header.json"):
        try:
            table = open_digests(tmp_path / "t")
        except IndexFileError:
            refused.add(place)
        else:
            check_answers(table, oracle, queries)
    assert len(refused) > 100


@pytest.mark.slow
def test_every_flipped_byte_of_a_list_is_refused_by_the_check(tmp_path: Path) -> None:
    """The table and what stands beside it, as `scan` checks it."""
    lines = [{"id": str(n), "algorithm": "md5", "value": f"{n % 3:032x}"} for n in range(4)]
    (tmp_path / "l").write_text("".join(json.dumps(line) + "\n" for line in lines))
    request = ImportRequest("made", [tmp_path / "l"], CategoryProfile())
    import_lists(Store(tmp_path / "s"), request, on_refused=lambda source, line: None)
    store = Store.open(tmp_path / "s")
    base = store.folder_of("made", 1) / "hashes"
    paths = sorted(path for path in base.rglob("*") if path.is_file())
    assert len(paths) == 5
    for path in paths:
        whole = path.read_bytes()
        for _place in flips(path):
            with pytest.raises(StoreError, match="its bytes are not those that were imported"):
                check_version(store.folder_of("made", 1))
        path.write_bytes(whole)
    opened = store.open_list("made", 1, check=True)
    assert find_digest(opened, "md5", bytes(16)) == [0, 3]


@pytest.mark.slow
@given(damage=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_damage_that_nobody_checked_for_ends_in_an_answer_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int]]
) -> None:
    """Compiled code looks at no bounds: a table must not send it outside of its own bytes."""
    folder = tmp_path_factory.mktemp("table")
    _digests, queries = small_table(folder / "t")
    changed = np.fromfile(folder / "t" / PREFIXES, np.uint8)
    for place, mask in damage:
        changed[place % len(changed)] ^= np.uint8(mask)
    changed.tofile(folder / "t" / PREFIXES)
    table = open_digests(folder / "t")
    for ask in (table.find_many, lambda queries: [table.find(query.tobytes()) for query in queries]):
        try:
            ask(queries)
        except IndexFileError as error:
            assert "prefixes.bin: is damaged" in str(error)  # noqa: PT017


def test_a_bucket_that_holds_digests_of_another_is_refused(tmp_path: Path) -> None:
    digests = spread(np.random.default_rng(9), 64, 16, 0)
    build(digests, path=tmp_path / "t")
    limits = np.fromfile(tmp_path / "t" / PREFIXES, "<u4")
    limits[:-1] = 0  # every bucket but the last is empty, and the last one has everything
    limits.tofile(tmp_path / "t" / PREFIXES)
    with pytest.raises(IndexFileError, match=r"prefixes\.bin: is damaged: import the list again"):
        open_digests(tmp_path / "t").find_many(np.full((FEW, 16), 255, np.uint8))


def reseal(header: Path, body: dict[str, Any]) -> None:
    """Write a header with the digest that its writer would have given it."""
    del body["sha256"]
    body["sha256"] = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    header.write_text(json.dumps(body))


@pytest.mark.parametrize("key", ["count", "bits"])
def test_a_header_that_does_not_fit_its_files_is_refused(tmp_path: Path, key: str) -> None:
    small_table(tmp_path / "t")
    header = tmp_path / "t" / "header.json"
    body = json.loads(header.read_text())
    body[key] *= 2
    reseal(header, body)
    with pytest.raises(IndexFileError, match=r"digests\.bin: has not the \d+ bytes that \d+ digests need"):
        open_digests(tmp_path / "t")


def test_a_table_of_an_earlier_layout_is_refused(tmp_path: Path) -> None:
    small_table(tmp_path / "t")
    header = tmp_path / "t" / "header.json"
    body = json.loads(header.read_text())
    del body["files"][PREFIXES]
    reseal(header, body)
    with pytest.raises(IndexFileError, match=r"prefixes\.bin: has not the 20 bytes that 24 digests need"):
        open_digests(tmp_path / "t")
