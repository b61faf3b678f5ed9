import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from kgqa.errors import CheckpointError, FingerprintMismatch, StorageError
from kgqa.kb import KnowledgeBase
from kgqa.model.confidence import Confidence
from kgqa.model.prediction import Model
from kgqa.training import checkpoint
from kgqa.training.checkpoint import FORMAT, load_model, read_card, read_state, save_model, write_state
from tests.model.small import film_questions, untrained
from tests.worlds import FILMS_FACTS, films, snapshot_of, write_folder

DEV = {"hits@1": 0.5}


def answers(model: Model) -> list[tuple[list[int], list[float]]]:
    layouts = [model.lay_out(question.text) for question in film_questions()]
    return [(prediction.rows.tolist(), prediction.scores.tolist()) for prediction in model.predict(layouts)]


@pytest.fixture
def saved(kb: KnowledgeBase, tmp_path: Path) -> tuple[Path, Model]:
    model = untrained(kb, seed=3)
    save_model(tmp_path / "model", model, epoch=4, dev=DEV)
    return tmp_path / "model", model


def test_a_loaded_model_answers_exactly_as_the_saved_one(saved: tuple[Path, Model], kb: KnowledgeBase) -> None:
    folder, model = saved
    torch.manual_seed(99)
    loaded = load_model(folder, kb)
    assert answers(loaded) == answers(model)
    assert loaded.config == model.config
    assert loaded.vocabulary.words == model.vocabulary.words
    assert answers(untrained(kb, seed=4)) != answers(model)


def test_a_card_says_what_was_trained_on_what_and_how_good_it_is(saved: tuple[Path, Model], kb: KnowledgeBase) -> None:
    card = read_card(saved[0])
    assert (card.fingerprint, card.counts, card.epoch, card.dev) == (kb.fingerprint, kb.counts, 4, DEV)


def test_a_model_folder_holds_safetensors_and_json_only(saved: tuple[Path, Model]) -> None:
    write_state(saved[0], "last", {"a": torch.ones(1)}, {"format": FORMAT})
    assert sorted(path.suffix for path in saved[0].iterdir()) == [".json", ".json", ".safetensors", ".safetensors"]
    for path in saved[0].glob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))


def test_facts_are_not_copied_into_a_model(saved: tuple[Path, Model]) -> None:
    tensors, _ = read_state(saved[0], "model")
    assert tensors
    assert not [name for name in tensors if name.startswith("facts")]


