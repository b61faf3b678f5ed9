import hashlib
import random
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest

from kgqa.graph.catalogue import Attribute, Relation
from kgqa.graph.mapping import KGQA_LAYOUT
from kgqa.kb import KnowledgeBase
from kgqa.kb._order import ordered
from kgqa.kb.builder import new_snapshot
from kgqa.kb.materialise import materialise_files
from kgqa.kb.snapshot import MANIFEST, Manifest
from kgqa.kb.spool import FactSpool
from tests.worlds import FILMS_ENTITIES, FILMS_FACTS, write_folder

RELATIONS = tuple({"id": relation} for relation in ("directed_by", "starring", "written_by", "author"))


def test_the_digest_of_facts_does_not_depend_on_how_many_are_in_memory_at_once(tmp_path, monkeypatch):
    draw = np.random.default_rng(0)
    triples = np.stack([draw.integers(0, limit, 200) for limit in (50, 3, 50)], axis=1).astype(np.int32)
    rows = np.arange(50, dtype=np.int32), np.arange(3, dtype=np.int32)
    expected = hashlib.sha256(np.unique(triples, axis=0).astype("<i4").tobytes()).hexdigest()
    for most in (1 << 26, 300, 40, 7):
        monkeypatch.setattr("kgqa.kb._order.ordered", partial(ordered, most=most))
        spool = FactSpool(tmp_path / f"{most}.spool")
        spool.append(triples)
        spool.close()
        spool.order(*rows)
        assert spool.digest.hexdigest() == expected, most


@dataclass(frozen=True)
class Given:
    """Three entities, out of order: id, name, aliases, attributes, description."""

    entities: tuple = (
        ("c", "C", ("C", "Sea"), {"z": 1.0, "y": 2.0}, "last"),
        ("a", None, (), {"z": 3.0}, None),
        ("b", "B", ("B", "sea"), {"z": 5.0, "y": 6.0}, None),
    )
    facts: tuple = ((0, 0, 1), (2, 1, 0), (0, 0, 1))
    relations: tuple = ("q", "p")
    attributes: tuple = ("z", "y")

    def change(self, place, **fields):
        row = dict(zip(("id", "name", "aliases", "attributes", "description"), self.entities[place], strict=True)) | fields
        return replace(self, entities=(*self.entities[:place], tuple(row.values()), *self.entities[place + 1 :]))


def build(folder, given) -> Manifest:
    with new_snapshot(folder) as builder:
        for identifier, name, aliases, attributes, description in given.entities:
            builder.add_entity(id=identifier, name=name, aliases=aliases, attributes=attributes, description=description)
        for fact in given.facts:
            builder.add_facts(np.array([fact], dtype=np.int32))
        return builder.write(
            relations=[Relation(id=name, type=name.upper(), name=name) for name in given.relations],
            attributes=[Attribute(id=name, property=name, name=name) for name in given.attributes],
            mapping=KGQA_LAYOUT,
            source="a test",
        )


def aliases_of(kb):
    return {key: kb.aliases.candidates(key) for key in kb.aliases.trie}


def test_everything_is_sorted_by_id_and_facts_follow(tmp_path):
    manifest = build(tmp_path / "snapshot", Given())
    kb = KnowledgeBase.load(tmp_path / "snapshot")
    assert list(kb.ids) == ["a", "b", "c"]
    assert list(kb.names) == ["", "B", "C"]
    assert kb.named.tolist() == [False, True, True]
    assert list(kb.descriptions) == ["", "", "last"]
    assert aliases_of(kb) == {"b": [1], "c": [2], "sea": [1, 2]}
    assert [relation.id for relation in kb.relations] == ["p", "q"]
    assert [attribute.id for attribute in kb.attributes] == ["y", "z"]
    np.testing.assert_array_equal(kb.values, [[np.nan, 3.0], [6.0, 5.0], [2.0, 1.0]])
    facts = zip(kb.facts.subject.tolist(), kb.facts.relation.tolist(), kb.facts.object.tolist(), strict=True)
    assert list(facts) == [(0, 3, 2), (1, 0, 2), (2, 1, 0), (2, 2, 1)]
    assert (manifest.facts, manifest.repeats) == (2, 1)


def test_only_the_snapshot_is_left_of_the_draft(tmp_path):
    build(tmp_path / "snapshot", Given())
    assert sorted(path.name for path in (tmp_path / "snapshot").iterdir()) == [
        "aliases.marisa",
        MANIFEST,
        "tensors.safetensors",
    ]


def test_names_are_aliases_and_unnamed_entities_have_only_the_aliases_they_were_given(tmp_path):
    entities = [{"id": "a", "name": "Tom Hanks", "aliases": ["Hanks", "TOM  HANKS"]}, {"id": "b", "aliases": ["x"]}]
    materialise_files(write_folder(tmp_path / "data", entities=entities, facts=[("a", "p", "b")]), tmp_path / "snapshot")
    assert aliases_of(KnowledgeBase.load(tmp_path / "snapshot")) == {"tom hanks": [0], "hanks": [0], "x": [1]}


