import gzip
import sys

import pytest

from kgqa.data import Dataset, EntityRecord, RelationRecord
from kgqa.errors import ConfigError, DataError
from loaders.common import run
from loaders.ntriples import _arguments, _work, load, relation_words
from tests.loaders.sources import facts, names, quarantined, write

pytest.importorskip("pyoxigraph", reason="the extra ntriples is not installed")

E = "http://example.org/"
LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"
COMMENT = "<http://www.w3.org/2000/01/rdf-schema#comment>"
ALIAS = "<http://www.w3.org/2004/02/skos/core#altLabel>"
XSD = "http://www.w3.org/2001/XMLSchema#"
FACT = f"<{E}paris> <{E}capitalOf> <{E}france> ."


def described(*lines, folder, **options):
    """Load the lines and one fact; return the entity of Paris as `kgqa load` reads it, and the printed lines."""
    printed = load(write(folder / "graph.nt", *(f"<{E}paris> {line} ." for line in lines), FACT), folder / "out", **options)
    entities = {entity.id: entity for entity in Dataset.read(folder / "out").entities}
    return entities[f"{E}paris"], printed[1:]


def test_triples_between_iris_and_blank_nodes_are_facts_and_names_may_come_after_them(tmp_path):
    source = write(
        tmp_path / "graph.nt",
        "# a comment",
        f"_:b0 <{E}of> <{E}paris> .",
        "",
        FACT,
        f'<{E}paris> {LABEL} "Paris"@en .',
        f'<{E}lonely> {LABEL} "Lonely" . # with a label and no fact',
    )
    [summary] = load(source, tmp_path / "out", max_bad=0)
    assert summary == f"{tmp_path / 'out'}: 2 facts, 4 entities, 0 questions"
    assert facts(tmp_path / "out") == [
        ("_:b0", f"{E}of", f"{E}paris"),
        (f"{E}paris", f"{E}capitalOf", f"{E}france"),
    ]
    assert names(tmp_path / "out") == {"_:b0": None, f"{E}paris": "Paris", f"{E}france": None, f"{E}lonely": "Lonely"}


def test_a_compressed_file_is_read_alike(tmp_path):
    source = tmp_path / "graph.nt.gz"
    source.write_bytes(gzip.compress(f"\ufeff{FACT}\nbroken\n".encode()))
    load(source, tmp_path / "out", max_bad=0.5)
    assert facts(tmp_path / "out") == [(f"{E}paris", f"{E}capitalOf", f"{E}france")]
    assert [row[:2] for row in quarantined(tmp_path / "out")] == [("graph.nt.gz", 2)]


@pytest.mark.parametrize(
    ("labels", "name", "aliases"),
    [
        pytest.param(('"P"@de', '"P1"', '"P2"@en-gb', '"P3"@en'), "P3", ("P2", "P1"), id="the wanted language first"),
        pytest.param(('"P1"', '"P2"@en-GB', '"P"@de'), "P2", ("P1",), id="then a regional variant"),
        pytest.param(('"P"@de', '"P1"'), "P1", (), id="then none"),
        pytest.param(('"P1"@fr', '"P2"@de', '"P3"@fr', '"P4"@de'), "P2", ("P4",), id="then the first in the alphabet"),
        pytest.param(('"P1"@en', '"P2"@en', '"P1"@en'), "P1", ("P2",), id="the first in the file, none twice"),
    ],
)
def test_the_name_is_the_label_in_the_best_language(tmp_path, labels, name, aliases):
    paris, _ = described(*(f"{LABEL} {label}" for label in labels), folder=tmp_path)
    assert (paris.name, paris.aliases) == (name, aliases)


def test_another_language_can_be_wanted(tmp_path):
    paris, printed = described(f'{LABEL} "Paris"@en', f'{LABEL} "Parigi"@it', folder=tmp_path, language="IT")
    assert (paris.name, paris.aliases) == ("Parigi", ())
    assert printed == ["left out: 1 texts in other languages"]


