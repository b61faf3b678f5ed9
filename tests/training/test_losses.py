"""The loss against a dense cross-entropy written as a loop."""

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from kgqa.model.constraint import Constraint
from kgqa.model.hops import Plan
from kgqa.model.operators import GIVE_ENTITIES, Choice, Operator
from kgqa.model.reasoner import Reasoning
from kgqa.ops import EntitySet
from kgqa.training.losses import Gold, answer_loss, entities_loss, loss_of, nothing_loss, value_loss

WIDTH = 5


def keys(*gold: set[int]) -> Tensor:
    return torch.tensor([question * WIDTH + row for question, rows in enumerate(gold) for row in sorted(rows)])


def members(weights: list[dict[int, float]]) -> EntitySet:
    """Build sets that keep members of weight 0."""
    flat = [(question, entity, weight) for question, row in enumerate(weights) for entity, weight in sorted(row.items())]
    return EntitySet.of(
        torch.tensor([question for question, _, _ in flat], dtype=torch.int64),
        torch.tensor([entity for _, entity, _ in flat], dtype=torch.int64),
        torch.tensor([weight for _, _, weight in flat], dtype=torch.float64),
        batch=len(weights),
        num_entities=WIDTH,
    )


def in_a_loop(weights: Tensor, gold: tuple[set[int], ...]) -> Tensor:
    """The cross-entropy over all entities, shape (B, N_E) of weights: entities that nothing reaches cost nothing."""
    total = weights.new_zeros(())
    for question, right in enumerate(gold):
        for entity in range(WIDTH):
            value = weights[question, entity]
            term = torch.log(value + 1e-9) if entity in right else torch.log((1.0 - value + 1e-3) / (1.0 + 1e-3))
            total = total - term / len(right)
    return total / len(gold)


WEIGHTS = [{0: 0.5, 2: 0.9, 3: 0.2}, {1: 1.0, 4: 0.3}, {0: 0.7, 1: 0.0, 2: 0.25, 3: 1.0}]
GOLD = ({2, 4}, {1}, {0, 2, 3})


def test_the_loss_is_the_cross_entropy_over_all_entities_by_the_number_of_right_ones() -> None:
    answers = members(WEIGHTS)
    assert answer_loss(answers, keys(*GOLD)).item() == pytest.approx(in_a_loop(answers.dense(), GOLD).item(), rel=1e-7)


def test_its_gradient_is_that_of_the_loop() -> None:
    answers = members(WEIGHTS)
    weights = answers.weights.clone().requires_grad_()
    (found,) = torch.autograd.grad(answer_loss(answers.with_weights(weights), keys(*GOLD)), weights)
    dense = answers.dense().requires_grad_()
    (wanted,) = torch.autograd.grad(in_a_loop(dense, GOLD), dense)
    torch.testing.assert_close(found, wanted.flatten()[answers.keys])


def test_weights_a_little_beyond_0_and_1_cost_what_0_and_1_do() -> None:
    beyond, within = ([{0: 1.0 + more, 1: -more, 2: -more}] for more in (1e-7, 0.0))
    found = answer_loss(members(beyond), keys({0, 1}))
    assert found.item() == pytest.approx(answer_loss(members(within), keys({0, 1})).item(), abs=0.5)
    assert answer_loss(members([{0: 1.01}]), keys({1})).isfinite()


def test_a_right_entity_that_is_not_reached_costs_the_log_of_a_billionth() -> None:
    assert answer_loss(members([{0: 0.0}]), keys({3})).item() == pytest.approx(-math.log(1e-9))


def test_a_wrong_entity_that_is_reached_with_weight_0_costs_exactly_nothing() -> None:
    alone, beside = members([{1: 0.4}]), members([{0: 0.0, 1: 0.4, 2: 0.0}])
    assert answer_loss(beside, keys({1})).item() == answer_loss(alone, keys({1})).item()


def test_a_certain_wrong_entity_costs_no_more_than_the_log_of_a_thousandth() -> None:
    loss = answer_loss(members([{0: 1.0, 1: 1.0}]), keys({1})).item()
    assert loss == pytest.approx(-math.log(1e-3 / 1.001), rel=1e-6)


def test_missed_and_wrong_entities_of_a_question_are_divided_by_the_number_of_its_right_ones() -> None:
    wrong = -math.log((1.0 - 0.4 + 1e-3) / 1.001)
    one = answer_loss(members([{0: 0.4, 1: 0.5}]), keys({1})).item()
    assert one == pytest.approx(wrong - math.log(0.5 + 1e-9))
    two = answer_loss(members([{0: 0.4, 1: 0.5, 2: 0.5}]), keys({1, 2})).item()
    assert two == pytest.approx((wrong - 2 * math.log(0.5 + 1e-9)) / 2)


