"""The model: from a batch of questions to weighted sets of entities. The forward pass reads like the formulas."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import torch
from torch import Tensor, nn

from kgqa import ops
from kgqa.config import ModelConfig
from kgqa.kb import KnowledgeBase
from kgqa.model.answer_kind import AnswerKind
from kgqa.model.branches import Batch
from kgqa.model.constraint import Constraint, ConstraintChooser
from kgqa.model.encoder import Encoder
from kgqa.model.entities import CandidateChooser, PairBag, RelationBag
from kgqa.model.existence import among_existing, available_relations, missing, resolved, worth_following
from kgqa.model.gates import SpanGates
from kgqa.model.hops import Plan, Planner
from kgqa.model.names import Names
from kgqa.model.operators import Choice, OperatorChooser, apply
from kgqa.model.vocabulary import Vocabulary
from kgqa.ops import EntitySet
from kgqa.ops.segments import maximum, mean

CLOSED: Final = 1e-3
"""Branches with a smaller gate are not walked: they could lower an answer by no more than that."""

OPEN: Final = 0.5
"""A branch whose gate is wider takes part in the answer."""

MISSED: Final = 0.01
"""What a branch reaches with less weight than this share of its best is none of its answers."""

_ABOVE_ZERO: Final = torch.finfo(torch.float32).tiny
"""Relations whose weight is exactly 0 are not followed."""

INEXACT: Final = 0.8
"""How far an answer is trusted whose mention only nearly is a name."""


@dataclass(frozen=True, eq=False)
class Reasoning:
    """What the model thought of a batch of B questions with S branches and C candidates.

    Attributes:
        reached: B sets, what the branches have in common (formula 11).
        sets: B sets, the same as far as it is what answers must be, and has a name: what operators are applied to.
        choice: the operator of each question, and its attribute.
        constraint: what answers must be.
        candidates: shape (C,), p(k|i) (formula 8), once it is known which relation is followed from the candidate.
        spans: shape (S,), p(i) (formula 6).
        gates: shape (S,), g_i.
        plan: relations, hops and gates of each branch.
        seeds: S sets, x_0; empty for a closed branch.
        walks: T times S sets, x_1 … x_T (formula 3).
        branches: S sets, ŷ^i (formula 5); those of inexact spans times `INEXACT`.
        values: shape (N_E, A), the attributes.
        named: shape (N_E,), bool, which entities have a name; None if all do.
        question: shape (S,), the question of each branch.
    """

    reached: EntitySet
    sets: EntitySet
    choice: Choice
    constraint: Constraint
    candidates: Tensor
    spans: Tensor
    gates: Tensor
    plan: Plan
    seeds: EntitySet
    walks: list[EntitySet]
    branches: EntitySet
    values: Tensor
    named: Tensor | None
    question: Tensor

    @cached_property
    def mentioned(self) -> EntitySet:
        """Return B sets, Σ_i p(i) x_0^i: what the questions name, before any hop, as far as it has a name of its own."""
        question, seeds = self.question[self.seeds.sets], self.seeds
        weights = seeds.weights * self.spans[seeds.sets]
        sets = EntitySet.of(question, seeds.entities, weights, batch=self.sets.batch, num_entities=seeds.num_entities)
        return _with_names(sets, self.named)

    @cached_property
    def answers(self) -> EntitySet:
        """Return B sets, the probability of each entity to be an answer, over all operators that give entities.

        Training needs it; a question is answered by its most probable operator alone.
        """
        return apply(self.sets, self.choice, self.values)


class Reasoner(nn.Module):
    """Resolve the mentions, follow relations from each, intersect, count, take an extreme or a value (formulas 2 to 14)."""

    after: Tensor

    def __init__(self, config: ModelConfig, kb: KnowledgeBase, vocabulary: Vocabulary) -> None:
        super().__init__()
        width = config.hidden // 2
        self.facts = kb.facts
        walked = ops.relations_together(kb.facts)  # q follows p where an entity has the inverse of p, and q
        after = walked[kb.facts.inverse(torch.arange(kb.num_relations))].float()
        self.register_buffer("after", after, persistent=False)
        self.values = kb.values
        self.named = None if bool(kb.named.all()) else kb.named
        self.encoder = Encoder(len(vocabulary), config)
        relations = Names([kb.relation_name(row) for row in range(kb.num_relations)], vocabulary, self.encoder)
        attributes = Names([attribute.name for attribute in kb.attributes], vocabulary, self.encoder) if kb.attributes else None
        self.bag = RelationBag(kb.num_relations, width)
        self.pairs = PairBag(width) if config.entities == "pairs" else None
        self.chooser = CandidateChooser(config.hidden, width)
        self.span_gates = SpanGates(config.hidden, width)
        self.planner = Planner(config, relations, values=self.encoder.width, width=width)
        self.answer_kind = AnswerKind(hidden=config.hidden, values=self.encoder.width, width=width)
        self.constraint = ConstraintChooser(relations, hidden=config.hidden, values=self.encoder.width)
        self.operators = OperatorChooser(attributes, hidden=config.hidden, values=self.encoder.width)

    def forward(self, batch: Batch, *, epsilon: float = 0.0) -> Reasoning:
        """Answer a batch; relations that have a smaller share than `epsilon` of those that exist are not followed.

        Where nothing is learned and `epsilon` is not 0, answers are not asked for negligible relations either, and what a mention
        that takes part does not reach is none.
        """
        encoding = self.encoder(batch)
        spans = torch.cat([encoding.mention, encoding.question], dim=1)[batch.reading]

        member, relation = ops.relations_of(self.facts, batch.candidate)
        entities = self.bag(member, relation, len(batch.candidate))
        if self.pairs is not None:
            entities = entities + self.pairs(self.facts, batch.candidate)
        kinds = mean(entities, batch.candidate_branch, batch.branches)
        p_candidate = self.chooser(spans, entities, batch.candidate_branch, batch.branches)
        p_span, gates = self.span_gates(batch, spans, kinds)
        plan = self.planner(encoding, batch.reading, spans, kinds)
        available = available_relations(
            member, relation, p_candidate, batch.candidate_branch, branches=batch.branches, num_relations=self.facts.num_relations
        )
        relations, profiles, shares = among_existing(plan.relations, available, self.after)
        hops = self.answer_kind(encoding, batch.reading, plan.hops, self.bag.kinds(profiles))
        plan = replace(plan, relations=worth_following(relations, plan.relations, shares, epsilon=epsilon), hops=hops)
        meant = resolved(member, relation, p_candidate, batch.candidate_branch, plan.relations[:, 0])

        walked = (gates >= CLOSED)[batch.candidate_branch]
        seeds = EntitySet.of(
            batch.candidate_branch[walked],
            batch.candidate[walked],
            p_candidate[walked],
            batch=batch.branches,
            num_entities=self.facts.num_entities,
        )
        walks = self._walk(seeds, plan)
        branches = ops.exclude(ops.mix(walks, plan.hops), seeds, plan.leave_start)
        branches = branches.with_weights(branches.weights * torch.where(batch.exact, 1.0, INEXACT)[branches.sets])
        exact = self.training or epsilon == 0.0
        reached = ops.intersect(branches, gates, batch.question, batch.questions)
        if not exact:
            reached = _without_missed(reached, branches, gates, batch)

        constraint = self.constraint(batch, encoding, spans, p_span)
        sets = _with_names(constraint.apply(self.facts, reached, exact=exact), self.named)
        choice = self.operators(batch, encoding, spans, p_span, missing(shares, hops))
        return Reasoning(
            reached=reached,
            sets=sets,
            choice=choice,
            constraint=constraint,
            candidates=meant,
            spans=p_span,
            gates=gates,
            plan=plan,
            seeds=seeds,
            walks=walks,
            branches=branches,
            values=self.values,
            named=self.named,
            question=batch.question,
        )

    def _walk(self, seeds: EntitySet, plan: Plan) -> list[EntitySet]:
        walks = [seeds]
        for hop in range(plan.relations.shape[1]):
            followed, _ = ops.follow_pruned(self.facts, walks[-1], plan.relations[:, hop], epsilon=_ABOVE_ZERO)
            reached = ops.rescale(followed)
            if hop > 0:
                reached = ops.exclude(reached, walks[-2], plan.leave_last[:, hop])
            walks.append(reached)
        return walks[1:]


def _without_missed(reached: EntitySet, branches: EntitySet, gates: Tensor, batch: Batch) -> EntitySet:
    """Return the intersections without what a branch that takes part hardly reaches.

    The gate leaves such entities 1 − g_i of their weight, from which training learns. But it is more probable than not that the
    mention counts, and no query that follows it would return them.
    """
    part = gates > OPEN
    parts = gates.new_zeros(batch.questions).index_add(0, batch.question, part.to(gates.dtype))
    part &= parts[batch.question] > 1  # what the only one misses has the weight 0
    if not bool(part.any()):
        return reached
    most = maximum(branches.weights, branches.sets, branches.batch, empty=0.0)  # of a hundred namesakes each brings a hundredth
    hit = branches.with_weights((branches.weights >= MISSED * most[branches.sets]).to(gates.dtype))
    by_all = ops.intersect(hit, part.to(gates.dtype), batch.question, batch.questions)
    return reached.with_weights(reached.weights * by_all.weights_at(reached.keys))


def _with_names(sets: EntitySet, named: Tensor | None) -> EntitySet:
    """Return the sets without what has no name: nodes that are only walked through are no answers, and are not counted."""
    return sets if named is None else sets.with_weights(sets.weights * named[sets.entities])
