"""The kernels are run in two ways: everywhere by an interpreter (interpreted.py), and on a GPU where there is one."""

import copy
import math
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch

from kgqa.kb.facts import Facts
from kgqa.ops import EntitySet, _reference, follow
from tests.ops.drawn import World, gradients, leaf

triton = pytest.importorskip("triton")
follow_module = sys.modules["kgqa.ops.follow"]
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def seeded(seed: int, *, entities: int, facts: int, relations: int = 3, batch: int = 3, dtype: torch.dtype) -> World:
    """Return a random world in which some entities have many facts and some none, and a third of the weights are 0."""
    numbers = torch.Generator().manual_seed(seed)

    def weights(*shape: int) -> torch.Tensor:
        drawn = torch.rand(shape, generator=numbers, dtype=dtype)
        return drawn.where(drawn > 1 / 3, 0.0)

    subjects, objects = (torch.rand(facts, generator=numbers) ** power * entities for power in (4, 2))
    triples = torch.stack([subjects, torch.rand(facts, generator=numbers) * relations, objects], dim=1).int().unique(dim=0)
    graph = Facts(triples.numpy(), num_entities=entities, num_relations=relations)
    return World(graph, weights(batch, entities), weights(batch, graph.num_relations), weights(batch, entities) - 0.5)


def assert_follow_is_the_formula(
    world: World, *, device: str = "cpu", sparse: bool = False, compiled: bool = False, again: bool = False
) -> None:
    """Compare values and gradients on a device with those of the reference; `again`, also a second run with the first."""
    x, r = leaf(world.x.double()), leaf(world.r.double())
    values = _reference.follow(world.facts, x, r)
    for_x, for_r = gradients(values, world.upstream.double(), x, r)
    expected = values.detach(), for_x.where(world.x != 0, 0.0) if sparse else for_x, for_r
    step = partial(follow, copy.deepcopy(world.facts).to(device))
    step = torch.compile(step, fullgraph=True) if compiled else step

    def run() -> tuple[torch.Tensor, ...]:
        x, r = leaf(world.x.to(device)), leaf(world.r.to(device))
        reached = step(EntitySet.of_dense(x) if sparse else x, r)
        dense = reached.dense() if isinstance(reached, EntitySet) else reached
        assert dense.device.type == device
        return dense.detach().cpu(), *(part.cpu() for part in gradients(reached, world.upstream.to(device), x, r))

    found = run()
    # A fact that is left out or counted twice changes a sum by far more; how thousands of float32 are added up, by less.
    near = {"rtol": 1e-4, "atol": 1e-3} if world.x.dtype == torch.float32 else {"rtol": 1e-9, "atol": 1e-9}
    for part, right in zip(found, expected, strict=True):
        torch.testing.assert_close(part, right.to(world.x.dtype), **near)
    if again:
        assert all(part.equal(other) for part, other in zip(found, run(), strict=True))


def test_the_interpreted_kernels_agree_with_the_reference():
    # Triton asks for the variable when it is imported, and in this process other tests want to compile.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", Path(__file__).with_name("interpreted.py")]
    done = subprocess.run(command, env=os.environ | {"TRITON_INTERPRET": "1"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("weights", "sums", "relation", "columns", "multiples"),
    [("fp32", "fp32", "i16", 64, True), ("fp64", "fp64", "i32", 8, False), ("bf16", "fp32", "i16", 1, False)],
)
def test_the_kernels_can_be_compiled_where_no_gpu_is(tmp_path, monkeypatch, weights, sums, relation, columns, multiples):
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from kgqa.ops import _fused_gpu

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    graph = {"pointer": "*i64", "left": "*i32", "a": f"*{weights}", "right": f"*{relation}", "b": f"*{weights}"}
    others = {"first": "*i64", "y": f"*{sums}", "aside": f"*{sums}", "width": "i32", "size": "i32"}
    fixed = {"width": 1} if columns == 1 else {}  # as Triton does with an argument of 1
    for kernel, arguments, constants, warps in (
        (_fused_gpu._walk, graph | others, {"FACTS": _fused_gpu._FACTS, "COLUMNS": columns}, 1),
        (_fused_gpu._join, {"pointer": "*i64"} | others, {"LAID_ASIDE": _fused_gpu._LAID_ASIDE, "COLUMNS": columns}, 4),
    ):
        constants |= fixed
        signature = arguments | dict.fromkeys(constants, "constexpr")
        known = {(place,): [["tt.divisibility", 16]] for place in range(len(arguments))} if multiples else None
        source = ASTSource(kernel, signature, constants, known)
        options = {"num_warps": warps, "enable_fp_fusion": True}
        assert triton.compile(source, target=GPUTarget("cuda", 80, 32), options=options).asm["cubin"]


@needs_gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("entities", "facts", "batch"), [(1, 1, 1), (40, 0, 2), (5000, 40000, 1), (5000, 40000, 70)])
def test_a_gpu_follows_dense_sets_as_the_formula_says(dtype, entities, facts, batch):
    assert_follow_is_the_formula(seeded(0, entities=entities, facts=facts, batch=batch, dtype=dtype), device="cuda", again=True)


@needs_gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("dense_from", [math.inf, 0.0, follow_module.DENSE_FROM])
def test_a_gpu_follows_sparse_sets_as_the_formula_says(monkeypatch, dtype, dense_from):
    monkeypatch.setattr(follow_module, "DENSE_FROM", dense_from)
    assert_follow_is_the_formula(seeded(1, entities=500, facts=4000, dtype=dtype), device="cuda", sparse=True)


@needs_gpu
def test_more_relations_than_fit_in_sixteen_bits_are_followed_on_a_gpu():
    world = seeded(2, entities=500, facts=4000, relations=20000, dtype=torch.float32)
    assert world.facts.relation.dtype == torch.int32
    assert_follow_is_the_formula(world, device="cuda")


@needs_gpu
@pytest.mark.filterwarnings("default")  # torch's compiler has warnings of its own
def test_a_compiled_hop_on_a_gpu_is_one_graph_with_the_same_results():
    assert_follow_is_the_formula(seeded(3, entities=500, facts=4000, dtype=torch.float32), device="cuda", compiled=True)
