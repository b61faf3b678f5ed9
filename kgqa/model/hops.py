"""Choose the relation of each hop, the number of hops, and what to leave out."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kgqa.config import ModelConfig
from kgqa.model.attention import WordAttention
from kgqa.model.encoder import Encoding
from kgqa.model.linear import zero_linear
from kgqa.model.names import Names


@dataclass(frozen=True, eq=False)
class Plan:
    """What each branch does.

    Attributes:
        relations: shape (S, T, N_R), the relation of each hop: a probability (formula 2), divided by the share of all that exists
            once the reasoner knows the candidates; 0 for those that are not followed.
        hops: shape (S, T), how many hops (formula 4).
        leave_start: shape (S,), the gate that takes the start out of the answer.
        leave_last: shape (S, T), the gate that takes the entities of two hops ago out of each hop.
    """

    relations: Tensor
    hops: Tensor
    leave_start: Tensor
    leave_last: Tensor


class Planner(nn.Module):
    """Attend to the words of the question once for each hop; one classifier for all hops tells the relation.

    What was attended to is compared with the relations' names; beside it, the classifier sees the question as the span sees
    it, and what kind of thing the span may name.

    Args:
        config: the model's settings.
        names: the relations' names.
        values: V, the width of the words as they are.
        width: the width of the kinds of things.
    """

    def __init__(self, config: ModelConfig, names: Names, *, values: int, width: int) -> None:
        super().__init__()
        hidden, num_relations = config.hidden, len(names.residual)
        self.names = names
        self.attention = WordAttention(config.hops, hidden)
        self.relation = zero_linear(2 * hidden + values, num_relations)
        self.kind = zero_linear(width, num_relations, bias=False)
        self.count = nn.Linear(2 * hidden, config.hops)
        self.gates = nn.Linear(2 * hidden, 1 + config.hops)
        with torch.no_grad():
            self.count.bias.copy_(-config.hop_bias * torch.arange(config.hops))
            self.gates.bias.fill_(config.return_gate_bias)
            self.gates.bias[0] = config.start_gate_bias
        self.hops = config.hops

    def forward(self, encoding: Encoding, reading: Tensor, spans: Tensor, kinds: Tensor) -> Plan:
        """Plan for every branch.

        Args:
            encoding: the readings, encoded.
            reading: shape (S,), the reading of each branch.
            spans: shape (S, 2H), what the question says around each span.
            kinds: shape (S, width), what kind of thing each span may name.
        """
        attended = self.attention(encoding)[reading]
        seen = torch.cat([attended, spans[:, None].expand(-1, self.hops, -1)], dim=2)
        relations = (self.names(attended) + self.relation(seen) + self.kind(kinds)[:, None]).softmax(2)
        gates = torch.sigmoid(self.gates(spans))
        return Plan(
            relations=relations,
            hops=self.count(spans).softmax(1),
            leave_start=gates[:, 0],
            leave_last=gates[:, 1:],
        )
