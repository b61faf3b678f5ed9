"""The plan of each branch: attention over the words of its own reading, softmaxes over relations and over hops."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from kgqa.config import ModelConfig
from kgqa.model.encoder import Encoding
from kgqa.model.hops import Planner
from kgqa.model.names import SCALE

HOPS, HIDDEN, RELATIONS, WIDTH, VALUES = 3, 4, 5, 2, 6
READING = torch.tensor([1, 0, 1, 0])


def planner(**settings: float) -> Planner:
    torch.manual_seed(0)
    made = unchanged(**settings)
    with torch.no_grad():
        for parameter in (made.kind.weight, made.relation.weight, made.relation.bias):
            parameter.normal_()
    return made


def unchanged(**settings: float) -> Planner:
    names = Fixed(torch.randn(RELATIONS, VALUES))
    return Planner(ModelConfig(hops=HOPS, hidden=HIDDEN, **settings), names, values=VALUES, width=WIDTH)  # type: ignore[arg-type]


class Fixed(nn.Module):
    """Stands for the relations' names: one vector each."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.residual = vectors

    def forward(self, said: Tensor) -> Tensor:
        return SCALE * nn.functional.cosine_similarity(said[..., None, :], self.residual, dim=-1)


def encoding() -> Encoding:
    torch.manual_seed(1)
    mask = torch.tensor([[True, True, True, True], [True, True, False, False]])
    return Encoding(
        values=torch.randn(2, 4, VALUES),
        states=torch.randn(2, 4, HIDDEN),
        mask=mask,
        mention=torch.randn(2, HIDDEN),
        question=torch.randn(2, HIDDEN),
    )


def spans_and_kinds() -> tuple[Tensor, Tensor]:
    torch.manual_seed(2)
    return torch.randn(4, 2 * HIDDEN), torch.randn(4, WIDTH)


def test_relations_are_what_a_loop_over_branches_hops_and_words_gives() -> None:
    model, read, (spans, kinds) = planner(), encoding(), spans_and_kinds()
    plan = model(read, READING, spans, kinds)
    for branch, reading in enumerate(READING.tolist()):
        places = [place for place in range(4) if read.mask[reading, place]]
        for hop in range(HOPS):
            shares = [math.exp((read.states[reading, place] @ model.attention.queries[hop]).item()) for place in places]
            attended = sum(share / sum(shares) * read.values[reading, place] for share, place in zip(shares, places, strict=True))
            assert isinstance(attended, Tensor)
            logits = model.relation.weight @ torch.cat([attended, spans[branch]]) + model.relation.bias
            logits = logits + model.kind.weight @ kinds[branch] + model.names(attended)
            weights = [math.exp(logit.item()) for logit in logits]
            assert plan.relations[branch, hop].tolist() == pytest.approx([w / sum(weights) for w in weights], rel=1e-4)


def test_relations_sum_to_one_for_every_hop_and_hops_for_every_branch() -> None:
    plan = planner()(encoding(), READING, *spans_and_kinds())
    assert plan.relations.shape == (4, HOPS, RELATIONS)
    torch.testing.assert_close(plan.relations.sum(2), torch.ones(4, HOPS))
    assert plan.hops.shape == (4, HOPS)
    torch.testing.assert_close(plan.hops.sum(1), torch.ones(4))


def test_attention_does_not_look_at_padding() -> None:
    model, read = planner(), encoding()
    padded = ~read.mask[:, :, None]
    changed = replace(read, states=read.states + 50.0 * padded, values=read.values - 30.0 * padded)
    before, after = (model(one, READING, *spans_and_kinds()) for one in (read, changed))
    torch.testing.assert_close(after.relations, before.relations, rtol=0, atol=0)


def test_a_plan_begins_with_the_configured_biases() -> None:
    model = planner(hop_bias=1.5, start_gate_bias=-1.0, return_gate_bias=-2.0)
    plan = model(encoding(), READING, torch.zeros(4, 2 * HIDDEN), torch.zeros(4, WIDTH))
    shares = [math.exp(-1.5 * hop) for hop in range(HOPS)]
    for branch in range(4):
        assert plan.hops[branch].tolist() == pytest.approx([share / sum(shares) for share in shares])
        assert plan.leave_start[branch].item() == pytest.approx(1 / (1 + math.exp(1.0)))
        assert plan.leave_last[branch].tolist() == pytest.approx([1 / (1 + math.exp(2.0))] * HOPS)


def test_at_the_start_nothing_but_the_names_says_anything_of_relations() -> None:
    made = unchanged()
    for parameter in (made.kind.weight, made.relation.weight, made.relation.bias):
        assert bool((parameter == 0).all())
