"""Read a question: word embeddings and a bidirectional GRU, trained from scratch."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kgqa.model.branches import Batch
from kgqa.model.vocabulary import OTHER, PADDING, UNKNOWN


@dataclass(frozen=True, eq=False)
class Encoding:
    """A reading, encoded.

    Attributes:
        embeddings: shape (readings, L, H), the words as they are.
        states: shape (readings, L, H), the words in their context.
        mask: shape (readings, L), bool: True at words, False at padding.
        mention: shape (readings, H), the state of the mention's mark.
        question: shape (readings, H), the states at both ends.
    """

    embeddings: Tensor
    states: Tensor
    mask: Tensor
    mention: Tensor
    question: Tensor


class RecurrentEncoder(nn.Module):
    """Embeddings of H dimensions and a GRU of H/2 in each direction."""

    def __init__(self, words: int, *, hidden: int, dropout: float, word_dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, hidden, padding_idx=PADDING)
        self.flag = nn.Parameter(torch.zeros(hidden))
        self.forwards = nn.GRU(hidden, hidden // 2, batch_first=True)
        self.backwards = nn.GRU(hidden, hidden // 2, batch_first=True)
        self.dropout = nn.Dropout1d(dropout)
        self.word_dropout = word_dropout

    def forward(self, batch: Batch) -> Encoding:
        """Encode every reading of a batch."""
        words = self._hide(batch.words, batch.flags) if self.training else batch.words
        embeddings = self.embedding(words) + batch.flags[:, :, None] * self.flag
        mask = batch.words != PADDING
        lengths = mask.sum(1)
        states = self._drop(self._read(self._drop(embeddings), lengths))
        rows, half = torch.arange(len(words), device=words.device), states.shape[2] // 2
        ends = torch.cat([states[rows, lengths - 1, :half], states[:, 0, half:]], dim=1)
        return Encoding(
            embeddings=embeddings,
            states=states,
            mask=mask,
            mention=states[rows, batch.mention],
            question=ends,
        )

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
        """Show some words as unknown, so that the mark for unknown words is trained; words of other spans ten times as often."""
        share = self.word_dropout * torch.where(flags, 10.0, 1.0)
        hidden = (torch.rand(words.shape, device=words.device) < share) & (words > OTHER)
        return words.masked_fill(hidden, UNKNOWN)
