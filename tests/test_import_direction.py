"""A package imports only itself and what stands above it, so that data flows one way."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import kgqa

ORDER = (
    "errors",
    "config",
    "files",
    "text",
    "html",
    "progress",
    "tensor_files",
    "threads",
    "compiled",
    "sorting",
    "data",
    "graph",
    "kb",
    "synthesis",
    "ops",
    "model",
    "selection",
    "explain",
    "evaluation",
    "training",
    "registry",
    "qa",
    "sdk",
    "demo",
    "serve",
    "cli",
)
DEMO_MAY_USE = {"demo", "errors", "files", "data", "config", "text"}
ROOT = Path(kgqa.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py" and "_migrations" not in path.parts)


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the full names of all modules that a file imports when it runs, also inside functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports hide where they lead"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from imported(ast.Module(body=node.orelse, type_ignores=[]))
        else:
            yield from imported(node)


def imports_of(path: Path) -> set[str]:
    return set(imported(ast.parse(path.read_text(encoding="utf-8"))))


def parts_used(path: Path) -> set[str]:
    """Return which packages of kgqa a file imports; a public name of kgqa itself counts as "sdk"."""
    inside = [name.split(".") for name in imports_of(path) if name.split(".")[0] == "kgqa"]
    return {name[1] if len(name) > 1 and name[1] in ORDER else "sdk" for name in inside}


def test_the_walk_over_a_file_sees_imports_in_functions_and_not_those_for_types_only():
    source = """
from typing import TYPE_CHECKING
import kgqa.graph.load as load
from kgqa import ops
if TYPE_CHECKING:
    from kgqa.cli import main
else:
    import json
def late():
    from kgqa.kb.facts import Facts
"""
    assert set(imported(ast.parse(source))) == {
        "typing.TYPE_CHECKING",
        "kgqa.graph.load",
        "kgqa.ops",
        "json",
        "kgqa.kb.facts.Facts",
    }


def test_every_package_has_its_place_in_the_order():
    assert {part_of(path) for path in FILES} - set(ORDER) == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_its_own_package_and_those_above(path):
    place = ORDER.index(part_of(path))
    below = {part for part in parts_used(path) if ORDER.index(part) > place}
    assert not below, f"{part_of(path)} stands above {', '.join(sorted(below))}"


def test_the_demo_world_uses_only_data():
    used = {path.name: parts_used(path) for path in FILES if part_of(path) == "demo"}
    assert {name: parts - DEMO_MAY_USE for name, parts in used.items() if parts - DEMO_MAY_USE} == {}


@pytest.mark.parametrize(
    ("part", "foreign"),
    [
        ("ops", ("kgqa.graph", "kgqa.text", "kgqa.data", "neo4j", "transformers")),
        ("model", ("kgqa.graph", "neo4j")),
        ("graph", ("torch", "torch_geometric", "safetensors", "kgqa.tensor_files")),
        ("kb", ("neo4j",)),
        ("data", ("neo4j", "torch")),
    ],
)
def test_a_package_knows_nothing_of(part, foreign):
    files = [path for path in FILES if part_of(path) == part]
    assert files
    for path in files:
        known = {name for name in imports_of(path) if any(f"{name}.".startswith(f"{other}.") for other in foreign)}
        assert not known, f"{path.relative_to(ROOT)} imports {known}"


@pytest.mark.parametrize("module", ["kgqa", "kgqa.graph.find", "kgqa.data", "kgqa.config"])
def test_reaching_neo4j_or_reading_data_does_not_load_torch(module):
    program = f"import sys, {module}; print([name for name in ('torch', 'transformers') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
