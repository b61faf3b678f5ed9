"""Linear layers of a frozen model, their weights laid out once for the processor's matrix kernels."""

import torch
from torch import Tensor, nn

_ROWS = 32
"""How many rows (words) the layout is chosen for; it is right for any number."""


def pack(model: nn.Module) -> None:
    """Replace the linear layers of a model by packed ones, of 16-bit numbers where the processor multiplies these faster.

    Nothing is changed where torch was built without the kernels.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return
    able = torch.cpu.get_capabilities()
    if able.get("avx512_bf16") or able.get("amx_bf16"):
        model.to(torch.bfloat16)
    _pack(model)


def _pack(model: nn.Module) -> None:
    for name, child in model.named_children():
        if isinstance(child, nn.Linear):
            setattr(model, name, PackedLinear(child))
        else:
            _pack(child)


class PackedLinear(nn.Module):
    """x Wᵀ + b without gradients, as `nn.Linear`; torch's own lays W out anew at every call.

    Torch's compiler puts the same operators in place of linear layers that it freezes.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), _ROWS)
        self._bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, x: Tensor) -> Tensor:
        """Return shape (…, out) for x of shape (…, in)."""
        result: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._weight, self._bias, "none", [], "")
        return result
