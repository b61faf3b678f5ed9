import numpy as np
import pytest
import torch

from kgqa.errors import ShapeError, SnapshotError
from kgqa.graph.mapping import Mapping, NodeMapping
from kgqa.kb import KnowledgeBase
from tests.worlds import films, snapshot_of, write_folder


def numbered(*columns: list[int], num_entities: int = 3, num_relations: int = 2) -> KnowledgeBase:
    subjects, relations, objects = (torch.tensor(column, dtype=torch.int64) for column in columns)
    return KnowledgeBase.from_facts(subjects, relations, objects, num_entities=num_entities, num_relations=num_relations)


def test_the_five_fact_world_is_loaded_with_its_names(tmp_path):
    kb = films(tmp_path)
    assert list(kb.ids) == ["broyles", "cast_away", "contact", "hanks_actor", "hanks_scientist", "shaking_earth", "zemeckis"]
    assert (kb.num_entities, kb.num_relations, len(kb.facts)) == (7, 8, 10)
    assert [kb.row(entity) for entity in ("broyles", "zemeckis", "nobody", "Zemeckis")] == [0, 6, None, None]
    assert kb.name(3) == kb.name(4) == "Tom Hanks"
    assert kb.aliases.candidates("tom hanks") == [3, 4]
    assert [relation.id for relation in kb.relations] == ["author", "directed_by", "starring", "written_by"]
    assert kb.values[:3, 0].tolist()[1:] == [2000.0, 1997.0]
    assert kb.path == tmp_path / "films-snapshot"
    assert kb.counts == {"entities": 7, "relations": 4, "facts": 5, "aliases": 7, "attributes": 1}


def test_facts_are_those_of_the_data(tmp_path):
    kb = films(tmp_path)
    named = {
        (kb.ids[subject], kb.relation_name(relation), kb.ids[object_])
        for subject, relation, object_ in zip(
            kb.facts.subject.tolist(), kb.facts.relation.tolist(), kb.facts.object.tolist(), strict=True
        )
    }
    assert ("cast_away", "directed by", "zemeckis") in named
    assert ("zemeckis", "directed by (inverse)", "cast_away") in named
    assert ("zemeckis", "directed by", "cast_away") not in named
    assert len(named) == 10


def test_an_entity_without_a_name_is_called_by_its_id_and_is_no_answer(tmp_path):
    entities = [{"id": "a", "name": "A"}, {"id": "b", "aliases": ["event"]}]
    kb = snapshot_of(write_folder(tmp_path / "data", entities=entities, facts=[("a", "p", "b")]), tmp_path / "snapshot")
    assert [kb.name(0), kb.name(1)] == ["A", "b"]
    assert kb.named.tolist() == [True, False]
    assert kb.names[1] == ""
    assert kb.aliases.candidates("event") == [1]


def test_a_relation_walked_backwards_has_its_inverse_name_or_says_so(tmp_path):
    relations = [{"id": "p", "name": "likes", "inverse_name": "is liked by"}, {"id": "q", "name": "knows"}]
    data = write_folder(tmp_path / "data", entities=[{"id": "a"}], facts=[("a", "p", "a")], relations=relations)
    kb = snapshot_of(data, tmp_path / "snapshot")
    assert [kb.relation_name(relation) for relation in range(4)] == ["likes", "knows", "is liked by", "knows (inverse)"]


def test_a_folder_that_is_no_snapshot_is_refused(tmp_path):
    with pytest.raises(SnapshotError, match="expected a snapshot"):
        KnowledgeBase.load(tmp_path)


def test_a_path_may_be_text(tmp_path):
    films(tmp_path)
    assert KnowledgeBase.load(str(tmp_path / "films-snapshot")).num_entities == 7


def test_numbered_facts_make_a_knowledge_base_whose_repeats_are_read_once():
    kb = numbered([0, 0, 2], [1, 1, 0], [1, 1, 2])
    assert (kb.num_entities, kb.num_relations, len(kb.facts)) == (3, 4, 4)
    assert kb.facts.subject.tolist() == [0, 1, 2, 2]
    assert kb.path is None


def test_numbered_entities_are_found_by_their_number():
    kb = numbered([0], [0], [9], num_entities=120, num_relations=1)
    assert kb.row(kb.ids[7]) == 7
    assert int(kb.name(119)) == 119
    assert list(kb.ids) == sorted(kb.ids)


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (([0, 1], [0], [1]), "three tensors of one length"),
        (([[0]], [[0]], [[0]]), "three tensors of one length"),
        (([3], [0], [0]), "expected a subject from 0 to 2, found 3"),
        (([0], [2], [0]), "expected a relation from 0 to 1, found 2"),
        (([0], [0], [-1]), "expected a object from 0 to 2, found -1"),
        (([2**32], [0], [0]), "whole numbers that fit in int32"),
    ],
)
def test_numbered_facts_that_do_not_fit_are_refused(columns, text):
    with pytest.raises(ShapeError, match=text):
        numbered(*columns)


def test_numbers_that_are_not_whole_are_refused():
    half = torch.tensor([0.5])
    with pytest.raises(ShapeError, match="whole numbers"):
        KnowledgeBase.from_facts(half, half, half, num_entities=2, num_relations=1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_pyg_view_holds_the_same_graph(tmp_path):
    kb = films(tmp_path)
    data = kb.to_pyg()
    assert data.num_nodes == 7
    assert data.edge_index.shape == (2, 10)
    assert data.edge_index.dtype == data.edge_type.dtype == torch.int64
    assert torch.equal(data.edge_index[0].int(), kb.facts.subject)
    assert torch.equal(data.edge_index[1].int(), kb.facts.object)
    assert torch.equal(data.edge_type.int(), kb.facts.relation)
    assert torch.equal(data.entity_values.nan_to_num(-1), kb.values.nan_to_num(-1))
    assert data.validate()


def test_the_kind_of_every_entity_is_that_of_the_label_that_begins_its_id(tmp_path):
    names = ["A:1", "A:B:1", "A:é", "Zoë:1", "Zoë:😀", "Å:1", "AB:1"]
    entities = [{"id": name, "name": name} for name in names]
    folder = write_folder(tmp_path / "kinds", entities=entities, facts=[("A:1", "r", "Å:1")])
    kb = snapshot_of(folder, tmp_path / "kb")
    labels = ("Zoë", "A", "A:B", "AB", "Å")
    kb.mapping = Mapping(nodes=tuple(NodeMapping(label=label, id="key", name="name") for label in labels))
    rows = np.arange(kb.num_entities)[::-1]
    assert kb.kinds(rows).tolist() == [labels.index(kb.mapping.locate(kb.ids[row])[0].label) for row in rows.tolist()]
    kb = snapshot_of(folder, tmp_path / "own")
    assert kb.kinds(rows).tolist() == [0] * len(rows)
