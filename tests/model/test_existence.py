"""Relations among those that exist: against loops over candidates and walks, values and gradients."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from kgqa import ops
from kgqa.kb.facts import Facts
from kgqa.model.existence import NOWHERE, among_existing, available_relations, missing, resolved, worth_following

TRIPLES = [(0, 0, 1), (0, 1, 2), (3, 1, 1), (1, 2, 4)]
"""Relation 2 follows relations 0 and 1, both of which lead to entity 1."""
NUM = 6
BRANCH = torch.tensor([0, 0, 1])
CANDIDATES = torch.tensor([0, 3, 2])
SHARES = torch.tensor([0.25, 0.75, 1.0], dtype=torch.float64)


def facts() -> Facts:
    return Facts.of(TRIPLES, num_entities=5, num_relations=NUM // 2)


def walks() -> set[tuple[int, int, int]]:
    return {walk for s, p, o in TRIPLES for walk in ((s, p, o), (o, p + NUM // 2, s))}


def has(entity: int, relation: int) -> bool:
    return any((subject, p) == (entity, relation) for subject, p, _ in walks())


def follows(first: int, second: int) -> bool:
    return any(p == first and has(end, second) for _, p, end in walks())


def after() -> Tensor:
    together = ops.relations_together(facts())
    return together[facts().inverse(torch.arange(NUM))].double()


def relations(hops: int) -> Tensor:
    torch.manual_seed(3)
    return torch.randn(2, hops, NUM, dtype=torch.float64).softmax(2)


def in_loops(r: Tensor, shares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    out, reached, shares_that_exist = torch.zeros_like(r), torch.zeros_like(r), torch.zeros_like(r[:, :, 0])
    for branch in range(2):
        own = [place for place in range(3) if BRANCH[place] == branch]
        there = [sum((shares[k] for k in own if has(int(CANDIDATES[k]), p)), torch.zeros(())) for p in range(NUM)]
        for hop in range(r.shape[1]):
            share = sum((r[branch, hop, p] * there[p] for p in range(NUM)), torch.zeros(()))
            weights = [r[branch, hop, p] / torch.maximum(share, torch.tensor(NOWHERE)) for p in range(NUM)]
            out[branch, hop] = torch.stack(weights)
            walked = [weights[p] * there[p] for p in range(NUM)]
            there = [sum((walked[p] for p in range(NUM) if follows(p, q)), torch.zeros(())).clamp(max=1.0) for q in range(NUM)]
            reached[branch, hop] = torch.stack(there)
            shares_that_exist[branch, hop] = share
    return out, reached, shares_that_exist


def found(r: Tensor, shares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    member, relation = ops.relations_of(facts(), CANDIDATES)
    available = available_relations(member, relation, shares, BRANCH, branches=2, num_relations=NUM)
    return among_existing(r, available, after())


def test_a_relation_follows_another_where_an_entity_is_reached_by_one_and_has_the_other() -> None:
    wanted = [[float(follows(p, q)) for q in range(NUM)] for p in range(NUM)]
    assert after().tolist() == wanted


@pytest.mark.parametrize("which", [0, 1, 2], ids=["weights", "reached", "shares"])
def test_weights_what_is_reached_and_the_shares_are_those_of_the_loops_with_their_gradients(which: int) -> None:
    r, shares = relations(3).requires_grad_(), SHARES.clone().requires_grad_()
    ours, loops = found(r, shares)[which], in_loops(r, shares)[which]
    torch.testing.assert_close(ours, loops)
    weigh = torch.randn(ours.shape, dtype=torch.float64)
    for one, other in zip(
        torch.autograd.grad((ours * weigh).sum(), (r, shares)),
        torch.autograd.grad((loops * weigh).sum(), (r, shares)),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_the_pairs_of_a_candidate_and_a_relation_it_has_are_one_distribution() -> None:
    weights = found(relations(1), SHARES)[0][:, 0]
    for branch in range(2):
        pairs = [
            SHARES[place] * weights[branch, p]
            for place in range(3)
            for p in range(NUM)
            if BRANCH[place] == branch and has(int(CANDIDATES[place]), p)
        ]
        assert sum(pairs).item() == pytest.approx(1.0)


def test_relations_that_hardly_exist_stay_weak() -> None:
    r = torch.full((2, 1, NUM), 0.0, dtype=torch.float64)
    r[:, 0, 2] = 0.99  # no candidate has it
    r[:, 0, 1] = r[:, 0, 4] = 0.005
    weights, _, _ = found(r, SHARES)
    assert weights[0, 0, 1].item() == pytest.approx(0.005 / NOWHERE)


def test_what_is_followed_has_a_share_of_what_exists() -> None:
    r = relations(2).requires_grad_()
    weights, _, shares = found(r, SHARES)
    kept = worth_following(weights, r, shares, epsilon=0.2)
    for branch, hop, p in itertools.product(range(2), range(2), range(NUM)):
        follows_it = bool(r[branch, hop, p] / shares[branch, hop] >= 0.2)
        assert kept[branch, hop, p].item() == (weights[branch, hop, p].item() if follows_it else 0.0)
    assert 0 < int((kept == 0).sum()) < kept.numel()


def test_where_nearly_nothing_exists_its_relations_are_followed_and_taught() -> None:
    r = torch.full((2, 1, NUM), 0.0, dtype=torch.float64)
    r[:, 0, 2] = 1.0  # no candidate has it
    r[:, 0, 1] = r[:, 0, 4] = 1e-6
    r.requires_grad_()
    weights, _, shares = found(r, SHARES)
    kept = worth_following(weights, r, shares, epsilon=0.003)
    assert kept[0, 0, 1].item() == pytest.approx(1e-6 / NOWHERE)
    (gradient,) = torch.autograd.grad(kept[0, 0, 1], r)
    assert gradient[0, 0, 1].item() == pytest.approx(1 / NOWHERE)


def test_a_candidate_without_the_relation_is_not_meant() -> None:
    member, relation = ops.relations_of(facts(), CANDIDATES)
    first = torch.zeros(2, NUM, dtype=torch.float64)
    first[0, 0] = first[1, 4] = 1.0  # entity 0 has relation 0, entity 3 has not
    meant = resolved(member, relation, SHARES, BRANCH, first)
    low, high = 0.75 * NOWHERE, 0.25 * (1.0 + NOWHERE)
    assert meant.tolist() == pytest.approx([high / (low + high), low / (low + high), 1.0])


def test_what_is_missing_is_the_share_of_the_path_that_does_not_exist() -> None:
    shares = torch.tensor([[1.0, 1.0], [0.5, 0.25], [0.0, 1.0]])
    hops = torch.tensor([[0.3, 0.7], [0.5, 0.5], [0.9, 0.1]])
    assert missing(shares, hops).tolist() == pytest.approx([0.0, -math.log(0.5 * 0.5 + 0.5 * 0.125), -math.log(1e-3)], abs=1e-6)