def test_the_same_row_in_another_question_is_not_right_there() -> None:
    answers = members([{1: 0.5}, {1: 0.5, 2: 0.5}])
    expected = (-math.log(0.5 + 1e-9) + -math.log(0.5 + 1e-9) - math.log((0.5 + 1e-3) / 1.001)) / 2
    assert answer_loss(answers, keys({1}, {2})).item() == pytest.approx(expected)


def test_the_loss_is_the_mean_over_all_questions_those_that_reach_nothing_too() -> None:
    answers = members([{1: 1.0}, {}])
    assert answer_loss(answers, keys({1}, {0})).item() == pytest.approx(-math.log(1e-9) / 2)
    assert answer_loss(members([{}, {}]), keys({1}, {0})).item() == pytest.approx(-math.log(1e-9))


def reasoning(
    operators: list[list[float]],
    weights: list[dict[int, float]],
    attributes: Tensor | None = None,
    values: Tensor | None = None,
    seeds: list[dict[int, float]] | None = None,
) -> Reasoning:
    """What the losses look at: the sets, the choice of operators, attributes if there are any, what each question mentions."""
    sets, count = members(weights), len(operators)
    alpha = torch.zeros(count, 0) if attributes is None else attributes
    choice = Choice(torch.tensor(operators, dtype=torch.float64), alpha)
    none, trust = torch.zeros(0), torch.full((count,), 0.8, dtype=torch.float64)
    plan = Plan(relations=none, hops=none, leave_start=none, leave_last=none)
    table = torch.zeros(WIDTH, 0) if values is None else values
    start, constraint = members(seeds or [{} for _ in operators]), Constraint(none, none)
    return Reasoning(sets, sets, choice, constraint, none, trust, none, plan, start, [], sets, table, None, torch.arange(count))


OPERATORS = [[0.7, 0.1, 0.1, 0.05, 0.05, 0.0, 0.0], [0.2, 0.6, 0.0, 0.0, 0.2, 0.0, 0.0], [0.3, 0.1, 0.0, 0.0, 0.6, 0.0, 0.0]]


