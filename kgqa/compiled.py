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
"""Rows of weights that `sum_products` reads are padded to a multiple of this many columns."""

_AHEAD: Final = 32
"""Rows are asked for so many steps before they are read: enough for memory to answer, few enough to stay in the cache."""

_CACHE_LINE: Final = 64
"""Bytes that memory answers with."""


def compiled(loop: Loop) -> Loop:
    """Compile a function of arrays and numbers; while it runs, other threads do too.

    A product may be added without being rounded first, nothing else is changed in the order of floating-point operations, so
    that equal inputs give equal bits.
    """
    compiler = numba.njit(nogil=True, cache=True, boundscheck=False, error_model="numpy", fastmath={"contract"})
    return cast(Loop, compiler(loop))


def _item(context: Any, builder: Any, kind: Any, array: Any, *places: Any) -> Any:
    """Return the address of an item of an array."""
    tools: Any = cgutils  # which has no types
    unpacked = context.make_array(kind)(context, builder, array)
    return tools.get_item_pointer(context, builder, kind, unpacked, list(places), wraparound=False)


def _row_of_products(width: int, *, shared: bool) -> Any:
    """Make the instructions of `sum_products` for so many columns, of `sum_and_share` if `shared`."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        tools: Any = cgutils
        kinds = signature.args
        number, vector = kinds[0].dtype, ir.VectorType(context.get_value_type(kinds[0].dtype), width)
        name = f"llvm.fma.v{width}f{number.bitwidth}"
        fma = tools.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)

        def whole(value: Any, kind: Any) -> Any:
            return context.cast(builder, value, kind, types.intp)

        at, start, stop, column = (whole(values[place], kinds[place]) for place in (1, 6, 7, 8))

        def row(array: int, place: Any) -> Any:
            address = _item(context, builder, kinds[array], values[array], place, column)
            return builder.bitcast(address, vector.as_pointer())

        def load(address: Any) -> Any:
            loaded = builder.load(address)
            loaded.align = number.bitwidth // 8
            return loaded

        def store(value: Any, address: Any) -> None:
            builder.store(value, address).align = number.bitwidth // 8

        def place_in(array: int, fact: Any) -> Any:
            return whole(builder.load(_item(context, builder, kinds[array], values[array], fact)), kinds[array].dtype)

        facts = context.make_array(kinds[3])(context, builder, values[3]).nitems
        last = builder.sub(facts, ir.Constant(facts.type, 1))
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        hint = tools.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, word, word, word]), "llvm.prefetch.p0"
        )

        def at_most_last(fact: Any) -> Any:
            return builder.select(builder.icmp_signed("<", fact, last), fact, last)

        def ask_for(fact: Any) -> None:
            address = builder.bitcast(row(2, place_in(3, at_most_last(fact))), byte)
            for offset in range(0, width * number.bitwidth // 8, _CACHE_LINE):
                to_read, keep, data = (ir.Constant(word, value) for value in (0, 3, 1))
                builder.call(hint, [builder.gep(address, [ir.Constant(word, offset)]), to_read, keep, data])

        nothing = ir.Constant(vector, [0.0] * width)
        total, of_run = (tools.alloca_once(builder, vector) for _ in range(2))  # which the compiler keeps in registers
        for place in (total, of_run):
            builder.store(nothing, place)
        own = load(row(10, at)) if shared else None
        with tools.for_range(builder, stop, start=start) as loop:
            ask_for(builder.add(loop.index, ir.Constant(loop.index.type, _AHEAD)))
            left, other = load(row(2, place_in(3, loop.index))), place_in(5, loop.index)
            if not shared:
                builder.store(builder.call(fma, [left, load(row(4, other)), builder.load(total)]), total)
            else:
                builder.store(builder.fadd(builder.load(of_run), left), of_run)
                following = builder.add(loop.index, ir.Constant(loop.index.type, 1))
                differs = builder.icmp_signed("!=", place_in(5, at_most_last(following)), other)
                with builder.if_then(builder.or_(builder.icmp_signed("==", following, stop), differs)):
                    sum_of_run, share = builder.load(of_run), row(9, other)
                    builder.store(builder.call(fma, [sum_of_run, load(row(4, other)), builder.load(total)]), total)
                    store(builder.call(fma, [sum_of_run, own, load(share)]), share)
                    builder.store(nothing, of_run)
        store(builder.load(total), row(0, at))
        return context.get_dummy_value()

    def accepts(numbers: tuple[Any, ...]) -> bool:
        return all(array.ndim == 2 and array.layout == "C" and array.dtype == numbers[0].dtype for array in numbers)

    if shared:

        @intrinsic
        def share(t: Any, y: Any, at: Any, a: Any, i: Any, b: Any, j: Any, start: Any, stop: Any, c: Any, s: Any, o: Any) -> Any:
            return (types.void(y, at, a, i, b, j, start, stop, c, s, o), generate) if accepts((y, a, b, s, o)) else None

        return share

    @intrinsic
    def add(t: Any, y: Any, at: Any, a: Any, i: Any, b: Any, j: Any, start: Any, stop: Any, c: Any) -> Any:
        return (types.void(y, at, a, i, b, j, start, stop, c), generate) if accepts((y, a, b)) else None

    return add


_add_32, _add_16, _add_8 = (_row_of_products(width, shared=False) for width in (32, 16, WIDTH))
_share_32, _share_16, _share_8 = (_row_of_products(width, shared=True) for width in (32, 16, WIDTH))


@compiled
def sum_products(y: Any, at: int, a: Any, left: Any, b: Any, right: Any, start: int, stop: int) -> None:
    """Write to y[at] the sum over k from `start` to `stop` of a[left[k]] ⊙ b[right[k]]: what a dense hop does for an entity.

    Written as vector instructions, the sum in registers: plain loops over such short rows spend their time on finding out whether
    rows overlap in memory, on columns that are left over, and on storing sums. Rows are fetched ahead, beyond `stop` too: the
    next call reads on from there (docs/decisions/0013).

    Args:
        y, a, b: C-contiguous, of one floating-point type, the number of columns a multiple of `WIDTH`.
        left, right: rows of a and b; not checked.
        at, start, stop: a row of y, and places in `left` and `right`; not checked.
    """
    column, columns = 0, y.shape[1]
    while column + 32 <= columns:
        _add_32(y, at, a, left, b, right, start, stop, column)
        column += 32
    if column + 16 <= columns:
        _add_16(y, at, a, left, b, right, start, stop, column)
        column += 16
    if column < columns:
        _add_8(y, at, a, left, b, right, start, stop, column)


@compiled
def sum_and_share(y: Any, at: int, a: Any, left: Any, b: Any, right: Any, start: int, stop: int, shares: Any, own: Any) -> None:
    """Do `sum_products`, and add a[left[k]] ⊙ own[at] to shares[right[k]] for every k: what the gradient of a hop does.

    Rows whose `right` are equal and follow each other are added first and multiplied then: `shares` is written once for all.

    Args:
        y, at, a, left, b, right, start, stop: as in `sum_products`.
        shares, own: of the same type and width as y; `shares` has the rows of b, `own` those of y.
    """
    column, columns = 0, y.shape[1]
    while column + 32 <= columns:
        _share_32(y, at, a, left, b, right, start, stop, column, shares, own)
        column += 32
    if column + 16 <= columns:
        _share_16(y, at, a, left, b, right, start, stop, column, shares, own)
        column += 16
    if column < columns:
        _share_8(y, at, a, left, b, right, start, stop, column, shares, own)
