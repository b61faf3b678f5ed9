"""Read a question: words as vectors, learned or of a pretrained model, and a bidirectional GRU over them."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kgqa.config import ModelConfig
from kgqa.model.branches import Batch
from kgqa.model.pretrained import PretrainedWords
from kgqa.model.vocabulary import MARKS, OTHER, PADDING, UNKNOWN


@dataclass(frozen=True, eq=False)
class Encoding:
    """A reading, encoded.

    Attributes:
        values: shape (readings, L, V), the words as they are.
        states: shape (readings, L, H), the words in their context.
        mask: shape (readings, L), bool: True at words, False at padding.
        mention: shape (readings, H), the state of the mention's mark.
        question: shape (readings, H), the states at both ends.
    """

    values: Tensor
    states: Tensor
    mask: Tensor
    mention: Tensor
    question: Tensor


class Encoder(nn.Module):
    """Words of V dimensions and a GRU of H/2 in each direction.

    The words are embeddings trained from scratch (V = H), or what a pretrained model makes of the reading (V is its width).
    """

    def __init__(self, words: int, config: ModelConfig) -> None:
        super().__init__()
        hidden = config.hidden
        self.pretrained: PretrainedWords | None = None
        if config.encoder == "pretrained":
            self.pretrained = PretrainedWords(config.pretrained, tuned_layers=config.tuned_layers)
            self.narrow = nn.Linear(self.pretrained.width, hidden)
            words = MARKS
        self.embedding = nn.Embedding(words, hidden, padding_idx=PADDING)
        self.flag = nn.Parameter(torch.zeros(hidden))
        self.forwards = nn.GRU(hidden, hidden // 2, batch_first=True)
        self.backwards = nn.GRU(hidden, hidden // 2, batch_first=True)
        self.dropout = nn.Dropout1d(config.dropout)
        self.word_dropout = config.word_dropout

    @property
    def width(self) -> int:
        """Return V."""
        return self.embedding.embedding_dim if self.pretrained is None else self.pretrained.width

    def forward(self, batch: Batch) -> Encoding:
        """Encode every reading of a batch."""
        words = self._hide(batch.words, batch.flags) if self.training else batch.words
        values, inputs = self._words(words, batch)
        inputs = inputs + batch.flags[:, :, None] * self.flag
        mask = batch.words != PADDING
        lengths = mask.sum(1)
        states = self._drop(self._read(self._drop(inputs), lengths))
        rows, half = torch.arange(len(words), device=words.device), states.shape[2] // 2
        ends = torch.cat([states[rows, lengths - 1, :half], states[:, 0, half:]], dim=1)
        return Encoding(
            values=inputs if self.pretrained is None else values,
            states=states,
            mask=mask,
            mention=states[rows, batch.mention],
            question=ends,
        )

    def _words(self, words: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the words as vectors of V dimensions, and as the GRU reads them."""
        if self.pretrained is None:
            embeddings = self.embedding(words)
            return embeddings, embeddings
        values = self.pretrained(batch.texts).masked_fill((words == UNKNOWN)[:, :, None], 0.0)
        marks = self.embedding(words.masked_fill(words >= MARKS, PADDING))
        return values, self.narrow(values) + marks

    def _read(self, embeddings: Tensor, lengths: Tensor) -> Tensor:
        """Return the states of both directions, shape (readings, L, H).

        Padding stands behind the words, so it comes after all that is read forwards; for the way back each reading is turned
        round by itself. Torch's packed sequences do the same and take half as long again.
        """
        places = torch.arange(embeddings.shape[1], device=embeddings.device)
        turned = (lengths[:, None] - 1 - places) % embeddings.shape[1]  # its own inverse where there are words
        rows = torch.arange(len(embeddings), device=embeddings.device)[:, None]
        there, _ = self.forwards(embeddings)
        back, _ = self.backwards(embeddings[rows, turned])
        return torch.cat([there, back[rows, turned]], dim=2)

    def _drop(self, words: Tensor) -> Tensor:
        """Drop features of a reading, the same for all its words; drawing for each word took a tenth of a training step."""
        dropped: Tensor = self.dropout(words.transpose(1, 2))
        return dropped.transpose(1, 2)

    def _hide(self, words: Tensor, flags: Tensor) -> Tensor:
        """Show some words as unknown, so that the mark for unknown words is trained; words of other spans ten times as often.

        A pretrained model still reads them with the others: only their own states become zeros.
        """
        share = (self.word_dropout * torch.where(flags, 10.0, 1.0)).clamp(max=max(self.word_dropout, 0.5))
        hidden = (torch.rand(words.shape, device=words.device) < share) & (words > OTHER)
        return words.masked_fill(hidden, UNKNOWN)
