"""A model cut in two against the whole one: small models of `transformers` that were never trained, of several kinds."""

from typing import Any

import pytest
import torch
import transformers

from kgqa.model.cut import CutModel

SIZES = {"vocab_size": 30, "hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 32}
ENDS = {"bos_token_id": 1, "cls_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "sep_token_id": 2}
KINDS = {
    "layers return states": (transformers.BertConfig(**SIZES), "encoder.layer"),
    "layers return tuples, positions are relative": (
        transformers.DebertaV2Config(**SIZES, relative_attention=True, pos_att_type=["p2c", "c2p"]),
        "encoder.layer",
    ),
    "layers are told positions, and have attributes": (transformers.ModernBertConfig(**SIZES, **ENDS), "layers"),
}
PIECES = {
    "input_ids": torch.tensor([[3, 9, 4, 20, 5], [7, 8, 6, 0, 0]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
}


@pytest.fixture(autouse=True)
def full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)


def cut(kind: str, tuned: int) -> tuple[Any, Any, CutModel]:
    """Return a whole model, the same again, and that cut."""
    settings, layers = KINDS[kind]
    torch.manual_seed(0)
    whole, again = (transformers.AutoModel.from_config(settings).eval() for _ in range(2))
    again.load_state_dict(whole.state_dict())
    again.requires_grad_(False)
    return whole, again, CutModel(again, again.get_submodule(layers), tuned)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tuned", [1, 2, 4, 9])
def test_both_parts_come_to_what_the_whole_model_comes_to(kind: str, tuned: int) -> None:
    whole, _, parts = cut(kind, tuned)
    with torch.no_grad():
        found, expected = parts.above(PIECES, parts.below(PIECES)), whole(**PIECES).last_hidden_state
    inside = PIECES["attention_mask"].bool()
    torch.testing.assert_close(found[inside], expected[inside], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_tuned_layers_get_the_gradients_that_they_get_in_the_whole_model(kind: str) -> None:
    whole, again, parts = cut(kind, 2)
    layers = (model.get_submodule(KINDS[kind][1])[-2:] for model in (whole, again))
    own, tuned = (dict(each.named_parameters()) for each in layers)
    for parameter in tuned.values():
        parameter.requires_grad_(True)
    inside = PIECES["attention_mask"].bool()
    upstream = torch.randn(int(inside.sum()), 16)
    (whole(**PIECES).last_hidden_state[inside] * upstream).sum().backward()
    (parts.above(PIECES, parts.below(PIECES))[inside] * upstream).sum().backward()
    assert any(parameter.grad is not None for parameter in own.values())
    for name, parameter in own.items():
        torch.testing.assert_close(tuned[name].grad, parameter.grad, rtol=1e-3, atol=1e-5, msg=name)


def test_states_that_were_given_are_forgotten_after_an_error() -> None:
    _, _, parts = cut("layers return states", 2)
    below = parts.below(PIECES)
    with pytest.raises(RuntimeError):
        parts.above(PIECES, below[:, :3])
    torch.testing.assert_close(parts.below(PIECES), below)
