"""The training loop: batches in an order drawn from the seed, dev evaluation after each epoch, early stopping, checkpoints."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from kgqa.config import Config, TrainingConfig
from kgqa.data import Question
from kgqa.errors import CheckpointError, TrainingError
from kgqa.evaluation.measures import EPOCH_MEASURES, percent
from kgqa.evaluation.report import evaluate
from kgqa.html import table, text
from kgqa.model.branches import collate
from kgqa.model.prediction import Model
from kgqa.ops.warm_up import warm_up
from kgqa.progress import Progress, silent
from kgqa.threads import one_thread
from kgqa.training import checkpoint
from kgqa.training.losses import loss_of
from kgqa.training.questions import Example, Examples, gold_of, prepare

_TUNED: Final = 0.02
"""The share of the learning rate with which layers of a pretrained model are tuned."""


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One pass over the training questions: mean loss, dev measures, seconds of training (without the evaluation)."""

    number: int
    loss: float
    dev: dict[str, Any]
    seconds: float

    @property
    def quality(self) -> tuple[float, float]:
        """Return what the best epoch is chosen by: `correct`, and among equals F1."""
        return self.correct, float(self.dev["f1"] or 0.0)

    @property
    def correct(self) -> float:
        """Return the share of dev questions whose first entity, number or abstention is right."""
        return float(self.dev["correct"])


@dataclass(frozen=True, kw_only=True)
class TrainingReport:
    """How a training went.

    `left_out` counts the questions that could not be learned from, by reason, `warm_left_out` those of the warm start.
    """

    model: Path
    questions: int
    left_out: dict[str, int]
    warm_left_out: dict[str, int]
    epochs: tuple[Epoch, ...]
    best: Epoch
    seconds: float

    def _repr_html_(self) -> str:
        """Show the report in a notebook."""
        left_out = "".join(
            f"<p>{text(f'left out{what}: {number:,} questions: {reason}')}</p>"
            for what, reasons in (("", self.left_out), (" of the warm start", self.warm_left_out))
            for reason, number in reasons.items()
        )
        rows = (
            (
                f"{epoch.number}{' (best)' if epoch == self.best else ''}",
                f"{epoch.loss:.4f}",
                *(percent(epoch.dev[name]) for name in EPOCH_MEASURES.values()),
                f"{epoch.seconds:.0f}",
            )
            for epoch in self.epochs
        )
        titles = ("epoch", "loss", *EPOCH_MEASURES, "seconds")
        learned = text(f"{self.model}: learned from {self.questions:,} questions in {self.seconds:.0f} s")
        return f"<div><p>{learned}</p>{left_out}{table(titles, rows)}</div>"


@dataclass
class _State:
    """Where a training stands: what `last` holds besides tensors."""

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    seconds: float = 0.0
    epochs: list[Epoch] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """Epochs over the same examples, with a schedule of their own; each passes over them once or more often, in equal batches."""

    examples: Examples
    epochs: int
    passes: int
    batches: int
    first: int

    @classmethod
    def of(cls, examples: Examples, *, epochs: int, batch: int, first: int, least_steps: int = 1) -> "_Stage":
        batches = math.ceil(len(examples) / batch)
        passes = math.ceil(least_steps / (epochs * batches))
        return cls(examples=examples, epochs=epochs, passes=passes, batches=batches, first=first)

    @property
    def steps(self) -> int:
        """Return how many steps an epoch has."""
        return self.passes * self.batches


