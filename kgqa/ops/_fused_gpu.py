"""One dense hop in one pass over the facts, as Triton kernels for CUDA; the functions are those of `_fused_cpu`.

A hop is a sum per row, where the facts that a row sums lie together. Rows differ: most entities have a handful of facts, some
none, and a hub millions. So the work is divided by counting, a step to begin a row and a step for each fact, and cut into runs
of equal length, wherever that falls. A run writes the rows that begin in it, and lays what belongs to a row of an earlier run
aside; a second kernel adds to each row what the runs after it laid aside, in their order. No two programs write to the same
place, and the division depends on the graph alone, so equal inputs give equal bits.

The gradient in r is such a sum as well, with a row for each relation.
"""

from typing import Final

import torch
import triton
import triton.language as tl
from torch import Tensor

_RUN: Final = 64
"""Steps in a run, or a multiple: few enough that a small graph keeps all of a GPU busy."""

_MOST_RUNS: Final = 1 << 15
"""One program adds up what the runs of a hub laid aside, so there may not be too many."""

_FACTS: Final = 8
"""Facts that a program reads at once: about as many as an entity has. A hub's are read in several goes."""

_LAID_ASIDE: Final = 64
"""Runs whose sums are read at once."""

_COLUMNS: Final = 64
"""Columns of a program at most, 256 bytes of float32. More are the work of other programs."""

_SORTED: Final = 1 << 24
"""Facts that are sorted by relation at once, at some 50 bytes each: what bounds the memory of `pull_backward`."""


def pull(pointer: Tensor, relation: Tensor, object_: Tensor, x: Tensor, r: Tensor) -> Tensor:
    """Return y[e] = Σ over the facts (e, p, o) of e of x[o] ⊙ r[p].

    Args:
        pointer, relation, object_: as in `Facts`.
        x: shape (N_E, B).
        r: shape (N_R, B). Types shorter than float32 are added up in float32.
    """
    return _sums(pointer, object_, x, relation, r).to(x.dtype)


