"""Answers in a notebook: everything that comes from a question or a graph is escaped."""

from kgqa.explain.answer import Answer, Compared, Fact, Mention, Path, RankedEntity
from kgqa.graph.cypher import CypherQuery

ODD = "<b>&'\"☃"
ESCAPED = "&lt;b&gt;&amp;&#x27;&quot;☃"


def test_an_answer_is_shown_with_its_mentions_marked_and_nothing_of_it_is_markup():
    entity = RankedEntity(id=ODD, name=ODD, score=0.5)
    fact = Fact(subject=ODD, subject_name=ODD, relation=ODD, relation_name=ODD, object=ODD, object_name=ODD)
    answer = Answer(
        question=f"who {ODD} is",
        entities=[entity] * 12,
        mentions=(Mention(text=ODD, start=4, end=4 + len(ODD), probability=1.0, candidates=(entity,)),),
        paths=(Path(mention=0, start=entity, relations=(ODD,), share=1.0, facts=(fact,)),),
        cypher=CypherQuery("MATCH (n) RETURN n.id AS id", {"start": ODD}),
    )

    shown = answer._repr_html_()

    assert f"who <mark>{ESCAPED}</mark> is" in shown
    assert f"<li>{ESCAPED} ({ESCAPED}), 50%</li>" in shown
    assert "and 2 more" in shown
    assert f"{ESCAPED} — {ESCAPED} → {ESCAPED}" in shown
    assert "<b>&" not in shown


def test_a_path_is_drawn_along_and_against_its_relations():
    names = {"a": "Tom Hanks", "b": "Cast Away", "c": "William Broyles Jr."}
    facts = tuple(
        Fact(subject=s, subject_name=names[s], relation=r, relation_name=r, object=o, object_name=names[o])
        for s, r, o in (("b", "starring", "a"), ("b", "written by", "c"))
    )
    start = RankedEntity(id="a", name="Tom Hanks", score=1.0)
    path = Path(mention=0, start=start, relations=("starring (inverse)", "written by"), share=1.0, facts=facts)
    assert path.drawn == "Tom Hanks ← starring — Cast Away — written by → William Broyles Jr."
    assert path._repr_html_() == f"<p>{path.drawn}</p>"


def test_a_number_is_shown_as_a_number():
    assert "<p>→ 11</p>" in Answer(question="how many", value=11.0)._repr_html_()


def test_a_value_is_shown_with_what_it_is_of():
    tower = Compared(id="tower", name="A & B", value=330.0)
    shown = Answer(question="how tall", value=330.0, operator="value", attribute=ODD, compared=(tower,))._repr_html_()
    assert f"<p>→ 330: {ESCAPED} of A &amp; B</p>" in shown