def test_an_attribute_that_an_entity_lacks_is_not_a_number(tmp_path):
    entities = [{"id": "a", "attributes": {"n": 0}}, {"id": "b", "attributes": {"m": -1.5}}]
    materialise_files(write_folder(tmp_path / "data", entities=entities, facts=[("a", "p", "b")]), tmp_path / "snapshot")
    kb = KnowledgeBase.load(tmp_path / "snapshot")
    assert [attribute.id for attribute in kb.attributes] == ["m", "n"]
    np.testing.assert_array_equal(kb.values, [[np.nan, 0.0], [-1.5, np.nan]])


def test_the_fingerprint_does_not_depend_on_the_order_of_loading(tmp_path):
    def fingerprint(name, **parts):
        return materialise_files(write_folder(tmp_path / name, **parts), tmp_path / f"{name}-snapshot").fingerprint

    expected = fingerprint("sorted", relations=RELATIONS)
    for seed in range(5):
        draw = random.Random(seed)
        shuffled = {
            "entities": draw.sample(FILMS_ENTITIES, len(FILMS_ENTITIES)),
            "facts": draw.sample(FILMS_FACTS, len(FILMS_FACTS)),
            "relations": draw.sample(RELATIONS, len(RELATIONS)),
        }
        assert fingerprint(str(seed), **shuffled) == expected
    assert fingerprint("undeclared") == fingerprint("twice", facts=FILMS_FACTS * 2) == expected


@pytest.mark.parametrize(
    "change",
    [
        lambda given: given.change(0, id="d"),
        lambda given: given.change(0, name="CC"),
        lambda given: given.change(1, name=""),
        lambda given: given.change(1, name="A"),
        lambda given: given.change(0, name=None),
        lambda given: replace(given, relations=("r", "p")),
        lambda given: replace(given, relations=("q", "p", "unused")),
        lambda given: replace(given, attributes=("z",)),
        lambda given: replace(given, attributes=("z", "x")),
        lambda given: given.change(0, attributes={"z": 1.0 + 1e-9, "y": 2.0}),
        lambda given: given.change(1, attributes={"z": 3.0, "y": 0.0}),
        lambda given: replace(given, facts=given.facts[:1]),
        lambda given: replace(given, facts=tuple(fact[::-1] for fact in given.facts)),
        lambda given: given.change(0, aliases=("C",)),
        lambda given: given.change(0, aliases=("C", "Sea", "See")),
        lambda given: given.change(2, aliases=("B",)).change(1, aliases=("sea",)),
    ],
)
def test_the_fingerprint_changes_with_every_part(tmp_path, change):
    assert build(tmp_path / "changed", change(Given())).fingerprint != build(tmp_path / "as-it-was", Given()).fingerprint


@pytest.mark.parametrize("change", [{"name": "made by"}, {"name": "directed by", "inverse_name": "made"}])
def test_the_fingerprint_changes_with_the_names_of_relations_which_the_model_reads(tmp_path, change):
    renamed = [RELATIONS[0] | change, *RELATIONS[1:]]
    before, after = (
        materialise_files(write_folder(tmp_path / name, relations=relations), tmp_path / f"{name}-snapshot").fingerprint
        for name, relations in (("before", RELATIONS), ("after", renamed))
    )
    assert before != after


def test_what_answers_do_not_depend_on_leaves_the_fingerprint(tmp_path):
    same = Given().change(0, description="x", aliases=("Sea", "SEA ", "C")).change(2, aliases=("sea", "B"))
    same = replace(same, facts=same.facts * 2)
    assert build(tmp_path / "same", same).fingerprint == build(tmp_path / "as-it-was", Given()).fingerprint


def test_ids_are_sorted_by_code_point(tmp_path):
    ids = ["\U0001f600", "\uffff", "z", "é", "a"]
    given = Given(entities=tuple((identifier, None, (), {}, None) for identifier in ids), attributes=())
    build(tmp_path / "snapshot", given)
    assert list(KnowledgeBase.load(tmp_path / "snapshot").ids) == sorted(ids)


def test_many_texts_that_are_empty_do_not_hide_those_after_them(tmp_path):
    entities = tuple((f"{number:06}", None, (), {}, "at last" if number == 39_999 else None) for number in range(40_000))
    build(tmp_path / "snapshot", Given(entities=entities, attributes=()))
    kb = KnowledgeBase.load(tmp_path / "snapshot")
    assert [(row, text) for row, text in enumerate(kb.descriptions) if text] == [(39_999, "at last")]
