"""The registry: a database of snapshots, trainings, evaluations and feedback."""

from kgqa.registry.records import EpochSummary, EvaluationSummary, FeedbackRecord, Outcome, RunSummary, SnapshotSummary
from kgqa.registry.store import Registry
from kgqa.registry.tables import Status

__all__ = [
    "EpochSummary",
    "EvaluationSummary",
    "FeedbackRecord",
    "Outcome",
    "Registry",
    "RunSummary",
    "SnapshotSummary",
    "Status",
]
