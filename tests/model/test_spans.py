from pathlib import Path

import pytest

from kgqa.data import Topic
from kgqa.kb import KnowledgeBase
from kgqa.model.spans import Span, find_inexact_spans, find_spans, topic_spans
from kgqa.model.vocabulary import Vocabulary
from kgqa.text import tokenise
from tests.model.small import overlaps, peoples
from tests.worlds import snapshot_of, write_folder

QUESTION = "Did Zemeckis direct Cast Away?"


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return overlaps(tmp_path_factory.mktemp("overlaps"))


def found(text: str, kb: KnowledgeBase) -> list[tuple[int, int, list[str]]]:
    return [(span.first, span.last, [kb.ids[row] for row in span.candidates]) for span in find_spans(tokenise(text), kb)]


def test_a_run_of_tokens_that_is_an_alias_is_a_span_with_exactly_its_candidates(kb: KnowledgeBase) -> None:
    assert found("Who wrote films starring TOM  Hanks and Zemeckis?", kb) == [
        (4, 5, ["hanks_actor", "hanks_scientist"]),
        (7, 7, ["zemeckis"]),
    ]


def test_spans_stand_in_the_order_of_first_token_then_length(names: KnowledgeBase) -> None:
    assert found("the Star Wars Museum Park", names) == [(1, 1, ["e0"]), (1, 2, ["e1"]), (2, 4, ["e2"])]


def test_a_name_that_stands_twice_is_two_spans(kb: KnowledgeBase) -> None:
    assert [(first, last) for first, last, _ in found("Contact or contact", kb)] == [(0, 0), (2, 2)]


def test_a_key_that_ends_inside_a_token_is_no_match(names: KnowledgeBase) -> None:
    assert found("Contact", names) == [(0, 0, ["e4"])]  # not "con"
    assert found("Cast Away", names) == [(0, 1, ["e6"])]  # not "cast a"
    assert found("cast a con", names) == [(0, 1, ["e5"]), (2, 2, ["e3"])]
    assert found("½ cup", names) == []  # one token, whose key is "1 ⁄ 2"


def test_a_key_that_begins_inside_a_token_is_no_match(names: KnowledgeBase) -> None:
    assert found("superstar wars", names) == []


def test_a_text_without_names_or_without_tokens_has_no_spans(kb: KnowledgeBase) -> None:
    assert found("What is love?", kb) == []
    assert found("?!", kb) == []


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [((0, 1), (1, 2), True), ((0, 1), (2, 3), False), ((0, 3), (1, 2), True), ((2, 2), (2, 2), True), ((4, 3), (0, 3), False)],
)
def test_spans_overlap_if_they_share_a_token(one: tuple[int, int], other: tuple[int, int], shared: bool) -> None:
    left, right = (Span(first=first, last=last, candidates=(0,)) for first, last in (one, other))
    assert left.overlaps(right) is shared
    assert right.overlaps(left) is shared


def test_a_topic_with_a_place_covers_the_tokens_it_touches(kb: KnowledgeBase) -> None:
    start = QUESTION.index("Cast")
    topic = Topic(entity="cast_away", start=start, end=start + len("Cast Away"))
    assert topic_spans(tokenise(QUESTION), [topic], kb) == [Span(first=3, last=4, candidates=(1,), given=True)]
    inside = Topic(entity="zemeckis", start=QUESTION.index("meckis"), end=QUESTION.index("meckis") + 2)
    assert topic_spans(tokenise(QUESTION), [inside], kb) == [Span(first=1, last=1, candidates=(6,), given=True)]


def test_a_topic_does_not_cover_a_token_that_only_begins_or_ends_where_it_does(kb: KnowledgeBase) -> None:
    tokens = tokenise("$C++")
    assert [(token.start, token.end) for token in tokens] == [(0, 1), (1, 2), (2, 4)]
    (span,) = topic_spans(tokens, [Topic(entity="contact", start=1, end=2)], kb)
    assert (span.first, span.last) == (1, 1)


