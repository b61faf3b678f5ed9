"""Entities by their relations, and the softmax over candidates: within a span, never across spans."""

import math

import pytest
import torch
from torch import Tensor

from kgqa import ops
from kgqa.kb.facts import Facts
from kgqa.model.entities import CandidateChooser, PairBag, RelationBag, spread
from kgqa.ops.segments import mean

TRIPLES = [(0, 0, 1), (0, 0, 2), (0, 1, 1), (4, 1, 2), (2, 0, 2)]
"""Entity 0 has a relation twice, entity 2 leads to itself, entities 3 and 5 have no facts."""


def facts() -> Facts:
    return Facts.of(TRIPLES, num_entities=6, num_relations=2)


def relations_of(entity: int) -> set[int]:
    forward = {relation for subject, relation, _ in TRIPLES if subject == entity}
    return forward | {relation + 2 for _, relation, object_ in TRIPLES if object_ == entity}


@pytest.mark.parametrize("entities", [[0, 1, 2, 3, 4, 5], [5, 3], [2, 0, 2], [3, 0, 5, 4, 3]])
def test_an_entity_is_the_mean_over_its_distinct_relations_of_both_directions(entities: list[int]) -> None:
    torch.manual_seed(0)
    bag = RelationBag(4, 3)
    encoded = bag(*ops.relations_of(facts(), torch.tensor(entities)), len(entities))
    assert encoded.shape == (len(entities), 3)
    for place, entity in enumerate(entities):
        rows = [bag.embedding.weight[relation] for relation in sorted(relations_of(entity))]
        expected = torch.stack(rows).mean(0) if rows else torch.zeros(3)
        torch.testing.assert_close(encoded[place], expected)


def test_every_relation_of_an_entity_learns_its_share() -> None:
    bag = RelationBag(4, 3)
    bag(*ops.relations_of(facts(), torch.tensor([0, 3])), 2).sum().backward()
    assert bag.embedding.weight.grad is not None
    assert bag.embedding.weight.grad[:, 0].tolist() == [0.5, 0.5, 0.0, 0.0]


def test_the_kind_of_what_is_known_by_its_relations_is_their_weighted_mean() -> None:
    bag = RelationBag(3, 2)
    with torch.no_grad():
        bag.embedding.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 4.0], [9.0, 9.0]]))
    kinds = bag.kinds(torch.tensor([[[0.5, 0.5, 0.0], [0.75, 0.25, 0.0]], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.1]]]))
    assert kinds.tolist() == [[[0.5, 2.0], [0.75, 1.0]], [[0.0, 0.0], [9.0, 9.0]]]


@pytest.mark.parametrize("entities", [[0, 1, 2, 3, 4, 5], [5, 3], [2, 0, 2], [3, 0, 5, 4, 3]])
def test_pairs_are_a_mean_over_all_facts_of_both_directions_of_a_relation_and_what_it_leads_to(entities: list[int]) -> None:
    torch.manual_seed(0)
    bag = PairBag(3)
    assert not bag(facts(), torch.tensor(entities)).any()  # they start at nothing
    torch.nn.init.normal_(bag.embedding.weight)
    encoded = bag(facts(), torch.tensor(entities))
    assert encoded.shape == (len(entities), 3)
    for place, entity in enumerate(entities):
        pairs = [(relation, object_) for subject, relation, object_ in TRIPLES if subject == entity]
        pairs += [(relation + 2, subject) for subject, relation, object_ in TRIPLES if object_ == entity]
        rows = [bag.embedding.weight[int(spread(torch.tensor(relation * 6 + object_)))] for relation, object_ in pairs]
        torch.testing.assert_close(encoded[place], torch.stack(rows).mean(0) if rows else torch.zeros(3))


def test_pairs_that_differ_by_a_multiple_of_the_number_of_embeddings_have_their_own() -> None:
    numbers = torch.cat([torch.arange(500), torch.arange(500) * 65_536, torch.arange(500) * 2**33])
    found = spread(numbers.unique())
    assert bool(((found >= 0) & (found < 65_536)).all())
    assert len(found.unique()) > 0.95 * len(found)


def test_every_pair_of_an_entity_learns_its_share() -> None:
    bag = PairBag(1)
    bag(facts(), torch.tensor([0, 3])).sum().backward()
    assert bag.embedding.weight.grad is not None
    learned = bag.embedding.weight.grad[bag.embedding.weight.grad != 0]
    assert learned.tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3])


def chosen(chooser: CandidateChooser, spans: Tensor, candidates: Tensor, branch: list[int]) -> list[float]:
    """Formula 8 in a loop."""
    query = (spans @ chooser.query.weight.T + chooser.query.bias).tolist()
    probabilities = []
    for place, own in enumerate(branch):
        fits = {
            other: math.exp(sum(q * e for q, e in zip(query[own], candidates[other].tolist(), strict=True)))
            for other in range(len(branch))
            if branch[other] == own
        }
        probabilities.append(0.95 * fits[place] / sum(fits.values()) + 0.05 / len(fits))
    return probabilities


def setting() -> tuple[CandidateChooser, Tensor, Tensor, list[int]]:
    torch.manual_seed(3)
    chooser = CandidateChooser(2, 3)
    branch = [0, 0, 1, 2, 2, 2]
    return chooser, torch.randn(3, 4), torch.randn(6, 3), branch


def test_candidates_are_chosen_by_a_softmax_within_their_own_span() -> None:
    chooser, spans, candidates, branch = setting()
    probabilities = chooser(spans, candidates, torch.tensor(branch), 3)
    assert probabilities.tolist() == pytest.approx(chosen(chooser, spans, candidates, branch), rel=1e-5)
    for span in range(3):
        assert probabilities[torch.tensor(branch) == span].sum().item() == pytest.approx(1.0)
    assert probabilities[2].item() == 1.0  # the only candidate of its span


def test_the_candidates_of_one_span_do_not_depend_on_those_of_another() -> None:
    chooser, spans, candidates, branch = setting()
    before = chooser(spans, candidates, torch.tensor(branch), 3)
    moved_spans, moved_candidates = spans.clone(), candidates.clone()
    moved_spans[2] += 5.0
    moved_candidates[3:] *= 40.0
    after = chooser(moved_spans, moved_candidates, torch.tensor(branch), 3)
    torch.testing.assert_close(after[:3], before[:3], rtol=0, atol=0)
    assert not torch.allclose(after[3:], before[3:])


def test_very_unlike_scores_stay_finite() -> None:
    chooser, spans, candidates, branch = setting()
    probabilities = chooser(spans * 1e4, candidates, torch.tensor(branch), 3)
    assert bool(torch.isfinite(probabilities).all())
    assert probabilities.sum().item() == pytest.approx(3.0)


def test_the_kind_of_a_span_is_the_mean_of_its_own_candidates() -> None:
    encoded = torch.tensor([[1.0, 0.0], [3.0, 2.0], [5.0, 5.0], [0.0, 4.0], [2.0, 0.0], [4.0, 2.0]])
    means = mean(encoded, torch.tensor([0, 0, 1, 3, 3, 3]), 4)
    assert means.tolist() == [[2.0, 1.0], [5.0, 5.0], [0.0, 0.0], [2.0, 2.0]]