def test_alternative_labels_are_aliases_and_the_first_comment_or_description_is_the_description(tmp_path):
    paris, printed = described(
        f'{ALIAS} "City of Light"@en',
        f'{ALIAS} "Paris"@en',
        f'{ALIAS} "Ville Lumière"@fr',
        f'{COMMENT} "une ville"@fr',
        f'{COMMENT} "a \\"city\\""@en',
        '<https://schema.org/description> "a place"@en',
        f'{LABEL} "Paris"@en',
        f'{LABEL} " "@en',
        folder=tmp_path,
    )
    assert paris == EntityRecord(id=f"{E}paris", name="Paris", aliases=("City of Light",), description='a "city"')
    assert printed == ["left out: 2 texts in other languages; 1 empty texts; 1 further descriptions"]


@pytest.mark.parametrize(
    ("text", "datatype", "number"),
    [
        ("2100000", "integer", 2_100_000.0),
        ("-3.5", "decimal", -3.5),
        ("1.5E3", "double", 1500.0),
        (" +7 ", "unsignedByte", 7.0),
        ("1889", "gYear", 1889.0),
        ("-0044Z", "gYear", -44.0),
        ("2014+01:00", "gYear", 2014.0),
    ],
)
def test_numbers_and_years_are_attributes_named_by_the_predicates_local_name(tmp_path, text, datatype, number):
    paris, printed = described(f'<{E}ontology#size> "{text}"^^<{XSD}{datatype}>', folder=tmp_path)
    assert (paris.attributes, printed) == ({"size": number}, [])


def test_an_attribute_keeps_its_first_value(tmp_path):
    paris, printed = described(*(f'<{E}size> "{n}"^^<{XSD}int>' for n in (2, 2, 1)), folder=tmp_path)
    assert paris.attributes == {"size": 2.0}
    assert printed == ["left out: 1 further numbers of one attribute"]


def test_attributes_of_one_local_name_are_told_apart_by_their_iris(tmp_path):
    paris, _ = described(f'<{E}a/size> "1"^^<{XSD}int>', f'<{E}b/size> "2"^^<{XSD}int>', folder=tmp_path)
    assert paris.attributes == {f"{E}a/size": 1.0, f"{E}b/size": 2.0}


def test_other_literals_are_left_out_and_counted_by_predicate(tmp_path):
    lines = (*(f'<{E}founded> "0052-01-0{day}"^^<{XSD}date>' for day in (1, 2)), f'<{E}motto> "Fluctuat"@la')
    paris, printed = described(*lines, folder=tmp_path)
    assert paris == EntityRecord(id=f"{E}paris")
    assert printed == [f"left out: 2 values of {E}founded; 1 values of {E}motto"]


def test_the_count_of_what_was_left_out_stays_short(tmp_path):
    _, [printed] = described(*(f'<{E}p{n}> "text"' for n in range(13)), folder=tmp_path)
    assert printed.count("values of") == 10
    assert printed.endswith("; and 3 others")


def test_a_relation_is_named_by_its_label_or_by_its_local_name_in_words(tmp_path):
    source = write(
        tmp_path / "graph.nt",
        FACT,
        f"<{E}paris> <{E}twinned_with> <{E}rome> .",
        f"<{E}twinned_with> <{E}subPropertyOf> <{E}related> .",
        f'<{E}capitalOf> {LABEL} "is the capital of"@en .',
        f'<{E}capitalOf> {ALIAS} "rules"@en .',
        f'<{E}capitalOf> {COMMENT} "of a state"@en .',
    )
    _, left_out = load(source, tmp_path / "out")
    assert Dataset.read(tmp_path / "out").relations == [
        RelationRecord(id=f"{E}capitalOf", name="is the capital of", description="of a state"),
        RelationRecord(id=f"{E}subPropertyOf", name="sub property of"),
        RelationRecord(id=f"{E}twinned_with", name="twinned with"),
    ]
    assert left_out == "left out: 1 further names and numbers of relations"
    assert set(names(tmp_path / "out")) == {f"{E}{name}" for name in ("paris", "france", "rome", "twinned_with", "related")}


@pytest.mark.parametrize(
    ("iri", "words"),
    [
        ("http://example.org/birthPlace", "birth place"),
        ("http://example.org/ns#has_DNASequence", "has DNA sequence"),
        ("http://example.org/ACTED_IN/", "acted in"),
        ("urn:part%20of", "part of"),
    ],
)
def test_a_local_name_is_split_at_capitals_and_underscores(iri, words):
    assert relation_words(iri) == words


