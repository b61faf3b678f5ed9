"""Register operators with torch, so that they have gradients and that `torch.compile` and `torch.export` see one node each."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch

Derivation = tuple[Callable[..., None], Callable[..., Any]]
"""What is kept for the gradient, and the gradient: torch's `setup_context` and `backward`."""


def operator(
    schema: str, *, module: str, fake: Callable[..., Any], cuda: str | None = None, derivation: Derivation | None = None
) -> None:
    """Register the operator `kgqa::name` of the schema `name(...) -> ...`.

    The functions are looked up on the first call, because the compilers that their modules import take a second to load. torch's
    own `custom_op` would import a compiler of its own, which takes ten.

    Args:
        schema: the operator's name, arguments and results.
        module: where in `kgqa.ops` the function of this name for the CPU is.
        fake: returns empty results of the right shape and type.
        cuda: where the function for CUDA is, if there is one.
        derivation: how the gradient is made.
    """
    name = schema.partition("(")[0]
    torch.library.define(f"kgqa::{name}", schema.removeprefix(name))
    torch.library.impl(f"kgqa::{name}", "CPU", _late(module, name))
    if cuda is not None:
        torch.library.impl(f"kgqa::{name}", "CUDA", _late(cuda, name))
    torch.library.register_fake(f"kgqa::{name}", fake)
    if derivation is not None:
        keep, derive = derivation
        torch.library.register_autograd(f"kgqa::{name}", derive, setup_context=keep)


def _late(module: str, name: str) -> Callable[..., Any]:
    found: Callable[..., Any] | None = None

    def call(*arguments: Any) -> Any:
        nonlocal found
        if found is None:
            found = getattr(import_module(f"kgqa.ops.{module}"), name)
        return found(*arguments)

    return call
