"""One dense hop in one pass over the facts, as Triton kernels for CUDA; the functions are those of `_fused_cpu`.

A hop is a sum per row, where the facts that a row sums lie together. Rows differ: most entities have a handful of facts, some
none, and a hub millions. So the work is divided by counting, a step to begin a row and a step for each fact, and cut into runs
of equal length, wherever that falls. A run writes the rows that begin in it, and lays what belongs to a row of an earlier run
aside; a second kernel adds to each row what the runs after it laid aside, in their order. No two programs write to the same
place, and the division depends on the graph alone, so equal inputs give equal bits.

The gradient in r is such a sum as well, with a row for each relation. How the work is divided and what the facts are in the
order of their relations is kept as long as the graph's tensors are: on small graphs making them takes longer than the hop.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, Self

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

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
"""Facts that are sorted by relation at once, at some 50 bytes each: what bounds the memory of `pull_backward`. The order of more
is not kept."""


class _Runs(NamedTuple):
    """How the work of sums is divided.

    Attributes:
        first: shape (runs + 1,), the first row that begins in each run.
        size: the steps of a run.
    """

    first: Tensor
    size: int

    @classmethod
    def of(cls, pointer: Tensor, summed: int) -> Self:
        """Divide the work of summing so many facts, of which each row's begin where its pointer says."""
        rows = len(pointer) - 1
        size = _RUN * triton.cdiv(rows + summed, _RUN * _MOST_RUNS)
        runs = triton.cdiv(rows + summed, size) if summed + rows else 0
        places = torch.arange(max(rows, runs + 1), device=pointer.device)
        return cls(torch.searchsorted(pointer[:-1] + places[:rows], size * places[: runs + 1]), size)


class _ByRelation(NamedTuple):
    """Facts in the order of their relations, within a relation in that of their subjects.

    Attributes:
        pointer: shape (N_R + 1,), where the facts of each relation begin.
        runs: the division of the work of summing them.
        object, subject: shape (facts,).
    """

    pointer: Tensor
    runs: _Runs
    object: Tensor
    subject: Tensor


_runs: Final = WeakTensorKeyDictionary()
"""The `_Runs` of the pointer of each graph. No value may hold its own key, which would stay for ever."""

_by_relation: Final = WeakTensorKeyDictionary()
"""A list of `_ByRelation` for the relations of each graph, which tell it from others: its tensors are never changed."""


def pull(pointer: Tensor, relation: Tensor, object_: Tensor, x: Tensor, r: Tensor) -> Tensor:
    """Return y[e] = Σ over the facts (e, p, o) of e of x[o] ⊙ r[p].

    Args:
        pointer, relation, object_: as in `Facts`.
        x: shape (N_E, B).
        r: shape (N_R, B). Types shorter than float32 are added up in float32.
    """
    try:
        division = _runs[pointer]
    except KeyError:
        division = _runs[pointer] = _Runs.of(pointer, len(object_))
    return _sums(pointer, division, object_, x, relation, r).to(x.dtype)


def pull_backward(
    pointer: Tensor, relation: Tensor, object_: Tensor, x: Tensor, r: Tensor, gradient: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the gradients of `pull` in x and r, shapes (N_E, B) and (N_R, B).

    A fact (e, p, o) moved r[p] from o to e. Its inverse is among the facts of o, so each entity's own facts say where its
    weight went. For r the facts are sorted by relation; within one they stay sorted by subject, so that what is read lies close.
    """
    for_x = pull(pointer, relation, object_, gradient, r.roll(len(r) // 2, 0))
    for_r = r.new_zeros(r.shape, dtype=_precise(r))
    for part in _in_order(pointer, relation, object_, len(r)):
        for_r += _sums(part.pointer, part.runs, part.object, x, part.subject, gradient)
    return for_x, for_r.to(r.dtype)


def _in_order(pointer: Tensor, relation: Tensor, object_: Tensor, num_relations: int) -> Iterable[_ByRelation]:
    if len(relation) > _SORTED:
        return _sorted(pointer, relation, object_, num_relations)
    kept: list[_ByRelation]
    try:
        kept = _by_relation[relation]
    except KeyError:
        kept = _by_relation[relation] = list(_sorted(pointer, relation, object_, num_relations))
    return kept


def _sorted(pointer: Tensor, relation: Tensor, object_: Tensor, num_relations: int) -> Iterator[_ByRelation]:
    relations = torch.arange(num_relations + 1, device=relation.device).to(relation.dtype)
    for start in range(0, len(relation), _SORTED):
        own, order = relation[start : start + _SORTED].sort(stable=True)
        facts = order + start
        subject = torch.searchsorted(pointer, facts, right=True, out_int32=True) - 1
        rows = torch.searchsorted(own, relations)
        yield _ByRelation(rows, _Runs.of(rows, len(own)), object_[facts], subject)


def _sums(pointer: Tensor, division: _Runs, left: Tensor, a: Tensor, right: Tensor, b: Tensor) -> Tensor:
    """Return y[i] = Σ over j from pointer[i] to pointer[i + 1] of a[left[j]] ⊙ b[right[j]], in float32 at least."""
    runs, width = len(division.first) - 1, a.shape[1]
    a, b = a.contiguous(), b.contiguous()
    y = torch.empty((len(pointer) - 1, width), dtype=_precise(a), device=a.device)
    if not y.numel():
        return y
    aside = y.new_empty((runs, width))
    columns = min(_COLUMNS, triton.next_power_of_2(width))
    grid = runs, triton.cdiv(width, columns)
    # Triton starts kernels on the current device, wherever the tensors are.
    with torch.cuda.device_of(y):  # type: ignore[no-untyped-call]
        places = division.first, y, aside, width, division.size
        _walk[grid](pointer, left, a, right, b, *places, _FACTS, columns, num_warps=1, enable_fp_fusion=True)
        _join[grid](pointer, *places, _LAID_ASIDE, columns, num_warps=4, enable_fp_fusion=True)
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
