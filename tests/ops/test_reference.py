"""The reference itself, against loops in plain Python."""

import torch
from hypothesis import given, settings

from kgqa.ops import _reference
from tests.ops.drawn import World, worlds


@settings(deadline=None, max_examples=50)
@given(worlds())
def test_the_three_sparse_matrices_say_what_a_loop_over_the_facts_says(world: World):
    expected = torch.zeros_like(world.x)
    for subject, relation, object_ in zip(
        world.facts.subject.tolist(), world.facts.relation.tolist(), world.facts.object.tolist(), strict=True
    ):
        expected[:, object_] += world.x[:, subject] * world.r[:, relation]
    torch.testing.assert_close(_reference.follow(world.facts, world.x, world.r), expected)


def test_the_operators_on_sets_are_those_of_the_formulas():
    x, y = torch.tensor([[0.5, 2.0, 0.0]]), torch.tensor([[1.0, 0.5, 0.0]])
    assert _reference.rescale(x).tolist() == [[0.5, 1.0, 0.0]]
    assert _reference.exclude(x, y, torch.tensor([0.5])).tolist() == [[0.25, 1.5, 0.0]]
    assert _reference.mix([x, y], torch.tensor([[0.5, 2.0]])).tolist() == [[2.25, 2.0, 0.0]]
    gates, question = torch.tensor([1.0, 0.5, 1.0]), torch.tensor([0, 0, 1])
    branches = torch.tensor([[0.9, 0.0, 1.0], [0.0, 1.0, 1.0], [0.5, 0.25, 0.0]])
    assert _reference.intersect(branches, gates, question, 2).tolist() == [[0.5, 0.0, 1.0], [0.5, 0.25, 0.0]]
