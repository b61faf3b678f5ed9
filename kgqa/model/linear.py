"""Linear layers that say nothing before they have learned something."""

from torch import nn


def silent(inputs: int, outputs: int, *, bias: bool = True) -> nn.Linear:
    """Return a linear layer that starts at zero: at first what it is added to decides alone."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
