"""Read a question: word embeddings and a bidirectional GRU, trained from scratch."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

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
    """Embeddings of H dimensions and one GRU layer of H/2 in each direction."""

    def __init__(self, words: int, *, hidden: int, dropout: float, word_dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, hidden, padding_idx=PADDING)
        self.flag = nn.Parameter(torch.zeros(hidden))
        self.gru = nn.GRU(hidden, hidden // 2, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.word_dropout = word_dropout

    def forward(self, batch: Batch) -> Encoding:
        """Encode every reading of a batch."""
        words = self._hide(batch.words, batch.flags) if self.training else batch.words
        embeddings = self.embedding(words) + batch.flags[:, :, None] * self.flag
        mask = batch.words != PADDING
        lengths = mask.sum(1)
        packed = pack_padded_sequence(self.dropout(embeddings), lengths.cpu(), batch_first=True, enforce_sorted=False)
        output, last = self.gru(packed)
        states, _ = pad_packed_sequence(output, batch_first=True, total_length=words.shape[1])
        states = self.dropout(states)
        rows = torch.arange(len(words), device=words.device)
        return Encoding(
            embeddings=embeddings,
            states=states,
            mask=mask,
            mention=states[rows, batch.mention],
            question=self.dropout(torch.cat([last[0], last[1]], dim=1)),
        )

    def _hide(self, words: Tensor, flags: Tensor) -> Tensor:
        """Show some words as unknown, so that the mark for unknown words is trained; words of other spans ten times as often."""
        share = self.word_dropout * torch.where(flags, 10.0, 1.0)
        hidden = (torch.rand(words.shape, device=words.device) < share) & (words > OTHER)
        return words.masked_fill(hidden, UNKNOWN)
