"""How many hops are meant, by what kind of thing is asked for: against a loop; at the start it changes nothing."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from kgqa.model.answer_kind import AnswerKind
from kgqa.model.encoder import Encoding

HIDDEN, VALUES, WIDTH, HOPS = 4, 6, 3, 2
READING = torch.tensor([1, 0, 1])


def encoding() -> Encoding:
    torch.manual_seed(1)
    mask = torch.tensor([[True, True, True], [True, True, False]])
    return Encoding(
        values=torch.randn(2, 3, VALUES),
        states=torch.randn(2, 3, HIDDEN),
        mask=mask,
        mention=torch.randn(2, HIDDEN),
        question=torch.randn(2, HIDDEN),
    )


def learned() -> AnswerKind:
    torch.manual_seed(0)
    model = AnswerKind(hidden=HIDDEN, values=VALUES, width=WIDTH)
    torch.nn.init.normal_(model.asked.weight)
    torch.nn.init.normal_(model.asked.bias)
    return model


def hops_and_kinds() -> tuple[Tensor, Tensor]:
    torch.manual_seed(2)
    return torch.rand(3, HOPS).softmax(1), torch.randn(3, HOPS, WIDTH)


def test_hops_are_what_a_loop_gives() -> None:
    model, read, (hops, reached) = learned(), encoding(), hops_and_kinds()
    found = model(read, READING, hops, reached)
    for branch, reading in enumerate(READING.tolist()):
        places = [place for place in range(3) if read.mask[reading, place]]
        shares = [math.exp((read.states[reading, place] @ model.attention.queries[0]).item()) for place in places]
        attended = sum(share / sum(shares) * read.values[reading, place] for share, place in zip(shares, places, strict=True))
        assert isinstance(attended, Tensor)
        asked = model.asked.weight @ attended + model.asked.bias
        joint = [hops[branch, hop].item() * math.exp((asked @ reached[branch, hop]).item() / WIDTH**0.5) for hop in range(HOPS)]
        assert found[branch].tolist() == pytest.approx([value / sum(joint) for value in joint], rel=1e-4)


def test_at_the_start_kinds_say_nothing_and_they_can_be_learned() -> None:
    model, (hops, reached) = AnswerKind(hidden=HIDDEN, values=VALUES, width=WIDTH), hops_and_kinds()
    found = model(encoding(), READING, hops, reached)
    torch.testing.assert_close(found, hops)
    found[:, 0].sum().backward()
    assert model.asked.weight.grad is not None
    assert bool(model.asked.weight.grad.any())


def test_a_certain_number_of_hops_stays_certain_and_very_unlike_kinds_stay_finite() -> None:
    certain = torch.tensor([[1.0, 0.0]]).expand(3, HOPS).clone().requires_grad_()
    _, reached = hops_and_kinds()
    torch.testing.assert_close(learned()(encoding(), READING, certain, reached), certain)
    unlike = learned()(encoding(), READING, certain, 1e6 * reached)
    unlike[:, 0].sum().backward()
    assert certain.grad is not None
    assert bool(torch.isfinite(unlike).all() & torch.isfinite(certain.grad).all())


def test_attention_does_not_look_at_padding() -> None:
    model, read = learned(), encoding()
    padded = ~read.mask[:, :, None]
    changed = replace(read, states=read.states + 50.0 * padded, values=read.values - 30.0 * padded)
    before, after = (model(one, READING, *hops_and_kinds()) for one in (read, changed))
    torch.testing.assert_close(after, before, rtol=0, atol=0)