def test_a_count_is_as_probable_as_the_operator_and_the_normal_distribution_say() -> None:
    found = value_loss(reasoning(OPERATORS, WEIGHTS), torch.tensor([2.0, 1.0, 3.0], dtype=torch.float64))
    for question, (row, value) in enumerate(zip(WEIGHTS, (2.0, 1.0, 3.0), strict=True)):
        mean = sum(row.values())
        variance = sum(weight * (1 - weight) for weight in row.values()) + 0.25
        density = math.exp(-((value - mean) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
        assert found[question].item() == pytest.approx(-math.log(OPERATORS[question][Operator.COUNT] * density), rel=1e-6)


def test_a_count_far_off_costs_by_how_far_it_is_then_by_the_logarithm_and_never_drowns_a_batch() -> None:
    weights = torch.tensor([0.9, 0.2], requires_grad=True)
    sets = EntitySet(torch.tensor([0, 1]), weights, 1, WIDTH)
    thought = dataclasses.replace(reasoning(OPERATORS[1:2], [{}]), sets=sets)

    def loss(value: float) -> Tensor:
        return value_loss(thought, torch.tensor([value], dtype=torch.float64))

    spread = math.sqrt(0.9 * 0.1 + 0.2 * 0.8 + 0.25)
    assert (loss(40.0) - loss(20.0)).item() == pytest.approx(10.0 * 20.0 / spread, rel=1e-4)
    assert (loss(1e8) - loss(1e7)).item() == pytest.approx(1000.0 * math.log(10.0), rel=1e-4)
    norms = []
    for value in (1e3, 1e6, 1e9, 8.07e67, -1.7e308):
        (gradient,) = torch.autograd.grad(loss(value).sum(), weights)
        assert bool(loss(value).isfinite())
        norms.append(float(gradient.norm()))
    assert norms == sorted(norms, reverse=True)
    assert norms[0] < 20.0


NAN = float("nan")
HEIGHTS = torch.tensor([[180.0, NAN], [190.0, 3.0], [NAN, 3.0], [180.0, NAN], [NAN, NAN]], dtype=torch.float64)
ALPHA = torch.tensor([[0.75, 0.25]], dtype=torch.float64)
LOOKS_UP = [[0.1, 0.1, 0.0, 0.0, 0.0, 0.5, 0.3]]


def test_a_number_is_a_count_or_a_value_of_what_is_mentioned_or_of_what_is_reached() -> None:
    """Entity 0 is 180 high, which is one of three pairs; of what is mentioned entity 3 has only that."""
    thought = reasoning(LOOKS_UP, [{0: 0.5, 1: 1.0}], ALPHA, HEIGHTS, seeds=[{2: 0.5, 3: 0.5}])
    reached = 0.5 * 0.75 / (0.5 * 0.75 + 1.0 * 0.75 + 1.0 * 0.25)
    mentioned = 0.5 * 0.75 / (0.5 * 0.75 + 0.5 * 0.25)
    count, variance = 1.5, 0.25 + 0.25
    for value in (180.0, 1.0, 190.0):
        counted = 0.1 * math.exp(-((value - count) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
        looked_up = {180.0: 0.5 * mentioned + 0.3 * reached, 190.0: 0.3 * 0.75 / (0.375 + 0.75 + 0.25)}.get(value, 0.0)
        found = value_loss(thought, torch.tensor([value], dtype=torch.float64))
        assert found.item() == pytest.approx(-math.log(counted + looked_up), rel=1e-6)


def test_a_number_that_no_entity_has_is_a_count_with_a_gradient() -> None:
    operators = torch.tensor(LOOKS_UP, dtype=torch.float64).requires_grad_()
    thought = reasoning(LOOKS_UP, [{0: 0.5, 1: 1.0}], ALPHA, HEIGHTS, seeds=[{3: 1.0}])
    thought = dataclasses.replace(thought, choice=Choice(operators, ALPHA))
    (gradient,) = torch.autograd.grad(value_loss(thought, torch.tensor([40.0], dtype=torch.float64)).sum(), operators)
    assert gradient.tolist()[0] == pytest.approx([0.0, -1 / 0.1, 0.0, 0.0, 0.0, 0.0, 0.0], rel=1e-6)


def test_nothing_must_be_chosen_even_where_hardly_anything_is_reached() -> None:
    found = nothing_loss(reasoning(OPERATORS, [{0: 1e-9}, {}, {1: 0.5}]))
    assert found.tolist() == pytest.approx([-math.log(row[Operator.NOTHING]) for row in OPERATORS], rel=1e-6)


def test_each_question_is_judged_by_what_it_was_given_with() -> None:
    thought = reasoning(OPERATORS, WEIGHTS)
    gold = Gold(
        entities=keys({2, 4}, set(), set()),
        values=torch.tensor([NAN, 1.0, NAN], dtype=torch.float64),
        nothing=torch.tensor([False, False, True]),
    )
    given = sum(OPERATORS[0][operator] for operator in GIVE_ENTITIES)
    first = members(WEIGHTS[:1]).dense() * OPERATORS[0][Operator.SET] / given
    parts = [
        in_a_loop(first, GOLD[:1]) - math.log(given),
        value_loss(thought, torch.ones(3, dtype=torch.float64))[1],
        nothing_loss(thought)[2],
    ]
    assert loss_of(thought, gold).item() == pytest.approx(sum(part.item() for part in parts) / 3, rel=1e-7)


def test_a_wrong_set_is_not_escaped_by_counting_it() -> None:
    """Question 1 reaches three wrong entities: as a set they cost more than one right entity that is missed."""
    losses = [
        entities_loss(reasoning([[1.0 - count, count, 0.0, 0.0, 0.0, 0.0, 0.0]], [{0: 1.0, 1: 1.0, 2: 1.0}]), keys({3})).item()
        for count in (0.0, 0.5, 0.9)
    ]
    assert losses == pytest.approx([losses[0], losses[0] - math.log(0.5), losses[0] - math.log(0.1)], rel=1e-6)


def test_operators_that_give_no_entities_cost_nothing_where_no_entities_are_right() -> None:
    thought = reasoning(OPERATORS, WEIGHTS)
    alone = reasoning(OPERATORS[:1], WEIGHTS[:1])
    assert entities_loss(thought, keys(GOLD[0], set(), set())).item() == pytest.approx(
        entities_loss(alone, keys(GOLD[0])).item() / 3, rel=1e-7
    )


def test_a_batch_of_numbers_alone_has_no_answers_to_miss() -> None:
    thought = reasoning(OPERATORS[:1], WEIGHTS[:1])
    gold = Gold(
        entities=torch.empty(0, dtype=torch.int64), values=torch.ones(1, dtype=torch.float64), nothing=torch.tensor([False])
    )
    assert loss_of(thought, gold).item() == pytest.approx(value_loss(thought, gold.values)[0].item())
