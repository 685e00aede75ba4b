"""Arithmetic on four neighbouring floats at a time, as functions for compiled code.

By default the compiler uses the widest vectors of the processor. Those of 256 and 512 bits make many processors run
slower for some milliseconds, which slows down the decoder: measured here, by 0.45 ms a picture, where they save
0.01 ms. So the multiplications of the screen are written for 128 bits. No bounds are checked.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

LANES = 4

_QUARTET = ir.VectorType(ir.FloatType(), LANES)
_INT = ir.IntType(32)


def _address(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), _QUARTET.as_pointer())


def _splat(builder: Any, value: Any) -> Any:
    one = builder.insert_element(ir.Constant(_QUARTET, ir.Undefined), value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES))


@intrinsic  # type: ignore[untyped-decorator]
def add_weighted(_typing: Any, total: Any, row: Any, _weight: Any, _at: Any) -> Any:
    """total[at : at + 4] += weight · row[at : at + 4], both one-dimensional contiguous float32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums = _address(context, builder, signature.args[0], arguments[0], arguments[3])
        values = _address(context, builder, signature.args[1], arguments[1], arguments[3])
        product = builder.fmul(_splat(builder, arguments[2]), builder.load(values, align=4))
        builder.store(builder.fadd(builder.load(sums, align=4), product), sums, align=4)
        return context.get_dummy_value()

    return types.void(total, row, types.float32, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def add_four_weighted(_typing: Any, total: Any, rows: Any, _row: Any, weights: Any, _weight: Any, _at: Any) -> Any:
    """total[at : at + 4] += the sum over k below 4 of weights[weight + k] · rows[row + k, at : at + 4].

    `total` and `weights` are one-dimensional, `rows` two-dimensional, all contiguous float32. Terms are added in pairs.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total_type, rows_type, _int, weights_type, _weight_int, _at_int = signature.args
        sums = _address(context, builder, total_type, arguments[0], arguments[5])
        picture = context.make_array(rows_type)(context, builder, arguments[1])
        width = builder.extract_value(picture.shape, 1)
        weights_data = context.make_array(weights_type)(context, builder, arguments[3]).data
        terms = []
        for k in range(LANES):
            row = builder.add(arguments[2], ir.Constant(arguments[2].type, k))
            place = builder.add(builder.mul(row, width), arguments[5])
            values = builder.bitcast(builder.gep(picture.data, [place]), _QUARTET.as_pointer())
            weight = builder.load(
                builder.gep(weights_data, [builder.add(arguments[4], ir.Constant(arguments[4].type, k))])
            )
            terms.append(builder.fmul(_splat(builder, weight), builder.load(values, align=4)))
        pairs = builder.fadd(builder.fadd(terms[0], terms[1]), builder.fadd(terms[2], terms[3]))
        builder.store(builder.fadd(builder.load(sums, align=4), pairs), sums, align=4)
        return context.get_dummy_value()

    return types.void(total, rows, types.intp, weights, types.intp, types.intp), generate
