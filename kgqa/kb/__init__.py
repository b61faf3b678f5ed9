"""The knowledge base: a graph as tensors and an alias index, materialised on disk with a fingerprint."""

from kgqa.kb.knowledge_base import KnowledgeBase

__all__ = ["KnowledgeBase"]
