import re

import pytest

from kgqa.data import Dataset, EntityRecord
from kgqa.errors import ConfigError, DataError
from loaders.common import finite, run
from loaders.table import Layout, _arguments, _work, load
from tests.loaders.sources import facts, names, quarantined, write

PARIS = ("Paris", "capital_of", "France")
ROME = ("Rome", "capital_of", "Italy")


def test_a_cell_is_an_entitys_id_and_name_without_the_white_space_around_it(tmp_path):
    load(write(tmp_path / "facts.csv", "Paris, capital_of ,France", "Rome,capital_of,  Italy"), tmp_path / "out")
    assert facts(tmp_path / "out") == [PARIS, ROME]
    assert names(tmp_path / "out") == {name: name for name in ("Paris", "France", "Rome", "Italy")}
    assert [(r.id, r.name) for r in Dataset.read(tmp_path / "out").relations] == [("capital_of", "capital of")]


@pytest.mark.parametrize(
    ("file", "delimiter", "separator"),
    [
        ("facts.csv", None, ","),
        ("facts.TSV", None, "\t"),
        ("facts.tab", None, "\t"),
        ("kb.txt", None, "|"),
        ("kb", None, ";"),
        ("facts.csv", ";", ";"),
        ("kb.txt", "¦", "¦"),
    ],
)
def test_the_delimiter_is_given_or_known_by_the_extension_or_guessed(tmp_path, file, delimiter, separator):
    rows = [separator.join(fact) for fact in (PARIS, ROME)] * 5
    load(write(tmp_path / file, *rows), tmp_path / "out", Layout(delimiter=delimiter))
    assert set(facts(tmp_path / "out")) == {PARIS, ROME}


