"""Exact Hamming range search by multi-index hashing over sorted arrays (chunks.py has the proof that it is exact).

codes.bin        (n, width) uint8, in the order of their rows
offsets.bin      uint32: for each chunk and key the place of its first code in the chunk's table
ids.bin          (m * u + 32,) uint32: the rows of each chunk's table, in the order of their keys
signatures.bin   (m * u + 32,) uint16: for each of those rows the first bits of its next chunk
equal.firsts.bin, equal.starts.bin, equal.rows.bin     rows with equal codes, of which only the first is in the tables

n codes, u different ones, m chunks. A query that would cost more than a comparison with every code is answered by that.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from operator import index as as_whole
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.errors import IndexFileError
from matcher.index.answers import Answer, concatenated, merged, no_matches
from matcher.index.building import CODES, FIRSTS, IDS, OFFSETS, ROWS, SIGNATURES, STARTS
from matcher.index.chunks import DEFAULT_COSTS, Chunks, Costs, Plan, largest_share, masks, plan
from matcher.index.duplicates import Groups
from matcher.index.folder import Header, map_array, read_header
from matcher.index.probing import DAMAGED, Matches, Params, Tables, probe, probe_weighed
from matcher.index.scanning import FEW, scan
from matcher.index.vectors import LANES
from matcher.index.words import Words, words_of

_PATIENCE = 4.0
_ALWAYS = 5000.0
"""A query may cost _PATIENCE times the expected nanoseconds and _ALWAYS more before shares are chosen for it alone."""
_LARGER = 2
"""By how much such a share may exceed the largest of the plan's shares."""
_ROOM = 1024


