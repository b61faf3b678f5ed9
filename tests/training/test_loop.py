"""The training loop on the library: it learns, it stops, and a training that was interrupted ends as if it had not been."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from kgqa.data import Question, Topic
from kgqa.errors import CheckpointError, TrainingError
from kgqa.evaluation.report import evaluate
from kgqa.kb import KnowledgeBase
from kgqa.model.branches import Batch, Layout, collate
from kgqa.model.prediction import Model
from kgqa.model.vocabulary import MENTION, Vocabulary
from kgqa.ops.warm_up import STAGE
from kgqa.training.checkpoint import alone, is_left, load_model, read_card, read_state
from kgqa.training.loop import Epoch, Trainer, TrainingReport, new_model
from kgqa.training.questions import prepare
from tests.model.small import config, film_questions, write_bert
from tests.training.small import library_questions, other_library, untrained

SHORT: dict[str, Any] = {"epochs": 3, "batch": 3, "checkpoint_steps": 2, "learning_rate": 1e-2}
"""Six steps an epoch, the last of one question."""

UNANSWERABLE = [Question(id="x", text="Who is it?", answers=("Amber",))]
"""Names nothing, so that no epoch is better than another on it."""


class Interruption(Exception):
    """Stands for whatever ends a training before its time."""


def trainer(kb: KnowledgeBase, out: Path, *, settings: dict[str, Any] = SHORT, **options: Any) -> Trainer:
    questions = library_questions()
    options = {"source": "library", **options}
    return Trainer(untrained(kb, config(**settings)), questions, options.pop("dev", questions), out, **options)


def losses(report: TrainingReport) -> list[tuple[int, float, dict[str, Any]]]:
    return [(epoch.number, epoch.loss, epoch.dev) for epoch in report.epochs]


def weights(model: Model) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.reasoner.state_dict().items()}


def equal(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.fixture(scope="module")
def whole(books: KnowledgeBase, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingReport, dict[str, torch.Tensor]]:
    """A training without interruption."""
    run = trainer(books, tmp_path_factory.mktemp("whole"))
    return run.run(), weights(run.model)


def stop_at(epoch: int, step: int) -> dict[str, Callable[..., None]]:
    def progress(stage: str, done: int, total: int | None) -> None:
        assert total == 6 or stage == STAGE
        if (stage, done) == (f"epoch {epoch}", step):
            raise Interruption

    return {"progress": progress}


def stop_after(number: int) -> dict[str, Callable[..., None]]:
    def on_epoch(epoch: Epoch) -> None:
        if epoch.number == number:
            raise Interruption

    return {"on_epoch": on_epoch}


@pytest.mark.parametrize(
    "interruptions",
    [
        pytest.param([stop_at(1, 3)], id="one step after the first checkpoint"),
        pytest.param([stop_at(2, 2)], id="before the checkpoint of a step is written"),
        pytest.param([stop_at(2, 6)], id="at the last step of an epoch"),
        pytest.param([stop_after(1)], id="after an epoch"),
        pytest.param([stop_at(1, 5), stop_after(1), stop_at(3, 3)], id="three times"),
    ],
)
def test_a_resumed_training_equals_one_without_interruption(
    interruptions: list[dict[str, Callable[..., None]]],
    whole: tuple[TrainingReport, dict[str, torch.Tensor]],
    books: KnowledgeBase,
    tmp_path: Path,
) -> None:
    for number, interruption in enumerate(interruptions):
        run = trainer(books, tmp_path, **interruption)
        if number:
            run.resume()
        with pytest.raises(Interruption):
            run.run()
    torch.manual_seed(12345)  # the state of the random numbers must come from the checkpoint
    run = trainer(books, tmp_path)
    for parameter in run.model.reasoner.parameters():  # and so must the weights
        torch.nn.init.constant_(parameter, 0.1)
    torch.manual_seed(54321)
    run.resume()
    report = run.run()
    assert losses(report) == losses(whole[0])
    assert report.best.number == whole[0].best.number
    assert equal(weights(run.model), whole[1])
    assert equal(read_state(tmp_path, "model")[0], read_state(whole[0].model, "model")[0])


def test_the_same_seed_gives_the_same_training_and_another_seed_another(
    whole: tuple[TrainingReport, dict[str, torch.Tensor]], books: KnowledgeBase, tmp_path: Path
) -> None:
    again = trainer(books, tmp_path / "again")
    assert losses(again.run()) == losses(whole[0])
    assert equal(weights(again.model), whole[1])
    other = trainer(books, tmp_path / "other", settings=SHORT | {"seed": 1, "epochs": 1})
    assert losses(other.run())[0][1] != losses(whole[0])[0][1]


def test_every_question_is_seen_once_in_an_epoch_in_another_order_each_time(books: KnowledgeBase, tmp_path: Path) -> None:
    run = trainer(books, tmp_path)
    (first,), (second,) = run._drawn(0, run._stage())[0], run._drawn(1, run._stage())[0]
    assert sorted(first) == sorted(second) == list(range(16))
    assert first != second
    assert [first] == trainer(books, tmp_path)._drawn(0, run._stage())[0]


def test_few_questions_are_seen_in_several_passes_each_in_another_order(books: KnowledgeBase, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int | None]] = []
    settings = SHORT | {"epochs": 2, "least_steps": 25}  # 16 questions are 6 batches; two epochs of 13 steps at least
    run = trainer(books, tmp_path, settings=settings, progress=lambda *step: steps.append(step))
    orders, _ = run._drawn(0, run._stage())
    assert [sorted(order) for order in orders] == [list(range(16))] * 3
    assert len({tuple(order) for order in orders}) == 3
    report = run.run()
    assert [step for step in steps if step[0].startswith("epoch") and step[1] == step[2]] == [
        ("epoch 1", 18, 18),
        ("epoch 2", 18, 18),
    ]
    assert report.epochs[0].loss < 20  # a mean over what was seen, not a sum


def test_many_questions_are_seen_once_whatever_the_least_number_of_steps(books: KnowledgeBase, tmp_path: Path) -> None:
    run = trainer(books, tmp_path, settings=SHORT | {"epochs": 2, "least_steps": 12})
    assert len(run._drawn(0, run._stage())[0]) == 1


def test_a_word_is_left_out_of_a_share_of_the_questions_another_one_each_time(
    books: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trainer(books, tmp_path, settings=SHORT | {"leave_out": 0.5, "least_steps": 200})
    known = {(one.layout.text, branch.span): branch.words for one in run.examples.examples for branch in one.layout.branches}
    lacking = Counter[int]()
    kept = set[tuple[int, ...]]()

    def seen(layouts: Sequence[Layout]) -> Batch:
        for layout in layouts:
            for branch in layout.branches:
                whole = list(known[layout.text, branch.span])
                lacking[len(whole) - len(branch.words)] += 1
                kept.add(branch.words)
                for word in branch.words:
                    whole.remove(word)  # nothing is put in
        return collate(layouts)

    monkeypatch.setattr("kgqa.training.loop.collate", seen)
    run.run()
    assert set(lacking) == {0, 1}
    assert 0.25 < lacking[1] / lacking.total() < 0.5  # sometimes the word is the mention's, and the reading is whole
    places = {(words, place) for words in known.values() for place, word in enumerate(words) if word != MENTION}
    assert kept == set(known.values()) | {words[:place] + words[place + 1 :] for words, place in places}


@pytest.mark.parametrize("topics", ["given", "resolved"])
def test_a_question_without_a_word_has_its_topics_and_answers(topics: Literal["given", "resolved"], kb: KnowledgeBase) -> None:
    question = Question(
        id="1", text="Who directed Cast Away", answers=("zemeckis",), topics=(Topic(entity="cast_away", start=13, end=22),)
    )
    example = prepare(untrained(kb), [question], topics=topics).examples[0]
    less = example.without(1, untrained(kb))
    assert (less.answers, less.topics, less.layout.text) == (example.answers, example.topics, example.layout.text)
    for one, other in zip(less.layout.branches, example.layout.branches, strict=True):
        assert one.span == other.span
        assert one.words == other.words[:1] + other.words[2:]


def test_a_finished_training_that_is_resumed_trains_no_more(books: KnowledgeBase, tmp_path: Path) -> None:
    settings = SHORT | {"epochs": 1}
    report = trainer(books, tmp_path, settings=settings).run()
    again = trainer(books, tmp_path, settings=settings, **stop_at(1, 1))
    again.resume()
    assert again.run() == report


def interrupted(books: KnowledgeBase, out: Path) -> None:
    with pytest.raises(Interruption):
        trainer(books, out, **stop_at(1, 3)).run()


def test_a_folder_that_was_trained_in_meanwhile_is_not_trained_in(books: KnowledgeBase, tmp_path: Path) -> None:
    first, second = (trainer(books, tmp_path / "out", settings=SHORT | {"epochs": 1}) for _ in range(2))
    report = first.run()
    with pytest.raises(TrainingError, match="expected the folder as it was"):
        second.run()
    assert first.run() == report


def test_nothing_is_left_of_a_folder_in_which_nothing_was_trained(tmp_path: Path) -> None:
    with alone(tmp_path / "out"):
        with alone(tmp_path / "out"):
            pass
        assert (tmp_path / "out").is_dir()
    assert not (tmp_path / "out").exists()


def test_two_trainings_do_not_write_to_one_folder(books: KnowledgeBase, tmp_path: Path) -> None:
    second = trainer(books, tmp_path)
    with ThreadPoolExecutor(1) as other:

        def on_epoch(epoch: Epoch) -> None:
            with pytest.raises(TrainingError, match="expected no other training, found one that writes there"):
                other.submit(second.run).result()
            assert not is_left(tmp_path)

        assert not is_left(tmp_path)
        report = trainer(books, tmp_path, settings=SHORT | {"epochs": 1}, on_epoch=on_epoch).run()
    assert len(report.epochs) == 1
    assert is_left(tmp_path)


@pytest.mark.parametrize("change", [{"learning_rate": 2e-2}, {"epochs": 4}, {"seed": 1}])
def test_going_on_with_other_settings_is_refused(change: dict[str, Any], books: KnowledgeBase, tmp_path: Path) -> None:
    interrupted(books, tmp_path)
    with pytest.raises(CheckpointError, match="the same settings"):
        trainer(books, tmp_path, settings=SHORT | change).resume()


def test_going_on_with_other_data_words_or_another_snapshot_is_refused(books: KnowledgeBase, tmp_path: Path) -> None:
    interrupted(books, tmp_path / "out")
    with pytest.raises(CheckpointError, match="the same questions"):
        trainer(books, tmp_path / "out", source="other").resume()
    with pytest.raises(CheckpointError, match="the same snapshot"):
        trainer(other_library(tmp_path), tmp_path / "out").resume()
    known = untrained(books, config(**SHORT))
    unknown = Model.new(known.config, Vocabulary(["who"]), books)
    with pytest.raises(CheckpointError, match="the same words"):
        Trainer(unknown, library_questions(), library_questions(), tmp_path / "out", source="library").resume()


def test_going_on_where_nothing_was_begun_is_refused(books: KnowledgeBase, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"found no last\.json"):
        trainer(books, tmp_path).resume()


def test_training_stops_after_patience_epochs_without_a_better_one_and_keeps_the_last_of_equals(
    books: KnowledgeBase, tmp_path: Path
) -> None:
    after: list[dict[str, torch.Tensor]] = []
    run = trainer(
        books,
        tmp_path,
        settings=SHORT | {"epochs": 8, "patience": 2},
        dev=UNANSWERABLE,
        on_epoch=lambda epoch: after.append(weights(run.model)),
    )
    report = run.run()
    assert [epoch.number for epoch in report.epochs] == [1, 2, 3]
    assert [epoch.correct for epoch in report.epochs] == [0.0, 0.0, 0.0]
    assert report.best.number == read_card(tmp_path).epoch == 3
    kept = weights(load_model(tmp_path, books))
    assert equal(kept, after[2])
    assert not equal(kept, after[0])


def test_an_epoch_that_makes_the_model_worse_is_not_kept(books: KnowledgeBase, tmp_path: Path) -> None:
    after: list[dict[str, torch.Tensor]] = []

    def spoil(epoch: Epoch) -> None:
        after.append(weights(run.model))
        if epoch.correct == 1.0:
            with torch.no_grad():
                for parameter in run.model.reasoner.parameters():
                    parameter.zero_()
            run.optimizer.param_groups[0]["params"].clear()  # so that it is not learned again
            run.optimizer.state.clear()

    settings = {"epochs": 10, "batch": 2, "patience": 1, "learning_rate": 2e-2}
    run = trainer(books, tmp_path, settings=settings, on_epoch=spoil)
    report = run.run()
    assert [epoch.number for epoch in report.epochs if epoch.correct == 1.0] == [report.best.number]
    assert len(report.epochs) == report.best.number + 1
    assert equal(weights(load_model(tmp_path, books)), after[report.best.number - 1])


def test_a_training_that_stopped_early_stops_again_when_resumed(books: KnowledgeBase, tmp_path: Path) -> None:
    settings = SHORT | {"epochs": 8, "patience": 1}
    report = trainer(books, tmp_path, settings=settings, dev=UNANSWERABLE).run()
    again = trainer(books, tmp_path, settings=settings, dev=UNANSWERABLE)
    again.resume()
    assert again.run() == report
    assert len(report.epochs) == 2


def test_the_library_is_learned_and_the_saved_model_is_as_good_as_its_card_says(books: KnowledgeBase, tmp_path: Path) -> None:
    questions = library_questions()
    report = trainer(books, tmp_path, settings={"epochs": 8, "batch": 2, "learning_rate": 2e-2}).run()
    assert report.epochs[-1].loss < 0.25 * report.epochs[0].loss
    assert report.best.correct == 1.0
    summary = evaluate(load_model(tmp_path, books), questions).summary()
    assert summary["hits@1"] == 1.0
    assert {key: summary[key] for key in read_card(tmp_path).dev} == read_card(tmp_path).dev
    assert report.questions == 16
    assert report.left_out == {}


def test_the_film_world_is_learned_from_answers_alone(kb: KnowledgeBase, tmp_path: Path) -> None:
    questions = film_questions()
    settings = config(epochs=20, learning_rate=2e-2, batch=1)
    report = Trainer(new_model(settings, questions, kb), questions, questions, tmp_path, source="films").run()
    assert report.best.correct == 1.0
    assert report.epochs[-1].loss < 0.5 * report.epochs[0].loss


def test_topics_that_come_with_the_questions_are_trained_on(books: KnowledgeBase, tmp_path: Path) -> None:
    questions = [
        replace(question, text=question.text.replace(book, "it"), topics=(Topic(entity=book),))
        for question in library_questions()
        for book in [question.text.rstrip("?").split()[-1]]
    ]
    settings = config(topics="given", epochs=8, batch=2, learning_rate=2e-2)
    report = Trainer(new_model(settings, questions, books), questions, questions, tmp_path, source="given").run()
    assert report.best.correct == 1.0
    with pytest.raises(TrainingError, match="16 × holds no name"):
        Trainer(new_model(config(), questions, books), questions, questions, tmp_path / "resolved", source="given")


def test_the_learning_rate_rises_over_the_warm_up_and_then_falls_in_a_straight_line(books: KnowledgeBase, tmp_path: Path) -> None:
    rates: list[float] = []
    run = trainer(
        books,
        tmp_path,
        settings={"epochs": 2, "batch": 8, "warm_up": 0.5, "learning_rate": 0.01},
        progress=lambda stage, done, total: None if stage == STAGE else rates.append(run.optimizer.param_groups[0]["lr"]),
    )
    run.run()
    assert rates == pytest.approx([0.0, 0.005, 0.01, 0.005])


def test_the_loss_of_an_epoch_is_the_mean_over_questions_whatever_the_batches(books: KnowledgeBase, tmp_path: Path) -> None:
    found = []
    for batch in (3, 16):  # of which the first leaves a batch of one question
        settings = config(epochs=1, batch=batch, learning_rate=1e-12)
        still = replace(settings, model=replace(settings.model, dropout=0.0, word_dropout=0.0))
        questions = library_questions()
        run = Trainer(untrained(books, still), questions, questions, tmp_path / str(batch), source="library")
        found.append(run.run().epochs[0].loss)
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_relations_below_epsilon_are_not_followed_in_training(books: KnowledgeBase, tmp_path: Path) -> None:
    losses = []
    for epsilon in (0.0, 0.9):
        settings = {"epochs": 1, "epsilon": epsilon, "learning_rate": 1e-12}
        losses.append(trainer(books, tmp_path / str(epsilon), settings=settings).run().epochs[0].loss)
    assert losses[1] > losses[0] + 1.0  # an answer that is not reached costs 20.7


def one_step(kb: KnowledgeBase, out: Path, **settings: Any) -> Trainer:
    """Take the second step of ten, on a question with two mentions, of which one has an open gate at the start."""
    questions = [Question(id="two", text="Who wrote films starring Tom Hanks and directed by Zemeckis?", answers=("broyles",))]
    run = Trainer(new_model(config(epochs=10, **settings), questions, kb), questions, questions, out, source="films")
    torch.manual_seed(0)
    run._step(run.examples.examples, 0.1)
    return run


def test_the_gradient_is_cut_to_its_largest_norm(kb: KnowledgeBase, tmp_path: Path) -> None:
    def norm(clip: float) -> float:
        parameters = one_step(kb, tmp_path, clip=clip).model.reasoner.parameters()
        return float(torch.stack([value.grad.norm() for value in parameters if value.grad is not None]).norm())

    assert norm(1e9) > 0.02
    assert norm(0.01) == pytest.approx(0.01, rel=1e-3)


def test_a_gradient_that_is_not_finite_ends_the_training_and_says_where(books: KnowledgeBase, tmp_path: Path) -> None:
    run = trainer(books, tmp_path)
    before = weights(run.model)
    parameter = next(run.model.reasoner.parameters())
    parameter.register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(TrainingError, match="epoch 1, step 1: expected a finite gradient, found nan"):
        run.run()
    assert equal(weights(run.model), before)


def test_tuned_layers_of_a_pretrained_model_learn_slowly_and_nothing_is_learned_twice(
    books: KnowledgeBase, tmp_path: Path
) -> None:
    write_bert(tmp_path)
    settings = config(learning_rate=0.01, epochs=10, warm_up=0.5)
    words = replace(settings.model, encoder="pretrained", pretrained=str(tmp_path), tuned_layers=1)
    questions = library_questions()
    run = Trainer(untrained(books, replace(settings, model=words)), questions, questions, tmp_path / "out", source="library")
    run._step(run.examples.examples, 0.25)
    own, tuned = run.optimizer.param_groups
    assert (own["lr"], tuned["lr"]) == pytest.approx((0.005, 0.0001))
    encoder = run.model.reasoner.encoder.pretrained
    assert encoder is not None
    assert {id(parameter) for parameter in tuned["params"]} == {id(parameter) for parameter in encoder.tuned.parameters()}
    assert len(own["params"]) + len(tuned["params"]) == len(list(run.model.reasoner.parameters()))


def test_progress_and_epochs_are_told(books: KnowledgeBase, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    epochs: list[Epoch] = []
    run = trainer(
        books,
        tmp_path,
        settings=SHORT | {"epochs": 2, "batch": 8},
        progress=lambda stage, done, total: None if stage == STAGE else told.append((stage, done, total)),
        on_epoch=epochs.append,
    )
    report = run.run()
    assert told == [("epoch 1", 1, 2), ("epoch 1", 2, 2), ("epoch 2", 1, 2), ("epoch 2", 2, 2)]
    assert tuple(epochs) == report.epochs
    assert report.best == max(epochs, key=lambda epoch: epoch.quality)


def test_reports_are_shown_in_notebooks_with_everything_escaped(books: KnowledgeBase, tmp_path: Path) -> None:
    run = trainer(books, tmp_path / "<model>", settings=SHORT | {"epochs": 2})
    report = run.run()
    shown = report._repr_html_()
    assert "&lt;model&gt;: learned from 16 questions" in shown
    assert "<model>" not in shown
    assert f"<td>{report.best.number} (best)</td>" in shown
    assert shown.count("<tr>") == 3
    shown = evaluate(run.model, library_questions())._repr_html_()
    assert "<td>all</td><td>16</td>" in shown


def test_the_best_epoch_is_chosen_by_right_answers_of_every_kind_then_by_f1() -> None:
    dev: dict[str, Any] = {"questions": 2, "correct": 0.5, "hits@1": None, "hits@10": None, "mrr": None, "f1": None}
    assert Epoch(number=1, loss=0.0, dev=dev, seconds=0.0).quality == (0.5, 0.0)
    assert Epoch(number=1, loss=0.0, dev=dev | {"hits@1": 0.25, "f1": 0.75}, seconds=0.0).quality == (0.5, 0.75)


def test_a_new_model_knows_the_words_that_stand_often_enough_and_is_drawn_from_the_seed(books: KnowledgeBase) -> None:
    questions = library_questions()
    seldom = replace(config(), model=replace(config().model, min_word_count=3))
    assert new_model(seldom, questions, books).vocabulary.words == [
        "by",
        "house",
        "inverse",
        "printed",
        "published",
        "which",
        "who",
        "written",
        "wrote",
    ]
    assert "amber" in untrained(books).vocabulary.words
    assert equal(weights(untrained(books)), weights(untrained(books)))
    assert not equal(weights(untrained(books)), weights(untrained(books, config(seed=1))))


def test_what_does_not_exist_speaks_for_no_answer_only_where_some_questions_have_none(
    books: KnowledgeBase, tmp_path: Path
) -> None:
    questions = library_questions()
    nothing = replace(questions[0], id="nothing", answers=())
    without, with_one = (
        Trainer(untrained(books, config(**SHORT)), asked, questions, tmp_path / str(len(asked)), source="library")
        for asked in (questions, [*questions, nothing])
    )
    assert with_one.model.reasoner.operators.lacking.item() > 0
    without.run()
    assert without.model.reasoner.operators.lacking.item() == 0.0
    assert load_model(without.out, books).reasoner.operators.lacking.item() == 0.0
