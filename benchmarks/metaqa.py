"""MetaQA as the benchmarks use it: the loader's folder, and its knowledge base without Neo4j."""

from pathlib import Path

from kgqa.kb import KnowledgeBase
from kgqa.kb.materialise import materialise_files
from loaders import metaqa


def prepare(data: Path, folder: Path) -> KnowledgeBase:
    """Write the canonical data to `folder`/data and a snapshot of it to `folder`/snapshot; return the knowledge base."""
    metaqa.load(data / "metaqa", folder / "data")
    materialise_files(folder / "data", folder / "snapshot")
    return KnowledgeBase.load(folder / "snapshot")
