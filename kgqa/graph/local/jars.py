"""Neo4j's jars: fetched once, each checked against the SHA-256 list that ships with kgqa.

A jar is fetched into a folder of its own and moved into the cache only when its sum is right, so the cache never holds half a
file. A fetch that was cut off goes on with the jars that are missing.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from kgqa.errors import GraphUnavailable, first_line
from kgqa.files import home, storing
from kgqa.progress import Progress, silent

VERSION: Final = "5.26.30"
"""The release of Neo4j whose jars are listed: long-term support."""

LIST: Final = f"neo4j-{VERSION}.sha256"

_AT_ONCE = 8
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Jar:
    """A jar by its Maven coordinate (group:artifact:jar:classifier:version) and the SHA-256 of its content."""

    coordinate: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Return the name that the jar has in the cache, different for every coordinate."""
        return self.coordinate.replace(":", "_") + ".jar"


def listed() -> list[Jar]:
    """Return the jars of `VERSION`."""
    text = resources.files(__package__).joinpath(LIST).read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return [Jar(coordinate, sha256) for sha256, coordinate in rows]


def folder() -> Path:
    """Return where the jars are kept."""
    return home() / f"neo4j-{VERSION}" / "jars"


def missing(jars: list[Jar], into: Path) -> list[Jar]:
    """Return the jars that are not in the folder with the right content."""
    return [jar for jar in jars if not _is(into / jar.file_name, jar)]


def ensure(
    jars: list[Jar] | None = None,
    *,
    into: Path | None = None,
    repositories: dict[str, str] | None = None,
    progress: Progress = silent,
) -> list[Path]:
    """Fetch what is missing and return the paths of all jars.

    Args:
        jars: what is needed; the list of `VERSION` if not given.
        into: the cache; the user's if not given.
        repositories: names and addresses of Maven repositories; jgo's own choice if not given, or `KGQA_MAVEN_REPOSITORY`.
        progress: told about every jar.

    Raises:
        GraphUnavailable: a jar could not be fetched, or is not what the list says; what was fetched is kept.
        StorageError: a jar could not be written.
    """
    jars = listed() if jars is None else jars
    into = folder() if into is None else into
    todo = missing(jars, into)
    if todo:
        done = len(jars) - len(todo)
        for number, _ in enumerate(_fetch_all(todo, into, repositories), start=done + 1):
            progress("fetching Neo4j", number, len(jars))
    return [into / jar.file_name for jar in jars]


def _fetch_all(todo: list[Jar], into: Path, repositories: dict[str, str] | None) -> Iterator[Path]:
    with storing(into):
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into.parent, prefix=".fetching-") as staging:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                futures: dict[Future[Path], Jar] = {
                    pool.submit(_fetch, jar, into, Path(staging) / str(number), repositories): jar
                    for number, jar in enumerate(todo)
                }
                try:
                    for future in as_completed(futures):
                        yield future.result()
                finally:
                    pool.shutdown(cancel_futures=True)


def _fetch(jar: Jar, into: Path, staging: Path, repositories: dict[str, str] | None) -> Path:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            fetched = _download(jar, staging / str(attempt), repositories)
            break
        except GraphUnavailable:
            if attempt == _ATTEMPTS:
                raise
    target = into / jar.file_name
    os.replace(fetched, target)
    return target


def _download(jar: Jar, staging: Path, repositories: dict[str, str] | None) -> Path:
    import requests
    from jgo.maven import MavenContext

    own = os.environ.get("KGQA_MAVEN_REPOSITORY")
    chosen = repositories or ({"own": own} if own else None)
    context = MavenContext(repo_cache=staging, local_repos=[], remote_repos=chosen)
    try:
        fetched: Path = context.create_dependency(jar.coordinate).artifact.resolve()
    except (requests.RequestException, RuntimeError) as error:
        raise GraphUnavailable(
            f"Neo4j's jar {jar.coordinate} could not be fetched: {first_line(error)}. What was fetched is kept; check "
            "the network, or set KGQA_MAVEN_REPOSITORY to a mirror, and run the command again."
        ) from error
    found = _sum(fetched)
    if found != jar.sha256:
        raise GraphUnavailable(
            f"Neo4j's jar {jar.coordinate}: expected the SHA-256 {jar.sha256}, found {found}. It was thrown away: the download "
            "was cut off, or the repository serves something else. Run the command again."
        )
    return fetched


def _is(path: Path, jar: Jar) -> bool:
    return path.is_file() and _sum(path) == jar.sha256


def _sum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
