import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.errors import ShapeError
from kgqa.ops import EntitySet
from tests.ops.drawn import leaf, weights

BATCH, NUM_ENTITIES = 3, 4
members = st.lists(st.tuples(st.integers(0, BATCH - 1), st.integers(0, NUM_ENTITIES - 1), st.sampled_from([0.25, 0.5, -1.0])))


def test_members_may_come_in_any_order_and_are_added_where_they_stand_again():
    found = EntitySet.of(
        torch.tensor([1, 0, 1, 0]),
        torch.tensor([3, 2, 3, 0], dtype=torch.int32),
        torch.tensor([0.25, 1.0, 0.5, 2.0]),
        batch=2,
        num_entities=4,
    )
    assert found.keys.tolist() == [0, 2, 7]
    assert found.weights.tolist() == [2.0, 1.0, 0.75]
    assert found.sets.tolist() == [0, 0, 1]
    assert found.entities.tolist() == [0, 2, 3]
    assert len(found) == 3


@settings(deadline=None, max_examples=50)
@given(members)
def test_a_set_is_the_dense_sum_of_its_members(drawn):
    expected = torch.zeros(BATCH, NUM_ENTITIES, dtype=torch.float64)
    for place, entity, weight in drawn:
        expected[place, entity] += weight
    columns = torch.tensor([item[:2] for item in drawn], dtype=torch.int64).reshape(-1, 2)
    values = torch.tensor([item[2] for item in drawn], dtype=torch.float64)
    found = EntitySet.of(columns[:, 0], columns[:, 1], values, batch=BATCH, num_entities=NUM_ENTITIES)
    torch.testing.assert_close(found.dense(), expected)
    assert found.keys.tolist() == sorted({place * NUM_ENTITIES + entity for place, entity, _ in drawn})


@settings(deadline=None, max_examples=50)
@given(weights(BATCH, NUM_ENTITIES))
def test_dense_sets_come_back_and_zeros_are_no_members(dense):
    found = EntitySet.of_dense(dense)
    assert torch.equal(found.dense(), dense)
    assert len(found) == int((dense != 0).sum())
    everywhere = torch.arange(BATCH * NUM_ENTITIES)
    assert torch.equal(found.weights_at(everywhere), dense.flatten())


def test_weights_are_asked_for_in_any_shape_and_order():
    found = EntitySet.of_dense(torch.tensor([[0.0, 0.5], [1.0, 0.0]]))
    assert found.weights_at(torch.tensor([[3, 2], [1, 1]])).tolist() == [[0.0, 1.0], [0.5, 0.5]]


def test_an_empty_set_has_no_weight_anywhere():
    empty = EntitySet.of_dense(torch.zeros(2, 3))
    assert len(empty) == 0
    assert empty.weights_at(torch.tensor([0, 5])).tolist() == [0.0, 0.0]
    assert empty.dense().tolist() == torch.zeros(2, 3).tolist()


def test_gradients_flow_through_every_way_in_and_out():
    dense = leaf(torch.tensor([[0.0, 0.5], [1.0, 0.0]], dtype=torch.float64))
    (EntitySet.of_dense(dense).dense() * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert dense.grad is not None and dense.grad.tolist() == [[0.0, 2.0], [3.0, 0.0]]
    weight = leaf(torch.tensor([0.5, 0.25, 1.0]))
    found = EntitySet.of(torch.tensor([0, 0, 1]), torch.tensor([1, 1, 0]), weight, batch=2, num_entities=2)
    (found.weights_at(torch.tensor([1, 2, 3])) * torch.tensor([5.0, 7.0, 9.0])).sum().backward()
    assert weight.grad is not None and weight.grad.tolist() == [5.0, 5.0, 7.0]


def test_other_weights_are_those_of_the_same_members():
    found = EntitySet.of_dense(torch.tensor([[0.0, 0.5, 0.25]])).with_weights(torch.tensor([1.0, 2.0]))
    assert found.dense().tolist() == [[0.0, 1.0, 2.0]]


@pytest.mark.parametrize("shape", [(3,), (1, 2, 3)])
def test_dense_sets_have_two_dimensions(shape):
    with pytest.raises(ShapeError, match=r"expected weights of shape \(B, N_E\)"):
        EntitySet.of_dense(torch.ones(shape))
