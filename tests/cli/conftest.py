"""Run commands in this process, as `kgqa` does, with a home of their own and no Neo4j in the environment."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from kgqa.cli import main


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def kgqa(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Done]:
    """Return a function that runs `kgqa` with arguments."""
    monkeypatch.setenv("KGQA_HOME", str(tmp_path_factory.mktemp("home")))
    for name in ("NEO4J_URI", "NEO4J_PASSWORD", "KGQA_REGISTRY_URL", "KGQA_GRAPH"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["kgqa", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run
