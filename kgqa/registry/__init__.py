"""The registry: a database of snapshots, trainings and evaluations."""

from kgqa.registry.records import EpochSummary, EvaluationSummary, RunSummary, SnapshotSummary
from kgqa.registry.store import Registry
from kgqa.registry.tables import Status

__all__ = ["EpochSummary", "EvaluationSummary", "Registry", "RunSummary", "SnapshotSummary", "Status"]
