"""`mapping.toml`: what is read, what is refused with which words, and ids there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgqa.errors import MappingError
from kgqa.graph.mapping import KGQA_LAYOUT, Mapping, NodeMapping

FULL = """
[entities.Person]
id = "nconst"
name = "name"
aliases = ["nickname", "born as"]
attributes = ["born"]
description = "bio"

[entities."odd `label`"]
id = "key"

[relationships]
exclude = ["FOLLOWS"]
names = { ACTED_IN = "acted in" }
inverse_names = { ACTED_IN = "stars" }

[attributes]
names = { born = "year of birth" }
"""


def test_a_full_file_is_read(tmp_path):
    (tmp_path / "mapping.toml").write_text(FULL, encoding="utf-8")

    mapping = Mapping.read(tmp_path / "mapping.toml")

    assert mapping.nodes == (
        NodeMapping(
            label="Person",
            id="nconst",
            name="name",
            aliases=("nickname", "born as"),
            attributes=("born",),
            description="bio",
        ),
        NodeMapping(label="odd `label`", id="key", name="key"),
    )
    assert (mapping.include, mapping.exclude, mapping.names) == (None, ("FOLLOWS",), {"ACTED_IN": "acted in"})
    assert (mapping.inverse_names, mapping.attribute_names) == ({"ACTED_IN": "stars"}, {"born": "year of birth"})
    assert mapping.labels == ("Person", "odd `label`")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[entities.P", "expected TOML"),
        ("", "at least one [entities.Label] table"),
        ("[entity.P]\nid = 'x'", "only attributes, entities, relationships"),
        ("[entities]\nP = 3", "[entities.P] to be a table"),
        ("[entities.P]\nname = 'x'", "entities.P.id to be the name of a property, found None"),
        ("[entities.P]\nid = ''", "entities.P.id to be the name of a property, found ''"),
        ("[entities.P]\nid = 'x'\nalias = ['y']", "found alias. Rename or remove it."),
        ("[entities.P]\nid = 'x'\naliases = 'y'", "entities.P.aliases to be a list of names, found 'y'"),
        ("[entities.P]\nid = 'x'\nattributes = [1]", "entities.P.attributes to be a list of names, found [1]"),
        ("[entities.P]\nid = 'x'\nid_type = 'uuid'", "entities.P.id_type to be 'text' or 'integer', found 'uuid'"),
        ("[entities.P]\nid = 'x'\n[relationships]\nonly = ['A']", "[relationships], found only"),
        ("[entities.P]\nid = 'x'\n[relationships]\ninclude = 'A'", "relationships.include to be a list of names, found 'A'"),
        ("[entities.P]\nid = 'x'\n[relationships]\nnames = { A = 1 }", "relationships.names to hold texts"),
        ("[entities.P]\nid = 'x'\n[relationships]\ninverse_names = { A = 1 }", "relationships.inverse_names to hold texts"),
        ("[entities.P]\nid = 'x'\n[attributes]\nnames = { a = [] }", "attributes.names to hold texts"),
        ("[entities.P]\nid = 'x'\n[attributes]\nname = 'a'", "only names in [attributes], found name"),
        ("entities = 3", "entities to be a table"),
        ("[entities.P]\nid = 'x'\n[relationships]\nnames = { A = ' ' }", "relationships.names to hold texts that are not blank"),
        ("[entities.A]\nid = 'x'\n[entities.'A:B']\nid = 'x'", "none of which begins with another and ':', found 'A' and 'A:B'"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path, text, message):
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(MappingError) as caught:
        Mapping.read(path)

    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_missing_file_is_named_with_the_way_to_get_one(tmp_path):
    with pytest.raises(MappingError, match="kgqa mapping --write"):
        Mapping.read(tmp_path / "none.toml")


_names = st.text(min_size=1, max_size=12)
_labels = _names.filter(lambda label: ":" not in label)
_said = _names.filter(str.strip)


@st.composite
def _mappings(draw: st.DrawFn) -> Mapping:
    nodes = [
        NodeMapping(
            label=label,
            id=draw(_names),
            name=draw(_names),
            aliases=tuple(draw(st.lists(_names, max_size=2))),
            attributes=tuple(draw(st.lists(_names, max_size=2))),
            description=draw(st.none() | _names),
            id_type=draw(st.sampled_from(["text", "integer"])),
        )
        for label in draw(st.lists(_labels, min_size=1, max_size=3, unique=True))
    ]
    return Mapping(
        nodes=tuple(nodes),
        include=draw(st.none() | st.lists(_names, max_size=2).map(tuple)),
        exclude=tuple(draw(st.lists(_names, max_size=2))),
        names=draw(st.dictionaries(_names, _said, max_size=2)),
        inverse_names=draw(st.dictionaries(_names, _said, max_size=2)),
        attribute_names=draw(st.dictionaries(_names, _said, max_size=2)),
    )


@given(_mappings())
def test_tables_give_the_mapping_back(mapping):
    assert Mapping.from_tables(mapping.tables(), "here") == mapping


@given(st.text(), st.integers())
def test_an_entity_id_leads_back_to_its_node(text, number):
    nodes = (
        NodeMapping(label="A", id="i", name="n"),
        NodeMapping(label="A:B", id="i", name="n", id_type="integer"),
    )
    mapping = Mapping(nodes=nodes)

    assert mapping.locate(mapping.entity_id(nodes[1], number)) == (nodes[1], number)
    if not text.startswith("B:"):
        assert mapping.locate(mapping.entity_id(nodes[0], text)) == (nodes[0], text)


def test_an_id_of_no_mapped_label_is_refused():
    with pytest.raises(MappingError, match="'Movie:x': expected an id that begins with one of Person"):
        Mapping(nodes=(NodeMapping(label="Person", id="i", name="n"),)).locate("Movie:x")


def test_the_layout_of_kgqa_itself_keeps_ids_as_they_are():
    read_back = Mapping.from_tables(KGQA_LAYOUT.tables(), "manifest")

    assert read_back.is_own
    assert read_back.entity_id(read_back.nodes[0], "Entity:7") == "Entity:7"
    assert read_back.locate("Entity:7") == (KGQA_LAYOUT.nodes[0], "Entity:7")
