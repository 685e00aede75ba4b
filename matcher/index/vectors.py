"""Machine instructions that numba does not offer, as functions for compiled code: population counts and prefetching.

Each is written in LLVM's instructions, which become those of the processor (AVX-512, AVX2, SSE, NEON), and is correct
on a processor with none of these. They check no bounds: the caller leaves `LANES` elements of room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

LANES = 32
"""How many elements the functions below compare at once."""

_BIT = ir.IntType(1)
_INT = ir.IntType(32)
_LONG = ir.IntType(64)
_BYTES = ir.IntType(8).as_pointer()


def _address(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [at])


def _splat(builder: Any, vector: ir.VectorType, value: Any) -> Any:
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES))


def _counted(builder: Any, vector: ir.VectorType, value: Any) -> Any:
    name = f"llvm.ctpop.v{LANES}i{vector.element.width}"
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector]), name)
    return builder.call(function, [value])


def _mask(builder: Any, vector: ir.VectorType, counts: Any, most: Any) -> Any:
    near = builder.icmp_unsigned("<=", counts, _splat(builder, vector, most))
    return builder.zext(builder.bitcast(near, ir.IntType(LANES)), _LONG)


@intrinsic  # type: ignore[untyped-decorator]
def popcount(_typing: Any, _value: Any) -> Any:
    """The number of ones in a uint64."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def lowest_one(_typing: Any, _value: Any) -> Any:
    """The place of the lowest one of a uint64 that is not zero."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(_BIT, 0))

    return types.int64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(_typing: Any, array: Any, _at: Any) -> Any:
    """Request the cache line of element `at` of an array, counted flat, without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        kind = ir.FunctionType(ir.VoidType(), [_BYTES, _INT, _INT, _INT])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        read, keep, data = (ir.Constant(_INT, value) for value in (0, 3, 1))
        builder.call(function, [builder.bitcast(address, _BYTES), read, keep, data])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def near_signatures(_typing: Any, signatures: Any, _at: Any, _value: Any, _most: Any) -> Any:
    """A mask of those of LANES elements of a uint16 array from `at` that differ from `value` in at most `most` bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(ir.IntType(16), LANES)
        address = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        values = builder.load(builder.bitcast(address, vector.as_pointer()), align=2)
        counts = _counted(builder, vector, builder.xor(values, _splat(builder, vector, arguments[2])))
        return _mask(builder, vector, counts, arguments[3])

    return types.uint64(signatures, types.intp, types.uint16, types.uint16), generate


def _near_words(words: int) -> Callable[..., Any]:
    """The function `near_words` that compares the first `words` words of codes."""

    @intrinsic  # type: ignore[untyped-decorator]
    def near_words(_typing: Any, planes: Any, _at: Any, _stride: Any, queries: Any, _query: Any, _most: Any) -> Any:
        """A mask of those of LANES codes whose first words differ from a query's in at most `most` bits.

        `planes` holds the first words of all codes, from `stride` on the second words, …; `at` is the place of the
        first code. `query` is the place of the query's first word in the flat `queries`.
        """

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            vector = ir.VectorType(_LONG, LANES)
            plane = _address(context, builder, signature.args[0], arguments[0], arguments[1])
            query = _address(context, builder, signature.args[3], arguments[3], arguments[4])
            total = ir.Constant(vector, [0] * LANES)
            for word in range(words):
                address = builder.gep(plane, [builder.mul(arguments[2], ir.Constant(_LONG, word))])
                values = builder.load(builder.bitcast(address, vector.as_pointer()), align=8)
                wanted = builder.load(builder.gep(query, [ir.Constant(_LONG, word)]))
                total = builder.add(
                    total, _counted(builder, vector, builder.xor(values, _splat(builder, vector, wanted)))
                )
            return _mask(builder, vector, total, arguments[5])

        return types.uint64(planes, types.intp, types.intp, queries, types.intp, types.int64), generate

    function: Callable[..., Any] = near_words
    return function


near_in_1 = _near_words(1)
near_in_2 = _near_words(2)
near_in_3 = _near_words(3)
near_in_4 = _near_words(4)
