"""The whole way on public data, by the commands that a user types: loader, load, snapshot, train, evaluate, ask."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.data import CONFIGS
from kgqa.config import Config
from kgqa.graph import find


@dataclass(frozen=True, kw_only=True)
class Way:
    """A data set on its way, and what is asked at its end."""

    place: int
    title: str
    loader: str
    source: str
    asked: tuple[str, ...]
    text: str


WAYS = {
    "metaqa": Way(
        place=1,
        title="MetaQA, 1, 2 and 3 hops, one model",
        loader="metaqa",
        source="metaqa",
        asked=(
            "the director of The Terminator also directed which films",
            "what films did the director of The Terminator direct",
        ),
        text="Reconstructed train questions (the wording is one of the original templates, drawn at random). The model "
        "is trained on question text and answers alone; the same model is evaluated with the topics given and without. "
        "1-hop gold is noisy: where films share a title, gold can be a part of what the graph says. The first question asked "
        "at the end is worded as in training, the second is not.",
    ),
}


def run(name: str, data: Path) -> dict[str, Any]:
    """Go the whole way; return the commands with their outputs and seconds."""
    way = WAYS[name]
    config = CONFIGS / f"{name}.toml"
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch, find.passing() as server:
        connection = {"NEO4J_URI": server.uri, "NEO4J_USERNAME": "neo4j", "NEO4J_PASSWORD": server.password}
        environment = os.environ | connection | {"KGQA_HOME": f"{scratch}/home", "COLUMNS": "120"}
        shell = _Shell(Path(scratch), environment)
        (Path(scratch) / "source").symlink_to(data / way.source)
        (Path(scratch) / "model.toml").write_text(config.read_text(encoding="utf-8"), encoding="utf-8")
        shell(f"python -m loaders.{way.loader} source data")
        shell("kgqa load data")
        shell("kgqa snapshot snapshot")
        train, dev = "data/questions/train.jsonl", "data/questions/dev.jsonl"
        shell(f"kgqa train snapshot --questions {train} --dev {dev} --out model --config model.toml")
        shell(f"kgqa evaluate model --questions {dev} --gold-topics")
        shell(f"kgqa evaluate model --questions {dev}")
        for question in way.asked:
            shell(f"kgqa ask model {shlex.quote(question)}")
        evaluations = json.loads(shell("kgqa runs --json", show=False))["evaluations"]
    settings = config.read_text(encoding="utf-8").strip()
    measured = {evaluation["topics"]: evaluation["metrics"] for evaluation in evaluations}
    return {
        "place": way.place,
        "title": way.title,
        "text": f"{way.text}\n\n`model.toml`:\n```toml\n{settings}\n```",
        "seed": Config.read(config).training.seed,
        "steps": shell.steps,
        "measured": measured,
        "overview": _overview(way, measured),
    }


class _Shell:
    """Runs commands in a folder, and keeps what they printed."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"}
        self.steps: list[dict[str, Any]] = []

    def __call__(self, command: str, *, show: bool = True) -> str:
        clock = time.perf_counter()
        done = subprocess.run(
            shlex.split(command), cwd=self._folder, env=self._environment, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - clock
        if done.returncode:
            raise SystemExit(f"{command} failed:\n{done.stderr}")
        if show:
            print(f"$ {command}\n{done.stdout}{seconds:.1f} s\n", flush=True)
            self.steps.append({"command": command, "output": done.stdout.rstrip(), "seconds": seconds})
        return done.stdout


def _overview(way: Way, measured: dict[str, Any]) -> list[str]:
    rows = []
    kinds = sorted(measured["given"]["by_kind"]) or [None]
    for kind in kinds:
        of_kind = [(measured[topics] if kind is None else measured[topics]["by_kind"][kind]) for topics in ("given", "resolved")]
        shares = [f"{100 * measures['hits@1']:.2f}" for measures in of_kind]
        name = way.title.split(",")[0] + (f", {kind}" if kind and len(kinds) > 1 else "")
        rows.append(f"| {name} | {of_kind[0]['questions']:,} | {shares[0]} | {shares[1]} |")
    return rows
