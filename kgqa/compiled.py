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
    compiler = numba.njit(nogil=True, cache=True, boundscheck=False, error_model="numpy", fastmath={"contract"})
    return cast(Loop, compiler(loop))


def _address(context: Any, builder: Any, signature: Any, values: Any, array: int, row: int, column: int) -> Any:
    """Return the address of an item of an array; array, row and column are places among the arguments."""
    kinds = signature.args
    places = [context.cast(builder, values[index], kinds[index], types.intp) for index in (row, column)]
    unpacked = context.make_array(kinds[array])(context, builder, values[array])
    tools: Any = cgutils  # which has no types
    return tools.get_item_pointer(context, builder, kinds[array], unpacked, places, wraparound=False)


def _instruction(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    tools: Any = cgutils
    return tools.get_or_insert_function(builder.module, ir.FunctionType(result, arguments), name)


def _vector(width: int) -> Any:
    @intrinsic
    def add(typing: Any, total: Any, at: Any, left: Any, row: Any, right: Any, other: Any, column: Any) -> Any:
        if any(array.ndim != 2 or array.layout != "C" or array.dtype != total.dtype for array in (total, left, right)):
            return None

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            vector = ir.VectorType(context.get_value_type(total.dtype), width)

            def place(array: int) -> Any:
                address = _address(context, builder, signature, values, array, array + 1, 6)
                return builder.bitcast(address, vector.as_pointer())

            def load(address: Any) -> Any:
                loaded = builder.load(address)
                loaded.align = total.dtype.bitwidth // 8
                return loaded

            target = place(0)
            fma = _instruction(builder, f"llvm.fma.v{width}f{total.dtype.bitwidth}", vector, [vector] * 3)
            added = builder.call(fma, [load(place(2)), load(place(4)), load(target)])
            builder.store(added, target).align = total.dtype.bitwidth // 8
            return context.get_dummy_value()

        return types.void(total, at, left, row, right, other, column), generate

    return add


_add_16: Any
_add_8: Any
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
def _fetch(typing: Any, array: Any, row: Any, column: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        hint = _instruction(builder, "llvm.prefetch.p0", ir.VoidType(), [byte, word, word, word])
        address = builder.bitcast(_address(context, builder, signature, values, 0, 1, 2), byte)
        to_read, keep, data = (ir.Constant(word, value) for value in (0, 3, 1))
        builder.call(hint, [address, to_read, keep, data])
        return context.get_dummy_value()

    return types.void(array, row, column), generate


_prefetch: Any = _fetch  # its first argument is the compiler's, which the checker of types does not know


@compiled
def prefetch(array: Any, row: int) -> None:
    """Ask for array[row] to be brought into the cache: it will be read a few steps later."""
    for column in range(0, array.shape[1], 16):  # one line of the cache in float32; dividing by the item's size would cost more
        _prefetch(array, row, column)
