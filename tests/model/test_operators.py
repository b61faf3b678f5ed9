"""The choice of operators: heard from the likely mentions alone, and applied to sets as the formula says."""

import pytest
import torch
from torch import Tensor

from kgqa import ops
from kgqa.kb import KnowledgeBase
from kgqa.model.branches import collate, lay_out
from kgqa.model.existence import NOWHERE
from kgqa.model.operators import Choice, Operator, OperatorChooser, apply, held, settled
from kgqa.ops import EntitySet
from tests.model.small import untrained, vocabulary

VALUES = torch.tensor([[3.0, 1.0], [2.0, 5.0], [float("nan"), 2.0], [3.0, float("nan")]], dtype=torch.float64)


def sets() -> EntitySet:
    return EntitySet.of_dense(torch.tensor([[0.5, 1.0, 0.75, 0.25], [0.0, 0.5, 0.0, 1.0]], dtype=torch.float64))


def choice(operators: list[list[float]], attributes: list[list[float]]) -> Choice:
    return Choice(torch.tensor(operators, dtype=torch.float64), torch.tensor(attributes, dtype=torch.float64))


def among_held(dense: Tensor, attributes: Tensor) -> Tensor:
    has = (~VALUES.isnan()).double()
    joint = attributes * (dense.detach() @ has) / dense.detach().sum(1, keepdim=True)
    return joint / joint.sum(1, keepdim=True)


def mixture(of: Choice, dense: Tensor) -> Tensor:
    total = of.operators[:, Operator.SET, None] * dense
    attributes = among_held(dense, of.attributes)
    for operator, largest in ((Operator.LARGEST, True), (Operator.SMALLEST, False)):
        for attribute in range(2):
            share = of.operators[:, operator] * attributes[:, attribute]
            total = total + share[:, None] * ops.extreme(dense, VALUES[:, attribute], largest=largest)
    return total


def test_answers_are_the_set_and_its_extremes_by_their_shares() -> None:
    of = choice([[0.4, 0.1, 0.2, 0.15, 0.05, 0.05, 0.05], [0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1]], [[0.7, 0.3], [0.5, 0.5]])
    found = apply(sets(), of, VALUES)
    torch.testing.assert_close(found.dense(), mixture(of, sets().dense()))


