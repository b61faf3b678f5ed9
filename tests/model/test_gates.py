"""Formulas 6 and 11 on spans written by hand."""

import math
from collections.abc import Sequence

import pytest
import torch

from kgqa.model.branches import FEATURES, Batch
from kgqa.model.gates import SpanGates
from tests.model.small import batch_of_spans


def gates_by_first_feature() -> SpanGates:
    """Gates that score every span by its first feature alone."""
    gates = SpanGates(2, 3)
    with torch.no_grad():
        for parameter in gates.parameters():
            parameter.zero_()
        gates.features.weight[0, 0] = 1.0
    return gates


def run(gates: SpanGates, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    result: tuple[torch.Tensor, torch.Tensor] = gates(batch, torch.zeros(batch.branches, 4), torch.zeros(batch.branches, 3))
    return result


def expected(scores: Sequence[float], question: Sequence[int], clash: Sequence[tuple[int, int]]) -> list[float]:
    """p(i): the softmax within the question, times σ(3·(score − best overlapping score))."""
    probabilities = []
    for place, score in enumerate(scores):
        total = sum(math.exp(other) for other, owner in zip(scores, question, strict=True) if owner == question[place])
        rivals = [scores[right if left == place else left] for left, right in clash if place in (left, right)]
        kept = 1.0 / (1.0 + math.exp(-3.0 * (score - max(rivals)))) if rivals else 1.0
        probabilities.append(math.exp(score) / total * kept)
    return probabilities


SCORES, QUESTION, CLASH = (1.0, 2.0, 0.5, 1.5, -0.2, 0.9), (0, 0, 0, 1, 1, 1), ((0, 1), (0, 2), (4, 5))


def test_a_span_is_probable_within_its_question_and_lowered_by_a_better_span_on_the_same_tokens() -> None:
    batch = batch_of_spans(QUESTION, clash=CLASH, scores=SCORES)
    probability, gates = run(gates_by_first_feature(), batch)
    p = expected(SCORES, QUESTION, CLASH)
    assert probability.tolist() == pytest.approx(p, rel=1e-5)
    assert gates.tolist() == pytest.approx([*(one / max(p[:3]) for one in p[:3]), *(one / max(p[3:]) for one in p[3:])], rel=1e-5)


def test_the_best_gate_of_every_question_is_exactly_one() -> None:
    torch.manual_seed(0)
    batch = batch_of_spans([0, 0, 1, 2, 2, 2], clash=[(0, 1), (3, 5)])
    for scale in (1.0, 30.0):
        _, gates = SpanGates(2, 3)(batch, scale * torch.randn(6, 4), scale * torch.randn(6, 3))
        assert [gates[rows].max().item() for rows in ([0, 1], [2], [3, 4, 5])] == [1.0, 1.0, 1.0]
        assert gates.min().item() >= 0.0


def test_the_score_of_one_question_does_not_move_the_gates_of_another() -> None:
    fixed = gates_by_first_feature()
    _, before = run(fixed, batch_of_spans(QUESTION, clash=CLASH, scores=SCORES))
    _, after = run(fixed, batch_of_spans(QUESTION, clash=CLASH, scores=(*SCORES[:3], 9.0, 3.0, -4.0)))
    assert after[:3].tolist() == before[:3].tolist()


def test_the_gradient_of_a_gate_flows_through_the_best_span_too() -> None:
    batch = batch_of_spans([0, 0], scores=[1.0, 2.0])
    batch.features.requires_grad_()
    _, gates = run(gates_by_first_feature(), batch)
    (slope,) = torch.autograd.grad(gates[0], batch.features)
    ratio = math.exp(1.0 - 2.0)  # without overlaps a gate is exp(score − best score)
    assert slope[:, 0].tolist() == pytest.approx([ratio, -ratio], rel=1e-5)


def test_the_rival_of_a_span_learns_nothing_from_pushing_it_down() -> None:
    batch = batch_of_spans([0, 0], clash=[(0, 1)], scores=[0.0, 0.0])
    batch.features.requires_grad_()
    probability, _ = run(gates_by_first_feature(), batch)
    (slope,) = torch.autograd.grad(probability[0], batch.features)
    # p = softmax · kept, both ½: through the softmax ±½·½·½, through `kept` 3·½·½·½ for the span alone.
    assert slope[:, 0].tolist() == pytest.approx([0.125 + 0.375, -0.125], rel=1e-5)


def test_given_topics_have_an_open_gate_whatever_their_score() -> None:
    batch = batch_of_spans([0, 0, 1, 1], given=[True, True, False, False], scores=[5.0, -5.0, 1.0, 0.0])
    _, gates = run(gates_by_first_feature(), batch)
    assert gates.tolist() == pytest.approx([1.0, 1.0, 1.0, math.exp(-1.0)])


def test_at_the_start_long_exact_spans_with_few_candidates_that_none_contains_are_preferred() -> None:
    weights = SpanGates(2, 3).features.weight
    assert weights.shape == (1, FEATURES)
    assert weights[0].tolist() == [2.0, -1.0, -2.0, -2.0]
