"""Words as a pretrained model sees them, on a small BERT of its own that was never trained."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from kgqa.config import ModelConfig
from kgqa.errors import CheckpointError, ConfigError
from kgqa.kb import KnowledgeBase
from kgqa.model.branches import Batch, collate
from kgqa.model.encoder import Encoder
from kgqa.model.prediction import Model
from kgqa.model.pretrained import PretrainedWords
from kgqa.model.vocabulary import MENTION_WORD, Vocabulary
from tests.model.small import PIECES, config, write_bert

SHORT, LONG = ("who", "directed", MENTION_WORD), ("who", "wrote", "films", "starring", MENTION_WORD)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in a folder, as `save_pretrained` leaves it."""
    folder = tmp_path_factory.mktemp("bert")
    write_bert(folder)
    return folder


@pytest.fixture(autouse=True)
def full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute in 32 bits on every machine; tests of `packed` cover 16."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)


def direct(folder: Path, *pieces: str) -> torch.Tensor:
    """Return the states of a text without padding, from the model as it is stored; first and last piece are taken off."""
    numbers = torch.tensor([[PIECES.index(piece) for piece in ("[CLS]", *pieces, "[SEP]")]])
    states: torch.Tensor = transformers.AutoModel.from_pretrained(folder)(input_ids=numbers).last_hidden_state[0, 1:-1].detach()
    return states


def test_a_word_is_the_mean_of_its_pieces_and_the_mention_is_the_mask(folder: Path) -> None:
    words = PretrainedWords(str(folder))
    who, direct_, ed, mask = direct(folder, "who", "direct", "##ed", "[MASK]")
    torch.testing.assert_close(words([SHORT])[0], torch.stack([who, (direct_ + ed) / 2, mask]), rtol=1e-2, atol=2e-3)


def test_a_reading_is_alike_alone_and_beside_a_longer_one_and_padded_with_zeros(folder: Path) -> None:
    alone, beside = PretrainedWords(str(folder))([SHORT]), PretrainedWords(str(folder))([LONG, SHORT])
    assert beside.shape == (2, 5, 8)
    torch.testing.assert_close(beside[1, :3], alone[0], rtol=1e-2, atol=2e-3)
    assert bool((beside[1, 3:] == 0).all())