class MultiIndex:
    """Codes in mapped files with a table for each chunk. Safe to share between threads."""

    def __init__(self, path: Path, header: Header, *, costs: Costs) -> None:
        self.path = path
        self.bits = header.bits
        self.radius = header.radius
        self.count = header.count
        self._costs = costs
        try:
            self.chunks = Chunks(header.bits, header.facts["chunks"])
            listed, groups = header.facts["listed"], header.facts["groups"]
            self._scaled_costs = costs.at(self.chunks.size(listed))
        except KeyError as error:
            raise IndexFileError(f"{path}: its header lacks {error}") from error

        def mapped(name: str, dtype: npt.DTypeLike, *shape: int) -> npt.NDArray[Any]:
            return np.asarray(map_array(path / name, dtype, shape))

        self.codes: npt.NDArray[np.uint8] = mapped(CODES, np.uint8, self.count, header.width)
        self.tables = Tables(
            words_of(self.codes),
            self.chunks.tables,
            mapped(OFFSETS, "<u4", int(self.chunks.tables[-1])),
            mapped(IDS, "<u4", self.chunks.count * listed + LANES),
            mapped(SIGNATURES, "<u2", self.chunks.count * listed + LANES),
            np.stack((self.chunks.starts, self.chunks.widths, self.chunks.signature_widths), axis=1),
            listed,
        )
        self._groups = Groups(
            mapped(FIRSTS, "<u4", groups),
            mapped(STARTS, "<u4", groups + 1),
            mapped(ROWS, "<u4", self.count - listed + groups),
        )
        self._plans: dict[int, Plan | None] = {}
        self._params: dict[tuple[int, int], Params] = {}

    def range_search(self, queries: npt.NDArray[np.uint8], *, radius: int, threads: int = 1) -> Answer:
        if queries.ndim != 2 or queries.dtype != np.uint8 or queries.shape[1] * 8 != self.bits:
            raise IndexFileError(f"{self.path}: queries of shape {queries.shape} do not fit codes of {self.bits} bits")
        radius = min(as_whole(radius), self.bits)
        if radius < 0 or self.count == 0 or len(queries) == 0:
            return no_matches(len(queries))
        words = words_of(queries)
        if threads <= 1 or len(queries) == 1:
            return self._search(words, radius)
        parts = np.array_split(words, min(threads, len(queries)))
        with ThreadPoolExecutor(len(parts)) as pool:
            return concatenated(list(pool.map(lambda part: self._search(part, radius), parts)))

    def plan(self, radius: int) -> Plan | None:
        """The division of a radius among the chunks; None where they cannot cover it."""
        if radius not in self._plans:
            self._plans[radius] = plan(self.chunks, radius, self.tables.listed, self._costs)
        return self._plans[radius]

    def _scan_cost(self, queries: int) -> float:
        """The nanoseconds of a query that is compared with every code, in a batch of `queries`."""
        return self.count * self._scaled_costs.scan(queries if queries > FEW else 1)

    def _search(self, queries: Words, radius: int) -> Answer:
        planned = self.plan(radius)
        limit = self._scan_cost(len(queries))
        if planned is None or planned.cost >= limit:
            return scan(self.tables.words, queries, radius)
        shares = np.array(planned.shares, np.int64)
        budget = min(_PATIENCE * planned.cost + _ALWAYS, limit)
        params = self._params_for(radius, max(planned.shares), budget=budget)
        matches = self._filled(queries, lambda first, out: probe(self.tables, params, shares, queries, first, out))
        answer = self._expanded(matches)
        if not matches.over_budget.any():
            return answer
        numbers = np.flatnonzero(matches.over_budget)
        others = self._search_weighed(queries[numbers], radius, largest=max(planned.shares) + _LARGER)
        return merged([(answer, np.arange(len(queries))), (others, numbers)], len(queries))

    def _search_weighed(self, queries: Words, radius: int, *, largest: int) -> Answer:
        """The answer for queries with popular keys: by shares for each query, or by comparison with every code."""
        most = min(largest, *(largest_share(width) for width in self.chunks.widths.tolist()))
        params = self._params_for(radius, most, budget=self._scan_cost(len(queries)))
        matches = self._filled(queries, lambda first, out: probe_weighed(self.tables, params, queries, first, out))
        answer = self._expanded(matches)
        if not matches.over_budget.any():
            return answer
        numbers = np.flatnonzero(matches.over_budget)
        others = scan(self.tables.words, queries[numbers], radius)
        return merged([(answer, np.arange(len(queries))), (others, numbers)], len(queries))

    def _params_for(self, radius: int, share: int, *, budget: float) -> Params:
        """The parameters of a search within a radius with shares up to `share`."""
        if (radius, share) not in self._params:
            self._params[radius, share] = self._new_params(radius, share)
        return self._params[radius, share]._replace(budget=budget)

    def _new_params(self, radius: int, share: int) -> Params:
        widths = self.chunks.widths.tolist()
        patterns = {width: masks(width, share - 1) for width in widths}
        begins = np.cumsum([0, *(len(values) for values, _starts in patterns.values())]).tolist()
        levels = {
            width: np.pad(starts, (0, share + 1 - len(starts)), mode="edge") + begin
            for (width, (_values, starts)), begin in zip(patterns.items(), begins[:-1], strict=True)
        }
        return Params(
            radius,
            np.concatenate([values for values, _starts in patterns.values()]),
            np.stack([levels[width] for width in widths]),
            np.array([self._scaled_costs.probe, self._scaled_costs.candidate, self._scaled_costs.survivor]),
            np.inf,
        )

    def _filled(self, queries: Words, run: Callable[[int, Matches], int]) -> Matches:
        """The matches of all queries by `run`, which is called again with more room until that suffices."""
        count = len(queries)
        room = _ROOM + 2 * count
        out = Matches(
            np.zeros(count + 1, np.int64), np.empty(room, np.int32), np.empty(room, np.int64), np.zeros(count, bool)
        )
        done = run(0, out)
        while 0 <= done < count:
            distances = np.concatenate((out.distances, np.empty_like(out.distances)))
            out = out._replace(distances=distances, rows=np.concatenate((out.rows, np.empty_like(out.rows))))
            done = run(done, out)
        if done == DAMAGED:
            raise IndexFileError(f"{self.path}: its tables are damaged; `check` names the file")
        return out

    def _expanded(self, matches: Matches) -> Answer:
        end = matches.limits[-1]
        try:
            answer = self._groups.expand(matches.limits, matches.distances[:end], matches.rows[:end])
        except IndexError as error:
            raise IndexFileError(f"{self.path}: its groups of equal codes are damaged") from error
        if answer[2].max(initial=0) >= self.count:
            raise IndexFileError(f"{self.path}: its groups of equal codes are damaged")
        return answer


def open_multi(path: Path, *, costs: Costs = DEFAULT_COSTS) -> MultiIndex:
    """Open a multi-index folder. `costs` decide only by which method a query is answered."""
    return MultiIndex(path, read_header(path), costs=costs)
