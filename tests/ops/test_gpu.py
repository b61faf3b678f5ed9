"""Every operator beside `follow` gives on a GPU what it gives on the CPU, values and gradients."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from kgqa.kb.facts import Facts
from kgqa.ops import (
    EntitySet,
    count,
    difference,
    exclude,
    extreme,
    facts_along,
    having,
    intersect,
    mix,
    relations_of,
    relations_together,
    rescale,
    union,
)
from kgqa.ops.value import has_value
from tests.ops.drawn import gradients, leaf
from tests.ops.test_fused_gpu import needs_gpu, seeded

pytestmark = needs_gpu

B, N_E = 3, 60

Operator = Callable[[EntitySet, EntitySet, Tensor, Tensor], EntitySet | Tensor | tuple[Tensor, ...]]

OPERATORS: dict[str, Operator] = {
    "rescale": lambda x, other, gate, values: rescale(x),
    "exclude": lambda x, other, gate, values: exclude(x, other, gate),
    "mix": lambda x, other, gate, values: mix([x, other], torch.stack([gate, 1.0 - gate], dim=1)),
    "intersect": lambda x, other, gate, values: intersect(
        x, torch.cat([torch.ones_like(gate[:1]), gate[1:]]), torch.tensor([0, 0, 1], device=gate.device), 2
    ),
    "union": lambda x, other, gate, values: union(x, other),
    "difference": lambda x, other, gate, values: difference(x, other),
    "count": lambda x, other, gate, values: count(x),
    "extreme, largest": lambda x, other, gate, values: extreme(x, values),
    "extreme, smallest": lambda x, other, gate, values: extreme(x, values, largest=False),
    "has_value": lambda x, other, gate, values: has_value(
        x, gate[:, None], values[:, None], torch.tensor([1.0, 2.0, 9.0], device=gate.device)
    ),
}


def results(operator: Operator, device: str) -> list[Tensor]:
    """Return what the operator gives on a device, then its gradients in both sets and the gate; all on the CPU."""
    drawn = torch.Generator().manual_seed(0)
    dense = [torch.rand(B, N_E, generator=drawn, dtype=torch.float64) for _ in range(2)]
    x, other = (leaf(part.where(part > 1 / 2, 0.0).to(device)) for part in dense)
    gate = leaf(torch.rand(B, generator=drawn, dtype=torch.float64).to(device))
    values = torch.randint(0, 5, (N_E,), generator=drawn).double()
    values[::7] = float("nan")
    found: Any = operator(EntitySet.of_dense(x), EntitySet.of_dense(other), gate, values.to(device))
    parts = [found.dense()] if isinstance(found, EntitySet) else [found] if isinstance(found, Tensor) else list(found)
    assert all(part.device.type == device for part in parts)
    flat = torch.cat([part.flatten() for part in parts])
    upstream = torch.linspace(-1, 1, len(flat), dtype=flat.dtype, device=device)
    return [part.detach().cpu() for part in (*parts, *gradients(flat, upstream, x, other, gate))]


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_a_gpu_gives_the_values_and_gradients_of_the_cpu(operator: Operator) -> None:
    torch.testing.assert_close(results(operator, "cuda"), results(operator, "cpu"))


def graph(device: str) -> Facts:
    return copy.deepcopy(seeded(4, entities=N_E, facts=400, dtype=torch.float64).facts).to(device)


def test_a_gpu_finds_the_same_relations_and_facts_of_entities() -> None:
    entities, chosen = torch.tensor([5, 0, 59, 3, 0]), torch.tensor([True, False, True, False, False, False])

    def found(device: str) -> list[Tensor]:
        facts = graph(device)
        pairs = relations_of(facts, entities.to(device)), facts_along(facts, entities.to(device), chosen.to(device))
        return [part.cpu() for part in (*pairs[0], *pairs[1], relations_together(facts))]

    on_gpu, on_cpu = found("cuda"), found("cpu")
    assert len(on_cpu[0]) and len(on_cpu[2])
    assert all(map(torch.equal, on_gpu, on_cpu))


def test_a_gpu_weighs_members_by_their_relations_as_the_cpu_does() -> None:
    def found(device: str) -> list[Tensor]:
        drawn = torch.Generator().manual_seed(1)
        members = EntitySet.of_dense((torch.rand(B, N_E, generator=drawn, dtype=torch.float64) > 1 / 2).double().to(device))
        wanted = leaf(torch.rand(B, 6, generator=drawn, dtype=torch.float64).to(device))
        weights = having(graph(device), members, wanted)
        upstream = torch.linspace(-1, 1, len(weights), dtype=torch.float64, device=device)
        return [weights.detach().cpu(), gradients(weights, upstream, wanted)[0].cpu()]

    torch.testing.assert_close(found("cuda"), found("cpu"))