def test_a_reading_is_computed_once_while_nothing_is_tuned(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = PretrainedWords(str(folder))
    first = words([SHORT, LONG])
    monkeypatch.setattr(words, "_encode", lambda texts: pytest.fail(f"computed {texts} again"))
    torch.testing.assert_close(words([LONG, SHORT])[1, :3], first[0, :3], rtol=0, atol=0)


def test_only_the_last_readings_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kgqa.model.pretrained._KEPT", 2)
    words = PretrainedWords(str(folder))
    many = [("who",) * length for length in range(1, 5)]
    whole = words(many)
    assert len(words._kept) == 2
    torch.testing.assert_close(words(many), whole, rtol=1e-2, atol=2e-3)


def test_what_is_not_tuned_is_no_part_of_the_state_and_learns_nothing(folder: Path) -> None:
    frozen = PretrainedWords(str(folder))
    assert list(frozen.state_dict()) == ["_extra_state"]
    assert not frozen([SHORT]).requires_grad
    tuned = PretrainedWords(str(folder), tuned_layers=1)
    tuned([SHORT]).sum().backward()
    layers = tuned._model[0].encoder.layer
    assert [any(parameter.grad is not None for parameter in layer.parameters()) for layer in layers] == [False, False, True]
    assert {name.split(".")[1] for name in tuned.state_dict() if name != "_extra_state"} == {"0"}
    assert len(PretrainedWords(str(folder), tuned_layers=9).tuned) == 3


@pytest.mark.parametrize("tuned", [1, 9])
def test_tuned_layers_begin_as_they_are_stored_and_read_many_readings_in_their_order(
    folder: Path, tuned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgqa.model.pretrained._ALIKE", 2)
    many = [LONG, SHORT, ("who",), LONG[:3], SHORT]
    frozen, words = PretrainedWords(str(folder)), PretrainedWords(str(folder), tuned_layers=tuned).eval()
    torch.testing.assert_close(words(many), frozen(many), rtol=1e-2, atol=2e-3)
    torch.testing.assert_close(words.sentences(["who wrote", ""]), frozen.sentences(["who wrote", ""]), rtol=1e-2, atol=2e-3)


def test_what_enters_the_tuned_layers_is_computed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = PretrainedWords(str(folder), tuned_layers=1).eval()
    first = words([SHORT, LONG])
    monkeypatch.setattr(words, "_encode", lambda texts: pytest.fail(f"computed {texts} again"))
    torch.testing.assert_close(words([LONG, SHORT])[1, :3], first[0, :3], rtol=1e-4, atol=1e-5)
    for parameter in words.tuned.parameters():
        torch.nn.init.zeros_(parameter)
    assert not torch.allclose(words([SHORT, LONG]), first)


@pytest.mark.parametrize("wrong", [lambda *_: torch.zeros(2, 5, 8), lambda *_: torch.zeros(2, 3, 3).sum(9)])
def test_a_model_that_cut_comes_to_others_is_refused(folder: Path, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kgqa.model.cut.CutModel.above", wrong)
    with pytest.raises(ConfigError, match=r"model\.tuned_layers: expected a model whose last layers .* found '.*bert"):
        PretrainedWords(str(folder), tuned_layers=1)


@pytest.mark.parametrize("tuned", [0, 1])
def test_a_state_is_taken_by_the_same_model_and_refused_by_another(folder: Path, tmp_path: Path, tuned: int) -> None:
    trained = PretrainedWords(str(folder), tuned_layers=tuned)
    for parameter in trained.tuned.parameters():
        torch.nn.init.zeros_(parameter)  # as if it had been tuned
    state = trained.state_dict()
    PretrainedWords(str(folder), tuned_layers=tuned).load_state_dict(state)

    for name, change in {"weights": _change_a_weight, "pieces": _swap_two_pieces}.items():
        shutil.copytree(folder, tmp_path / name)
        change(tmp_path / name)
        with pytest.raises(
            CheckpointError, match=r"expected the model \w{12} that was trained with, found \w{12} in '.*/" + name
        ):
            PretrainedWords(str(tmp_path / name), tuned_layers=tuned).load_state_dict(state)


def _change_a_weight(folder: Path) -> None:
    model = transformers.AutoModel.from_pretrained(folder)
    model.embeddings.word_embeddings.weight.data[5, 0] += 0.01
    model.save_pretrained(folder)


def _swap_two_pieces(folder: Path) -> None:
    for path in folder.iterdir():
        if path.suffix in (".txt", ".json"):
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("wrote", "~").replace("films", "wrote").replace("~", "films"), encoding="utf-8")


def test_a_word_without_pieces_is_zeros(folder: Path) -> None:
    assert bool((PretrainedWords(str(folder))([("\u200b",)]) == 0).all())


@pytest.mark.parametrize("source", ["no/such folder", "."])
def test_a_model_that_is_not_there_is_an_error(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ConfigError, match=r"model\.pretrained: expected"):
        PretrainedWords(source)


def settings(folder: Path) -> ModelConfig:
    return ModelConfig(hops=2, hidden=8, encoder="pretrained", pretrained=str(folder), dropout=0.0)


def laid_out(kb: KnowledgeBase, folder: Path, *texts: str) -> tuple[Model, Batch]:
    torch.manual_seed(0)
    model = Model.new(type(config())(model=settings(folder)), Vocabulary([]), kb)
    return model, collate([model.lay_out(text) for text in texts])


def test_readings_of_unlike_words_are_unlike_though_no_word_has_a_number(kb: KnowledgeBase, folder: Path) -> None:
    model, batch = laid_out(kb, folder, "Who directed Contact?", "Who wrote Contact?", "who wrote cast away")
    assert batch.texts == (("who", "directed", MENTION_WORD), ("who", "wrote", MENTION_WORD))
    assert batch.reading.tolist() == [0, 1, 1]
    encoding = model.reasoner.encoder.eval()(batch)
    assert encoding.values.shape == (2, 3, 8)
    assert not torch.allclose(encoding.states[0], encoding.states[1])


def test_a_word_that_is_hidden_says_nothing(kb: KnowledgeBase, folder: Path) -> None:
    _, batch = laid_out(kb, folder, "Who directed Contact?")
    torch.manual_seed(0)
    encoder = Encoder(0, ModelConfig(**(settings(folder).__dict__ | {"word_dropout": 0.99}))).train()
    values = encoder(batch).values
    assert bool((values[0, :2] == 0).all())
    assert bool((values[0, 2] != 0).any())
