"""The definitions of the measures, by hand: changing one changes what every figure means."""

import pytest

from kgqa.data import Question
from kgqa.evaluation.scorer import Given, score, summarise, summarise_by_kind


def entities(*answers: str, kind: str | None = None) -> Question:
    return Question(id="e", text="?", answers=answers, kind=kind)


def number(value: float, kind: str | None = None) -> Question:
    return Question(id="v", text="?", value=value, kind=kind)


def ranked(*ids: str, returned: set[str] | None = None) -> Given:
    return Given(ranked=ids, returned=frozenset(ids[:1] if returned is None else returned))


NOTHING = Given()
ABSENT = entities()


def test_the_rank_is_that_of_the_first_right_entity_counted_from_one() -> None:
    assert score(entities("a"), ranked("a", "b")).rank == 1
    assert score(entities("c", "b"), ranked("a", "b", "c")).rank == 2
    assert score(entities("z"), ranked("a", "b")).rank is None
    assert score(entities("z"), NOTHING).rank is None


@pytest.mark.parametrize(
    ("gold", "returned", "f1"),
    [
        ({"a"}, {"a"}, 1.0),
        ({"a", "b"}, {"a"}, 2 / 3),  # precision 1, recall 1/2
        ({"a"}, {"a", "b", "c"}, 0.5),  # precision 1/3, recall 1
        ({"a", "b", "c"}, {"b", "c", "d", "e"}, 4 / 7),
        ({"a"}, {"b"}, 0.0),
        ({"a"}, set(), 0.0),
    ],
)
def test_f1_is_that_of_the_returned_set_against_the_right_set(gold: set[str], returned: set[str], f1: float) -> None:
    assert score(entities(*gold), ranked("x", returned=returned)).f1 == pytest.approx(f1)


def test_an_entity_question_is_correct_if_the_first_entity_is_right() -> None:
    assert score(entities("a", "b"), ranked("b", "z")).correct
    assert not score(entities("a"), ranked("b", "a")).correct


def test_an_abstention_on_a_question_with_an_answer_is_wrong() -> None:
    assert not score(entities("a"), NOTHING).correct
    assert not score(number(0.0), NOTHING).correct


def test_a_question_without_an_answer_is_right_only_if_it_is_abstained_from() -> None:
    assert score(ABSENT, NOTHING).correct
    assert not score(ABSENT, ranked("a")).correct
    assert not score(ABSENT, Given(value=0.0)).correct


def test_a_value_must_be_exactly_right_and_an_entity_is_no_value() -> None:
    assert score(number(3.0), Given(value=3)).correct
    assert not score(number(3.0), Given(value=2)).correct
    assert not score(number(3.0), ranked("3")).correct
    assert score(number(0.0), Given(value=0.0)).correct


def test_an_answer_of_a_value_alone_is_no_abstention() -> None:
    assert not Given(value=0.0).abstains
    assert not ranked("a").abstains
    assert NOTHING.abstains


MIXED = [
    score(entities("a", kind="1-hop"), ranked("a", "b")),
    score(entities("a", "b", kind="1-hop"), ranked("x", "b", "a", returned={"x", "b"})),
    score(entities("a", kind="2-hop"), ranked(*"bcdefghijk", "a", returned={"b"})),
    score(entities("a", kind="2-hop"), NOTHING),
    score(number(2.0, kind="count"), Given(value=2.0)),
    score(number(3.0, kind="count"), NOTHING),
    score(number(4.0), ranked("a")),
    score(ABSENT, NOTHING),
    score(ABSENT, ranked("a")),
]


def test_measures_over_mixed_questions_by_hand() -> None:
    assert summarise(MIXED) == {
        "questions": 9,
        "correct": pytest.approx(3 / 9),  # the first, the value of 2, one abstention
        "hits@1": pytest.approx(1 / 4),
        "hits@10": pytest.approx(2 / 4),  # the third stands at place 11
        "mrr": pytest.approx((1 + 1 / 2 + 1 / 11 + 0) / 4),
        "f1": pytest.approx((1 + 1 / 2 + 0 + 0) / 4),
        "exact_values": pytest.approx(1 / 3),
        "abstained": 3,
        "abstained_rightly": 1,
        "denominators": {"entities": 4, "values": 3, "no_answer": 2},
    }


def test_the_tenth_place_counts_and_the_eleventh_does_not() -> None:
    assert summarise([score(entities("a"), ranked(*"bcdefghij", "a"))])["hits@10"] == 1.0
    assert summarise([score(entities("a"), ranked(*"bcdefghijk", "a"))])["hits@10"] == 0.0


def test_no_question_is_left_out_of_a_denominator() -> None:
    denominators = summarise(MIXED)["denominators"]
    assert sum(denominators.values()) == len(MIXED)


def test_a_measure_without_questions_is_none_and_not_zero() -> None:
    empty = summarise([])
    assert (empty["questions"], empty["abstained"], empty["abstained_rightly"]) == (0, 0, 0)
    assert [empty[key] for key in ("correct", "hits@1", "hits@10", "mrr", "f1", "exact_values")] == [None] * 6
    values = summarise(MIXED[4:6])
    assert (values["hits@1"], values["f1"], values["exact_values"]) == (None, None, 0.5)


def test_kinds_are_summarised_each_for_itself_and_questions_without_kind_only_in_all() -> None:
    summary = summarise_by_kind(MIXED)
    assert list(summary["by_kind"]) == ["1-hop", "2-hop", "count"]
    assert summary["by_kind"]["1-hop"] == summarise(MIXED[:2])
    assert summary["by_kind"]["count"] == summarise(MIXED[4:6])
    assert sum(part["questions"] for part in summary["by_kind"].values()) == 6
    del summary["by_kind"]
    assert summary == summarise(MIXED)
