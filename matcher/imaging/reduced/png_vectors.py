"""The scanlines of a PNG, sixteen at a time: unfiltered, made grey, and summed from the left.

A filtered pixel needs the pixels to its left, above it, and above and to the left. So the pixels of one scanline depend
on one another, but those of neighbouring scanlines on a diagonal do not: step s takes row r at column s - r, and so
undoes sixteen pixels in one vector. The pixel above a row's pixel is the one that the row above undid in the step
before. Any mixture of filters takes the same time.

The code is written in LLVM's instructions, which become those of the processor (AVX-512, AVX2, SSE, NEON), and stays
correct where it has none of these. Nothing here checks bounds: the caller does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

ROWS = 16
"""Scanlines that are undone at once."""

Kind = Literal["grey", "palette", "rgb", "rgba", "rgba on a ground", "grey and alpha on a ground"]

_BYTE = ir.IntType(8)
_INT = ir.IntType(32)
_LONG = ir.IntType(64)
_WORDS = ir.VectorType(_INT, ROWS)
_SHORTS = ir.VectorType(ir.IntType(16), ROWS)
_SUB, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4
_CHANNELS = {"grey": 1, "palette": 1, "rgb": 3, "rgba": 4, "rgba on a ground": 4, "grey and alpha on a ground": 2}
_LANES = {1: 1, 2: 2, 3: 4, 4: 4}
"""The bytes of a pixel in a vector, by its channels."""
_WITH_ALPHA = frozenset(kind for kind, channels in _CHANNELS.items() if channels in (2, 4))
_LUMA = (19595, 38470, 7471)
"""Pillow's weights of red, green and blue in grey, in 65,536ths."""


def _long(value: int) -> ir.Constant:
    return ir.Constant(_LONG, value)


def _filled(vector: ir.VectorType, value: int) -> ir.Constant:
    return ir.Constant(vector, [value] * vector.count)