class Trainer:
    """Trains one model, from the questions of a warm start first where there are any.

    `source` is a text that tells the data apart, so that a training goes on only with its own data.
    """

    def __init__(
        self,
        model: Model,
        questions: Sequence[Question],
        dev: Sequence[Question],
        out: Path,
        *,
        source: str,
        warm_start: Sequence[Question] = (),
        progress: Progress = silent,
        on_epoch: Callable[[Epoch], None] | None = None,
    ) -> None:
        self.model = model
        self.settings: TrainingConfig = model.config.training
        self.examples: Examples = prepare(model, questions, topics=self.settings.topics)
        self.dev = dev
        self.out = out
        self.source = source
        self.progress = progress
        self.on_epoch = on_epoch
        self.state = _State()
        self._stamp = checkpoint.stamp(out)
        settings = self.settings
        self.warm: Examples | None = prepare(model, warm_start, topics=settings.topics) if warm_start else None
        warm = [_Stage.of(self.warm, epochs=settings.warm_epochs, batch=settings.batch, first=0)] if self.warm else []
        begun = settings.warm_epochs if warm else 0
        own = _Stage.of(
            self.examples, epochs=settings.epochs, batch=settings.batch, first=begun, least_steps=settings.least_steps
        )
        self._stages = [*warm, own]
        if not any(example.unanswerable for stage in self._stages for example in stage.examples.examples):
            model.reasoner.operators.never_lacks()
        self.optimizer = torch.optim.AdamW(_groups(model), weight_decay=self.settings.weight_decay, fused=True)

    def run(self) -> TrainingReport:
        """Train until the last epoch, or until the dev questions are answered no better for `patience` epochs; keep the best.

        Raises:
            StorageError: the model's folder could not be written; told before anything is trained where that can be known.
            TrainingError: a gradient is not finite, or another training writes to the model's folder.
        """
        with checkpoint.alone(self.out), one_thread():
            if checkpoint.stamp(self.out) != self._stamp:
                raise TrainingError(
                    f"{self.out}: expected the folder as it was, found another training's files. Choose another one."
                )
            warm_up(self.progress)
            try:
                while self.state.epoch < self._stages[-1].first + self.settings.epochs and not self._is_stuck():
                    self._train_epoch()
                    self._end_epoch()
            finally:
                self._stamp = checkpoint.stamp(self.out)
        epochs = tuple(self.state.epochs)
        return TrainingReport(
            model=self.out,
            questions=len(self.examples.examples),
            left_out=dict(self.examples.left_out),
            warm_left_out={} if self.warm is None else dict(self.warm.left_out),
            epochs=epochs,
            best=_best(epochs),
            seconds=sum(epoch.seconds for epoch in epochs),
        )

    def resume(self) -> None:
        """Go on from the checkpoint in `out`.

        Raises:
            CheckpointError: there is none, or it belongs to other data or settings.
        """
        try:
            self._restore(*checkpoint.read_state(self.out, checkpoint.LAST))
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{self.out}: expected a training to go on with: {error!r}. Start anew without --resume."
            ) from error

    def _restore(self, tensors: dict[str, Tensor], value: dict[str, Any]) -> None:
        for what, expected in self._identity().items():
            if value[what] != expected:
                raise CheckpointError(
                    f"{self.out}: expected to go on with the same {what}, found another. Start anew without --resume."
                )
        weights = {name.removeprefix("model."): tensor for name, tensor in tensors.items() if name.startswith("model.")}
        checkpoint.restore(self.model, weights, self.out)
        states: dict[int, dict[str, Any]] = {}
        for name, tensor in tensors.items():
            if name.startswith("optimizer."):
                _, place, key = name.split(".")
                states.setdefault(int(place), {})[key] = tensor
        self.optimizer.load_state_dict({"state": states, "param_groups": self.optimizer.state_dict()["param_groups"]})
        torch.set_rng_state(tensors["random"])
        self.state = _State(**value["state"] | {"epochs": [Epoch(**values) for values in value["state"]["epochs"]]})

    def _train_epoch(self) -> None:
        state, stage = self.state, self._stage()
        orders, words = self._drawn(state.epoch, stage)
        self.model.reasoner.train()
        if (state.epoch, state.step) == (stage.first, 0):
            # Steps are as large as the gradients of the questions in hand allow, not those of made ones: by their measure some
            # weights moved twice as far as they should, and one training of ten unlearned for good what it knew (decision 0031).
            self.optimizer.state.clear()
        clock = time.perf_counter()
        while state.step < stage.steps:
            number, place = divmod(state.step, stage.batches)
            own = slice(place * self.settings.batch, (place + 1) * self.settings.batch)
            examples = [
                self._shown(stage.examples[row], word) for row, word in zip(orders[number][own], words[number][own], strict=True)
            ]
            total = stage.epochs * stage.steps
            done = ((state.epoch - stage.first) * stage.steps + state.step) / total if total > 1 else self.settings.warm_up
            state.loss += self._step(examples, done) * len(examples)
            state.step += 1
            self.progress(f"epoch {state.epoch + 1}", state.step, stage.steps)
            if state.step % self.settings.checkpoint_steps == 0 and state.step < stage.steps:
                state.seconds, clock = state.seconds + time.perf_counter() - clock, time.perf_counter()
                self._save()
        state.seconds += time.perf_counter() - clock

    def _step(self, examples: Sequence[Example], done: float) -> float:
        settings = self.settings
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * group["share"] * _schedule(done, settings.warm_up)
        batch = collate([example.layout for example in examples])
        reasoning = self.model.reasoner(batch, epsilon=self.model.epsilon)
        loss = loss_of(reasoning, gold_of(examples, self.model.kb.num_entities))
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.model.reasoner.parameters(), settings.clip)
        if not math.isfinite(norm):
            raise TrainingError(
                f"epoch {self.state.epoch + 1}, step {self.state.step + 1}: expected a finite gradient, found {float(norm)}. "
                "Lower training.learning_rate, and train again."
            )
        self.optimizer.step()
        return float(loss.detach())

    def _end_epoch(self) -> None:
        state = self.state
        evaluation = evaluate(self.model, self.dev, topics=self.settings.topics)
        confidence = evaluation.fitted(precision=self.settings.precision)
        dev = evaluation.judged(self.model, confidence).summary()
        stage = self._stage()
        loss = state.loss / (stage.passes * len(stage.examples))
        epoch = Epoch(number=state.epoch + 1, loss=loss, dev=_figures(dev), seconds=state.seconds)
        state.epochs.append(epoch)
        if _best(state.epochs).number == epoch.number:
            checkpoint.save_model(self.out, replace(self.model, confidence=confidence), epoch=epoch.number, dev=epoch.dev)
        state.epoch, state.step, state.loss, state.seconds = state.epoch + 1, 0, 0.0, 0.0
        self._save()
        if self.on_epoch is not None:
            self.on_epoch(epoch)

    def _is_stuck(self) -> bool:
        epochs = self.state.epochs
        if not epochs or self.settings.patience is None:
            return False
        first = max(epochs, key=lambda epoch: epoch.quality)  # of equals the first: the others are no better
        return len(epochs) - max(first.number, self._stages[-1].first) >= self.settings.patience

    def _stage(self) -> _Stage:
        """Return the stage of the epoch that is next to be trained, or was trained last."""
        return next(stage for stage in reversed(self._stages) if self.state.epoch >= stage.first)

    def _drawn(self, epoch: int, stage: _Stage) -> tuple[list[list[int]], list[list[float]]]:
        """Draw the order of each pass over the questions, and for each question a number from 0 to 1."""
        generator = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + epoch)
        number, passes = len(stage.examples), range(stage.passes)
        orders = [torch.randperm(number, generator=generator).tolist() for _ in passes]
        return orders, [torch.rand(number, generator=generator).tolist() for _ in passes]

    def _shown(self, example: Example, drawn: float) -> Example:
        """Leave a word out, if a number that was drawn is below the share of questions that this is done to."""
        share = self.settings.leave_out
        return example if drawn >= share else example.without(int(drawn / share * len(example.layout.tokens)), self.model)

    def _identity(self) -> dict[str, Any]:
        return {
            "settings": self.model.config.tables(),
            "snapshot": self.model.kb.fingerprint,
            "questions": self.source,
            "words": self.model.vocabulary.words,
        }

    def _save(self) -> None:
        tensors = {f"model.{name}": tensor for name, tensor in self.model.reasoner.state_dict().items()}
        for place, values in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{place}.{key}": tensor for key, tensor in values.items()}
        tensors["random"] = torch.get_rng_state()
        value = {"format": checkpoint.FORMAT, "state": asdict(self.state)} | self._identity()
        checkpoint.write_state(self.out, checkpoint.LAST, tensors, value)


