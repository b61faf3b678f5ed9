"""Reaching an answer: against a search that lists every walk."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.kb.facts import Facts
from kgqa.training.reach import Reach

ENTITIES = 7
entity = st.integers(0, ENTITIES - 1)


def in_walks(triples: list[tuple[int, int, int]], starts: list[int], goals: list[int], hops: int) -> bool:
    neighbours = {(s, o) for s, _, o in triples} | {(o, s) for s, _, o in triples}
    here = set(starts)
    for _ in range(hops):
        here = {o for s, o in neighbours if s in here}
        if here & set(goals):
            return True
    return False


@settings(deadline=None)  # the first call compiles
@given(
    st.lists(st.tuples(entity, st.integers(0, 1), entity), max_size=9),
    st.lists(
        st.tuples(st.lists(entity, min_size=1, max_size=3), st.lists(entity, min_size=1, max_size=3)), min_size=1, max_size=4
    ),
    st.integers(1, 4),
)
def test_it_tells_what_a_list_of_all_walks_tells(
    triples: list[tuple[int, int, int]], asked: list[tuple[list[int], list[int]]], hops: int
) -> None:
    reach = Reach(Facts.of(triples, num_entities=ENTITIES, num_relations=2), hops)
    for starts, goals in asked:
        assert reach.reaches(starts, goals) == in_walks(triples, starts, goals, hops), (starts, goals)


def test_marks_are_cleared_before_their_numbers_run_out() -> None:
    reach = Reach(Facts.of([(0, 0, 1)], num_entities=3, num_relations=1), 1)
    assert reach.reaches([0], [1])
    reach._searches = torch.iinfo(torch.int32).max // 2
    assert not reach.reaches([0], [2])
    assert reach.reaches([1], [0])
    assert reach._searches == 2
