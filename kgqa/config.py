"""The settings of a model and of its training: frozen, keyword-only, read from TOML, unknown keys raise."""

import dataclasses
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from kgqa.errors import ConfigError, KgqaError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """What a model is made of."""

    hops: int = 3
    """How many relations a path may have (T)."""
    encoder: Literal["recurrent", "pretrained"] = "recurrent"
    """`recurrent`: word embeddings learned from the questions; `pretrained`: words as a pretrained language model sees them."""
    pretrained: str = "minilm"
    """The pretrained model: `minilm`, a name on the model hub, or a folder."""
    tuned_layers: int = 0
    """How many of the pretrained model's last layers are trained."""
    entities: Literal["relations", "pairs"] = "relations"
    """What candidates are known by: `relations`: those they take part in; `pairs`: also what these lead to, as an actor is told
    from another by the films."""
    hidden: int = 128
    """Width of the question encoder, both directions together (H)."""
    dropout: float = 0.1
    """Share of the encoder's inputs and outputs set to zero in training."""
    word_dropout: float = 0.05
    """Share of the question's words shown as an unknown word in training, so that unknown words are known to the model; of words
    that lie in another span ten times the share, at most half."""
    min_word_count: int = 2
    """How often a word must stand in the training questions to get an embedding of its own."""
    hop_bias: float = 1.5
    """How much one hop fewer is preferred at the start of training, as a difference of logits."""
    start_gate_bias: float = -1.0
    """Where the gate that removes the start from the answer begins, as a logit."""
    return_gate_bias: float = -2.0
    """Where the gate that removes the entities of two hops ago begins, as a logit."""

    def __post_init__(self) -> None:
        _require(self.encoder in ("recurrent", "pretrained"), "model.encoder", self.encoder, "'recurrent' or 'pretrained'")
        _require(self.tuned_layers >= 0, "model.tuned_layers", self.tuned_layers, "a number from 0 upwards")
        if self.encoder != "pretrained":
            for name, unset in (("tuned_layers", 0), ("pretrained", "minilm")):
                _require(getattr(self, name) == unset, f"model.{name}", getattr(self, name), "model.encoder to be 'pretrained'")
        _require(self.entities in ("relations", "pairs"), "model.entities", self.entities, "'relations' or 'pairs'")
        _require(1 <= self.hops <= 8, "model.hops", self.hops, "a number from 1 to 8")
        _require(self.hidden >= 2 and self.hidden % 2 == 0, "model.hidden", self.hidden, "an even number from 2 upwards")
        for name in ("dropout", "word_dropout"):
            _require(0 <= getattr(self, name) < 1, f"model.{name}", getattr(self, name), "a number from 0 to below 1")
        _require(self.min_word_count >= 1, "model.min_word_count", self.min_word_count, "a number from 1 upwards")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a model is trained."""

    topics: Literal["resolved", "given"] = "resolved"
    """`resolved`: find the mentions and choose the entities; `given`: take them from the `topics` of the questions."""
    questions: int | None = None
    """Train on this many questions, drawn with `seed`; all of them if not set."""
    dev_questions: int | None = 2000
    """Evaluate on this many dev questions after each epoch, drawn with `seed`; all of them if not set."""
    epochs: int = 10
    """How often the dev questions are answered; between, every training question is seen once, or more often if they are few."""
    least_steps: int = 500
    """Few training questions are seen so often that the training takes at least this many steps."""
    warm_epochs: int = 2
    """How often the made questions of a warm start are seen, before the others."""
    leave_out: float = 0.0
    """Share of the questions of which one word, another each time they are seen, is left out of what is read: more is known then
    of wordings that no training question has, if there are many questions to learn from."""
    patience: int | None = None
    """Stop after this many epochs in which no more dev questions are right; if not set, all epochs are trained: the learning rate
    falls over all of them, and the last ones settle what was learned."""
    batch: int = 32
    """Questions in a batch (B)."""
    learning_rate: float = 3e-3
    """The highest learning rate of AdamW, reached after the warm-up."""
    weight_decay: float = 0.01
    """Decay of AdamW."""
    warm_up: float = 0.03
    """Share of the steps over which the learning rate rises; it then falls in a straight line."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    epsilon: float | None = None
    """Relations with a smaller share of those that exist are not followed in training and answering; if not set, a twentieth of
    an even share of the graph's relations, at most 0.003: at the start of training every relation must be followed."""
    precision: float | None = None
    """Share of the answers given to dev questions that must be right, from 0 to 1; others are kept back as not sure enough.
    If not set, the threshold is the one with most right answers and right abstentions together."""
    checkpoint_steps: int = 500
    """Write a checkpoint to go on from every so many steps, and after each epoch."""
    seed: int = 0
    """Seed of everything that is drawn."""

    def __post_init__(self) -> None:
        _require(self.topics in ("resolved", "given"), "training.topics", self.topics, "'resolved' or 'given'")
        for name in ("epochs", "least_steps", "warm_epochs", "batch", "checkpoint_steps"):
            _require(getattr(self, name) >= 1, f"training.{name}", getattr(self, name), "a number from 1 upwards")
        for name in ("questions", "dev_questions", "patience"):
            value = getattr(self, name)
            _require(value is None or value >= 1, f"training.{name}", value, "a number from 1 upwards")
        for name in ("learning_rate", "clip"):
            _require(getattr(self, name) > 0, f"training.{name}", getattr(self, name), "a number above 0")
        for name in ("warm_up",) if self.epsilon is None else ("warm_up", "epsilon"):
            _require(0 <= getattr(self, name) < 1, f"training.{name}", getattr(self, name), "a number from 0 to below 1")
        if self.precision is not None:
            _require(0 < self.precision <= 1, "training.precision", self.precision, "a number above 0, at most 1")
        _require(0 <= self.seed < 2**31, "training.seed", self.seed, "a number from 0 to below 2^31")
        _require(0 <= self.leave_out <= 1, "training.leave_out", self.leave_out, "a number from 0 to 1")
        _require(self.weight_decay >= 0, "training.weight_decay", self.weight_decay, "a number from 0 upwards")


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of one training: the tables `[model]` and `[training]` of a TOML file."""

    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a TOML file.

        Raises:
            ConfigError: it is missing, is no TOML, has an unknown key or a value that is not allowed.
        """
        return cls.from_tables(read_toml(Path(path), ConfigError, missing="Check the path."))

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any]) -> Self:
        """Build the settings from nested dictionaries, as they stand in TOML or in a model's `config.json`.

        Raises:
            ConfigError: an unknown key or a value that is not allowed.
        """
        _known(tables, {"model", "training"}, "")
        return cls(
            model=build(ModelConfig, tables.get("model", {}), "model"),
            training=build(TrainingConfig, tables.get("training", {}), "training"),
        )

    def tables(self) -> dict[str, Any]:
        """Return the settings as nested dictionaries, the inverse of `from_tables`."""
        return dataclasses.asdict(self)


