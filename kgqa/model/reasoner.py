"""The model: from a batch of questions to weighted sets of entities. The forward pass reads like the formulas."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kgqa import ops
from kgqa.config import ModelConfig
from kgqa.kb import KnowledgeBase
from kgqa.model.branches import Batch
from kgqa.model.encoder import RecurrentEncoder
from kgqa.model.entities import CandidateChooser, RelationBag, mean_by_branch
from kgqa.model.gates import SpanGates
from kgqa.model.hops import Plan, Planner
from kgqa.ops import EntitySet


@dataclass(frozen=True, eq=False)
class Reasoning:
    """What the model thought of a batch of B questions with S branches and C candidates.

    Attributes:
        answers: B sets, the probability of each entity to be an answer (formula 11).
        candidates: shape (C,), p(k|i) (formula 8).
        spans: shape (S,), p(i) (formula 6).
        gates: shape (S,), g_i.
        plan: relations, hops and gates of each branch.
        seeds: S sets, x_0.
        walks: T times S sets, x_1 … x_T (formula 3).
        branches: S sets, ŷ^i (formula 5).
    """

    answers: EntitySet
    candidates: Tensor
    spans: Tensor
    gates: Tensor
    plan: Plan
    seeds: EntitySet
    walks: list[EntitySet]
    branches: EntitySet


class Reasoner(nn.Module):
    """Resolve the mentions, follow relations from each, intersect (formulas 2 to 11)."""

    def __init__(self, config: ModelConfig, kb: KnowledgeBase, *, words: int) -> None:
        super().__init__()
        width = config.hidden // 2
        self.facts = kb.facts
        self.encoder = RecurrentEncoder(words, hidden=config.hidden, dropout=config.dropout, word_dropout=config.word_dropout)
        self.bag = RelationBag(kb.num_relations, width)
        self.chooser = CandidateChooser(config.hidden, width)
        self.span_gates = SpanGates(config.hidden, width)
        self.planner = Planner(config, num_relations=kb.num_relations, width=width)

    def forward(self, batch: Batch, *, epsilon: float = 0.0) -> Reasoning:
        """Answer a batch; relations of a smaller probability than `epsilon` are not followed."""
        encoding = self.encoder(batch)
        spans = torch.cat([encoding.mention, encoding.question], dim=1)[batch.reading]

        entities = self.bag(self.facts, batch.candidate)
        kinds = mean_by_branch(entities, batch.candidate_branch, batch.branches)
        p_candidate = self.chooser(
            spans, entities, self.facts.degrees_of(batch.candidate).float(), batch.candidate_branch, batch.branches
        )
        p_span, gates = self.span_gates(batch, spans, kinds)
        plan = self.planner(encoding, batch.reading, spans, kinds)

        seeds = EntitySet.of(
            batch.candidate_branch,
            batch.candidate,
            p_candidate,
            batch=batch.branches,
            num_entities=self.facts.num_entities,
        )
        walks = self._walk(seeds, plan, epsilon)
        branches = ops.exclude(ops.mix(walks, plan.hops), seeds, plan.leave_start)
        answers = ops.intersect(branches, gates, batch.question, batch.questions)
        return Reasoning(answers, p_candidate, p_span, gates, plan, seeds, walks, branches)

    def _walk(self, seeds: EntitySet, plan: Plan, epsilon: float) -> list[EntitySet]:
        walks = [seeds]
        for hop in range(plan.relations.shape[1]):
            followed, _ = ops.follow_pruned(self.facts, walks[-1], plan.relations[:, hop], epsilon=epsilon)
            reached = ops.rescale(followed)
            if hop > 0:
                reached = ops.exclude(reached, walks[-2], plan.leave_last[:, hop])
            walks.append(reached)
        return walks[1:]
