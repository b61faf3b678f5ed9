"""A pretrained model, cut where its tuned layers begin: what the frozen ones before them make of a text does not change."""

import threading
from typing import Any

import torch
from torch import Tensor, nn

from kgqa.model.packed import pack


class CutModel:
    """A model of `transformers` of which the first layers are frozen and packed, and the others start from kept states.

    The model runs as a whole both times: at the cut its states are taken out, or others are put in. So whatever else it hands to
    its layers (masks, positions) is what it was.

    Args:
        model: the model; its layers are replaced in place.
        layers: the list of its layers, first to last.
        tuned: how many of the last ones are tuned.
    """

    def __init__(self, model: Any, layers: nn.ModuleList, tuned: int) -> None:
        self._model, self._given = model, _Given()
        first = max(len(layers) - tuned, 0)
        for layer in layers[:first]:
            layer.forward = _Frozen(layer, self._given)
        layers[first].register_forward_pre_hook(self._enter)

    def below(self, pieces: dict[str, Tensor]) -> Tensor:
        """Return the states that enter the tuned layers, shape (texts, pieces, V), without gradients."""
        with torch.no_grad():
            try:
                self._model(**pieces)
            except _Entered as entered:
                return entered.states.float()
        raise AssertionError("a model that passes its layers by")

    def above(self, pieces: dict[str, Tensor], entering: Tensor) -> Tensor:
        """Return the last states, shape (texts, pieces, V), that the tuned layers make of those that enter them."""
        self._given.states = entering
        try:
            states: Tensor = self._model(**pieces).last_hidden_state
        finally:
            self._given.states = None
        return states

    def _enter(self, layer: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        if self._given.states is None:
            raise _Entered(arguments[0])
        return (self._given.states, *arguments[1:])


class _Given(threading.local):
    """The states that the tuned layers start from while they are run; each thread has its own."""

    states: Tensor | None = None


class _Entered(Exception):
    """Ends the pass at the cut, with the states that arrived there."""

    def __init__(self, states: Tensor) -> None:
        super().__init__()
        self.states = states


class _Frozen:
    """Stands in place of the method of a layer that is packed, and passes the layer by while states are given."""

    def __init__(self, layer: nn.Module, given: _Given) -> None:
        pack(layer)
        self._forward, self._given = layer.forward, given
        self._dtype = next((parameter.dtype for parameter in layer.parameters()), torch.float32)
        self._beside: tuple[Any, ...] | None = None
        """What the layer returns beside the states, if it returns a tuple."""

    def __call__(self, states: Tensor, *arguments: Any, **named: Any) -> Any:
        if self._given.states is not None:
            return states if self._beside is None else (states, *self._beside)
        named = {name: self._cast(value) for name, value in named.items()}
        result = self._forward(*self._cast((states, *arguments)), **named)
        self._beside = (None,) * (len(result) - 1) if isinstance(result, tuple) else None
        return result

    def _cast(self, value: Any) -> Any:
        """Give numbers the type that the packed layer works with."""
        if isinstance(value, tuple):
            return tuple(map(self._cast, value))
        return value.to(self._dtype) if isinstance(value, Tensor) and value.is_floating_point() else value
