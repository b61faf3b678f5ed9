"""Softmax, maxima, means and unfolding over runs of a tensor, such as the candidates of each span or the facts of each entity."""

import math

import torch
from torch import Tensor


def softmax(scores: Tensor, segment: Tensor, num_segments: int) -> Tensor:
    """Return the softmax within each segment: never across segments.

    >>> softmax(torch.tensor([0.0, 0.0, 5.0]), torch.tensor([0, 0, 1]), 2)
    tensor([0.5000, 0.5000, 1.0000])

    Args:
        scores: shape (n,).
        segment: shape (n,), the segment of each score, 0 to num_segments - 1; a segment may have none.
        num_segments: how many segments there are.

    Returns:
        Shape (n,); sums to 1 within each segment that has scores.
    """
    exponentials = (scores - maximum(scores.detach(), segment, num_segments)[segment]).exp()
    totals = exponentials.new_zeros(num_segments).index_add(0, segment, exponentials)
    return exponentials / totals[segment]


def maximum(values: Tensor, segment: Tensor, num_segments: int, *, empty: float = 0.0) -> Tensor:
    """Return the largest value of each segment, shape (num_segments,); `empty` where a segment has none."""
    # Torch counts the start among equal values when it shares the gradient, so it must be one that no segment has.
    start = values.new_full((num_segments,), -math.inf)
    largest = start.scatter_reduce(0, segment, values, "amax", include_self=False)
    return largest.masked_fill(largest == -math.inf, empty)


def mean(rows: Tensor, segment: Tensor, num_segments: int) -> Tensor:
    """Return the mean row of each segment, shape (num_segments, width); zeros where a segment has none."""
    sums = rows.new_zeros(num_segments, rows.shape[1]).index_add(0, segment, rows)
    return sums / torch.bincount(segment, minlength=num_segments).clamp(min=1)[:, None]


def unfold(pointer: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return, for every place from pointer[row] to pointer[row + 1] of every row, the row's number in `rows` and the place."""
    first = pointer[rows]
    sizes = pointer[rows + 1] - first
    number = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), sizes)
    offset = torch.arange(len(number), device=rows.device) - (torch.cumsum(sizes, 0) - sizes)[number]
    return number, first[number] + offset