def test_names_come_from_ids_only_where_this_is_asked_for(tmp_path):
    source = write(
        tmp_path / "graph.nt",
        f"<{E}Tom_Hanks> <{E}in> <{E}Cast%20Away> .",
        f"_:Tom_Hanks <{E}in> <{E}x> .",
        f'<{E}x> {LABEL} "Labelled" .',
    )
    load(source, tmp_path / "out", names_from_ids=True)
    assert names(tmp_path / "out") == {
        f"{E}Tom_Hanks": "Tom Hanks",
        f"{E}Cast%20Away": "Cast Away",
        "_:Tom_Hanks": None,
        f"{E}x": "Labelled",
    }


def test_malformed_lines_are_set_aside_with_their_reasons(tmp_path):
    source = tmp_path / "graph.nt"
    lines = (
        FACT,
        f"<{E}paris> <{E}capitalOf> <{E}france> <{E}graph> .",
        f"<{E}paris> <{E}says> <<( <{E}a> <{E}b> <{E}c> )>> .",
        f'<{E}ghost> <{E}size> "INF"^^<{XSD}double> .',
        f'<{E}ghost> <{E}size> "many"^^<{XSD}integer> .',
        f"<{E}paris> <{E}in> <relative> .",
        f"<{E}paris> <{E}in> <{E}{'x' * 1000}> .",
        f"<{E}paris> <{E}in> <{E}france>",
    )
    source.write_bytes("\n".join(lines).encode() + f'\n<{E}paris> {LABEL} "Par\xefs" .\n'.encode("latin-1"))
    load(source, tmp_path / "out", max_bad=0.95)
    rows = quarantined(tmp_path / "out")
    assert [row[:2] for row in rows] == [("graph.nt", line) for line in range(2, 10)]
    assert [row[2] for row in rows[1:4]] == [
        "expected an IRI, a blank node or a literal as object, found a quoted triple",
        "expected a finite number, found 'INF'",
        "expected a finite number, found 'many'",
    ]
    assert rows[5][2] == f"expected IRIs of at most 1000 characters, found {len(E) + 1000}"
    assert rows[6][2].startswith("column ")
    assert "followed by a dot" in rows[6][2]
    assert "UTF-8" in rows[7][2]
    assert set(names(tmp_path / "out")) == {f"{E}paris", f"{E}france"}


def test_too_many_malformed_lines_fail_and_leave_no_folder(tmp_path):
    with pytest.raises(DataError, match="found 1 of 2, the first: graph"):
        load(write(tmp_path / "graph.nt", FACT, "broken"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["none.nt", "none.nt.gz"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(DataError, match=f"{name}: expected a file that can be read to its end, found No such file"):
        load(tmp_path / name, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage", [lambda packed: packed[:-12], lambda packed: b"not gzip", lambda packed: packed[:40] + b"\xff" * 60]
)
def test_a_damaged_compressed_file_is_refused_and_leaves_no_folder(tmp_path, damage):
    source = tmp_path / "graph.nt.gz"
    source.write_bytes(damage(gzip.compress(f"{FACT}\n".encode() * 1000)))
    with pytest.raises(DataError, match=r"graph.nt.gz: expected a file that can be read to its end") as refused:
        load(source, tmp_path / "out")
    assert refused.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_without_pyoxigraph_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyoxigraph", None)
    with pytest.raises(ConfigError, match=r"pip install 'kgqa\[ntriples\]'") as refused:
        load(write(tmp_path / "graph.nt", FACT), tmp_path / "out")
    assert refused.value.exit_code == 2


def test_the_command_line_reaches_every_option(tmp_path, monkeypatch, capsys):
    source = write(tmp_path / "graph.nt", FACT, f'<{E}paris> {LABEL} "Paris"@en .', f'<{E}paris> {LABEL} "Parigi"@it .', "broken")
    options = ["--language", "it", "--names-from-ids", "--max-bad", "0.25"]
    monkeypatch.setattr("sys.argv", ["ntriples", str(source), str(tmp_path / "out"), *options])
    assert run(_work, _arguments()) == 0
    assert capsys.readouterr().out.splitlines()[1] == "left out: 1 texts in other languages"
    assert names(tmp_path / "out") == {f"{E}paris": "Parigi", f"{E}france": "france"}
