"""The scanlines of a PNG, eight at a time: unfiltered, made grey, and summed from the left.

A filtered pixel needs the one to its left, the one above, and the one above that to the left. So the pixels of one
scanline wait for one another, but not those of neighbouring scanlines that lie on a diagonal: row r is taken at column
s - r in step s, and each step undoes eight pixels in one vector. What is above a row's pixel is what the row above it
gave in the step before. Any mixture of filters takes the same time.

Written in LLVM's own terms, so that it becomes whatever the processor has (AVX-512, AVX2, SSE, NEON), and stays correct
where it has none of these. Nothing here checks bounds: the caller does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

ROWS = 16
"""Scanlines that are undone at once."""

Kind = Literal["grey", "palette", "rgb", "rgba"]

_BYTE = ir.IntType(8)
_INT = ir.IntType(32)
_LONG = ir.IntType(64)
_WORDS = ir.VectorType(_INT, ROWS)
_SUB, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4
_CHANNELS = {"grey": 1, "palette": 1, "rgb": 3, "rgba": 4}
_LUMA = (19595, 38470, 7471)
"""Of red, green and blue, in 65,536ths: Pillow's."""


def _long(value: int) -> ir.Constant:
    return ir.Constant(_LONG, value)


def _filled(vector: ir.VectorType, value: int) -> ir.Constant:
    return ir.Constant(vector, [value] * vector.count)


