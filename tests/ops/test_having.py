"""Which relations entities have: the compiled loop, torch's own operators and the dense formula agree, gradients too."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from kgqa.kb.facts import Facts
from kgqa.ops import EntitySet, _reference, _runs, having, relations_of
from tests.ops.drawn import World, gradients, leaf, worlds


@settings(deadline=None, max_examples=100)
@given(worlds())
def test_it_is_the_formula_and_so_is_its_gradient(world: World) -> None:
    sets, wanted, again = EntitySet.of_dense(world.x), leaf(world.r), leaf(world.r)
    members = world.x != 0
    found, right = having(world.facts, sets, wanted), _reference.having(world.facts, again)[members]
    torch.testing.assert_close(found, right)
    upstream = world.upstream[members]
    torch.testing.assert_close(gradients(found, upstream, wanted), gradients(right, upstream, again))


def test_many_members_at_once_add_up_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = torch.Generator().manual_seed(0)
    triples = torch.stack([torch.randint(limit, (900,), generator=draw) for limit in (60, 7, 60)], dim=1)
    facts = Facts(triples.numpy().astype(np.int32), num_entities=60, num_relations=7)
    sets = EntitySet.of_dense((torch.rand(20, 60, generator=draw) < 0.7).float())
    wanted, upstream = torch.rand(20, 14, generator=draw).requires_grad_(), torch.randn(len(sets), generator=draw)
    assert _runs._are_dense(len(sets), 20, 60)
    found, slopes = [], []
    for dense in (True, False):
        monkeypatch.setattr(_runs, "_are_dense", lambda *_, dense=dense: dense)
        found.append(having(facts, sets, wanted))
        slopes += gradients(found[-1], upstream, wanted)
    assert torch.equal(*found)
    assert torch.equal(*slopes)


def test_few_relations_that_are_searched_for_add_up_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = torch.Generator().manual_seed(0)
    triples = torch.stack([torch.randint(limit, (900,), generator=draw) for limit in (60, 7, 60)], dim=1)
    facts = Facts(triples.numpy().astype(np.int32), num_entities=60, num_relations=7)
    sets = EntitySet.of_dense((torch.rand(20, 60, generator=draw) < 0.1).float())
    assert not _runs._are_dense(len(sets), 20, 60)
    wanted = torch.rand(20, 14, generator=draw)
    wanted[torch.rand(20, 14, generator=draw) < 0.8] = 0.0
    wanted[3] = 0.0
    assert 0 < wanted.count_nonzero() <= 20 * _runs._FEW
    found = []
    for few in (_runs._FEW, 0):
        monkeypatch.setattr(_runs, "_FEW", few)
        found.append(having(facts, sets, wanted))
    assert torch.equal(*found)
    torch.testing.assert_close(found[0], _reference.having(facts, wanted)[sets.dense() != 0])


@settings(deadline=None, max_examples=30)
@given(worlds())
def test_other_devices_add_up_the_same(world: World) -> None:
    """What is done where there is no compiled loop, on the CPU."""
    sets = EntitySet.of_dense(world.x)
    member, relation = relations_of(world.facts, sets.entities)
    added = torch.zeros(len(sets), dtype=world.r.dtype).index_add(0, member, world.r[sets.sets[member], relation])
    torch.testing.assert_close(having(world.facts, sets, world.r), added)


def test_many_facts_of_one_relation_count_once() -> None:
    facts = Facts.of([(0, 0, entity) for entity in range(1, 500)] + [(0, 1, 1)], num_entities=500, num_relations=2)
    sets = EntitySet.of_dense(torch.ones(1, 500))
    found = having(facts, sets, torch.tensor([[0.5, 0.25, 0.125, 0.0625]]))
    assert found[0] == pytest.approx(0.75)
    assert found[1] == pytest.approx(0.1875)
    assert found[2] == pytest.approx(0.125)


def test_empty_sets_and_entities_without_facts() -> None:
    facts = Facts.of([(0, 0, 1)], num_entities=3, num_relations=1)
    assert len(having(facts, EntitySet.of_dense(torch.zeros(2, 3)), torch.ones(2, 2))) == 0
    assert having(facts, EntitySet.of_dense(torch.tensor([[0.0, 0.0, 1.0]])), torch.ones(1, 2)).tolist() == [0.0]
