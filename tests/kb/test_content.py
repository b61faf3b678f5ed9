import random
from dataclasses import replace

import numpy as np
import pytest

from kgqa.data import Dataset
from kgqa.graph.catalogue import Attribute, Relation
from kgqa.graph.mapping import KGQA_LAYOUT
from kgqa.kb.content import Content
from tests.worlds import FILMS_ENTITIES, FILMS_FACTS, write_folder

RELATIONS = tuple({"id": relation} for relation in ("directed_by", "starring", "written_by", "author"))


def of(folder, **parts) -> Content:
    return Content.of_dataset(Dataset.read(write_folder(folder, **parts)))


def three() -> Content:
    """Return three entities, given out of order."""
    return Content.in_order(
        ids=["c", "a", "b"],
        names=["C", None, "B"],
        descriptions=["last", None, None],
        aliases=[("C", "Sea"), (), ("B", "sea")],
        attributes=[Attribute(id="z", property="z", name="z"), Attribute(id="y", property="y", name="y")],
        values=np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]]),
        relations=[Relation(id="q", type="Q", name="q"), Relation(id="p", type="P", name="p")],
        facts=np.array([[0, 0, 1], [2, 1, 0], [0, 0, 1]], dtype=np.int32),
        mapping=KGQA_LAYOUT,
    )


def test_everything_is_sorted_by_id_and_facts_follow():
    content = three()
    assert content.ids == ["a", "b", "c"]
    assert content.names == [None, "B", "C"]
    assert content.descriptions == [None, None, "last"]
    assert content.aliases == [(), ("B", "sea"), ("C", "Sea")]
    assert [relation.id for relation in content.relations] == ["p", "q"]
    assert [attribute.id for attribute in content.attributes] == ["y", "z"]
    np.testing.assert_array_equal(content.values, [[np.nan, 3.0], [6.0, 5.0], [2.0, 1.0]])
    assert content.facts.tolist() == [[1, 0, 2], [2, 1, 0]]
    assert content.facts.dtype == np.int32
    assert content.repeats == 1


def test_an_alias_names_every_entity_that_has_it_once():
    assert three().alias_keys() == {"b": [1], "sea": [1, 2], "c": [2]}


def test_names_are_aliases_and_unnamed_entities_have_only_the_aliases_they_were_given(tmp_path):
    entities = [{"id": "a", "name": "Tom Hanks", "aliases": ["Hanks", "TOM  HANKS"]}, {"id": "b", "aliases": ["x"]}]
    content = of(tmp_path, entities=entities, facts=[("a", "p", "b")])
    assert content.alias_keys() == {"tom hanks": [0], "hanks": [0], "x": [1]}


def test_an_attribute_that_an_entity_lacks_is_not_a_number(tmp_path):
    entities = [{"id": "a", "attributes": {"n": 0}}, {"id": "b", "attributes": {"m": -1.5}}]
    content = of(tmp_path, entities=entities, facts=[("a", "p", "b")])
    assert [attribute.id for attribute in content.attributes] == ["m", "n"]
    np.testing.assert_array_equal(content.values, [[np.nan, 0.0], [-1.5, np.nan]])


def test_the_fingerprint_does_not_depend_on_the_order_of_loading(tmp_path):
    expected = of(tmp_path / "sorted", relations=RELATIONS).fingerprint()
    for seed in range(5):
        draw = random.Random(seed)
        shuffled = {
            "entities": draw.sample(FILMS_ENTITIES, len(FILMS_ENTITIES)),
            "facts": draw.sample(FILMS_FACTS, len(FILMS_FACTS)),
            "relations": draw.sample(RELATIONS, len(RELATIONS)),
        }
        assert of(tmp_path / str(seed), **shuffled).fingerprint() == expected
    assert of(tmp_path / "undeclared").fingerprint() == expected


def test_facts_said_again_do_not_change_the_fingerprint(tmp_path):
    twice = of(tmp_path / "twice", facts=FILMS_FACTS * 2)
    assert twice.fingerprint() == of(tmp_path / "once").fingerprint()
    assert twice.repeats == len(FILMS_FACTS)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: replace(content, ids=["a", "b", "d"]),
        lambda content: replace(content, ids=["ab", "", "c"]),
        lambda content: replace(content, names=["A", "B", "C"]),
        lambda content: replace(content, names=["", "B", "C"]),
        lambda content: replace(content, names=[None, "B", None]),
        lambda content: replace(content, relations=[Relation(id="p", type="P", name="p"), Relation(id="r", type="Q", name="q")]),
        lambda content: replace(content, relations=content.relations[:1]),
        lambda content: replace(content, attributes=[Attribute(id="x", property="y", name="y"), content.attributes[1]]),
        lambda content: replace(content, values=content.values + np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 1e-9]])),
        lambda content: replace(content, values=np.nan_to_num(content.values)),
        lambda content: replace(content, facts=content.facts[:1]),
        lambda content: replace(content, facts=content.facts[:, ::-1].copy()),
        lambda content: replace(content, aliases=[(), ("B", "sea"), ("C",)]),
        lambda content: replace(content, aliases=[(), ("B", "sea"), ("C", "Sea", "See")]),
        lambda content: replace(content, aliases=[("sea",), ("B",), ("C", "Sea")]),
    ],
)
def test_the_fingerprint_changes_with_every_part(change):
    assert change(three()).fingerprint() != three().fingerprint()


def test_what_answers_do_not_depend_on_leaves_the_fingerprint():
    content = three()
    same = replace(content, descriptions=["x", "y", "z"], aliases=[(), ("sea", "B"), ("C", "Sea", "SEA ")], repeats=9)
    assert same.fingerprint() == content.fingerprint()
