"""Make the SHA-256 list of a Neo4j release, for whoever moves kgqa to a newer one.

    python -m kgqa.graph.local.lock 5.26.30 > kgqa/graph/local/neo4j-5.26.30.sha256

Then set `VERSION` in `jars.py`, and run the tests. The sums are of what the repository serves today: compare with a second
network before trusting them.
"""

import hashlib
import sys
import tempfile
from pathlib import Path


def lock(version: str) -> list[tuple[str, str]]:
    """Resolve `org.neo4j:neo4j:version` and return (SHA-256, coordinate) of every jar, sorted by coordinate."""
    from jgo.maven import MavenContext

    with tempfile.TemporaryDirectory() as cache:
        context = MavenContext(repo_cache=Path(cache))
        inputs, needed = context.resolver.resolve([context.create_dependency(f"org.neo4j:neo4j:{version}")])
        found = {}
        for dependency in (*inputs, *needed):
            artifact = dependency.artifact
            middle = f":jar:{artifact.classifier}" if artifact.classifier else ""
            coordinate = f"{artifact.groupId}:{artifact.artifactId}{middle}:{artifact.version}"
            found[coordinate] = hashlib.sha256(artifact.resolve().read_bytes()).hexdigest()
    return [(found[coordinate], coordinate) for coordinate in sorted(found)]


if __name__ == "__main__":
    release = sys.argv[1]
    print(f"# The jars of org.neo4j:neo4j:{release} and what they need. Made by `python -m kgqa.graph.local.lock {release}`.")
    for digest, name in lock(release):
        print(f"{digest}  {name}")
