"""What answers must be: the probability of none and of each relation sum to 1, and weights follow the formula."""

import torch

from kgqa.kb import KnowledgeBase
from kgqa.model.branches import collate, lay_out
from kgqa.model.constraint import Constraint
from kgqa.ops import EntitySet, _reference
from tests.model.small import untrained, vocabulary, with_constraint, with_plan


def test_none_and_all_relations_sum_to_one_for_every_question(kb: KnowledgeBase) -> None:
    model = untrained(kb)
    batch = collate([lay_out(text, vocabulary(), kb) for text in ("Who directed Contact?", "Who wrote Cast Away and Contact?")])
    constraint = model.reasoner.eval()(batch).constraint
    assert constraint.relations.shape == (2, kb.num_relations)
    torch.testing.assert_close(constraint.relations.sum(1) + constraint.none, torch.ones(2))


def test_weights_are_those_of_the_formula_with_gradients(kb: KnowledgeBase) -> None:
    torch.manual_seed(0)
    dense = torch.rand(2, kb.num_entities, dtype=torch.float64)
    shares = torch.rand(2, kb.num_relations + 1, dtype=torch.float64).softmax(1).requires_grad_()
    upstream = torch.randn_like(dense)
    found = Constraint(shares[:, :-1], shares[:, -1]).apply(kb.facts, EntitySet.of_dense(dense)).dense()
    right = dense * (shares[:, -1:] + _reference.having(kb.facts, shares[:, :-1]))
    torch.testing.assert_close(found, right)
    ours, theirs = (torch.autograd.grad((x * upstream).sum(), shares, retain_graph=True)[0] for x in (found, right))
    torch.testing.assert_close(ours, theirs)


def test_where_it_need_not_be_exact_no_factor_is_off_by_more_than_a_thousandth(kb: KnowledgeBase) -> None:
    relations, none = torch.full((1, kb.num_relations), 0.9e-3 / kb.num_relations), torch.tensor([0.5])
    relations[0, 0] = 0.5 - float(relations[0, 1:].sum())
    members = EntitySet.of_dense(torch.ones(1, kb.num_entities))
    exact, fast = (Constraint(relations, none).apply(kb.facts, members, exact=exact).weights for exact in (True, False))
    assert not torch.equal(exact, fast)  # most relations were left out
    torch.testing.assert_close(fast, none + _reference.having(kb.facts, relations.where(relations > 0.4, 0.0))[0])
    torch.testing.assert_close(fast, exact, rtol=0.0, atol=1e-3)


def test_only_what_has_the_relation_is_left(kb: KnowledgeBase) -> None:
    """Zemeckis directed two films, of which one has a writer."""
    model = with_plan(untrained(kb), [{"-directed_by": 1.0}, {}], [1.0, 0.0])
    batch = collate([lay_out("What films did Zemeckis direct?", vocabulary(), kb)])

    def answers() -> set[str]:
        found = model.reasoner.eval()(batch).answers
        return {kb.ids[row] for row, weight in zip(found.entities.tolist(), found.weights.tolist(), strict=True) if weight > 0}

    assert answers() == {"cast_away", "contact"}
    with_constraint(model, "written_by")
    assert answers() == {"cast_away"}
    with_constraint(model, "-written_by")
    assert answers() == set()


def test_words_that_are_a_relations_name_ask_for_it(kb: KnowledgeBase) -> None:
    """At the start only the names speak."""
    model = untrained(kb)
    batch = collate([lay_out("Who directed by Contact?", vocabulary(), kb)])
    with torch.no_grad():
        model.reasoner.constraint.attention.queries.zero_()
    constraint = model.reasoner.eval()(batch).constraint
    logits = constraint.relations[0].log() - constraint.none[0].log()
    said = model.reasoner.encoder(batch).values.mean(1)[batch.reading]
    torch.testing.assert_close(logits[None] + 5.0, model.reasoner.planner.names(said).expand(1, -1))