def test_a_delimiter_that_cannot_be_guessed_is_asked_for(tmp_path):
    with pytest.raises(ConfigError, match=r"kb.txt: expected columns between .* found none. Give --delimiter"):
        load(write(tmp_path / "kb.txt", "Paris", "Rome"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("first", "layout"),
    [
        pytest.param("subject,relation,object,year", Layout(), id="the default names"),
        pytest.param("a,b,c,d", Layout(header=True), id="other names, the first three"),
        pytest.param("a,b,c,d", Layout(header=True, columns=("1", "2", "3")), id="by number"),
        pytest.param("a,b,c,d", Layout(columns=("a", "b", "c")), id="by name"),
        pytest.param("a,b,c,d", Layout(columns=("a", "2", "c")), id="by both"),
    ],
)
def test_a_header_is_no_fact_and_further_columns_are_not_read(tmp_path, first, layout):
    load(write(tmp_path / "facts.csv", first, "Paris,capital_of,France,987"), tmp_path / "out", layout)
    assert facts(tmp_path / "out") == [PARIS]
    assert set(names(tmp_path / "out")) == {"Paris", "France"}


@pytest.mark.parametrize("columns", [("4", "1", "2"), ("city", "rel", "state")])
def test_columns_may_stand_in_any_order(tmp_path, columns):
    source = write(tmp_path / "facts.csv", "rel,state,note,city", "capital_of,France,x,Paris")
    load(source, tmp_path / "out", Layout(header=True, columns=columns))
    assert facts(tmp_path / "out") == [PARIS]


def test_without_a_header_the_first_row_is_a_fact(tmp_path):
    load(write(tmp_path / "facts.csv", "subject,relation,object"), tmp_path / "out", Layout(header=False))
    load(write(tmp_path / "wide.csv", "1900,Paris,capital_of,France"), tmp_path / "wide", Layout(columns=("2", "3", "4")))
    assert facts(tmp_path / "out") == [("subject", "relation", "object")]
    assert facts(tmp_path / "wide") == [PARIS]


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"columns": ("a", "2", "x")}, r"expected one column 'x', the first row is ['a', 'b', 'b']"),
        ({"columns": ("a", "a", "b")}, r"expected one column 'b'"),
        ({"columns": ("1", "2", "4")}, r"expected one column '4'"),
        ({"columns": ("0", "1", "2")}, r"expected one column '0'"),
        ({"columns": ("a", "b", "c"), "header": False}, r"expected columns by number where there is no header, found 'a'"),
        ({"columns": ("1", "2")}, r"expected three columns, as subject,relation,object, found '1,2'"),
        ({"delimiter": "||"}, r"expected a delimiter of one character, found '||'"),
        ({"attributes": frozenset({"height"})}, r"expected numbers of the relation 'height', found none"),
    ],
)
def test_a_layout_that_does_not_fit_the_file_is_refused(tmp_path, layout, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        load(write(tmp_path / "facts.csv", "a,b,b"), tmp_path / "out", Layout(**layout))
    assert not (tmp_path / "out").exists()


def test_quoted_cells_hold_delimiters_quotes_and_line_ends_and_lines_are_counted_on_after_them(tmp_path):
    source = write(
        tmp_path / "facts.csv",
        "subject,relation,object,note",
        '"Paris, Texas",capital_of,"the ""Texas""","first line',
        "",
        'third line"',
        "",
        "Rome,capital_of",
        "Rome,capital_of,Italy,",
    )
    load(source, tmp_path / "out", max_bad=0.5)
    assert facts(tmp_path / "out") == [("Paris, Texas", "capital_of", 'the "Texas"'), ROME]
    assert quarantined(tmp_path / "out") == [("facts.csv", 6, "expected 4 columns, found 2")]


def test_malformed_rows_are_set_aside_with_their_lines_and_reasons(tmp_path):
    source = tmp_path / "facts.csv"
    source.write_bytes(
        b"Paris,capital_of\n"
        b"Paris,capital_of,France\n"
        b"Paris,,France\n"
        b",,\n"
        b"Paris,capital_of,Fran\xe7e\n"
        b'Paris,capital_of,"The\nRepublic"\n'
        b'"Crocodile" Dundee,kind,film\n'
        b"Paris,capital_of,Fran\tce\n" + b"P" * 1001 + b",capital_of,France\n"
    )
    load(source, tmp_path / "out", max_bad=0.95)
    assert facts(tmp_path / "out") == [PARIS]
    assert quarantined(tmp_path / "out") == [
        ("facts.csv", 1, "expected 3 columns, found 2"),
        ("facts.csv", 3, "expected the relation to be text, found an empty cell"),
        ("facts.csv", 4, "expected the subject to be text, found an empty cell"),
        ("facts.csv", 5, "not UTF-8: byte 0xe7"),
        ("facts.csv", 6, r"lines 6 to 7: expected the object without tabs and line ends, found 'The\nRepublic'"),
        ("facts.csv", 7, r"lines 6 to 7: expected the object without tabs and line ends, found 'The\nRepublic'"),
        ("facts.csv", 8, "',' expected after '\"'"),
        ("facts.csv", 9, r"expected the object without tabs and line ends, found 'Fran\tce'"),
        ("facts.csv", 10, "expected the subject to have at most 1000 characters, found 1001"),
    ]


def test_every_line_that_a_stray_quote_swallows_is_set_aside(tmp_path):
    source = write(tmp_path / "facts.tsv", "\t".join(PARIS), 'Rome\tcapital_of\t"Italy', "\t".join(PARIS), "\t".join(ROME))
    load(source, tmp_path / "out", max_bad=0.75)
    assert [row[1:] for row in quarantined(tmp_path / "out")] == [
        (line, "lines 2 to 4: unexpected end of data") for line in (2, 3, 4)
    ]


def test_quotes_are_ordinary_characters_where_the_file_has_no_quoting(tmp_path):
    source = write(tmp_path / "facts.tsv", '"Crocodile" Dundee\tkind\t"film')
    load(source, tmp_path / "out", Layout(quotes=False))
    assert facts(tmp_path / "out") == [('"Crocodile" Dundee', "kind", '"film')]


def test_too_many_malformed_rows_fail_and_leave_no_folder(tmp_path):
    with pytest.raises(DataError, match=r"found 1 of 2, the first: facts.csv 2 expected 3 columns, found 1"):
        load(write(tmp_path / "facts.csv", ",".join(PARIS), "Rome"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("delimiter", [None, ","])
def test_a_missing_file_is_named(tmp_path, delimiter):
    with pytest.raises(DataError, match=r"none.txt: expected a file that can be read, found No such file"):
        load(tmp_path / "none.txt", tmp_path / "out", Layout(delimiter=delimiter))
    assert list(tmp_path.iterdir()) == []


def test_attributes_are_numbers_of_the_subject_and_no_facts(tmp_path):
    rows = ("Eiffel,stands_in,Paris", "Eiffel,height,330.5", "Eiffel,height,3.305e2", "Eiffel,built,1889", "Babel,height,-1")
    load(write(tmp_path / "facts.csv", *rows), tmp_path / "out", Layout(attributes=frozenset({"height", "built"})))
    assert facts(tmp_path / "out") == [("Eiffel", "stands_in", "Paris")]
    assert Dataset.read(tmp_path / "out").entities == [
        EntityRecord(id="Eiffel", name="Eiffel", attributes={"height": 330.5, "built": 1889.0}),
        EntityRecord(id="Paris", name="Paris"),
        EntityRecord(id="Babel", name="Babel", attributes={"height": -1.0}),
    ]


def test_an_attribute_that_is_no_finite_number_or_contradicts_another_is_set_aside(tmp_path):
    rows = ("Eiffel,stands_in,Paris", "Eiffel,height,330", "Eiffel,height,tall", "Babel,height,inf", "Eiffel,height,331")
    load(write(tmp_path / "facts.csv", *rows), tmp_path / "out", Layout(attributes=frozenset({"height"})), max_bad=0.6)
    assert Dataset.read(tmp_path / "out").entities == [
        EntityRecord(id="Eiffel", name="Eiffel", attributes={"height": 330.0}),
        EntityRecord(id="Paris", name="Paris"),
    ]
    assert quarantined(tmp_path / "out") == [
        ("facts.csv", 3, "expected height to be a finite number, found 'tall'"),
        ("facts.csv", 4, "expected height to be a finite number, found 'inf'"),
        ("facts.csv", 5, "expected one height of 'Eiffel', found 331 after 330"),
    ]


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e999", "1_000", "1,5", "٣", "0x10", "1 2", "."])
def test_only_finite_numbers_in_ascii_digits_are_numbers(text):
    assert finite(text) is None


def test_a_table_of_entities_gives_names_aliases_descriptions_and_numbers(tmp_path):
    entities = write(
        tmp_path / "entities.csv",
        "name,id,description,aliases,height,built",
        'The Eiffel Tower,eiffel,"a tower,\nof iron",Eiffel Tower| La Tour |Eiffel Tower|,330,1889',
        ",event,,,,",
        "Louvre,louvre,,,,",
    )
    source = write(tmp_path / "facts.tsv", "eiffel\tstands_in\tParis", "event\tin\teiffel", "eiffel\tarea\t1.5")
    load(source, tmp_path / "out", Layout(attributes=frozenset({"area"})), entities=entities)
    assert Dataset.read(tmp_path / "out").entities == [
        EntityRecord(
            id="eiffel",
            name="The Eiffel Tower",
            aliases=("Eiffel Tower", "La Tour"),
            description="a tower,\nof iron",
            attributes={"height": 330.0, "built": 1889.0, "area": 1.5},
        ),
        EntityRecord(id="event", name=None),
        EntityRecord(id="louvre", name="Louvre"),
        EntityRecord(id="Paris", name="Paris"),
    ]


def test_without_a_column_of_names_the_ids_are_the_names(tmp_path):
    entities = write(tmp_path / "entities.tsv", "id\tpopulation", "Paris\t2100000")
    load(write(tmp_path / "facts.csv", ",".join(PARIS)), tmp_path / "out", entities=entities)
    assert Dataset.read(tmp_path / "out").entities[0] == EntityRecord(
        id="Paris", name="Paris", attributes={"population": 2_100_000.0}
    )


def test_malformed_rows_of_the_table_of_entities_are_set_aside(tmp_path):
    entities = write(tmp_path / "entities.csv", "id,name,height", "a,A,1", "a,B,2", ",C,3", "d,D,tall", "e,E", "f,F,")
    load(write(tmp_path / "facts.csv", "a,likes,f"), tmp_path / "out", entities=entities, max_bad=0.6)
    assert names(tmp_path / "out") == {"a": "A", "f": "F"}
    assert quarantined(tmp_path / "out") == [
        ("entities.csv", 3, "expected every id once, found 'a' again"),
        ("entities.csv", 4, "expected the id to be text, found an empty cell"),
        ("entities.csv", 5, "expected height to be a finite number, found 'tall'"),
        ("entities.csv", 6, "expected 3 columns, found 2"),
    ]


@pytest.mark.parametrize("header", ["name,height", "id,name,name", "id,,name"])
def test_a_table_of_entities_needs_a_header_of_different_names_with_id(tmp_path, header):
    entities = write(tmp_path / "entities.csv", header, "a,b,c")
    with pytest.raises(DataError, match=r"entities.csv, line 1: expected a header of different names, one of them id"):
        load(write(tmp_path / "facts.csv", ",".join(PARIS)), tmp_path / "out", entities=entities)


def test_the_command_line_reaches_every_option(tmp_path, monkeypatch, capsys):
    source = write(tmp_path / "kb.txt", "s\tr\to", '"A" side\tin\tParis', "Paris\tarea\t105", "broken")
    entities = write(tmp_path / "names.csv", "id,name", "Paris,Paris (France)")
    options = ["--delimiter", "tab", "--header", "--columns", "1,r,3", "--no-quotes", "--max-bad", "0.3"]
    further = ["--attributes", "area", "--entities", str(entities)]
    monkeypatch.setattr("sys.argv", ["table", str(source), str(tmp_path / "out"), *options, *further])
    assert run(_work, _arguments()) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'out'}: 1 facts, 2 entities, 0 questions; 1 malformed")
    assert facts(tmp_path / "out") == [('"A" side', "in", "Paris")]
    assert Dataset.read(tmp_path / "out").entities == [
        EntityRecord(id="Paris", name="Paris (France)", attributes={"area": 105.0}),
        EntityRecord(id='"A" side', name='"A" side'),
    ]


def test_a_character_that_no_text_has_is_set_aside(tmp_path):
    write(tmp_path / "nodes.csv", "id,name", "Paris,Pa\0ris", "Rome,Roma")
    load(
        write(tmp_path / "facts.csv", *map(",".join, (PARIS, ROME))),
        tmp_path / "out",
        entities=tmp_path / "nodes.csv",
        max_bad=0.5,
    )
    assert quarantined(tmp_path / "out") == [("nodes.csv", 2, "expected text, found the character U+0000")]
    assert names(tmp_path / "out")["Rome"] == "Roma"