def test_gradients_of_sets_and_choice_are_those_of_the_mixture() -> None:
    of = choice([[0.4, 0.1, 0.2, 0.15, 0.05, 0.05, 0.05], [0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1]], [[0.7, 0.3], [0.5, 0.5]])
    leaves = [sets().weights.clone().requires_grad_(), of.operators.requires_grad_(), of.attributes.requires_grad_()]
    sparse = apply(sets().with_weights(leaves[0]), of, VALUES)
    weigh = torch.randn(sparse.weights.shape, dtype=torch.float64)
    dense = torch.zeros(2, 4, dtype=torch.float64).flatten().index_add(0, sets().keys, leaves[0]).view(2, 4)
    wanted = mixture(of, dense).flatten()[sets().keys]
    for one, other in zip(
        torch.autograd.grad((sparse.weights * weigh).sum(), leaves),
        torch.autograd.grad((wanted * weigh).sum(), leaves),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_what_no_member_has_is_not_asked_for() -> None:
    """Entity 3 has no second attribute; a set of it alone has only the first, which is hardly asked for."""
    alone = EntitySet.of_dense(torch.tensor([[0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]], dtype=torch.float64))
    asked_for = torch.tensor([[0.1, 0.9], [0.1, 0.9]], dtype=torch.float64)
    torch.testing.assert_close(held(alone, asked_for, VALUES), torch.tensor([[1.0, 0.0], [0.1, 0.9]], dtype=torch.float64))
    hardly = torch.tensor([[0.001, 0.999], [0.1, 0.9]], dtype=torch.float64)
    assert held(alone, hardly, VALUES)[0].tolist() == pytest.approx([0.001 / NOWHERE, 0.0])
    assert held(EntitySet.of_dense(torch.zeros(2, 4)), asked_for, VALUES).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_an_extreme_is_that_of_the_likely_members() -> None:
    """Entities 0 and 3 have the largest first attribute, 3.0; 2 has none of it."""
    found = settled(sets(), torch.tensor([0, 0]), VALUES, above=0.4)
    assert found.dense().tolist() == [[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 1.0]]
    assert settled(sets(), torch.tensor([0, 0]), VALUES, above=0.8).dense().tolist()[0] == [0.0, 1.0, 0.0, 0.0]


def test_where_no_member_is_likely_those_count_that_are_half_as_likely_as_the_best() -> None:
    vague = EntitySet.of_dense(torch.tensor([[0.4, 0.3, 0.0, 0.1], [0.5, 0.2, 0.9, 0.25]], dtype=torch.float64))
    found = settled(vague, torch.tensor([0, 0]), VALUES, above=0.5)  # entity 2 has no value
    assert found.dense().tolist() == [[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]]


def test_sets_stay_as_they_are_where_no_extreme_is_asked_for_or_no_member_has_a_value() -> None:
    assert settled(sets(), torch.tensor([-1, -1]), VALUES, above=0.4).dense().tolist() == sets().dense().tolist()
    lacking = EntitySet.of_dense(torch.tensor([[0.0, 0.0, 0.9, 0.0], [0.0, 0.0, 0.0, 0.7]], dtype=torch.float64))
    assert settled(lacking, torch.tensor([0, 1]), VALUES, above=0.6).dense().tolist() == lacking.dense().tolist()


def test_without_attributes_there_are_no_extremes() -> None:
    torch.manual_seed(0)
    model = OperatorChooser(None, hidden=4, values=4)
    assert model.possible.tolist()[Operator.LARGEST] == -float("inf")
    assert model.possible.tolist()[Operator.SMALLEST] == -float("inf")
    assert model.possible.tolist()[Operator.COUNT] == 0.0


@pytest.mark.parametrize("likely", [0, 1])
def test_only_likely_mentions_are_heard(likely: int, kb: KnowledgeBase) -> None:
    reasoner = untrained(kb).reasoner.eval()
    batch = collate([lay_out("Who wrote films starring Tom Hanks and Cast Away?", vocabulary(), kb)])
    encoding = reasoner.encoder(batch)
    spans = torch.randn(2, 32)
    weights = torch.zeros(2)
    weights[likely] = 0.3
    missing = torch.zeros(2)
    heard = reasoner.operators(batch, encoding, spans, weights, missing)
    spans[1 - likely] += 7.0
    torch.testing.assert_close(reasoner.operators(batch, encoding, spans, weights, missing).operators, heard.operators)
    spans[likely] += 7.0
    assert not torch.allclose(reasoner.operators(batch, encoding, spans, weights, missing).operators, heard.operators)


def test_what_does_not_exist_speaks_for_no_answer(kb: KnowledgeBase) -> None:
    reasoner = untrained(kb).reasoner.eval()
    batch = collate([lay_out("Who wrote films starring Tom Hanks and Cast Away?", vocabulary(), kb)])
    heard = [
        reasoner.operators(batch, reasoner.encoder(batch), torch.zeros(2, 32), torch.tensor([0.5, 0.0]), torch.tensor(missing))
        for missing in ([0.0, 0.0], [2.0, 0.0], [0.0, 2.0])
    ]
    none, much, elsewhere = (one.operators[0].log() for one in heard)
    odds = (much - none) - (much - none)[Operator.SET]
    assert odds.tolist() == pytest.approx([0.0, 0.0, 0.0, 0.0, 6.0, 0.0, 0.0], abs=1e-4)  # three logits for each
    torch.testing.assert_close(elsewhere, none)  # the other mention is not listened to


def test_each_question_hears_its_own_mentions(kb: KnowledgeBase) -> None:
    reasoner = untrained(kb).reasoner.eval()
    texts = ("Who directed Contact?", "Who wrote films starring Tom Hanks and Cast Away?")
    layouts = [lay_out(text, vocabulary(), kb) for text in texts]
    together = reasoner(collate(layouts)).choice.operators
    for place, layout in enumerate(layouts):
        torch.testing.assert_close(reasoner(collate([layout])).choice.operators[0], together[place])
