"""Packed linear layers against torch's own."""

import pytest
import torch
from torch import nn

from kgqa.model import packed
from kgqa.model.packed import PackedLinear, pack

needs_kernels = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN kernels")

SIXTEEN_BITS = pytest.param(
    {"avx512_bf16": True},
    marks=pytest.mark.skipif(
        not (torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()),
        reason="this processor has no kernels for 16-bit numbers",
    ),
)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 10)
        self.deeper = nn.Sequential(nn.GELU(), nn.Linear(10, 4, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.deeper(self.first(x))


@needs_kernels
@pytest.mark.parametrize("rows", [1, 5, 32, 100])
@pytest.mark.parametrize("bias", [True, False])
def test_a_packed_layer_gives_what_the_layer_gives(rows: int, bias: bool) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(48, 20, bias=bias)
    x = torch.randn(2, rows, 48)
    torch.testing.assert_close(PackedLinear(layer)(x), layer(x).detach())


@needs_kernels
@pytest.mark.parametrize("able", [{}, SIXTEEN_BITS])
def test_all_linear_layers_of_a_model_are_packed(able: dict[str, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed.torch.cpu, "get_capabilities", lambda: able)
    torch.manual_seed(0)
    model = Block()
    x = torch.randn(3, 6)
    expected = model(x).detach()
    pack(model)
    assert not any(isinstance(part, nn.Linear) for part in model.modules())
    close = 2e-2 if able else 1e-5
    torch.testing.assert_close(model(x.bfloat16() if able else x).float(), expected, rtol=close, atol=close)


def test_nothing_is_packed_where_there_are_no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed.torch.backends.mkldnn, "is_available", lambda: False)
    model = Block()
    pack(model)
    assert isinstance(model.first, nn.Linear)
