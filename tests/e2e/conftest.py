"""The service as it runs at a user's: `kgqa serve` in a process of its own, on a Neo4j of `kgqa up`, with the demo's model."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest

from kgqa.demo.world import DEMO_QUESTIONS
from kgqa.graph.local import jars
from kgqa.graph.local.folder import free_port


@dataclass(frozen=True)
class Site:
    """A folder with a home of its own, and the address at which its service answers."""

    folder: Path
    environment: dict[str, str]
    url: str

    def kgqa(self, *arguments: object) -> str:
        """Run a command in the folder; return what it printed."""
        done = subprocess.run(
            command(*arguments), cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def ask(self, question: str) -> dict:
        """Ask over HTTP."""
        body = json.dumps({"question": question}).encode()
        request = urllib.request.Request(f"{self.url}/v1/ask", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def health(self) -> tuple[int, dict]:
        """Return the status and what it says of the graph."""
        try:
            with urllib.request.urlopen(f"{self.url}/v1/health", timeout=60) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def wait_for(self, status: int, seconds: float = 60.0) -> dict:
        """Wait until the health has a status."""
        end = time.monotonic() + seconds
        while True:
            try:
                code, body = self.health()
                if code == status:
                    return body
            except (urllib.error.URLError, ConnectionError) as error:
                body = {"graph": str(error)}
            assert time.monotonic() < end, f"expected the status {status}: {body}"
            time.sleep(0.2)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "kgqa.cli", *map(str, arguments)]


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo's world, loaded, learned and served."""
    jars.ensure()
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("site")
    (home / jars.folder().parent.name).symlink_to(jars.folder().parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEO4J", "KGQA"))}
    port = free_port()
    site = Site(folder, kept | {"KGQA_HOME": str(home), "COLUMNS": "120"}, f"http://127.0.0.1:{port}")
    try:
        site.kgqa("up")
        site.kgqa("demo", "--write", "world")
        site.kgqa("load", "world")
        site.kgqa("snapshot", "snapshot")
        questions = folder / "world" / "questions"
        settings = ("--config", files("kgqa.demo") / "model.toml")
        site.kgqa(
            "train",
            "snapshot",
            "--questions",
            questions / "train.jsonl",
            "--dev",
            questions / "dev.jsonl",
            "--out",
            "model",
            *settings,
        )
        examples = [part for asked in DEMO_QUESTIONS for part in ("--example", asked.text)]
        with open(folder / "serve.log", "wb") as log:
            service = subprocess.Popen(
                command("serve", "model", "--port", port, "--log", *examples),
                cwd=folder, env=site.environment, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            site.wait_for(200)
            yield site
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(60)
    finally:
        subprocess.run(command("down"), env=site.environment, capture_output=True, check=False, timeout=120)


@pytest.fixture(scope="package")
def browser() -> Iterator[object]:
    """Headless Chromium; the tests that need it are skipped where it is not installed.

    It is closed with these tests: as long as it is open an event loop runs, and other tests start their own.
    """
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no Chromium is installed: apt-get install chromium (`make test` does it where it may)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()
