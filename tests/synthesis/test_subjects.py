"""Sets to ask about are what a slow walk over the list of facts finds, and every relation gets its turn."""

import itertools
from collections import Counter

import numpy as np
import pytest

from kgqa.kb import KnowledgeBase
from kgqa.synthesis import walks
from kgqa.synthesis.subjects import SHAPES, Shape, Subjects
from kgqa.synthesis.walks import Walker


def slow_follow(kb: KnowledgeBase, entity: int, path: tuple[int, ...]) -> set[int]:
    facts = list(zip(kb.facts.subject.tolist(), kb.facts.relation.tolist(), kb.facts.object.tolist(), strict=True))
    reached = {entity}
    for wanted in path:
        reached = {object_ for subject, relation, object_ in facts if relation == wanted and subject in reached}
    return reached


@pytest.mark.parametrize("shape", SHAPES)
def test_a_set_is_what_its_branches_lead_to_together(cinema: KnowledgeBase, shape: Shape) -> None:
    subjects = Subjects(cinema, Walker(cinema))
    drawn = list(itertools.islice(subjects.draw(shape, np.random.default_rng(0)), 60))
    assert drawn
    for subject in drawn:
        sets = [slow_follow(cinema, start, path) for start, path in subject.branches]
        named = {row for row in set.intersection(*sets) if cinema.named[row]}
        assert subject.entities == named != set()
        assert all(cinema.named[start] for start, _ in subject.branches)
        if shape == "both":
            assert named not in sets, "both entities are needed"
        if shape == "two":
            assert not named & {start for start, _ in subject.branches}


def test_relations_are_drawn_equally_often_whatever_the_number_of_their_facts(cinema: KnowledgeBase) -> None:
    subjects = Subjects(cinema, Walker(cinema))
    drawn = itertools.islice(subjects.draw("one", np.random.default_rng(0)), 200)
    counts = Counter(subject.branches[0][1] for subject in drawn)
    names = {cinema.relation_name(path[0]) for path in counts}
    assert {"directed by", "director of", "starring", "knows"} <= names
    assert max(counts.values()) - min(counts.values()) <= 1


def test_a_walk_over_too_many_entities_is_given_up(cinema: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    walker = Walker(cinema)
    person = cinema.row("person0")
    relation = next(row for row in range(cinema.num_relations) if cinema.relation_name(row) == "director of")
    assert person is not None
    assert walker.follow(person, (relation,)) == slow_follow(cinema, person, (relation,))
    monkeypatch.setattr(walks, "MAX_FRONTIER", 2)
    assert walker.follow(person, (relation,)) is None


def test_drawing_ends_where_nothing_can_be_drawn() -> None:
    import torch

    loop = KnowledgeBase.from_facts(*(torch.tensor([0]) for _ in range(3)), num_entities=1, num_relations=1)
    assert list(Subjects(loop, Walker(loop)).draw("both", np.random.default_rng(0))) == []
