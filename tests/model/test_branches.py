import math

import pytest
import torch

from kgqa.data import Topic
from kgqa.kb import KnowledgeBase
from kgqa.model.branches import Batch, Branch, Layout, collate, lay_out
from kgqa.model.spans import Span
from kgqa.model.vocabulary import MENTION, OTHER, PADDING, UNKNOWN
from tests.model.small import overlaps, vocabulary

NUMBERS = vocabulary()
TOM = "Who wrote films starring Tom Hanks and Cast Away?"
ROBERT = "What films did Robert Zemeckis direct?"


def words(*texts: str | int) -> tuple[int, ...]:
    return tuple(text if isinstance(text, int) else NUMBERS.number(text) for text in texts)


def topic(text: str, mention: str, entity: str) -> Topic:
    start = text.index(mention)
    return Topic(entity=entity, start=start, end=start + len(mention))


def branches(text: str, kb: KnowledgeBase, topics: list[Topic] | None = None) -> tuple[Branch, ...]:
    return lay_out(text, NUMBERS, kb, topics=topics).branches


def test_a_branch_replaces_its_own_span_by_one_mark_and_flags_the_tokens_of_other_spans(kb: KnowledgeBase) -> None:
    tom, film = branches(TOM, kb)
    assert tom.words == words("who", "wrote", "films", "starring", MENTION, "and", UNKNOWN, UNKNOWN)
    assert tom.flags == (False, False, False, False, False, False, True, True)
    assert tom.mention == 4
    assert film.words == words("who", "wrote", "films", "starring", UNKNOWN, UNKNOWN, "and", MENTION)
    assert film.flags == (False, False, False, False, True, True, False, False)
    assert film.mention == 7


def test_spans_that_share_a_token_with_the_branch_are_not_flagged_in_it(kb: KnowledgeBase) -> None:
    whole, part = branches(ROBERT, kb)
    assert whole.words == words("what", "films", "did", MENTION, "direct")
    assert part.words == words("what", "films", "did", UNKNOWN, MENTION, "direct")
    assert (whole.mention, part.mention) == (3, 4)
    assert part.flags == (False,) * 6


def test_a_span_at_the_beginning_is_marked_at_the_beginning(kb: KnowledgeBase) -> None:
    (branch,) = branches("Contact directed who", kb)
    assert branch.words == words(MENTION, "directed", "who")
    assert branch.mention == 0


def test_features_are_length_candidates_whether_a_longer_span_contains_it_and_inexactness(
    kb: KnowledgeBase,
) -> None:
    assert [branch.features for branch in branches(TOM, kb)] == [(0.5, math.log(2) / 4, 0.0, 0.0), (0.5, 0.0, 0.0, 0.0)]
    assert [branch.features for branch in branches(ROBERT, kb)] == [(0.5, 0.0, 0.0, 0.0), (0.25, 0.0, 1.0, 0.0)]
    assert [branch.features for branch in branches("Who directed Contect?", kb)] == [(0.25, 0.0, 0.0, 1.0)]


def test_a_span_that_only_crosses_another_is_not_contained(tmp_path_factory: pytest.TempPathFactory) -> None:
    names = overlaps(tmp_path_factory.mktemp("overlaps"))
    # "star" lies in "star wars", which the longer "wars museum park" crosses.
    assert [branch.features[2] for branch in branches("star wars museum park", names)] == [1.0, 0.0, 0.0]


def test_given_topics_are_the_only_branches_and_stand_in_each_other_as_one_mark(kb: KnowledgeBase) -> None:
    given = [topic(TOM, "Tom Hanks", "hanks_actor"), topic(TOM, "Cast Away", "cast_away")]
    tom, film = branches(TOM, kb, given)
    assert tom.words == words("who", "wrote", "films", "starring", MENTION, "and", OTHER)
    assert tom.flags == (False, False, False, False, False, False, True)
    assert film.words == words("who", "wrote", "films", "starring", OTHER, "and", MENTION)
    assert film.flags == (False, False, False, False, True, False, False)
    assert (tom.mention, film.mention) == (4, 6)
    assert tom.span.candidates == (3,)


def test_a_given_topic_without_a_place_leaves_the_words_and_is_marked_after_them(kb: KnowledgeBase) -> None:
    given = [Topic(entity="contact"), topic(TOM, "Tom Hanks", "hanks_actor")]
    placeless, placed = branches(TOM, kb, given)
    assert placeless.words == words("who", "wrote", "films", "starring", OTHER, "and", UNKNOWN, UNKNOWN, MENTION)
    assert placeless.mention == 8
    assert placed.words == words("who", "wrote", "films", "starring", MENTION, "and", UNKNOWN, UNKNOWN)