def test_a_topic_has_its_own_entity_alone_even_where_its_name_has_namesakes(kb: KnowledgeBase) -> None:
    topic = Topic(entity="hanks_scientist", start=0, end=9)
    (span,) = topic_spans(tokenise("Tom Hanks"), [topic], kb)
    assert [kb.ids[row] for row in span.candidates] == ["hanks_scientist"]


def test_a_topic_without_a_place_is_an_empty_span_after_the_last_token(kb: KnowledgeBase) -> None:
    (span,) = topic_spans(tokenise(QUESTION), [Topic(entity="contact")], kb)
    assert (span.first, span.last, len(span), span.given) == (5, 4, 0, True)


def test_topics_that_are_no_entities_are_left_out(kb: KnowledgeBase) -> None:
    topics = [Topic(entity="nobody", start=0, end=3), Topic(entity="contact")]
    assert [span.candidates for span in topic_spans(tokenise(QUESTION), topics, kb)] == [(2,)]


def nearly(text: str, kb: KnowledgeBase, vocabulary: Vocabulary = Vocabulary([])) -> list[tuple[int, int, list[str]]]:  # noqa: B008
    tokens = tokenise(text)
    spans = find_inexact_spans(tokens, find_spans(tokens, kb), kb, vocabulary)
    assert not any(span.exact for span in spans)
    return [(span.first, span.last, [kb.ids[row] for row in span.candidates]) for span in spans]


def test_names_are_found_without_their_accents_also_short_ones(tmp_path: Path) -> None:
    entities = [{"id": "ines", "name": "Inês"}, {"id": "paris", "name": "Paris"}]
    kb = snapshot_of(
        write_folder(tmp_path / "data", entities=entities, facts=[("ines", "born in", "paris")]), tmp_path / "snapshot"
    )
    assert nearly("Where was Ines born?", kb) == [(2, 2, ["ines"])]
    assert nearly("Where was Inês born?", kb) == nearly("Where was In born?", kb) == []


def test_a_name_with_one_wrong_letter_is_a_span_with_the_candidates_of_the_right_one(kb: KnowledgeBase) -> None:
    assert nearly("Who wrote films starring Tom Hankz?", kb) == [(4, 5, ["hanks_actor", "hanks_scientist"])]
    assert nearly("What did Zemekis direct?", kb) == [(2, 2, ["zemeckis"])]
    assert nearly("What did Robert Zemeckiss direct?", kb) == [(2, 3, ["zemeckis"]), (3, 3, ["zemeckis"])]


def test_a_name_whose_end_is_left_out_is_a_span(kb: KnowledgeBase) -> None:
    assert nearly("What did William Broyles write?", kb) == [(2, 3, ["broyles"])]
    assert nearly("What did William write?", kb) == []


def test_words_of_an_exact_name_are_never_taken_for_another(kb: KnowledgeBase) -> None:
    assert nearly("Did Zemeckis direct Cast Away?", kb) == []
    assert nearly("Contact", kb) == []


def test_a_name_that_is_also_a_people_names_what_is_called_so_alone(tmp_path: Path) -> None:
    kb = peoples(tmp_path)
    text = "What is the Italian capital, and who wrote in Rome?"
    assert [[kb.ids[row] for row in span.candidates] for span in find_spans(tokenise(text), kb)] == [["italian"], ["rome"]]
    assert nearly(text, kb) == []


def test_a_people_whose_name_is_none_is_a_span_of_its_place(tmp_path: Path) -> None:
    assert nearly("What is the Italians capital?", peoples(tmp_path)) == [(3, 3, ["italian", "italy"])]


def test_words_that_questions_are_made_of_are_no_misspelt_names(kb: KnowledgeBase) -> None:
    assert nearly("who made contacts", kb) == [(2, 2, ["contact"])]
    assert nearly("who made contacts", kb, Vocabulary(["contacts"])) == [(2, 2, ["contact"])]  # an inflection, still
    assert nearly("who made contacts", kb, Vocabulary(["contacts"], common=["contacts"])) == []
    assert nearly("who made conteact", kb) == [(2, 2, ["contact"])]
    assert nearly("who made conteact", kb, Vocabulary(["conteact"])) == []


def test_short_words_are_looked_up_as_they_stand(names: KnowledgeBase) -> None:
    assert nearly("stat car", names) == []
