"""The encoder on readings of unlike lengths: padding must not be seen."""

import pytest
import torch

from kgqa.config import ModelConfig
from kgqa.kb import KnowledgeBase
from kgqa.model.branches import Batch, collate, lay_out
from kgqa.model.encoder import Encoder
from kgqa.model.vocabulary import MENTION, PADDING, UNKNOWN
from tests.model.small import vocabulary

SHORT = "Who directed Contact?"
LONG = "Who wrote films starring Tom Hanks and who directed films starring Tom Hanks?"


def encoder(*, word_dropout: float = 0.0) -> Encoder:
    torch.manual_seed(1)
    made = Encoder(len(vocabulary()), ModelConfig(hidden=8, dropout=0.0, word_dropout=word_dropout))
    with torch.no_grad():
        made.flag.normal_()
    return made.eval()


def batch_of(kb: KnowledgeBase, *texts: str) -> Batch:
    return collate([lay_out(text, vocabulary(), kb) for text in texts])


def test_a_short_question_is_encoded_alike_alone_and_beside_a_long_one(kb: KnowledgeBase) -> None:
    model = encoder()
    alone, beside = model(batch_of(kb, SHORT)), model(batch_of(kb, LONG, SHORT))
    assert beside.states.shape[1] > alone.states.shape[1] == 3
    torch.testing.assert_close(beside.states[-1, :3], alone.states[0])
    torch.testing.assert_close(beside.mention[-1], alone.mention[0])
    torch.testing.assert_close(beside.question[-1], alone.question[0])
    assert beside.mask[-1].tolist() == [True] * 3 + [False] * (beside.mask.shape[1] - 3)


def test_a_reading_is_summed_up_by_the_states_at_its_own_ends_and_at_its_mark(kb: KnowledgeBase) -> None:
    batch = batch_of(kb, LONG, SHORT)
    encoding = encoder()(batch)
    for row, length in enumerate(encoding.mask.sum(1).tolist()):
        forward, backward = encoding.states[row, length - 1, :4], encoding.states[row, 0, 4:]
        torch.testing.assert_close(encoding.question[row], torch.cat([forward, backward]))
        mark = batch.words[row].tolist().index(MENTION)
        torch.testing.assert_close(encoding.mention[row], encoding.states[row, mark])


def test_the_flag_of_other_spans_is_added_to_their_words_alone(kb: KnowledgeBase) -> None:
    model = encoder()
    batch = batch_of(kb, LONG)
    difference = model(batch).values - model.embedding(batch.words)
    assert bool(batch.flags.any())
    torch.testing.assert_close(difference[batch.flags], model.flag.expand(int(batch.flags.sum()), -1))
    assert bool((difference[~batch.flags] == 0).all())


@pytest.mark.parametrize(("share", "of_names"), [(0.0, 0.0), (0.03, 0.3), (0.1, 0.5), (0.6, 0.6)])
def test_in_training_words_of_other_spans_are_hidden_ten_times_as_often_at_most_half_and_the_mention_never(
    share: float, of_names: float, kb: KnowledgeBase
) -> None:
    model = encoder(word_dropout=share)
    words = torch.tensor([[MENTION, 7, 8, PADDING]]).expand(2000, -1)
    flags = torch.tensor([[False, True, False, False]]).expand(2000, -1)
    torch.manual_seed(2)
    hidden = (model._hide(words, flags) == UNKNOWN).float().mean(0).tolist()
    assert hidden[0] == hidden[3] == 0.0
    assert hidden[1] == pytest.approx(of_names, abs=0.04)
    assert hidden[2] == pytest.approx(share, abs=0.03)


def test_nothing_is_hidden_outside_training(kb: KnowledgeBase) -> None:
    model = encoder(word_dropout=0.9)
    torch.testing.assert_close(model(batch_of(kb, LONG)).states, model(batch_of(kb, LONG)).states, rtol=0, atol=0)