def pull_backward(
    pointer: Tensor, relation: Tensor, object_: Tensor, x: Tensor, r: Tensor, gradient: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the gradients of `pull` in x and r, shapes (N_E, B) and (N_R, B).

    A fact (e, p, o) moved r[p] from o to e. Its inverse is among the facts of o, so each entity's own facts say where its
    weight went. For r the facts are sorted by relation; within one they stay sorted by subject, so that what is read lies close.
    """
    for_x = pull(pointer, relation, object_, gradient, r.roll(len(r) // 2, 0))
    relations = torch.arange(len(r) + 1, device=r.device).to(relation.dtype)
    for_r = r.new_zeros(r.shape, dtype=_precise(r))
    for start in range(0, len(object_), _SORTED):
        by_relation, order = relation[start : start + _SORTED].sort(stable=True)
        facts = order + start
        subject = torch.searchsorted(pointer, facts, right=True, out_int32=True) - 1
        for_r += _sums(torch.searchsorted(by_relation, relations), object_[facts], x, subject, gradient)
    return for_x, for_r.to(r.dtype)


def _sums(pointer: Tensor, left: Tensor, a: Tensor, right: Tensor, b: Tensor) -> Tensor:
    """Return y[i] = Σ over j from pointer[i] to pointer[i + 1] of a[left[j]] ⊙ b[right[j]], in float32 at least."""
    rows, width = len(pointer) - 1, a.shape[1]
    a, b = a.contiguous(), b.contiguous()
    y = torch.empty((rows, width), dtype=_precise(a), device=a.device)
    if not y.numel():
        return y
    size = _RUN * triton.cdiv(rows + len(left), _RUN * _MOST_RUNS)
    runs = triton.cdiv(rows + len(left), size)
    places = torch.arange(max(rows, runs + 1), device=pointer.device)
    first = torch.searchsorted(pointer[:-1] + places[:rows], size * places[: runs + 1])
    aside = y.new_empty((runs, width))
    columns = min(_COLUMNS, triton.next_power_of_2(width))
    grid = runs, triton.cdiv(width, columns)
    # Triton starts kernels on the current device, wherever the tensors are.
    with torch.cuda.device_of(y):  # type: ignore[no-untyped-call]
        _walk[grid](pointer, left, a, right, b, first, y, aside, width, size, _FACTS, columns, num_warps=1, enable_fp_fusion=True)
        _join[grid](pointer, first, y, aside, width, size, _LAID_ASIDE, columns, num_warps=4, enable_fp_fusion=True)
    return y


def _precise(tensor: Tensor) -> torch.dtype:
    return torch.promote_types(tensor.dtype, torch.float32)


@triton.jit  # type: ignore[untyped-decorator]
def _walk(
    pointer: tl.tensor,
    left: tl.tensor,
    a: tl.tensor,
    right: tl.tensor,
    b: tl.tensor,
    first: tl.tensor,
    y: tl.tensor,
    aside: tl.tensor,
    width: tl.tensor,
    size: tl.tensor,
    FACTS: tl.constexpr,
    COLUMNS: tl.constexpr,
) -> None:
    """Write the rows that begin in a run, and lay aside what it has of the row before; `first` is the first row of each run."""
    run = tl.program_id(0).to(tl.int64)
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    row, last = tl.load(first + run), tl.load(first + run + 1)
    # A step that begins a row is no fact: facts lie as many places before their steps as rows have begun.
    fact, end = run * size - row, (run + 1) * size - last
    for following in range(row, last + 1):
        stop = tl.minimum(tl.load(pointer + following), end)
        total = tl.zeros((FACTS, COLUMNS), dtype=y.dtype.element_ty)
        for start in range(fact, stop, FACTS):
            facts = start + tl.arange(0, FACTS)
            inside = facts < stop
            # The places in a and b may lie beyond 2³¹.
            of_a = tl.load(left + facts, mask=inside, other=0).to(tl.int64)[:, None] * width + column[None, :]
            of_b = tl.load(right + facts, mask=inside, other=0).to(tl.int64)[:, None] * width + column[None, :]
            kept = inside[:, None] & (column < width)[None, :]
            moved = tl.load(a + of_a, mask=kept, other=0).to(total.dtype)
            total += moved * tl.load(b + of_b, mask=kept, other=0).to(total.dtype)
        if following == row:
            tl.store(aside + run * width + column, tl.sum(total, axis=0), mask=column < width)
        else:
            tl.store(y + (following - 1) * width + column, tl.sum(total, axis=0), mask=column < width)
        fact = stop


@triton.jit  # type: ignore[untyped-decorator]
def _join(
    pointer: tl.tensor,
    first: tl.tensor,
    y: tl.tensor,
    aside: tl.tensor,
    width: tl.tensor,
    size: tl.tensor,
    LAID_ASIDE: tl.constexpr,
    COLUMNS: tl.constexpr,
) -> None:
    """Add to the last row that begins in a run what later runs have of it."""
    run = tl.program_id(0).to(tl.int64)
    row = tl.load(first + run + 1) - 1
    final = (tl.load(pointer + row + 1) + row) // size  # the run with the row's last step
    if (row >= tl.load(first + run)) & (final > run):
        column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
        total = tl.zeros((LAID_ASIDE, COLUMNS), dtype=y.dtype.element_ty)
        for start in range(run + 1, final + 1, LAID_ASIDE):
            other = start + tl.arange(0, LAID_ASIDE)[:, None]
            kept = (other <= final) & (column < width)[None, :]
            total += tl.load(aside + other * width + column[None, :], mask=kept, other=0)
        spot = y + row * width + column
        kept = column < width
        tl.store(spot, tl.load(spot, mask=kept) + tl.sum(total, axis=0), mask=kept)
