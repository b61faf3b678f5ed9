"""The service against its own OpenAPI document: made requests get no answer that is not documented, and never a 5xx."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.neo4j


def test_made_requests_are_answered_as_documented(site, tmp_path):
    schemathesis = Path(sys.executable).with_name("schemathesis")
    # Which names are entities no schema can say: what fits the schema may still be refused, with a documented 422.
    options = (
        "--exclude-checks",
        "positive_data_acceptance",
        "--max-examples",
        "20",
        "--seed",
        "1",
        "--generation-database",
        "none",
        "--workers",
        "1",
        "--warnings",
        "off",
    )
    done = subprocess.run(
        [schemathesis, "run", f"{site.url}/openapi.json", *options],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "No issues found" in done.stdout
