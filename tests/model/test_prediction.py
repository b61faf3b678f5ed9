"""Ranked answers from the weights of entities: films world rows are broyles 0, cast_away 1, contact 2, hanks_actor 3, …"""

from pathlib import Path

import numpy as np
import pytest

from kgqa import ops
from kgqa.kb import KnowledgeBase
from kgqa.model.operators import Operator
from kgqa.model.prediction import Model, Prediction, _cut
from tests.model.small import statements, untrained, with_operator, with_plan
from tests.worlds import snapshot_of, write_folder

CAST_AWAY = "Who directed Cast Away?"


def predict(model: Model, *texts: str, size: int = 64) -> list[Prediction]:
    return list(model.predict([model.lay_out(text) for text in texts], size=size))


def from_cast_away(kb: KnowledgeBase, **weights: float) -> Prediction:
    model = with_plan(untrained(kb), [weights, {}], [1.0, 0.0])
    return predict(model, CAST_AWAY)[0]


def ids(kb: KnowledgeBase, rows: np.ndarray) -> list[str]:
    return [kb.ids[int(row)] for row in rows]


def test_the_most_probable_entity_stands_first(kb: KnowledgeBase) -> None:
    prediction = from_cast_away(kb, directed_by=0.5, starring=0.125, written_by=0.375)
    assert ids(kb, prediction.rows) == ["zemeckis", "broyles", "hanks_actor"]
    assert prediction.scores.tolist() == [0.5, 0.375, 0.125]
    assert not prediction.abstains


def test_entities_that_differ_only_in_the_last_bits_stand_in_the_order_of_their_rows(kb: KnowledgeBase) -> None:
    prediction = from_cast_away(kb, directed_by=0.3 + 1e-7, starring=0.3, written_by=0.4)
    assert ids(kb, prediction.rows) == ["broyles", "hanks_actor", "zemeckis"]
    assert prediction.scores.tolist() == [0.4, 0.3, 0.3]


def test_the_answer_set_is_at_least_half_as_probable_as_the_first(kb: KnowledgeBase) -> None:
    prediction = from_cast_away(kb, directed_by=0.5, starring=0.25, written_by=0.2)
    assert ids(kb, prediction.answer_set) == ["zemeckis", "hanks_actor"]
    assert ids(kb, prediction.rows)[2:] == ["broyles"]


def test_an_entity_that_no_followed_relation_reaches_is_not_ranked(kb: KnowledgeBase) -> None:
    assert ids(kb, from_cast_away(kb, directed_by=1.0).rows) == ["zemeckis"]


def test_relations_below_the_epsilon_of_the_settings_are_not_followed(kb: KnowledgeBase) -> None:
    assert ids(kb, from_cast_away(kb, directed_by=0.99, starring=0.002).rows) == ["zemeckis"]


def test_an_extreme_is_that_of_the_likely_members_and_keeps_its_weight(kb: KnowledgeBase) -> None:
    model = with_plan(untrained(kb), [{"-directed_by": 1.0}, {"starring": 1.0}], [0.75, 0.25])
    (prediction,) = predict(with_operator(model, Operator.LARGEST, attribute=0), "films Robert Zemeckis")
    assert ids(kb, prediction.rows) == ["cast_away"]  # Contact, likely too, is older
    assert prediction.scores.tolist() == [0.75]


def test_a_count_of_what_is_not_certain_counts_the_likely_and_is_trusted_little(kb: KnowledgeBase) -> None:
    model = with_plan(untrained(kb), [{"starring": 0.45, "written_by": 0.4, "directed_by": 0.15}, {}], [1.0, 0.0])
    (prediction,) = predict(with_operator(model, Operator.COUNT), CAST_AWAY)
    assert prediction.scores.tolist() == pytest.approx([0.45, 0.4, 0.15])
    assert (prediction.value, prediction.score) == (2.0, pytest.approx(0.45 * 0.4 * 0.85))


def test_what_hundreds_of_namesakes_lead_to_is_counted(tmp_path: Path) -> None:
    named = (("p", "John Smith"), ("b", "Book"))
    entities = [{"id": f"{kind}{number}", "name": name} for kind, name in named for number in range(150)]
    facts = [(f"p{number}", "wrote", f"b{number}") for number in range(150)]
    folder = write_folder(tmp_path / "books", entities=entities, facts=facts)
    kb = snapshot_of(folder, tmp_path / "kb")
    model = with_operator(with_plan(untrained(kb), [{"wrote": 1.0}, {}], [1.0, 0.0]), Operator.COUNT)
    (prediction,) = predict(model, "how many John Smith")
    assert prediction.scores.max() < 0.01
    assert prediction.value == 150.0


def test_what_is_hardly_reached_is_not_counted(kb: KnowledgeBase) -> None:
    model = with_plan(untrained(kb), [{"author": 1.0}, {"starring": 1.0}], [0.995, 0.005])
    (prediction,) = predict(with_operator(model, Operator.COUNT), CAST_AWAY)
    assert prediction.value == 0.0


