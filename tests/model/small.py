"""Small models, plans that are set by hand, and further worlds for the tests of the model, its training and its evaluation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from kgqa.config import Config, ModelConfig, TrainingConfig
from kgqa.data import Question
from kgqa.kb import KnowledgeBase
from kgqa.model.branches import Batch
from kgqa.model.constraint import Constraint
from kgqa.model.hops import Plan
from kgqa.model.operators import Choice, Operator
from kgqa.model.prediction import Model
from kgqa.model.vocabulary import Vocabulary
from tests.worlds import FILMS_QUESTIONS, snapshot_of, write_folder

WORDS = ("and", "did", "direct", "directed", "films", "starring", "what", "who", "wrote")
"""The words of the film questions that are in no name, so that their numbers are 4 to 12."""

PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "who", "direct", "##ed", "wrote", "films", "starring", "by")
"""The word pieces of the small BERT."""


def write_bert(folder: Path) -> None:
    """Write a BERT of three layers that was never trained, as `save_pretrained` leaves it."""
    (folder / "vocab.txt").write_text("\n".join(PIECES), encoding="utf-8")
    torch.manual_seed(0)
    settings = transformers.BertConfig(
        vocab_size=len(PIECES), hidden_size=8, num_hidden_layers=3, num_attention_heads=2, intermediate_size=16
    )
    transformers.BertModel(settings).save_pretrained(folder)
    transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)


def vocabulary() -> Vocabulary:
    return Vocabulary(WORDS)


def config(*, hops: int = 2, hidden: int = 16, **training: Any) -> Config:
    return Config(
        model=ModelConfig(hops=hops, hidden=hidden, min_word_count=1),
        training=TrainingConfig(**{"least_steps": 1, **training}),
    )


def untrained(kb: KnowledgeBase, *, seed: int = 0, settings: Config | None = None) -> Model:
    torch.manual_seed(seed)
    return Model.new(settings or config(), vocabulary(), kb)


def film_questions() -> list[Question]:
    return [
        Question(id=line["id"], text=line["question"], answers=tuple(line["answers"]), kind=line["kind"])
        for line in FILMS_QUESTIONS
    ]


def overlaps(folder: Path) -> KnowledgeBase:
    """Names that lie in, across and beside each other, and names that are beginnings of other words."""
    names = ("Star", "Star Wars", "Wars Museum Park", "Con", "Contact", "Cast A", "Cast Away", "1", "2")
    entities = [{"id": f"e{place}", "name": name} for place, name in enumerate(names)]
    return snapshot_of(write_folder(folder / "overlaps", entities=entities, facts=[("e0", "near", "e1")]), folder / "overlaps-kb")


def peoples(folder: Path) -> KnowledgeBase:
    """Italy, and Italian, which is the name of a language alone; Rome is in the one and speaks the other."""
    entities = [{"id": name.lower(), "name": name} for name in ("Italian", "Italy", "Rome", "Dante")]
    facts = [("italy", "capital", "rome"), ("dante", "wrote_in", "italian"), ("rome", "speaks", "italian")]
    return snapshot_of(write_folder(folder / "peoples", entities=entities, facts=facts), folder / "peoples-kb")


def statements(folder: Path) -> KnowledgeBase:
    """A film whose role stands on a node without a name: cast_away -has_role-> r1 -played_by-> hanks."""
    entities = (
        {"id": "cast_away", "name": "Cast Away"},
        {"id": "hanks", "name": "Tom Hanks"},
        {"id": "r1", "name": None},
    )
    facts = (("cast_away", "has_role", "r1"), ("r1", "played_by", "hanks"))
    return snapshot_of(write_folder(folder / "roles", entities=entities, facts=facts), folder / "roles-kb")


class FixedPlanner(nn.Module):
    """Stands in a reasoner for the planner, so that what follows from a plan can be worked out by hand."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan

    def forward(self, encoding: object, reading: Tensor, spans: Tensor, kinds: Tensor) -> Plan:
        branches = len(reading)
        return Plan(
            relations=self.plan.relations.expand(branches, -1, -1),
            hops=self.plan.hops.expand(branches, -1),
            leave_start=self.plan.leave_start.expand(branches),
            leave_last=self.plan.leave_last.expand(branches, -1),
        )