def test_a_model_finds_its_snapshot_after_both_were_moved_together(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    model = untrained(films(tmp_path / "here"))
    save_model(tmp_path / "here" / "models" / "films", model, epoch=1, dev=DEV)
    (tmp_path / "here").rename(tmp_path / "there")
    loaded = load_model(tmp_path / "there" / "models" / "films")
    assert answers(loaded) == answers(model)
    assert loaded.kb.path == (tmp_path / "there" / "films-snapshot").resolve()


def test_a_model_of_a_knowledge_base_in_memory_asks_for_it(tmp_path: Path) -> None:
    one = torch.tensor([0, 1])
    memory = KnowledgeBase.from_facts(one, one * 0, 1 - one, num_entities=2, num_relations=1)
    save_model(tmp_path, untrained(memory), epoch=1, dev=DEV)
    with pytest.raises(CheckpointError, match="in memory"):
        load_model(tmp_path)
    assert load_model(tmp_path, memory).kb is memory


def test_another_snapshot_is_refused_with_both_fingerprints_and_the_counts_that_differ(
    saved: tuple[Path, Model], kb: KnowledgeBase, tmp_path: Path
) -> None:
    more = write_folder(tmp_path / "more", facts=[*FILMS_FACTS, ("contact", "starring", "hanks_actor")])
    other = snapshot_of(more, tmp_path / "more-kb")
    with pytest.raises(FingerprintMismatch) as error:
        load_model(saved[0], other)
    message = str(error.value)
    assert kb.fingerprint[:12] in message
    assert other.fingerprint[:12] in message
    assert "(5 and 6 facts)" in message


def test_a_snapshot_that_differs_in_contents_alone_is_refused_too(saved: tuple[Path, Model], tmp_path: Path) -> None:
    turned = [*FILMS_FACTS[:-1], ("shaking_earth", "author", "hanks_actor")]
    other = snapshot_of(write_folder(tmp_path / "turned", facts=turned), tmp_path / "turned-kb")
    with pytest.raises(FingerprintMismatch, match="the counts are equal, the contents differ"):
        load_model(saved[0], other)


def test_a_folder_without_a_model_is_an_error_that_says_how_to_make_one(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CheckpointError, match=r"found no model\.json in it\. Make one with `kgqa train`"):
            load_model(folder)


def test_a_folder_without_a_training_to_go_on_with_says_what_to_do(saved: tuple[Path, Model]) -> None:
    with pytest.raises(CheckpointError, match=r"found no last\.json in it\. Remove the folder, .* train without --resume"):
        read_state(saved[0], checkpoint.LAST)


def test_a_state_that_is_replaced_while_it_is_read_is_read_anew(
    saved: tuple[Path, Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model = saved
    read, missed = checkpoint.read_tensors, []

    def gone(path: Path) -> dict[str, torch.Tensor]:
        if len(missed) < 2:
            missed.append(path)
            path.unlink()
            save_model(folder, model, epoch=5, dev=DEV)
            raise RuntimeError("unable to open file")
        return read(path)

    monkeypatch.setattr(checkpoint, "read_tensors", gone)
    tensors, value = read_state(folder, checkpoint.BEST)
    assert (len(missed), value["epoch"]) == (2, 5)
    assert tensors.keys() == model.reasoner.state_dict().keys()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": 3}', '{"format": 9, "tensors": "a"}', '{"format": 3, "tensors": "a"}']
)
def test_a_damaged_card_is_an_error(text: str, saved: tuple[Path, Model], kb: KnowledgeBase) -> None:
    (saved[0] / "model.json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError):
        load_model(saved[0], kb)


def test_settings_that_this_version_does_not_know_are_an_error(saved: tuple[Path, Model], kb: KnowledgeBase) -> None:
    value = json.loads((saved[0] / "model.json").read_text(encoding="utf-8"))
    value["config"]["model"]["wings"] = 2
    (saved[0] / "model.json").write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(CheckpointError, match="wings"):
        load_model(saved[0], kb)


def test_missing_and_cut_off_tensors_are_errors(saved: tuple[Path, Model], kb: KnowledgeBase) -> None:
    (tensors,) = saved[0].glob("*.safetensors")
    whole = tensors.read_bytes()
    for part in (whole[: len(whole) // 2], whole[:4], b""):
        tensors.write_bytes(part)
        with pytest.raises(CheckpointError, match="could not be read"):
            load_model(saved[0], kb)
    tensors.unlink()
    with pytest.raises(CheckpointError, match="could not be read"):
        load_model(saved[0], kb)


def test_weights_that_do_not_fit_the_settings_are_an_error(saved: tuple[Path, Model], kb: KnowledgeBase) -> None:
    value = json.loads((saved[0] / "model.json").read_text(encoding="utf-8"))
    value["config"]["model"]["hidden"] = 32
    (saved[0] / "model.json").write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(CheckpointError, match="weights that fit the settings"):
        load_model(saved[0], kb)


def test_what_a_killed_write_leaves_behind_does_not_hide_the_old_model(saved: tuple[Path, Model], kb: KnowledgeBase) -> None:
    folder, model = saved
    (folder / "model-deadbeef.safetensors").write_bytes(b"half of a fi")
    (folder / ".model.json.deadbeef.tmp").write_text('{"format": 3, "ten', encoding="utf-8")
    assert answers(load_model(folder, kb)) == answers(model)
    newer = untrained(kb, seed=8)
    save_model(folder, newer, epoch=5, dev=DEV)
    assert answers(load_model(folder, kb)) == answers(newer)
    assert not (folder / "model-deadbeef.safetensors").exists()


def test_a_write_that_is_killed_before_its_card_is_there_leaves_the_old_model(
    saved: tuple[Path, Model], kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model = saved

    def killed(path: Path, value: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            save_model(folder, untrained(kb, seed=8), epoch=5, dev=DEV)
    assert answers(load_model(folder, kb)) == answers(model)
    assert read_card(folder).epoch == 4


def test_saving_again_keeps_one_file_of_tensors_and_those_of_the_other_name(saved: tuple[Path, Model], kb: KnowledgeBase) -> None:
    folder, _ = saved
    write_state(folder, "last", {"a": torch.tensor([7.0])}, {"format": FORMAT})
    save_model(folder, untrained(kb), epoch=5, dev=DEV)
    assert len(list(folder.glob("model-*.safetensors"))) == 1
    tensors, _ = read_state(folder, "last")
    assert tensors["a"].tolist() == [7.0]


def test_a_loaded_model_does_not_change_when_its_folder_does(saved: tuple[Path, Model], kb: KnowledgeBase) -> None:
    folder, model = saved
    loaded = load_model(folder, kb)
    shutil.rmtree(folder)
    assert answers(loaded) == answers(model)


def test_a_place_that_cannot_be_written_is_an_error(kb: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageError, match="could not be written"):
        save_model(tmp_path / "file" / "model", untrained(kb), epoch=1, dev=DEV)


def test_weights_and_confidence_are_of_one_epoch_though_a_better_one_is_written_meanwhile(
    saved: tuple[Path, Model], kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model = saved
    fingerprint = checkpoint.check_fingerprint

    def meanwhile(*arguments: Any) -> None:
        save_model(folder, replace(untrained(kb, seed=8), confidence=Confidence(slope=3.0)), epoch=5, dev=DEV)
        fingerprint(*arguments)

    monkeypatch.setattr(checkpoint, "check_fingerprint", meanwhile)
    loaded = load_model(folder, kb)
    assert answers(loaded) == answers(model)
    assert loaded.confidence == model.confidence
