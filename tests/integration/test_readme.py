"""The README's commands, and the programs of the README and of the guide to Python, run as they stand, in a home of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kgqa.graph.local import jars

pytestmark = pytest.mark.neo4j

ROOT = Path(__file__).resolve().parents[2]


def blocks(page):
    """Return the commands and programs of a page, each with its language."""
    return re.findall(r"^```(sh|python)\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


BLOCKS = blocks("README.md")
STEPS = next(block for language, block in BLOCKS if language == "sh" and "kgqa doctor" in block)
PROGRAM = next(block for language, block in BLOCKS if language == "python")
GUIDE = next(block for language, block in blocks("docs/sdk.md") if language == "python")


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """Return a function that runs a command line in one folder; whatever it left running is stopped at the end."""
    jars.ensure()
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("readme")
    (home / jars.folder().parent.name).symlink_to(jars.folder().parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEO4J", "KGQA"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = kept | {"KGQA_HOME": str(home), "PATH": path, "COLUMNS": "120"}

    def run(command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=900
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    yield run
    run("kgqa down")


def test_the_commands_lead_from_nothing_to_an_answer_that_neo4j_confirms(shell):
    printed = {line: shell(line) for line in STEPS.splitlines() if line}

    asked = next(output for line, output in printed.items() if line.startswith("kgqa ask"))
    assert "→ Paris" in asked
    assert "✓ Neo4j returned" in asked
    assert "Mona Lisa — " in asked
    evaluated = next(output for line, output in printed.items() if line.startswith("kgqa evaluate"))
    assert float(re.search(r"^all\s+\S+\s+(\S+)", evaluated, re.MULTILINE)[1]) > 90

    program = shell(f"cat > ask.py <<'END'\n{PROGRAM}END\npython ask.py")
    assert "confirmed" in program
    assert "MATCH (a0:Entity {id: $start})" in program

    guide = shell(f"cat > guide.py <<'END'\n{GUIDE}END\npython guide.py")
    assert "made questions" in guide
    assert "of the dev questions right; left out: {" in guide
    assert "['Louvre']" in guide


def test_the_targets_of_the_makefile_that_the_readme_names_are_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = [
        line.removeprefix("make ")
        for language, block in BLOCKS
        if language == "sh"
        for line in block.splitlines()
        if line.startswith("make ")
    ]

    assert named == ["demo", "test"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in named)


def test_every_command_that_the_documentation_names_exists():
    from kgqa.cli.app import app

    commands = {command.callback.__name__ for command in app.registered_commands} | {
        group.name for group in app.registered_groups
    }
    for page in (ROOT / "README.md", *ROOT.glob("docs/*.md"), ROOT / "CONTRIBUTING.md"):
        text = page.read_text(encoding="utf-8")
        fenced = "\n".join(re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL))
        named = set(re.findall(r"`kgqa ([a-z]+)\b", text)) | set(re.findall(r"^kgqa ([a-z]+)\b", fenced, re.MULTILINE))
        assert named or page.name != "README.md" or page.parent != ROOT
        assert named <= commands, f"{page.name}: {named - commands}"