def test_a_question_that_names_nothing_abstains(kb: KnowledgeBase) -> None:
    (prediction,) = predict(untrained(kb), "What is love?")
    assert prediction.abstains
    assert prediction.reasoning is None
    assert len(prediction.answer_set) == 0
    assert prediction.open_branches() == []


def test_a_question_whose_path_leads_nowhere_abstains(kb: KnowledgeBase) -> None:
    prediction = from_cast_away(kb, author=1.0)
    assert prediction.abstains
    assert len(prediction.answer_set) == 0
    assert prediction.reasoning is not None


def test_unnamed_entities_are_walked_through_but_are_never_answers(tmp_path: Path) -> None:
    kb = statements(tmp_path)
    model = with_plan(untrained(kb), [{"has_role": 1.0}, {"played_by": 1.0}], [0.5, 0.5])
    prediction = predict(model, "Who is in Cast Away?")[0]
    assert ids(kb, prediction.rows) == ["hanks"]
    assert prediction.scores.tolist() == [0.5]
    assert prediction.reasoning is not None
    assert prediction.reasoning.answers.entities.tolist() == [kb.row("hanks"), kb.row("r1")]
    assert prediction.reasoning.answers.weights.tolist()[1] == 0.0  # in training it costs nothing, and it is not counted
    counted = predict(with_operator(model, Operator.COUNT), "How many are in Cast Away?")[0]
    assert counted.reasoning is not None
    assert ops.count(counted.reasoning.sets)[0].tolist() == pytest.approx([0.5])


def test_the_value_of_an_entity_without_a_name_of_its_own_is_not_told(tmp_path: Path) -> None:
    """Neither would the query that asks Neo4j again."""
    entities = [{"id": "old", "name": None, "aliases": ["Old Tower"], "attributes": {"height": 5.0}}]
    entities.append({"id": "new", "name": "New Tower", "aliases": [], "attributes": {"height": 30.0}})
    folder = write_folder(tmp_path / "towers", entities=entities, facts=[("old", "beside", "new")])
    model = with_operator(untrained(snapshot_of(folder, tmp_path / "snapshot")), Operator.OWN_VALUE, 0)
    old, new = predict(model, "How tall is Old Tower?", "How tall is New Tower?")
    assert old.abstains
    assert new.value == 30.0


MIXED = (
    "What is love?",
    "Who wrote films starring Tom Hanks and Cast Away?",
    "Who directed Contact?",
    "What is truth?",
    "Who?",
    "What films did Robert Zemeckis direct?",
    "Who wrote Cast Away?",
    "What is it?",
)


@pytest.mark.parametrize("size", [2, 3, 64])
def test_questions_in_batches_are_answered_as_one_by_one_in_their_order(size: int, kb: KnowledgeBase) -> None:
    model = with_operator(untrained(kb, seed=7), Operator.SET)
    together = predict(model, *MIXED, size=size)
    alone = [predict(model, text)[0] for text in MIXED]
    assert [prediction.layout.text for prediction in together] == list(MIXED)
    assert [prediction.abstains for prediction in together] == [True, False, False, True, True, False, False, True]
    for one, other in zip(together, alone, strict=True):
        assert one.rows.tolist() == other.rows.tolist()
        assert one.scores.tolist() == pytest.approx(other.scores.tolist(), abs=2e-6)


def test_predicting_does_not_drop_out(kb: KnowledgeBase) -> None:
    model = untrained(kb)
    model.reasoner.train()
    first, second = (predict(model, CAST_AWAY)[0] for _ in range(2))
    assert first.scores.tolist() == second.scores.tolist()
    assert not model.reasoner.training


def test_open_branches_are_those_of_the_question_alone_the_most_trusted_first(kb: KnowledgeBase) -> None:
    predictions = predict(untrained(kb, seed=3), *MIXED)
    for prediction in predictions:
        if prediction.reasoning is None or prediction.batch is None:
            continue
        gates = prediction.reasoning.gates.tolist()
        owners = prediction.batch.question.tolist()
        wanted = {branch for branch, gate in enumerate(gates) if gate > 0.5 and owners[branch] == prediction.number}
        found = prediction.open_branches()
        assert set(found) == wanted
        assert [gates[branch] for branch in found] == sorted((gates[branch] for branch in found), reverse=True)
        assert gates[found[0]] == 1.0


def test_a_model_is_the_same_for_the_same_seed(kb: KnowledgeBase) -> None:
    first, second = (untrained(kb, seed=9).reasoner.state_dict() for _ in range(2))
    assert all(bool((first[name] == second[name]).all()) for name in first)


def test_long_questions_with_many_names_are_answered_a_few_at_a_time(kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kgqa.model.prediction.MOST_WORDS", 20)
    model = untrained(kb)
    layouts = [model.lay_out(text) for text in ("Cast Away " * 9, "who?", *MIXED)]
    cut = list(_cut(layouts, 4))
    assert [layout for batch in cut for layout in batch] == layouts
    assert len(cut[0]) == 1
    assert len(cut) > 3
    assert max(map(len, cut)) <= 4
    for batch in cut[1:]:
        assert sum(len(layout.branches) for layout in batch) * max(len(layout.tokens) for layout in batch) <= 20
    assert list(_cut([], 4)) == []
