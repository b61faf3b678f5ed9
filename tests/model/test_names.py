"""Names as classes: the cosine with the mean of a name's words, and a residual of its own."""

import pytest
import torch

from kgqa.config import ModelConfig
from kgqa.model.encoder import Encoder
from kgqa.model.names import SCALE, Names
from kgqa.model.vocabulary import MARKS, Vocabulary

NAMES = ("directed by", "directed_by (inverse)", "???")
VOCABULARY = Vocabulary(["by", "directed", "inverse"])


def made() -> tuple[Names, Encoder]:
    torch.manual_seed(0)
    encoder = Encoder(len(VOCABULARY), ModelConfig(hidden=8))
    return Names(NAMES, VOCABULARY, encoder), encoder


def test_a_class_is_the_mean_of_the_words_of_its_name() -> None:
    names, encoder = made()
    by, directed, inverse = encoder.embedding.weight[MARKS:]
    said = torch.randn(5, 8)
    for place, mean in enumerate(((directed + by) / 2, (directed + by + inverse) / 3)):
        wanted = SCALE * torch.cosine_similarity(said, mean[None])
        torch.testing.assert_close(names(said)[:, place], wanted)


def test_a_name_without_words_is_a_class_too() -> None:
    names, _ = made()
    assert bool(torch.isfinite(names(torch.randn(2, 8))).all())


def test_what_a_question_says_teaches_the_words_and_the_residuals_of_the_names() -> None:
    names, encoder = made()
    names(torch.randn(2, 8))[:, 0].sum().backward()
    assert names.residual.grad is not None
    assert encoder.embedding.weight.grad is not None
    assert [bool((row != 0).any()) for row in names.residual.grad] == [True, False, False]
    assert [bool((row != 0).any()) for row in encoder.embedding.weight.grad[MARKS:]] == [True, True, False]


@pytest.mark.parametrize("scale", [1.0, 50.0])
def test_the_length_of_what_is_said_does_not_count(scale: float) -> None:
    names, _ = made()
    said = torch.randn(3, 8)
    torch.testing.assert_close(names(scale * said), names(said))
