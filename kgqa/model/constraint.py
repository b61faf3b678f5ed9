"""Tell what answers must be, beside being reached: "what books …", "which country …" ask for what takes part in some relation."""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from kgqa import ops
from kgqa.kb.facts import Facts
from kgqa.model.attention import WordAttention
from kgqa.model.branches import Batch
from kgqa.model.encoder import Encoding
from kgqa.model.linear import zero_linear
from kgqa.model.names import Names
from kgqa.model.operators import heard_of
from kgqa.ops import EntitySet

_NONE: Final = 5.0
"""The logit of no constraint at the start of training; those of relations are 15 · cosine."""

_NEGLIGIBLE: Final = 1e-3
"""How probable all relations that answers are not asked for may be together, where it need not be exact."""


@dataclass(frozen=True, eq=False)
class Constraint:
    """What each question asks of its answers.

    Attributes:
        relations: shape (B, N_R), how probable it is that answers must have each relation.
        none: shape (B,), how probable it is that nothing is asked of them; the two sum to 1.
    """

    relations: Tensor
    none: Tensor

    def apply(self, facts: Facts, sets: EntitySet, *, exact: bool = True) -> EntitySet:
        """Return ŷ_e · (c_none + Σ_p c_p [e has p]) for each member e of B sets.

        If not `exact`, members are not asked for relations that together are less probable than a thousandth: a set of many
        thousands is looked through ten times faster where one relation is sure, and no factor is off by more.
        """
        relations = self.relations
        if not exact:
            relations = relations.where(relations >= _NEGLIGIBLE / relations.shape[1], 0.0)
        return sets.with_weights(sets.weights * (self.none[sets.sets] + ops.having(facts, sets, relations)))


class ConstraintChooser(nn.Module):
    """Attend to the words of the question, as its likely mentions see it; what they say is compared with the relations' names.

    Args:
        names: the relations' names, shared with the planner.
        hidden: H.
        values: V, the width of the words as they are.
    """

    def __init__(self, names: Names, *, hidden: int, values: int) -> None:
        super().__init__()
        self._names = (names,)  # in a tuple it is not counted twice among the parameters
        self.attention = WordAttention(1, hidden)
        self.relation = zero_linear(2 * hidden + values, len(names.residual))
        self.none = nn.Parameter(torch.full((1,), _NONE))

    def forward(self, batch: Batch, encoding: Encoding, spans: Tensor, p_span: Tensor) -> Constraint:
        """Choose for every question; arguments as of the `OperatorChooser`."""
        attended = self.attention(encoding)[batch.reading].flatten(1)
        heard = heard_of(torch.cat([attended, spans], dim=1), p_span, batch)
        logits = self._names[0](heard[:, : attended.shape[1]]) + self.relation(heard)
        shares = torch.cat([logits, self.none.expand(len(logits), 1)], dim=1).softmax(1)
        return Constraint(shares[:, :-1], shares[:, -1])
