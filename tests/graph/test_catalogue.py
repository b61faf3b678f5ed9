"""Relationship types and properties: one of its own for every relation and attribute, whatever they are called."""

from hypothesis import given
from hypothesis import strategies as st

from kgqa.data import RelationRecord
from kgqa.graph.catalogue import RESERVED_PROPERTIES, Relation, add_attributes, add_relations


def test_a_type_is_the_name_in_capitals_and_numbered_where_it_is_taken():
    records = [
        RelationRecord(id="r2", name="directed by"),
        RelationRecord(id="r1", name="Directed-By", inverse_name="director of"),
        RelationRecord(id="r3", name="1st aired"),
        RelationRecord(id="r4", name="→"),
        RelationRecord(id="r5", name="größe"),
    ]

    added = add_relations([], records)

    assert [(relation.id, relation.type) for relation in added] == [
        ("r1", "DIRECTED_BY"),
        ("r2", "DIRECTED_BY_2"),
        ("r3", "_1ST_AIRED"),
        ("r4", "RELATION"),
        ("r5", "GRÖSSE"),
    ]
    assert (added[0].name, added[0].inverse_name) == ("Directed-By", "director of")


def test_types_do_not_depend_on_the_order_of_the_records():
    records = [RelationRecord(id=f"r{number}", name="same") for number in range(5)]

    assert add_relations([], records) == add_relations([], records[::-1])


def test_a_relation_that_is_there_keeps_its_type_and_new_ones_avoid_it():
    present = [Relation(id="old", type="LIKES", name="likes")]

    added = add_relations(present, [RelationRecord(id="old", name="renamed"), RelationRecord(id="new", name="likes")])

    assert [(relation.id, relation.type) for relation in added] == [("new", "LIKES_2")]


def test_attributes_avoid_the_properties_that_kgqa_uses_itself():
    added = add_attributes([], ["name", "row", "release year", "release_year", "%"])

    assert {attribute.id: attribute.property for attribute in added} == {
        "%": "attribute",
        "name": "name_2",
        "release year": "release_year",
        "release_year": "release_year_2",
        "row": "row_2",
    }
    assert [attribute.name for attribute in added if attribute.id == "release_year"] == ["release year"]


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), unique_by=lambda pair: pair[0]))
def test_every_relation_and_attribute_gets_a_name_of_its_own(pairs):
    types = [relation.type for relation in add_relations([], [RelationRecord(id=id_, name=name) for id_, name in pairs])]
    properties = [attribute.property for attribute in add_attributes([], [id_ for id_, _ in pairs])]

    assert len(set(types)) == len(types) == len(pairs)
    assert len(set(properties)) == len(properties) == len(pairs)
    assert all(types) and all(properties)
    assert not RESERVED_PROPERTIES & set(properties)
