"""Give the probability of relations to paths that exist: what no candidate can follow is not meant."""

from typing import Final

import torch
from torch import Tensor

from kgqa.ops.value import NOWHERE

_LEAST: Final = 1e-3
"""The least share of a question that exists."""


def available_relations(
    member: Tensor, relation: Tensor, p_candidate: Tensor, candidate_branch: Tensor, *, branches: int, num_relations: int
) -> Tensor:
    """Return how probable it is that a branch's start has each relation, shape (S, N_R): Σ_k p(k|i) [k has p].

    Args:
        member, relation: the relations of the candidates, as `relations_of` gives them.
        p_candidate: shape (C,), p(k|i).
        candidate_branch: shape (C,), the branch of each candidate.
        branches: S.
        num_relations: N_R.
    """
    flat = candidate_branch[member] * num_relations + relation
    return p_candidate.new_zeros(branches * num_relations).index_add(0, flat, p_candidate[member]).view(branches, num_relations)


def resolved(member: Tensor, relation: Tensor, p_candidate: Tensor, candidate_branch: Tensor, first_hop: Tensor) -> Tensor:
    """Return the probability of each candidate once it is known what is asked, shape (C,): who lacks the relation is not meant.

    p(k|i) · (Σ_p r_1[p] [k has p] + ν), made to sum to 1 within each branch.

    Args:
        member, relation, p_candidate, candidate_branch: as in `available_relations`.
        first_hop: shape (S, N_R), the weights of the first hop's relations.
    """
    fit = p_candidate.new_full((len(p_candidate),), NOWHERE)
    fit = fit.index_add(0, member, first_hop[candidate_branch[member], relation])
    joint = p_candidate * fit
    total = joint.new_zeros(len(first_hop)).index_add(0, candidate_branch, joint)
    return joint / total[candidate_branch]


def among_existing(relations: Tensor, available: Tensor, after: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Divide the weights of relations by the share of them that can be followed, hop by hop; say what each hop leads to.

    With E_1 = `available`, the share of hop t that exists is Z_t = Σ_p r_t[p] E_t[p]; the relations become r_t / max(Z_t, ν), and
    E_{t+1}[q] = Σ_p r_t[p] E_t[p] / max(Z_t, ν) · [q can follow p]. For the first hop this is one softmax over all pairs of a
    candidate and a relation that it has: Σ_k p(k|i) r[p] [k has p] over all pairs is Z_1. Later hops know which relations follow
    each other somewhere in the graph. A weight may exceed 1 where not every candidate has the relation.

    Args:
        relations: shape (S, T, N_R), probabilities.
        available: shape (S, N_R), how probable it is that the start has each relation.
        after: shape (N_R, N_R): 1 where relation q leaves some entity that relation p leads to.

    Returns:
        Two of shape (S, T, N_R): the weights, and how far what t hops lead to may have each relation, E_{t+1}; and Z, shape
        (S, T).
    """
    weights, reached, shares = [], [], []
    for hop in relations.unbind(1):
        share = (hop * available).sum(1)
        weights.append(hop / share.clamp(min=NOWHERE)[:, None])
        available = ((weights[-1] * available) @ after).clamp(max=1.0)
        reached.append(available)
        shares.append(share)
    return torch.stack(weights, 1), torch.stack(reached, 1), torch.stack(shares, 1)


def worth_following(weights: Tensor, relations: Tensor, shares: Tensor, *, epsilon: float) -> Tensor:
    """Return the weights, and 0 for relations that have less than `epsilon` of what exists: r_t[p] < ε Z_t; shape (S, T, N_R).

    Not where the weight itself is below ε: where nearly nothing exists (Z_t < ν) no relation would be followed then, and what is
    not followed teaches nothing.

    Args:
        weights, shares: as `among_existing` returns them.
        relations: shape (S, T, N_R), probabilities.
        epsilon: ε.
    """
    return weights.where(relations >= epsilon * shares[..., None], 0.0)


def missing(shares: Tensor, hops: Tensor) -> Tensor:
    """Return how far what is asked for does not exist, −log Σ_t a_t Z_1 … Z_t, at most −log of `_LEAST`; shape (S,).

    Args:
        shares: shape (S, T), Z.
        hops: shape (S, T), a.
    """
    return -(hops * shares.cumprod(1)).sum(1).clamp(min=_LEAST).log()
