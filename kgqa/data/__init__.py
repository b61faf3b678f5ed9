"""The canonical data folder: what every loader writes and what `kgqa load` and training read."""

from kgqa.data.dataset import Dataset
from kgqa.data.folder import FolderReader
from kgqa.data.questions import Question, Topic, read_questions
from kgqa.data.records import EntityRecord, RelationRecord
from kgqa.data.writer import FolderWriter

__all__ = ["Dataset", "EntityRecord", "FolderReader", "FolderWriter", "Question", "RelationRecord", "Topic", "read_questions"]
