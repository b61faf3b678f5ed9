"""One hop from the members of sparse sets in torch's own operators: slower than compiled loops, on any device.

The functions are those of `_frontier_cpu`, with the same arguments and results. On a GPU torch adds in no fixed order, so the
last bits may differ from run to run.
"""

import torch
from torch import Tensor

from kgqa.ops.entity_set import set_bounds
from kgqa.ops.segments import unfold


def count(pointer: Tensor, relation: Tensor, keys: Tensor, weights: Tensor, r: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """Return the facts that `push` would follow from each set, and the weight left out."""
    number, member, fact = _facts(pointer, keys)
    share = r[number, relation[fact].long()]
    kept = _kept(share, epsilon)
    followed = torch.bincount(number[kept], minlength=len(r))
    left = (weights[member] * share).masked_fill(kept, 0.0)
    return followed, left.new_zeros(len(r)).index_add(0, number, left)


def push(
    pointer: Tensor,
    relation: Tensor,
    object_: Tensor,
    keys: Tensor,
    weights: Tensor,
    r: Tensor,
    followed: Tensor,
    epsilon: float,
    traced: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Follow the relations of weight `epsilon` and more from the members of B sets."""
    number, member, fact, share = _followed(pointer, relation, keys, r, epsilon)
    num_entities = len(pointer) - 1
    reached, places = torch.unique(number * num_entities + object_[fact], sorted=True, return_inverse=True)
    total = weights.new_zeros(len(reached)).index_add(0, places, weights[member] * share)
    ends = set_bounds(reached, len(r), num_entities)
    return reached, total, ends, (places - ends[number] if traced else places[:0]).int()


def push_backward(
    pointer: Tensor,
    relation: Tensor,
    keys: Tensor,
    weights: Tensor,
    r: Tensor,
    followed: Tensor,
    epsilon: float,
    ends: Tensor,
    places: Tensor,
    gradient: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the gradients of `push` in the members' weights and in r."""
    number, member, fact, share = _followed(pointer, relation, keys, r, epsilon)
    arrived = gradient[ends[number] + places]
    for_weights = torch.zeros_like(weights).index_add(0, member, share * arrived)
    flat = number * r.shape[1] + relation[fact]
    for_r = torch.zeros_like(r).view(-1).index_add(0, flat, weights[member] * arrived)
    return for_weights, for_r.view(r.shape)


def _facts(pointer: Tensor, keys: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the set, the member and the place of every fact of every member."""
    num_entities = len(pointer) - 1
    member, fact = unfold(pointer, keys % num_entities)
    return torch.div(keys, num_entities, rounding_mode="floor")[member], member, fact


def _followed(
    pointer: Tensor, relation: Tensor, keys: Tensor, r: Tensor, epsilon: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    number, member, fact = _facts(pointer, keys)
    share = r[number, relation[fact].long()]
    if epsilon > 0:
        kept = torch.nonzero(_kept(share, epsilon)).squeeze(1)
        number, member, fact, share = number[kept], member[kept], fact[kept], share[kept]
    return number, member, fact, share


def _kept(share: Tensor, epsilon: float) -> Tensor:
    return ~(share < epsilon) if epsilon > 0 else torch.ones_like(share, dtype=torch.bool)