class _Group:
    """The instructions for one group of scanlines, as they are written one after the other."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any, *, kind: Kind) -> None:
        self.builder = builder
        self.kind = kind
        self.channels = _CHANNELS[kind]
        self.lanes = 1 if self.channels == 1 else 4
        self.bytes = ir.VectorType(_BYTE, ROWS * self.lanes)
        arrays = [
            context.make_array(kind_of)(context, builder, argument).data if isinstance(kind_of, types.Array) else None
            for kind_of, argument in zip(signature.args, arguments, strict=True)
        ]
        self.scanlines, self.above, self.sums, self.table = (arrays[at] for at in (0, 4, 5, 6))
        begin, stride, count = arguments[1:4]
        self.width = arguments[7]
        self.firsts = []
        filters = ir.Constant(self.bytes, ir.Undefined)
        for row in range(ROWS):
            is_there = builder.icmp_signed("<", _long(row), count)
            first = builder.add(begin, builder.mul(stride, builder.select(is_there, _long(row), _long(0))))
            used = builder.load(builder.gep(self.scanlines, [first]))
            for lane in range(self.lanes):
                filters = builder.insert_element(filters, used, ir.Constant(_INT, row * self.lanes + lane))
            # with three channels, the byte before a pixel is read with it, so that nothing behind the last one is
            self.firsts.append(builder.add(first, _long(0 if self.channels == 3 else 1)))
        self.uses = {
            number: builder.sext(builder.icmp_signed("==", filters, _filled(self.bytes, number)), self.bytes)
            for number in (_SUB, _UP, _AVERAGE, _PAETH)
        }
        self.left = self._variable(self.bytes)
        self.over = self._variable(self.bytes)
        self.sum = self._variable(_WORDS)
        self.seen = self._variable(_WORDS, -1 if kind == "rgba" else 0)

    def _variable(self, vector: ir.VectorType, value: int = 0) -> Any:
        place = cgutils.alloca_once(self.builder, vector)
        self.builder.store(_filled(vector, value), place)
        return place

    def run(self) -> Any:
        """All steps; then the AND of all pixels (RGBA) or the greatest (palette) as an integer."""
        builder, width = self.builder, self.width
        before = _long(ROWS - 1)
        is_narrow = builder.icmp_signed("<", width, before)
        end = builder.add(width, before)
        self._steps(_long(0), before, guarded=True, stored=False)
        self._steps(before, width, guarded=False, stored=True)
        self._steps(builder.select(is_narrow, before, width), end, guarded=True, stored=True)
        seen = builder.load(self.seen)
        found = builder.extract_element(seen, ir.Constant(_INT, 0))
        for row in range(1, ROWS):
            other = builder.extract_element(seen, ir.Constant(_INT, row))
            if self.kind == "rgba":
                found = builder.and_(found, other)
            else:
                found = builder.select(builder.icmp_unsigned(">", other, found), other, found)
        return builder.zext(found, _LONG)

    def _steps(self, begin: Any, end: Any, *, guarded: bool, stored: bool) -> None:
        with cgutils.for_range_slice(self.builder, begin, end, _long(1), intp=_LONG) as (step, _):
            self._step(step, guarded=guarded, stored=stored)

    def _step(self, step: Any, *, guarded: bool, stored: bool) -> None:
        builder = self.builder
        filtered, inside = self._filtered(step, guarded=guarded)
        left, corner = builder.load(self.left), builder.load(self.over)
        over = self._over(step, left, guarded=guarded)
        pixels = builder.add(filtered, self._predicted(left, over, corner))
        builder.store(pixels, self.left)
        builder.store(over, self.over)
        words = self._words(pixels)
        if stored:
            column = builder.sub(step, _long(ROWS - 1))
            lowest = builder.extract_element(words, ir.Constant(_INT, ROWS - 1))
            builder.store(lowest, builder.gep(self.above, [column]))
        grey = self._grey(words)
        if inside is not None:
            grey = builder.and_(grey, inside)
        total = builder.add(builder.load(self.sum), grey)
        builder.store(total, self.sum)
        place = builder.gep(self.sums, [builder.mul(step, _long(ROWS))])
        builder.store(total, builder.bitcast(place, _WORDS.as_pointer()), align=4)
        self._look(words, inside)

    def _filtered(self, step: Any, *, guarded: bool) -> tuple[Any, Any]:
        """A pixel of each row, as it was inflated, and a mask of those that are inside the picture (None: all)."""
        builder = self.builder
        words = ir.Constant(_WORDS, ir.Undefined)
        inside = ir.Constant(_WORDS, ir.Undefined)
        for row, first in enumerate(self.firsts):
            at = ir.Constant(_INT, row)
            column = builder.sub(step, _long(row))
            if guarded:
                is_inside = builder.icmp_unsigned("<", column, self.width)
                column = builder.select(is_inside, column, _long(0))
                inside = builder.insert_element(inside, builder.sext(is_inside, _INT), at)
            place = builder.gep(self.scanlines, [builder.add(first, builder.mul(column, _long(self.channels)))])
            if self.lanes == 1:
                word = builder.zext(builder.load(place), _INT)
            else:
                word = builder.load(builder.bitcast(place, _INT.as_pointer()), align=1)
            words = builder.insert_element(words, word, at)
        if guarded:
            words = builder.and_(words, inside)
        return self._bytes(words), inside if guarded else None

    def _bytes(self, words: Any) -> Any:
        if self.lanes == 1:
            return self.builder.trunc(words, self.bytes)
        return self.builder.bitcast(words, self.bytes)

    def _words(self, pixels: Any) -> Any:
        if self.lanes == 1:
            return self.builder.zext(pixels, _WORDS)
        return self.builder.bitcast(pixels, _WORDS)

    def _over(self, step: Any, left: Any, *, guarded: bool) -> Any:
        """The pixels above: what each row gave in the step before goes to the row below it."""
        builder = self.builder
        if guarded:
            is_inside = builder.icmp_unsigned("<", step, self.width)
            step = builder.select(is_inside, step, _long(0))
        word = builder.load(builder.gep(self.above, [step]))
        words = builder.insert_element(ir.Constant(_WORDS, ir.Undefined), word, ir.Constant(_INT, 0))
        count, lanes = self.bytes.count, self.lanes
        order = [count + lane for lane in range(lanes)] + list(range(count - lanes))
        return builder.shuffle_vector(
            left, self._bytes(words), ir.Constant(ir.VectorType(_INT, count), order)
        )

    def _predicted(self, left: Any, over: Any, corner: Any) -> Any:
        builder = self.builder
        is_less = builder.icmp_unsigned("<", left, over)
        low, high = builder.select(is_less, left, over), builder.select(is_less, over, left)
        differing = builder.lshr(builder.xor(left, over), _filled(self.bytes, 1))
        average = builder.add(builder.and_(left, over), differing)
        # Paeth's choice without its distances, in bytes: how far the corner is above the lower and below the higher
        above, below = self._less(corner, low), self._less(high, corner)
        nearest = builder.select(builder.icmp_unsigned(">=", self._less(above, below), below), low, corner)
        nearest = builder.select(builder.icmp_unsigned(">=", self._less(below, above), above), high, nearest)
        choices = ((_SUB, left), (_UP, over), (_AVERAGE, average), (_PAETH, nearest))
        masked = [builder.and_(value, self.uses[number]) for number, value in choices]
        return builder.or_(builder.or_(masked[0], masked[1]), builder.or_(masked[2], masked[3]))

    def _less(self, value: Any, other: Any) -> Any:
        """`value` - `other`, or zero where that is negative."""
        name = f"llvm.usub.sat.v{self.bytes.count}i8"
        kind = ir.FunctionType(self.bytes, [self.bytes, self.bytes])
        function = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(function, [value, other])

    def _grey(self, words: Any) -> Any:
        builder = self.builder
        if self.kind == "grey":
            return words
        if self.kind == "palette":
            values = ir.Constant(_WORDS, ir.Undefined)
            for row in range(ROWS):
                at = ir.Constant(_INT, row)
                place = builder.gep(self.table, [builder.zext(builder.extract_element(words, at), _LONG)])
                values = builder.insert_element(values, builder.load(place), at)
            return values
        total = _filled(_WORDS, 32768)
        for number, share in enumerate(_LUMA, 1 if self.channels == 3 else 0):
            value = builder.lshr(words, _filled(_WORDS, 8 * number))
            value = builder.and_(value, _filled(_WORDS, 255))
            total = builder.add(total, builder.mul(value, _filled(_WORDS, share)))
        return builder.lshr(total, _filled(_WORDS, 16))

    def _look(self, words: Any, inside: Any) -> None:
        builder = self.builder
        if self.kind not in ("palette", "rgba"):
            return
        seen = builder.load(self.seen)
        if self.kind == "rgba":
            if inside is not None:
                words = builder.or_(words, builder.not_(inside))
            seen = builder.and_(seen, words)
        else:
            if inside is not None:
                words = builder.and_(words, inside)
            seen = builder.select(builder.icmp_unsigned(">", words, seen), words, seen)
        builder.store(seen, self.seen)


def _undo(kind: Kind) -> Callable[..., int]:
    """The function below for one kind of pixels."""

    @intrinsic  # type: ignore[untyped-decorator]
    def undo(
        _typing: Any,
        scanlines: Any,
        _begin: Any,
        _stride: Any,
        _count: Any,
        above: Any,
        sums: Any,
        table: Any,
        _width: Any,
    ) -> Any:
        """Undo the filters of `count` scanlines, ROWS at most, and sum up their grey from the left.

        `scanlines` uint8, flat: the first begins with its filter at `begin`, the next one `stride` bytes later.
        `above` uint32, one a pixel: the pixels of the scanline above (zero at the top of a picture), afterwards of the
        last one of these, if they are ROWS. `sums` int32: at (s, r) in (width + ROWS - 1, ROWS), flat, the sum of row
        r up to column s - r. `table` int32, 256: the grey of each palette index. Returns the AND of all pixels (RGBA;
        alpha is the highest byte), or the greatest index (palette).
        """

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return _Group(context, builder, signature, arguments, kind=kind).run()

        numbers = (types.int64,) * 3
        return types.int64(scanlines, *numbers, above, sums, table, types.int64), generate

    function: Callable[..., int] = undo
    return function


undo_grey = _undo("grey")
undo_palette = _undo("palette")
undo_rgb = _undo("rgb")
undo_rgba = _undo("rgba")