def read_toml(path: Path, error: type[KgqaError], *, missing: str) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        KgqaError: an `error`: the file could not be read, which ends with `missing`, what to do then; or it is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as reason:
        raise error(f"{path}: could not be read: {reason.strerror}. {missing}") from reason
    except (ValueError, RecursionError) as reason:  # also numbers of too many digits, brackets too deep in brackets
        raise error(f"{path}: expected TOML: {reason}. Mend the line.") from reason


def build(kind: type[T], values: Any, table: str) -> T:
    """Build a settings dataclass from a table, checking the keys and the types of the values.

    Raises:
        ConfigError: names the key, the value and what is allowed.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"[{table}]: expected a table, found {values!r}. Write key = value lines below [{table}].")
    fields = {item.name: item for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    _known(values, set(fields), f"{table}.")
    checked = {name: _typed(f"{table}.{name}", value, str(fields[name].type)) for name, value in values.items()}
    return kind(**checked)


def _typed(key: str, value: Any, annotation: str) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None:
        _require("None" in annotation, key, value, "a value")
    elif "float" in annotation:
        _require(number and abs(value) <= sys.float_info.max, key, value, "a finite number")
        return float(value)
    elif "int" in annotation:
        _require(isinstance(value, int) and number, key, value, "a whole number")
    else:
        _require(isinstance(value, str), key, value, "text")
    return value


def _known(values: Mapping[str, Any], allowed: set[str], prefix: str) -> None:
    for name in values:
        if name not in allowed:
            raise ConfigError(f"{prefix}{name}: unknown key. Allowed are: {', '.join(sorted(allowed))}.")


def _require(condition: bool, key: str, value: Any, allowed: str) -> None:
    if not condition:
        raise ConfigError(f"{key}: expected {allowed}, found {value!r}. Change it and run again.")