class FixedGates(nn.Module):
    """Stands in a reasoner for the gates: the same for the first spans of every batch."""

    def __init__(self, gates: Sequence[float]) -> None:
        super().__init__()
        self.gates = torch.tensor(gates)

    def forward(self, batch: Batch, spans: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor]:
        return self.gates[: batch.branches], self.gates[: batch.branches]


class FixedOperator(nn.Module):
    """Stands in a reasoner for the choice of operators: the same for every question."""

    def __init__(self, operator: Operator, attribute: int | None, attributes: int) -> None:
        super().__init__()
        self.operators, self.attributes = torch.zeros(1, len(Operator)), torch.zeros(1, attributes)
        self.operators[0, operator] = 1.0
        if attribute is not None:
            self.attributes[0, attribute] = 1.0

    def forward(self, batch: Batch, *others: object) -> Choice:
        return Choice(self.operators.expand(batch.questions, -1), self.attributes.expand(batch.questions, -1))


class FixedConstraint(nn.Module):
    """Stands in a reasoner for the choice of constraints: the same for every question."""

    def __init__(self, relation: int | None, num_relations: int) -> None:
        super().__init__()
        self.relations = torch.zeros(1, num_relations)
        if relation is not None:
            self.relations[0, relation] = 1.0

    def forward(self, batch: Batch, *others: object) -> Constraint:
        relations = self.relations.expand(batch.questions, -1)
        return Constraint(relations, 1.0 - relations.sum(1))


def with_constraint(model: Model, relation: str | None) -> Model:
    """Let every question of `model` ask for what has a relation, by id, "-id" for the inverse; None: for anything."""
    kb, number = model.kb, None
    if relation is not None:
        number = [known.id for known in kb.relations].index(relation.removeprefix("-"))
        number = kb.facts.inverse(number) if relation.startswith("-") else number
    model.reasoner.constraint = FixedConstraint(number, kb.num_relations)  # type: ignore[assignment]
    return model


def with_operator(model: Model, operator: Operator, attribute: int | None = None) -> Model:
    """Let every question of `model` ask for the same."""
    fixed = FixedOperator(operator, attribute, len(model.kb.attributes))
    model.reasoner.operators = fixed  # type: ignore[assignment]
    return model


def with_plan(model: Model, relations: Sequence[Mapping[str, float]], hops: Sequence[float]) -> Model:
    """Let every branch of `model` follow the same relations, by id, "-id" for the inverse; no gate takes anything out.

    Every question asks for the set, whatever is in it. Relations that do not exist where they are followed give their weight to
    the others.
    """
    weights = torch.zeros(1, len(relations), model.kb.num_relations)
    ids = [relation.id for relation in model.kb.relations]
    for hop, row in enumerate(relations):
        for name, weight in row.items():
            relation = ids.index(name.removeprefix("-"))
            weights[0, hop, model.kb.facts.inverse(relation) if name.startswith("-") else relation] = weight
    plan = Plan(
        relations=weights,
        hops=torch.tensor([list(hops)]),
        leave_start=torch.zeros(1),
        leave_last=torch.zeros(1, len(relations)),
    )
    model.reasoner.planner = FixedPlanner(plan)  # type: ignore[assignment]
    return with_constraint(with_operator(model, Operator.SET), None)


def batch_of_spans(
    question: Sequence[int],
    *,
    clash: Sequence[tuple[int, int]] = (),
    given: Sequence[bool] | None = None,
    scores: Sequence[float] | None = None,
) -> Batch:
    """Write a batch by hand as the gates see it: the question of each span, what clashes, and a first feature."""
    count = len(question)
    pairs = [pair for left, right in clash for pair in ((left, right), (right, left))]
    return Batch(
        questions=max(question) + 1,
        words=torch.zeros(1, 1, dtype=torch.int64),
        flags=torch.zeros(1, 1, dtype=torch.bool),
        texts=((),),
        mention=torch.zeros(1, dtype=torch.int64),
        reading=torch.zeros(count, dtype=torch.int64),
        question=torch.tensor(question),
        features=torch.tensor([[score, 0.0, 0.0, 0.0] for score in scores or [0.0] * count]),
        given=torch.tensor(given or [False] * count),
        exact=torch.ones(count, dtype=torch.bool),
        candidate_branch=torch.arange(count),
        candidate=torch.zeros(count, dtype=torch.int64),
        clash=torch.tensor(pairs, dtype=torch.int64).view(-1, 2).T,
    )