def test_a_word_that_is_left_out_is_read_by_no_branch_and_mentions_stay_what_they_are(kb: KnowledgeBase) -> None:
    whole = branches(TOM, kb)
    wrote, hanks = (lay_out(TOM, NUMBERS, kb, keep_texts=True, without=place).branches for place in (1, 5))
    for less in (wrote, hanks):
        assert [branch.span for branch in less] == [branch.span for branch in whole]
    assert wrote[0].texts == ("who", "films", "starring", "[mention]", "and", "cast", "away")
    assert (wrote[0].mention, wrote[1].mention) == (3, 6)
    assert hanks[0].texts == ("who", "wrote", "films", "starring", "[mention]", "and", "cast", "away")  # it lies in the mention
    assert hanks[1].texts == ("who", "wrote", "films", "starring", "tom", "and", "[mention]")
    assert hanks[1].flags == (False, False, False, False, True, False, False)


def test_a_question_without_known_names_has_no_branches(kb: KnowledgeBase) -> None:
    layout = lay_out("What is love?", NUMBERS, kb)
    assert layout.branches == ()
    assert [token.key for token in layout.tokens] == ["what", "is", "love"]


def three_questions(kb: KnowledgeBase) -> tuple[list[Layout], Batch]:
    layouts = [lay_out(text, NUMBERS, kb) for text in (TOM, "Who directed Contact?", ROBERT)]
    return layouts, collate(layouts)


def test_every_candidate_stands_with_the_branch_of_its_own_span(kb: KnowledgeBase) -> None:
    layouts, batch = three_questions(kb)
    assert batch.candidate_branch.tolist() == [0, 0, 1, 2, 3, 4]
    assert batch.candidate.tolist() == [3, 4, 1, 2, 6, 6]
    flat = [branch for layout in layouts for branch in layout.branches]
    for number, branch in enumerate(flat):
        assert batch.candidate[batch.candidate_branch == number].tolist() == list(branch.span.candidates)


def test_every_branch_maps_back_to_its_own_reading(kb: KnowledgeBase) -> None:
    layouts, batch = three_questions(kb)
    flat = [branch for layout in layouts for branch in layout.branches]
    assert batch.branches == len(flat) == 5
    for number, branch in enumerate(flat):
        row = batch.words[batch.reading[number]]
        assert row[row != PADDING].tolist() == list(branch.words)
        assert batch.flags[batch.reading[number]].tolist()[: len(branch.words)] == list(branch.flags)
        assert not batch.flags[batch.reading[number]][len(branch.words) :].any()
        assert int(batch.mention[batch.reading[number]]) == branch.mention
        assert row[branch.mention] == MENTION


def test_questions_of_branches_features_and_given_stand_in_the_order_of_the_branches(kb: KnowledgeBase) -> None:
    _, batch = three_questions(kb)
    assert batch.questions == 3
    assert batch.question.tolist() == [0, 0, 1, 2, 2]
    torch.testing.assert_close(batch.features[:, 0], torch.tensor([0.5, 0.5, 0.25, 0.5, 0.25]))
    assert batch.features[:, 2].tolist() == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert not batch.given.any()
    placed = collate([lay_out(TOM, NUMBERS, kb, topics=[topic(TOM, "Tom Hanks", "hanks_actor")])])
    assert placed.given.tolist() == [True]


def test_equal_readings_of_several_questions_are_encoded_once(kb: KnowledgeBase) -> None:
    texts = ("Who directed Contact?", ROBERT, "Who directed Cast Away?", "Who directed Zemeckis?")
    batch = collate([lay_out(text, NUMBERS, kb) for text in texts])
    assert len(batch.words) == 3
    assert batch.reading.tolist() == [0, 1, 2, 0, 0]
    assert batch.candidate.tolist() == [2, 6, 6, 1, 6]


def test_readings_that_differ_in_flags_alone_are_not_joined() -> None:
    span = Span(first=0, last=0, candidates=(0,))
    plain, flagged = (
        Branch(span=span, words=(MENTION, 5), flags=(False, flag), texts=(), mention=0, features=(0.25, 0.0, 0.0))
        for flag in (False, True)
    )
    batch = collate([Layout(text="", tokens=(), branches=(branch,)) for branch in (plain, flagged, plain)])
    assert batch.reading.tolist() == [0, 1, 0]
    assert batch.flags.tolist() == [[False, False], [False, True]]


def test_clashes_are_both_orders_of_overlapping_branches_of_one_question(kb: KnowledgeBase) -> None:
    _, batch = three_questions(kb)
    assert sorted(map(tuple, batch.clash.T.tolist())) == [(3, 4), (4, 3)]
    alone = collate([lay_out(TOM, NUMBERS, kb)])
    assert alone.clash.shape == (2, 0)


def test_a_topic_without_a_place_has_a_branch(kb: KnowledgeBase) -> None:
    batch = collate([lay_out(TOM, NUMBERS, kb, topics=[Topic(entity="contact")])])
    assert batch.candidate.tolist() == [2]
