"""Compile loops over arrays to machine code, on their first call, and keep the code on disk for the next process.

What is compiled here does with a graph what torch has no operator for. The compiler is Numba; importing it takes a second, so
modules that use this one are imported where they are first needed. The code lies beside the source, or, where that may not be
written, in the user's cache folder (Numba's `NUMBA_CACHE_DIR` chooses another).
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

Loop = TypeVar("Loop", bound=Callable[..., Any])

WIDTH: Final = 8
"""Rows of weights that `multiply_add` reads are padded to a multiple of this many columns."""


def compiled(loop: Loop) -> Loop:
    """Compile a function of arrays and numbers; while it runs, other threads do too.

    A product may be added without being rounded first, nothing else is changed in the order of floating-point operations, so
    that equal inputs give equal bits.
    """
    options = {"nogil": True, "cache": True, "boundscheck": False, "error_model": "numpy", "fastmath": {"contract"}}
    return cast(Loop, numba.njit(**options)(loop))


def _vector(width: int) -> Any:
    @intrinsic
    def add(typing: Any, total: Any, at: Any, left: Any, row: Any, right: Any, other: Any, column: Any) -> Any:
        arrays = (total, left, right)
        if any(array.ndim != 2 or array.layout != "C" or array.dtype != total.dtype for array in arrays):
            return None

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            number = context.get_value_type(total.dtype)
            vector = ir.VectorType(number, width)
            size = total.dtype.bitwidth // 8

            def address(array: int, index: int) -> Any:
                kinds = signature.args
                places = [context.cast(builder, values[k], kinds[k], types.intp) for k in (index, 6)]
                unpacked = context.make_array(kinds[array])(context, builder, values[array])
                item = cgutils.get_item_pointer(context, builder, kinds[array], unpacked, places, wraparound=False)
                return builder.bitcast(item, vector.as_pointer())

            def load(place: Any) -> Any:
                loaded = builder.load(place)
                loaded.align = size
                return loaded

            target = address(0, 1)
            name = f"llvm.fma.v{width}f{total.dtype.bitwidth}"
            fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)
            added = builder.call(fma, [load(address(2, 3)), load(address(4, 5)), load(target)])
            builder.store(added, target).align = size
            return context.get_dummy_value()

        return types.void(total, at, left, row, right, other, column), generate

    return add


_add_16, _add_8 = _vector(16), _vector(8)


@compiled
def multiply_add(total: Any, at: int, left: Any, row: int, right: Any, other: int) -> None:
    """Add left[row] ⊙ right[other] to total[at]: the step that every dense hop takes once a fact.

    Written as vector instructions: a plain loop over so short a row spends most of its time on finding out whether the rows
    overlap in memory and on the columns that are left over (docs/decisions/0013).

    Args:
        total, left, right: C-contiguous, of one floating-point type, the number of columns a multiple of `WIDTH`.
        at, row, other: their rows; not checked.
    """
    columns = total.shape[1]
    column = 0
    while column + 16 <= columns:
        _add_16(total, at, left, row, right, other, column)
        column += 16
    if column < columns:
        _add_8(total, at, left, row, right, other, column)


@intrinsic
def _prefetch(typing: Any, array: Any, row: Any, column: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kinds = signature.args
        places = [context.cast(builder, values[k], kinds[k], types.intp) for k in (1, 2)]
        unpacked = context.make_array(kinds[0])(context, builder, values[0])
        item = cgutils.get_item_pointer(context, builder, kinds[0], unpacked, places, wraparound=False)
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        hint = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        fetch = cgutils.get_or_insert_function(builder.module, hint, "llvm.prefetch.p0")
        read, keep, data = (ir.Constant(word, value) for value in (0, 3, 1))
        builder.call(fetch, [builder.bitcast(item, byte), read, keep, data])
        return context.get_dummy_value()

    return types.void(array, row, column), generate


@compiled
def prefetch(array: Any, row: int) -> None:
    """Ask for array[row] to be brought into the cache: it will be read a few steps later."""
    step = 64 // array.itemsize
    for column in range(0, array.shape[1], step):
        _prefetch(array, row, column)
