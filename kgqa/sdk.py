"""The graph and the training as Python users meet them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from kgqa.config import Config
from kgqa.data import Dataset, Question
from kgqa.data.dataset import fingerprint_of_files
from kgqa.data.questions import read_questions
from kgqa.errors import ConfigError, TrainingError
from kgqa.graph import find, load
from kgqa.graph.connection import Connection
from kgqa.graph.local.folder import DEFAULT
from kgqa.graph.mapping import Mapping
from kgqa.kb import KnowledgeBase
from kgqa.kb.materialise import materialise
from kgqa.progress import Progress, silent
from kgqa.training.checkpoint import LOCK
from kgqa.training.loop import Epoch, Trainer, TrainingReport, new_model
from kgqa.training.questions import check_answers, draw


class Graph(Connection):
    """A Neo4j database with a knowledge graph.

    >>> graph = Graph.connect("neo4j://localhost:7687", auth=("neo4j", "..."))  # doctest: +SKIP
    >>> kb = graph.materialize("snapshots/films")  # doctest: +SKIP
    """

    @classmethod
    def local(cls, name: str = DEFAULT) -> Self:
        """Connect to the graph of `kgqa up NAME`.

        Raises:
            GraphUnavailable: it does not run.
        """
        return cls.of(find.find_local(name))

    @classmethod
    def find(cls) -> Self:
        """Connect to the graph that the environment means: of `KGQA_GRAPH`, else of `NEO4J_URI`, else the local one that runs.

        Raises:
            GraphUnavailable: there is none.
        """
        return cls.of(find.find())

    def load(self, dataset: str | Path, *, merge: bool = False, progress: Progress = silent) -> load.LoadReport:
        """Write a canonical data folder into the graph.

        Raises:
            DataError: the folder is malformed.
            LoadError: the graph holds something else, and `merge` is not set.
        """
        return load.load(self, Dataset.read(Path(dataset)), merge=merge, progress=progress)

    def materialize(
        self, path: str | Path, *, mapping: str | Path | Mapping | None = None, progress: Progress = silent
    ) -> KnowledgeBase:
        """Write a snapshot of the graph to `path` and load it.

        Args:
            path: the snapshot's folder; an older snapshot there is replaced.
            mapping: where the entities are, for a graph that kgqa did not load.
            progress: told about every page.

        Raises:
            GraphChanged: the graph changed meanwhile.
            MappingError: the mapping does not fit the graph.
            StorageError: the snapshot could not be written.
        """
        chosen = Mapping.read(Path(mapping)) if isinstance(mapping, str | Path) else mapping
        materialise(self, Path(path), mapping=chosen, progress=progress)
        return KnowledgeBase.load(path)

    @classmethod
    def of(cls, connection: Connection) -> Self:
        """Take over a connection."""
        return cls(connection.driver, description=connection.description, database=connection.database)


def train(
    kb: KnowledgeBase,
    questions: str | Path | Sequence[str | Path],
    *,
    dev: str | Path,
    out: str | Path,
    warm_start: str | Path | None = None,
    config: Config | None = None,
    resume: bool = False,
    progress: Progress = silent,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> TrainingReport:
    """Train a model from a file of questions and their answers.

    Args:
        kb: the knowledge base.
        questions: the file to learn from, or several.
        dev: what the best epoch is chosen by.
        out: the model's folder.
        warm_start: questions to learn from first, as `synthesize` makes them.
        config: settings; the default ones if not given.
        resume: go on with the training that `out` holds.
        progress: told about every step.
        on_epoch: told about every epoch.

    Raises:
        DataError: a file is malformed, or names an entity that the knowledge base does not have.
        TrainingError: there is nothing to learn from, or `out` holds another training.
        CheckpointError: there is nothing to go on with, or it belongs to other data or settings.
    """
    return trainer(
        kb,
        questions,
        dev=dev,
        out=out,
        warm_start=warm_start,
        config=config,
        resume=resume,
        progress=progress,
        on_epoch=on_epoch,
    ).run()


def trainer(
    kb: KnowledgeBase,
    questions: str | Path | Sequence[str | Path],
    *,
    dev: str | Path,
    out: str | Path,
    warm_start: str | Path | None = None,
    config: Config | None = None,
    resume: bool = False,
    progress: Progress = silent,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Trainer:
    """Return what `train` runs, ready to run; arguments and errors as there."""
    folder, settings = Path(out), config or Config()
    learned_from = [Path(questions)] if isinstance(questions, str | Path) else [Path(file) for file in questions]
    made = [] if warm_start is None else [Path(warm_start)]
    if kb.path is None:
        raise ConfigError("train: expected a knowledge base that was loaded from a snapshot, found one made in memory.")
    if not resume and folder.is_dir() and any(file.name != LOCK for file in folder.iterdir()):
        raise TrainingError(
            f"{folder}: expected a new folder, found one with files in it. Choose another, go on with --resume, or remove it."
        )
    seed = settings.training.seed
    train = draw(_read(learned_from, kb), settings.training.questions, seed)
    chosen_by = draw(_read([Path(dev)], kb), settings.training.dev_questions, seed)
    warm = _read(made, kb)
    learned = Trainer(
        new_model(settings, [*train, *warm], kb),
        train,
        chosen_by,
        folder,
        source=" ".join(map(fingerprint_of_files, (learned_from, [Path(dev)], made))),
        warm_start=warm,
        progress=progress,
        on_epoch=on_epoch,
    )
    if resume:
        learned.resume()
    return learned


def _read(files: Sequence[Path], kb: KnowledgeBase) -> list[Question]:
    """Read question files whose answers are entities of the knowledge base."""
    found: list[Question] = []
    for file in files:
        read = read_questions(file)
        check_answers(read, kb, file)
        found += read
    return found