def _groups(model: Model) -> list[dict[str, Any]]:
    """Return the parameters with their shares of the learning rate: layers that were pretrained are tuned slowly."""
    encoder = model.reasoner.encoder.pretrained
    tuned = [] if encoder is None else list(encoder.tuned.parameters())
    known = {id(parameter) for parameter in tuned}
    own = [parameter for parameter in model.reasoner.parameters() if id(parameter) not in known]
    return [{"params": own, "share": 1.0}, *([{"params": tuned, "share": _TUNED}] if tuned else [])]


def _schedule(done: float, warm_up: float) -> float:
    """Return the share of the learning rate: it rises over `warm_up`, then falls in a straight line to zero."""
    return done / warm_up if done < warm_up else (1.0 - done) / (1.0 - warm_up)


def _figures(summary: dict[str, Any]) -> dict[str, Any]:
    return {key: summary[key] for key in ("questions", "correct", "hits@1", "hits@10", "mrr", "f1", "calibration_error")}


def _best(epochs: Sequence[Epoch]) -> Epoch:
    """Return the best epoch; of equals the last, which has learned most: a few dev questions are soon all right."""
    return max(epochs, key=lambda epoch: (*epoch.quality, epoch.number))


def new_model(config: Config, questions: Sequence[Question], kb: Any) -> Model:
    """Make an untrained model whose words are those of the questions; what is drawn comes from the seed."""
    from kgqa.model.vocabulary import Vocabulary
    from kgqa.text import tokenise

    texts = ([token.key for token in tokenise(question.text)] for question in questions)
    names = [*(kb.relation_name(row) for row in range(kb.num_relations)), *(attribute.name for attribute in kb.attributes)]
    known = {token.key for name in names for token in tokenise(name)}
    vocabulary = Vocabulary.of(texts, min_count=config.model.min_word_count, always=known)
    torch.manual_seed(config.training.seed)
    return Model.new(config, vocabulary, kb)
