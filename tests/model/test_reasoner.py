"""The forward pass against formulas 2 to 11 computed densely from the reference operators."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from torch import Tensor

from kgqa.data import Topic
from kgqa.kb import KnowledgeBase
from kgqa.model.branches import Batch, collate, lay_out
from kgqa.model.hops import Plan
from kgqa.model.prediction import Model
from kgqa.model.reasoner import INEXACT, Reasoning, _without_missed
from kgqa.ops import EntitySet, intersect
from kgqa.ops import _reference as reference
from tests.model.small import FixedGates, FixedPlanner, config, untrained, vocabulary, with_plan

TEXTS = (
    "Who wrote films starring Tom Hanks and Cast Away?",
    "What films did Robert Zemeckis direct?",
    "Who directed Contact?",
)
HOPS = 3


@dataclass
class Dense:
    """What the sparse forward pass must equal; sets of shape (S, N_E), answers (B, N_E)."""

    walks: list[Tensor]
    branches: Tensor
    answers: Tensor
    rescaled: bool


def dense(kb: KnowledgeBase, batch: Batch, plan: Plan, seeds: Tensor, gates: Tensor) -> Dense:
    walks, rescaled = [seeds], False
    for hop in range(HOPS):
        reached = reference.follow(kb.facts, walks[hop], plan.relations[:, hop])
        rescaled |= bool((reached > 1.0).any())
        reached = reference.rescale(reached)
        if hop >= 1:
            reached = reference.exclude(reached, walks[hop - 1], plan.leave_last[:, hop])
        walks.append(reached)
    mixed = reference.mix(walks[1:], plan.hops)
    branches = reference.exclude(mixed, seeds, plan.leave_start)
    answers = reference.intersect(branches, gates, batch.question, batch.questions)
    return Dense(walks[1:], branches, answers, rescaled)


def drawn_plan(kb: KnowledgeBase, branches: int) -> Plan:
    """A plan without pattern, but that from Zemeckis both his films lead back to him, so that a weight above 1 is rescaled."""
    torch.manual_seed(5)
    logits = 2.0 * torch.randn(branches, HOPS, kb.num_relations)
    directed = [relation.id for relation in kb.relations].index("directed_by")
    logits[2:4, 0, kb.facts.inverse(directed)] += 5.0
    logits[2:4, 1, directed] += 5.0
    return Plan(
        relations=logits.softmax(2).requires_grad_(),
        hops=torch.randn(branches, HOPS).softmax(1).requires_grad_(),
        leave_start=torch.rand(branches).requires_grad_(),
        leave_last=torch.rand(branches, HOPS).requires_grad_(),
    )


def setting(kb: KnowledgeBase) -> tuple[Batch, Reasoning]:
    model = untrained(kb, settings=config(hops=HOPS))
    batch = collate([lay_out(text, vocabulary(), kb) for text in TEXTS])
    plan = drawn_plan(kb, batch.branches)
    model.reasoner.planner = FixedPlanner(plan)  # type: ignore[assignment]
    return batch, model.reasoner.eval()(batch)


def test_answers_walks_and_branches_equal_the_dense_formulas(kb: KnowledgeBase) -> None:
    batch, found = setting(kb)
    wanted = dense(kb, batch, found.plan, found.seeds.dense(), found.gates)
    assert wanted.rescaled
    assert len(found.walks) == HOPS
    for sparse, full in zip(found.walks, wanted.walks, strict=True):
        torch.testing.assert_close(sparse.dense(), full)
    torch.testing.assert_close(found.branches.dense(), wanted.branches)
    asked = found.constraint.none[:, None] + reference.having(kb.facts, found.constraint.relations)
    assert 0.0 < float(asked.detach().min()) < float(asked.detach().max())
    torch.testing.assert_close(found.sets.dense(), wanted.answers * asked)
    assert 0.0 < float(found.sets.weights.detach().max()) <= 1.0


def test_gradients_of_the_plan_the_candidates_and_the_gates_equal_those_of_the_dense_formulas(kb: KnowledgeBase) -> None:
    batch, found = setting(kb)
    plan, seeds = found.plan, found.seeds.dense().detach().requires_grad_()
    gates = found.gates.detach().requires_grad_()
    same = [tensor.detach().requires_grad_() for tensor in (plan.relations, plan.hops, plan.leave_start, plan.leave_last)]
    wanted = dense(kb, batch, Plan(*same), seeds, gates)
    # Entities that nothing reaches are no members: there the dense minimum is the constant 1 − best gate.
    members = found.sets.with_weights(torch.ones(len(found.sets))).dense()
    weigh = torch.randn(wanted.answers.shape) * members
    of_plan = [plan.relations, plan.hops, plan.leave_start, plan.leave_last]
    sparse = torch.autograd.grad((found.sets.dense() * weigh).sum(), [*of_plan, found.gates, found.seeds.weights])
    asked = (found.constraint.none[:, None] + reference.having(kb.facts, found.constraint.relations)).detach()
    full = [*torch.autograd.grad((wanted.answers * asked * weigh).sum(), [*same, gates, seeds])]
    full[-1] = full[-1].flatten()[found.seeds.keys]
    for one, other in zip(sparse, full, strict=True):
        assert bool((other != 0).any())
        torch.testing.assert_close(one, other)


def test_p_of_candidates_and_gates_belong_to_their_own_spans_and_questions(kb: KnowledgeBase) -> None:
    batch, found = setting(kb)
    sums = torch.zeros(batch.branches).index_add(0, batch.candidate_branch, found.candidates.detach())
    torch.testing.assert_close(sums, torch.ones(batch.branches))
    for question in range(batch.questions):
        assert found.gates[batch.question == question].max().item() == 1.0


def obvious(
    kb: KnowledgeBase, text: str, relations: list[dict[str, float]], hops: list[float], **options: float
) -> dict[str, float]:
    model = with_plan(untrained(kb), relations, hops)
    batch = collate([model.lay_out(text)])
    answers = model.reasoner.eval()(batch, **options).answers
    return {
        kb.ids[entity]: round(weight, 4)
        for entity, weight in zip(answers.entities.tolist(), answers.weights.tolist(), strict=True)
        if weight > 1e-6
    }


def test_a_plan_of_one_hop_answers_what_the_fact_says(kb: KnowledgeBase) -> None:
    assert obvious(kb, "Who directed Contact?", [{"directed_by": 1.0}, {}], [1.0, 0.0]) == {"zemeckis": 1.0}


def test_a_plan_of_two_hops_goes_over_the_film(kb: KnowledgeBase) -> None:
    text = "Who wrote films starring William Broyles Jr.?"
    plan: list[dict[str, float]] = [{"-written_by": 1.0}, {"starring": 1.0}]
    assert obvious(kb, text, plan, [0.0, 1.0]) == {"hanks_actor": 1.0}
    assert obvious(kb, text, plan, [0.25, 0.75]) == {"cast_away": 0.25, "hanks_actor": 0.75}


def test_relations_below_epsilon_are_not_followed(kb: KnowledgeBase) -> None:
    plan: list[dict[str, float]] = [{"directed_by": 0.9, "starring": 0.1}, {}]
    text = "Who directed Cast Away?"
    assert obvious(kb, text, plan, [1.0, 0.0]) == {"zemeckis": 0.9, "hanks_actor": 0.1}
    assert obvious(kb, text, plan, [1.0, 0.0], epsilon=0.2) == {"zemeckis": 0.9}


def both_given(kb: KnowledgeBase, first: str, second: str) -> set[str]:
    model = with_plan(untrained(kb), [{"-directed_by": 0.5, "-starring": 0.5}, {}], [1.0, 0.0])
    layout = model.lay_out("What film?", [Topic(entity=first), Topic(entity=second)])
    answers = model.reasoner.eval()(collate([layout])).answers
    return {
        kb.ids[entity] for entity, weight in zip(answers.entities.tolist(), answers.weights.tolist(), strict=True) if weight > 0
    }


def test_given_topics_are_intersected(kb: KnowledgeBase) -> None:
    assert both_given(kb, "zemeckis", "hanks_actor") == {"cast_away"}
    assert both_given(kb, "zemeckis", "hanks_scientist") == set()


def test_an_inexact_mention_is_trusted_less_than_an_exact_one(kb: KnowledgeBase) -> None:
    model = with_plan(untrained(kb), [{"directed_by": 1.0}, {}], [1.0, 0.0])
    exact, inexact = (
        model.reasoner.eval()(collate([lay_out(f"Who directed {name}?", vocabulary(), kb)])) for name in ("Contact", "Contakt")
    )
    torch.testing.assert_close(inexact.branches.dense(), INEXACT * exact.branches.dense())
    torch.testing.assert_close(inexact.sets.dense(), INEXACT * exact.sets.dense())
    assert float(exact.sets.dense().detach().max()) == pytest.approx(1.0)


@pytest.mark.parametrize("text", [*TEXTS, "Did Contact?"])
def test_a_question_is_reasoned_about_alike_alone_and_beside_a_long_one(text: str, kb: KnowledgeBase) -> None:
    model: Model = untrained(kb, seed=4)
    reasoner = model.reasoner.eval()
    long = lay_out("Who directed films starring Tom Hanks and who wrote what William Broyles Jr. did direct?", vocabulary(), kb)
    own = lay_out(text, vocabulary(), kb)
    alone, beside = reasoner(collate([own])), reasoner(collate([long, own]))
    torch.testing.assert_close(beside.answers.dense()[1], alone.answers.dense()[0])
    torch.testing.assert_close(beside.gates[len(long.branches) :], alone.gates)
    torch.testing.assert_close(beside.plan.relations[len(long.branches) :], alone.plan.relations)
    torch.testing.assert_close(beside.candidates[-len(alone.candidates) :], alone.candidates)


def test_every_parameter_learns_from_the_answers_alone(kb: KnowledgeBase) -> None:
    model = untrained(kb, settings=config(hops=HOPS))
    batch = collate([lay_out(text, vocabulary(), kb) for text in (*TEXTS, "Who wrote films starring Tom Hanks?")])
    still = {name for name, _ in model.reasoner.named_parameters()}
    for seed in range(10):  # the gate of a second mention has a part only where its branch says less than the first
        torch.manual_seed(seed)
        for parameter in model.reasoner.parameters():  # some begin at zero, behind which nothing learns at first
            torch.nn.init.normal_(parameter, std=0.1)
        model.reasoner.zero_grad()
        answers = model.reasoner.train()(batch).answers
        (answers.weights * torch.randn(len(answers))).sum().backward()
        still -= {
            name for name, value in model.reasoner.named_parameters() if value.grad is not None and bool((value.grad != 0).any())
        }
    # There is one attribute, so that there is nothing to choose.
    assert still <= {
        "operators.attribute.weight",
        "operators.attribute.bias",
        "operators.names.residual",
    }


def test_a_closed_branch_is_not_walked_and_hardly_changes_the_answers(kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    model = with_plan(untrained(kb), [{"directed_by": 0.9, "starring": 0.1}, {}], [1.0, 0.0])
    batch = collate([lay_out("Who directed Contact and Cast Away?", vocabulary(), kb)])
    closed = torch.tensor([1.0, 5e-4])
    monkeypatch.setattr(type(model.reasoner.span_gates), "forward", lambda *_: (closed, closed))
    reasoning = model.reasoner(batch)
    assert set(reasoning.seeds.sets.tolist()) == {0}
    assert reasoning.walks[0].dense().any(dim=1).tolist() == [True, False]
    monkeypatch.setattr("kgqa.model.reasoner.CLOSED", 0.0)
    walked = model.reasoner(batch)
    assert set(walked.seeds.sets.tolist()) == {0, 1}
    torch.testing.assert_close(reasoning.answers.dense(), walked.answers.dense(), rtol=0, atol=1e-3)
    assert bool(reasoning.answers.dense().any())


def test_what_a_mention_that_takes_part_misses_is_no_answer_where_nothing_is_learned() -> None:
    weights = torch.tensor([
        [0.9, 0.9, 0.9, 0.0, 0.004],  # open, with the next
        [0.8, 0.0, 0.005, 0.7, 0.0],
        [0.0, 0.9, 0.0, 0.0, 0.0],  # closed: it need not reach an answer
        [0.3, 0.0, 0.0, 0.0, 0.004],  # the only one of its question
    ])  # fmt: skip
    gates, question = torch.tensor([1.0, 0.8, 0.4, 1.0]), torch.tensor([0, 0, 0, 1])
    branches = EntitySet.of_dense(weights)
    reached = intersect(branches, gates, question, 2)
    batch = cast(Batch, SimpleNamespace(question=question, questions=2))
    kept = _without_missed(reached, branches, gates, batch).dense()
    whole = reached.dense()
    missed = torch.tensor([[False, True, True, True, True], [False] * 5])
    assert (whole[0, 1:4] > 0.1).tolist() == [True, True, False]
    torch.testing.assert_close(kept, whole.masked_fill(missed, 0.0))
    of_many = EntitySet.of_dense(weights * 0.005)  # of two hundred namesakes
    torch.testing.assert_close(_without_missed(reached, of_many, gates, batch).dense(), kept)
    alone = torch.tensor([1.0, 0.4, 0.4, 1.0])
    assert _without_missed(reached, branches, alone, batch) is reached


def test_an_empty_intersection_is_learned_from_and_not_answered_with(kb: KnowledgeBase) -> None:
    model = with_plan(untrained(kb), [{"starring": 1.0}, {}], [1.0, 0.0])
    model.reasoner.span_gates = FixedGates([1.0, 0.7])  # type: ignore[assignment]
    text = "Cast Away and Contact"  # Contact stars nobody here
    batch = collate([model.lay_out(text)])
    with torch.no_grad():
        assert float(model.reasoner.eval()(batch).sets.weights.max()) == pytest.approx(0.3)
    (prediction,) = model.predict([model.lay_out(text)])
    assert prediction.abstains