class _Pixels:
    """Writes the instructions for ROWS pixels of one kind that lie in one vector.

    A pixel is a word with its channels from the lowest byte on. Three channels follow a byte without meaning.
    """

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any, *, kind: Kind) -> None:
        self.builder = builder
        self.kind = kind
        self.channels = _CHANNELS[kind]
        self.lanes = _LANES[self.channels]
        self.bytes = ir.VectorType(_BYTE, ROWS * self.lanes)
        self.arrays = [
            context.make_array(array_type)(context, builder, argument).data
            for array_type, argument in zip(signature.args, arguments, strict=True)
            if isinstance(array_type, types.Array)
        ]
        self.scanlines, self.above, self.sums, self.table = self.arrays
        self.summaries = self.variable(_WORDS, -1 if kind in _WITH_ALPHA else 0)
        if "ground" in kind:
            ground, self.opaque = (
                self.splat(self.builder.load(self.builder.gep(self.table, [_long(n)]))) for n in (0, 1)
            )
            self.ground = ground

    def variable(self, vector: ir.VectorType, value: int = 0) -> Any:
        place = cgutils.alloca_once(self.builder, vector)
        self.builder.store(_filled(vector, value), place)
        return place

    def load(self, array: Any, at: Any, vector: ir.VectorType) -> Any:
        """A vector from an array of such elements, beginning at element `at`."""
        place = self.builder.bitcast(self.builder.gep(array, [at]), vector.as_pointer())
        return self.builder.load(place, align=vector.element.width // 8)

    def store(self, value: Any, array: Any, at: Any) -> None:
        vector = value.type
        place = self.builder.bitcast(self.builder.gep(array, [at]), vector.as_pointer())
        self.builder.store(value, place, align=vector.element.width // 8)

    def bytes_of(self, words: Any) -> Any:
        if self.lanes == 1:
            return self.builder.trunc(words, self.bytes)
        if self.lanes == 2:
            words = self.builder.trunc(words, _SHORTS)
        return self.builder.bitcast(words, self.bytes)

    def words_of(self, values: Any) -> Any:
        if self.lanes == 1:
            return self.builder.zext(values, _WORDS)
        if self.lanes == 2:
            return self.builder.zext(self.builder.bitcast(values, _SHORTS), _WORDS)
        return self.builder.bitcast(values, _WORDS)

    def splat(self, value: Any) -> Any:
        """A vector of ROWS times the same word."""
        one = self.builder.insert_element(ir.Constant(_WORDS, ir.Undefined), value, ir.Constant(_INT, 0))
        return self.builder.shuffle_vector(one, one, _filled(_WORDS, 0))

    def grey(self, words: Any) -> Any:
        """Pillow's grey of each pixel."""
        builder = self.builder
        if self.kind == "grey":
            return words
        if self.kind == "palette":
            values = ir.Constant(_WORDS, ir.Undefined)
            for number in range(ROWS):
                at = ir.Constant(_INT, number)
                place = builder.gep(self.table, [builder.zext(builder.extract_element(words, at), _LONG)])
                values = builder.insert_element(values, builder.load(place), at)
            return values
        blended = self._blending(words)
        if self.channels == 2:
            return blended(self._channel(words, 0))
        total = _filled(_WORDS, 32768)
        for number, share in enumerate(_LUMA, 1 if self.channels == 3 else 0):
            value = blended(self._channel(words, number))
            total = builder.add(total, builder.mul(value, _filled(_WORDS, share)))
        return builder.lshr(total, _filled(_WORDS, 16))

    def _channel(self, words: Any, number: int) -> Any:
        return self.builder.and_(self.builder.lshr(words, _filled(_WORDS, 8 * number)), _filled(_WORDS, 255))

    def _blending(self, words: Any) -> Callable[[Any], Any]:
        """What makes a channel of these pixels one on the ground, rounded as Pillow's `paste` with a mask does."""
        if "ground" not in self.kind:
            return lambda value: value
        builder = self.builder
        alpha = builder.or_(self._channel(words, self.channels - 1), self.opaque)
        rest = builder.mul(self.ground, builder.sub(_filled(_WORDS, 255), alpha))
        rest = builder.add(rest, _filled(_WORDS, 128))

        def blended(value: Any) -> Any:
            total = builder.add(builder.mul(value, alpha), rest)
            eighth = _filled(_WORDS, 8)
            return builder.lshr(builder.add(builder.lshr(total, eighth), total), eighth)

        return blended

    def summarise(self, words: Any, inside: Any) -> None:
        """Include pixels in the summary that is returned; `inside` is a mask of those that exist."""
        builder = self.builder
        summaries = builder.load(self.summaries)
        if self.kind in _WITH_ALPHA:
            summaries = builder.and_(summaries, builder.or_(words, builder.not_(inside)))
        elif self.kind == "palette":
            words = builder.and_(words, inside)
            summaries = builder.select(builder.icmp_unsigned(">", words, summaries), words, summaries)
        builder.store(summaries, self.summaries)

    def summary(self) -> Any:
        """The AND of all pixels (those with alpha) or the greatest (palette) as an integer."""
        builder = self.builder
        summaries = builder.load(self.summaries)
        summary = builder.extract_element(summaries, ir.Constant(_INT, 0))
        for number in range(1, ROWS):
            other = builder.extract_element(summaries, ir.Constant(_INT, number))
            if self.kind in _WITH_ALPHA:
                summary = builder.and_(summary, other)
            else:
                summary = builder.select(builder.icmp_unsigned(">", other, summary), other, summary)
        return builder.zext(summary, _LONG)


class _Row(_Pixels):
    """Writes the instructions for one scanline whose filter is none or Up: no pixel needs its left neighbour."""

    def run(self, first: Any, width: Any) -> Any:
        builder = self.builder
        used = builder.load(builder.gep(self.scanlines, [first]))
        keep = builder.sext(builder.icmp_unsigned("==", used, ir.Constant(_BYTE, _UP)), _INT)
        keep = self.splat(keep)
        first = builder.add(first, _long(1))
        order = ir.Constant(_WORDS, list(range(ROWS)))
        with cgutils.for_range_slice(builder, _long(0), width, _long(ROWS), intp=_LONG) as (column, _):
            filtered = self._filtered(builder.add(first, builder.mul(column, _long(self.channels))))
            above = builder.and_(self.load(self.above, column, _WORDS), keep)
            words = self.words_of(builder.add(filtered, self.bytes_of(above)))
            self.store(words, self.above, column)
            self.store(builder.add(self.load(self.sums, column, _WORDS), self.grey(words)), self.sums, column)
            left = builder.trunc(builder.sub(width, column), _INT)
            self.summarise(words, builder.sext(builder.icmp_unsigned("<", order, self.splat(left)), _WORDS))
        return self.summary()

    def _filtered(self, at: Any) -> Any:
        if self.channels != 3:
            return self.load(self.scanlines, at, self.bytes)
        values = self.load(self.scanlines, at, ir.VectorType(_BYTE, 3 * ROWS))
        order = [3 * number + max(channel - 1, 0) for number in range(ROWS) for channel in range(4)]
        return self.builder.shuffle_vector(values, values, ir.Constant(ir.VectorType(_INT, 4 * ROWS), order))


class _Group(_Pixels):
    """Writes the instructions for up to ROWS scanlines of any filters, one pixel of each in every step."""

    def run(self, begin: Any, stride: Any, count: Any, width: Any) -> Any:
        builder = self.builder
        self.width = width
        self.firsts = []
        filters = ir.Constant(self.bytes, ir.Undefined)
        self.live = ir.Constant(_WORDS, ir.Undefined)
        absent = builder.sub(_long(ROWS), count)
        for row in range(ROWS):
            # where there are fewer rows, the first ones pass on the pixels above, as if their filter were Up, of zeros
            number = builder.sub(_long(row), absent)
            is_there = builder.icmp_signed(">=", number, _long(0))
            first = builder.add(begin, builder.mul(stride, builder.select(is_there, number, _long(0))))
            used = builder.load(builder.gep(self.scanlines, [first]))
            used = builder.select(is_there, used, ir.Constant(_BYTE, _UP))
            for lane in range(self.lanes):
                filters = builder.insert_element(filters, used, ir.Constant(_INT, row * self.lanes + lane))
            self.live = builder.insert_element(self.live, builder.sext(is_there, _INT), ir.Constant(_INT, row))
            # with three channels, the byte before a pixel is read with it, so that no byte after the last pixel is read
            self.firsts.append(builder.add(first, _long(0 if self.channels == 3 else 1)))
        self.uses = {
            number: builder.sext(builder.icmp_signed("==", filters, _filled(self.bytes, number)), self.bytes)
            for number in (_SUB, _UP, _AVERAGE, _PAETH)
        }
        self.left = self.variable(self.bytes)
        self.over = self.variable(self.bytes)
        self.sum = self.variable(_WORDS)
        before = _long(ROWS - 1)
        is_narrow = builder.icmp_signed("<", width, before)
        self._steps(_long(0), before, guarded=True, stored=False)
        self._steps(before, width, guarded=False, stored=True)
        self._steps(builder.select(is_narrow, before, width), builder.add(width, before), guarded=True, stored=True)
        return self.summary()

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
        words = self.words_of(pixels)
        if stored:
            column = builder.sub(step, _long(ROWS - 1))
            lowest = builder.extract_element(words, ir.Constant(_INT, ROWS - 1))
            builder.store(lowest, builder.gep(self.above, [column]))
        grey = self.grey(words)
        if guarded:
            grey = builder.and_(grey, inside)
        total = builder.add(builder.load(self.sum), grey)
        builder.store(total, self.sum)
        self.store(total, self.sums, builder.mul(step, _long(ROWS)))
        self.summarise(words, inside)

    def _filtered(self, step: Any, *, guarded: bool) -> tuple[Any, Any]:
        """One filtered pixel of each row, and a mask of those that exist."""
        builder = self.builder
        words = inside = ir.Constant(_WORDS, ir.Undefined)
        for row, first in enumerate(self.firsts):
            at = ir.Constant(_INT, row)
            column = builder.sub(step, _long(row))
            if guarded:
                is_inside = builder.icmp_unsigned("<", column, self.width)
                column = builder.select(is_inside, column, _long(0))
                inside = builder.insert_element(inside, builder.sext(is_inside, _INT), at)
            place = builder.gep(self.scanlines, [builder.add(first, builder.mul(column, _long(self.channels)))])
            width = ir.IntType(8 * self.lanes)
            word = builder.load(builder.bitcast(place, width.as_pointer()), align=1)
            if self.lanes < 4:
                word = builder.zext(word, _INT)
            words = builder.insert_element(words, word, at)
        inside = builder.and_(inside, self.live) if guarded else self.live
        return self.bytes_of(builder.and_(words, inside)), inside

    def _over(self, step: Any, left: Any, *, guarded: bool) -> Any:
        """The pixels above: each row's pixel of the step before moves to the row below it."""
        builder = self.builder
        if guarded:
            is_inside = builder.icmp_unsigned("<", step, self.width)
            step = builder.select(is_inside, step, _long(0))
        word = builder.load(builder.gep(self.above, [step]))
        words = builder.insert_element(ir.Constant(_WORDS, ir.Undefined), word, ir.Constant(_INT, 0))
        count, lanes = self.bytes.count, self.lanes
        order = [count + lane for lane in range(lanes)] + list(range(count - lanes))
        return builder.shuffle_vector(left, self.bytes_of(words), ir.Constant(ir.VectorType(_INT, count), order))

    def _predicted(self, left: Any, over: Any, corner: Any) -> Any:
        """The bytes that each row's filter adds to the filtered ones."""
        builder = self.builder
        is_less = builder.icmp_unsigned("<", left, over)
        low, high = builder.select(is_less, left, over), builder.select(is_less, over, left)
        differing = builder.lshr(builder.xor(left, over), _filled(self.bytes, 1))
        average = builder.add(builder.and_(left, over), differing)
        # Paeth's choice from bytes instead of its distances: how far the corner is above the lower and below the higher
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


def _undo_row(kind: Kind) -> Callable[..., int]:
    """Make the function that undoes one scanline of pixels of one kind."""

    @intrinsic  # type: ignore[untyped-decorator]
    def undo(_typing: Any, scanlines: Any, _first: Any, above: Any, sums: Any, table: Any, _width: Any) -> Any:
        """Undo one scanline, whose filter is none or Up, and add its grey to that of its columns.

        It begins with its filter at `first` of `scanlines` (uint8, flat), after which as many bytes must follow as if
        `width` were a multiple of ROWS. Of that length are also `above` (uint32: the pixels of the scanline above, then
        of this one) and `sums` (int32). `table`: (256,) int32, the grey of each palette index; or first the grey of the
        ground, and second 255 if the alpha channel is ignored, else 0. Returns the AND of all pixels (with alpha, which
        is the highest byte) or the greatest index (palette).
        """

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return _Row(context, builder, signature, arguments, kind=kind).run(arguments[1], arguments[5])

        return types.int64(scanlines, types.int64, above, sums, table, types.int64), generate

    function: Callable[..., int] = undo
    return function


def _undo_rows(kind: Kind) -> Callable[..., int]:
    """Make the function that undoes a group of scanlines of pixels of one kind."""

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
        """Undo the filters of `count` scanlines, 1 to ROWS, and sum up their grey from the left.

        The first begins with its filter at `begin` of `scanlines` (uint8, flat), the next one `stride` bytes later.
        `above` uint32: the pixels of the scanline above, then of the last of these. `sums` int32: at (s, r) in
        (width + ROWS - 1, ROWS), flat, the sum up to column s - r of row r, the last scanline being row ROWS - 1.
        `table` and the returned value are those of `undo_…_row`.
        """

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            group = _Group(context, builder, signature, arguments, kind=kind)
            return group.run(arguments[1], arguments[2], arguments[3], arguments[7])

        numbers = (types.int64,) * 3
        return types.int64(scanlines, *numbers, above, sums, table, types.int64), generate

    function: Callable[..., int] = undo
    return function


undo_grey_row = _undo_row("grey")
undo_grey_rows = _undo_rows("grey")
undo_palette_row = _undo_row("palette")
undo_palette_rows = _undo_rows("palette")
undo_rgb_row = _undo_row("rgb")
undo_rgb_rows = _undo_rows("rgb")
undo_rgba_row = _undo_row("rgba")
undo_rgba_rows = _undo_rows("rgba")
undo_rgba_on_ground_row = _undo_row("rgba on a ground")
undo_rgba_on_ground_rows = _undo_rows("rgba on a ground")
undo_grey_alpha_row = _undo_row("grey and alpha on a ground")
undo_grey_alpha_rows = _undo_rows("grey and alpha on a ground")
