"""What `make demo` runs once everything is installed."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.neo4j


def test_the_demo_goes_the_whole_way_and_its_answers_are_confirmed(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NEO4J")}

    done = subprocess.run(
        [sys.executable, "-m", "kgqa.cli", "demo", "--keep", str(tmp_path / "demo")],
        env=environment | {"COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )

    assert done.returncode == 0, done.stderr
    page = done.stdout
    assert "→ Paris" in page
    assert "→ Padmé Amidala" in page
    assert "William Broyles Jr." in page
    assert "→ 11: " in page
    assert "→ 330: height of Eiffel Tower" in page
    assert "→ One World Trade Center" in page
    assert "I don't know. No answer: the question asks for something that the graph does not hold." in page
    assert page.count("✓ Neo4j returned") == 6
    assert "✗" not in page
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {"data", "snapshot", "model"}
