"""A message-passing layer of PyG: a message per fact, added at its object."""

import torch
from torch import Tensor
from torch_geometric.nn import MessagePassing

from kgqa.kb.facts import Facts


class Pyg(MessagePassing):
    """The message of the fact (s, p, o) is x[s] ⊙ r[p]."""

    def __init__(self, facts: Facts) -> None:
        super().__init__(aggr="add")
        self.edges, self.kinds = torch.stack([facts.subject, facts.object]).long(), facts.relation.long()

    def forward(self, x: Tensor, r: Tensor) -> Tensor:
        """Follow."""
        reached: Tensor = self.propagate(self.edges, x=x, weight=r[self.kinds])
        return reached

    def message(self, x_j: Tensor, weight: Tensor) -> Tensor:
        """Return what each fact moves."""
        return x_j * weight
