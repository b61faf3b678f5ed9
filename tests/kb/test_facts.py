import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.errors import ShapeError
from kgqa.kb._order import ordered
from kgqa.kb.facts import Facts
from tests.worlds import grid

NUM_ENTITIES, NUM_RELATIONS = 6, 3
triples = st.lists(
    st.tuples(st.integers(0, NUM_ENTITIES - 1), st.integers(0, NUM_RELATIONS - 1), st.integers(0, NUM_ENTITIES - 1)), max_size=20
)


def as_triples(facts: Facts) -> list[tuple[int, int, int]]:
    return list(zip(facts.subject.tolist(), facts.relation.tolist(), facts.object.tolist(), strict=True))


def test_a_grid_of_two_by_two_walks_in_four_directions():
    east, south, west, north = range(4)
    assert as_triples(grid(2)) == [
        (0, east, 1),
        (0, south, 2),
        (1, south, 3),
        (1, west, 0),
        (2, east, 3),
        (2, north, 0),
        (3, west, 2),
        (3, north, 1),
    ]


def test_facts_of_one_subject_lie_together():
    facts = Facts.of([(0, 0, 1), (0, 0, 2), (2, 1, 2)], num_entities=4, num_relations=2)
    assert as_triples(facts) == [(0, 0, 1), (0, 0, 2), (1, 2, 0), (2, 1, 2), (2, 2, 0), (2, 3, 2)]
    assert facts.pointer.tolist() == [0, 2, 3, 6, 6]
    assert facts.degrees.tolist() == [2, 1, 3, 0]
    assert (len(facts), facts.num_entities, facts.num_relations) == (6, 4, 4)


@settings(deadline=None, max_examples=50)
@given(triples)
def test_every_fact_stands_once_in_both_directions_and_with_its_subject(given_triples):
    facts = Facts.of(given_triples, num_entities=NUM_ENTITIES, num_relations=NUM_RELATIONS)
    once = set(given_triples)
    expected = sorted(once | {(object_, relation + NUM_RELATIONS, subject) for subject, relation, object_ in once})
    assert as_triples(facts) == expected
    pointers = facts.pointer.tolist()
    grouped = [
        (subject, int(facts.relation[place]), int(facts.object[place]))
        for subject in range(NUM_ENTITIES)
        for place in range(pointers[subject], pointers[subject + 1])
    ]
    assert grouped == expected


def test_the_inverse_of_the_inverse_is_the_relation_itself():
    facts = Facts.of([(0, 0, 1)], num_entities=2, num_relations=3)
    assert [facts.inverse(relation) for relation in range(6)] == [3, 4, 5, 0, 1, 2]


def test_a_graph_without_facts_has_entities_all_the_same():
    facts = Facts.of([], num_entities=3, num_relations=2)
    assert len(facts) == 0
    assert facts.pointer.tolist() == [0, 0, 0, 0]


def test_the_tensors_are_small_and_stay_out_of_checkpoints():
    facts = grid(3)
    assert (facts.pointer.dtype, facts.relation.dtype, facts.object.dtype) == (torch.int64, torch.int16, torch.int32)
    assert facts.state_dict() == {}
    assert {name for name, _ in facts.named_buffers()} >= {"pointer", "relation", "object"}


@pytest.mark.parametrize(
    ("triple", "text"),
    [
        ((4, 0, 0), "fact 1: expected a subject from 0 to 3, found 4"),
        ((-1, 0, 0), "fact 1: expected a subject from 0 to 3, found -1"),
        ((0, 2, 0), "fact 1: expected a relation from 0 to 1, found 2"),
        ((0, -1, 0), "fact 1: expected a relation from 0 to 1, found -1"),
        ((0, 0, 4), "fact 1: expected a object from 0 to 3, found 4"),
    ],
)
def test_an_id_out_of_range_is_named_with_its_fact(triple, text):
    with pytest.raises(ShapeError, match=text):
        Facts(np.array([(0, 0, 0), triple, triple], dtype=np.int32), num_entities=4, num_relations=2)


@pytest.mark.parametrize(
    "array", [np.zeros((2, 2), dtype=np.int32), np.zeros(3, dtype=np.int32), np.zeros((2, 3), dtype=np.int64), np.zeros((2, 3))]
)
def test_triples_of_another_shape_or_dtype_are_refused(array):
    with pytest.raises(ShapeError, match=r"expected int32 of shape \(N, 3\)"):
        Facts(array, num_entities=4, num_relations=2)


def test_the_inverse_of_many_relations_is_the_inverse_of_each():
    facts = grid(2)

    relations = torch.arange(facts.num_relations)

    assert facts.inverse(relations).tolist() == [facts.inverse(relation) for relation in relations.tolist()] == [2, 3, 0, 1]


def test_many_relations_are_numbered_with_wider_numbers():
    facts = Facts.of([(0, 20_000, 1), (1, 3, 0)], num_entities=2, num_relations=20_001)
    assert facts.relation.dtype == torch.int32
    assert as_triples(facts) == [(0, 20_000, 1), (0, 20_004, 1), (1, 3, 0), (1, 40_001, 0)]


def test_facts_that_several_threads_sort_are_in_the_order_of_their_numbers():
    generator = np.random.default_rng(0)
    drawn = [generator.zipf(1.2, 120_000) % limit for limit in (5_000, 40, 7_000)]
    triples = np.unique(np.stack(drawn, axis=1).astype(np.int32), axis=0)
    facts = Facts(generator.permutation(triples), num_entities=7_000, num_relations=40)
    inverse = np.stack([triples[:, 2], triples[:, 1] + 40, triples[:, 0]], axis=1)
    expected = np.unique(np.concatenate([triples, inverse]), axis=0)
    assert len(expected) > 1 << 16
    np.testing.assert_array_equal(
        np.stack([facts.subject.numpy(), facts.relation.numpy(), facts.object.numpy()], axis=1), expected
    )


@settings(deadline=None, max_examples=50)
@given(triples, st.permutations(range(NUM_ENTITIES)), st.permutations(range(NUM_RELATIONS)), st.integers(1, 50))
def test_runs_of_any_length_hold_the_same_facts_under_their_new_numbers(given_triples, entity_rows, relation_rows, most):
    array = np.array(given_triples, dtype=np.int32).reshape(-1, 3)
    rows = np.array(entity_rows, dtype=np.int32), np.array(relation_rows, dtype=np.int32)
    runs = list(ordered(array, *rows, most=most))
    renumbered = [(entity_rows[s], relation_rows[p], entity_rows[o]) for s, p, o in given_triples]
    expected = Facts.of(renumbered, num_entities=NUM_ENTITIES, num_relations=NUM_RELATIONS)
    assert np.concatenate([run.sizes for run in runs]).tolist() == expected.degrees.tolist()
    assert np.concatenate([run.relation for run in runs]).tolist() == expected.relation.tolist()
    assert np.concatenate([run.object for run in runs]).tolist() == expected.object.tolist()
    with_repeats = np.bincount(array[:, [0, 2]].ravel(), minlength=NUM_ENTITIES)[np.argsort(entity_rows)]
    ends = np.cumsum([0, *(len(run.sizes) for run in runs)])
    for first, last in itertools.pairwise(ends):
        assert last == first + 1 or with_repeats[first:last].sum() <= most


def test_repeats_are_read_once():
    twice = np.array([(0, 0, 1), (1, 0, 1), (0, 0, 1), (1, 0, 1)], dtype=np.int32)
    assert as_triples(Facts(twice, num_entities=2, num_relations=1)) == [(0, 0, 1), (1, 0, 1), (1, 1, 0), (1, 1, 1)]
