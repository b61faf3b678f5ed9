import dataclasses

import pytest

from kgqa.config import Config, ModelConfig, TrainingConfig, build
from kgqa.errors import ConfigError


def refusal(tables) -> str:
    with pytest.raises(ConfigError) as caught:
        Config.from_tables(tables)
    return str(caught.value)


def test_nothing_given_means_the_defaults():
    assert Config.from_tables({}) == Config() == Config(model=ModelConfig(), training=TrainingConfig())


def test_tables_are_read_back_to_the_same_settings():
    config = Config(
        model=ModelConfig(hops=2, hidden=64, dropout=0.0),
        training=TrainingConfig(topics="given", questions=100, dev_questions=None, learning_rate=1e-2, seed=7),
    )
    assert Config.from_tables(config.tables()) == config
    assert config.tables()["training"]["topics"] == "given"


def test_a_toml_file_sets_what_it_names_and_leaves_the_rest(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('[model]\nhops = 2\n[training]\ntopics = "given"\nlearning_rate = 1\n', encoding="utf-8")
    config = Config.read(path)
    assert config == Config(model=ModelConfig(hops=2), training=TrainingConfig(topics="given", learning_rate=1.0))
    assert isinstance(config.training.learning_rate, float)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"hops = ", "expected TOML"),
        (b"hops = " + b"9" * 5000, "expected TOML"),
        (b"hops = " + b"[" * 5000 + b"]" * 5000, "expected TOML"),
        (b"\xff", "expected TOML"),
        (b"[models]\n", "models: unknown key. Allowed are: model, training."),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path, content, text):
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=text):
        Config.read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError) as caught:
        Config.read(tmp_path / "none.toml")
    assert str(tmp_path / "none.toml") in str(caught.value)


def test_an_unknown_key_is_named_with_its_table_and_all_that_are_allowed():
    text = refusal({"model": {"hop": 2}})
    assert text.startswith("model.hop: unknown key.")
    assert all(field.name in text for field in dataclasses.fields(ModelConfig))


@pytest.mark.parametrize(
    ("tables", "text"),
    [
        ({"model": {"hops": "3"}}, "model.hops: expected a whole number, found '3'."),
        ({"model": {"hops": 3.0}}, "model.hops: expected a whole number, found 3.0."),
        ({"model": {"hops": True}}, "model.hops: expected a whole number, found True."),
        ({"model": {"hops": None}}, "model.hops: expected a value, found None."),
        ({"model": {"dropout": "much"}}, "model.dropout: expected a finite number, found 'much'."),
        ({"model": {"dropout": False}}, "model.dropout: expected a finite number, found False."),
        ({"model": {"hop_bias": float("nan")}}, "model.hop_bias: expected a finite number, found nan."),
        ({"training": {"learning_rate": float("inf")}}, "training.learning_rate: expected a finite number, found inf."),
        ({"training": {"clip": 10**400}}, "training.clip: expected a finite number, found 1000"),
        ({"training": {"topics": 1}}, "training.topics: expected text, found 1."),
        ({"training": {"questions": 1.5}}, "training.questions: expected a whole number, found 1.5."),
        ({"training": {"seed": [1]}}, "training.seed: expected a whole number, found [1]."),
        ({"training": 3}, "[training]: expected a table, found 3."),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_its_key_and_what_is_allowed(tables, text):
    assert refusal(tables).startswith(text)


@pytest.mark.parametrize(
    ("table", "key", "value", "allowed"),
    [
        ("model", "hops", 0, "a number from 1 to 8"),
        ("model", "hops", 9, "a number from 1 to 8"),
        ("model", "hidden", 127, "an even number from 2 upwards"),
        ("model", "hidden", 0, "an even number from 2 upwards"),
        ("model", "dropout", 1.0, "a number from 0 to below 1"),
        ("model", "word_dropout", -0.1, "a number from 0 to below 1"),
        ("model", "min_word_count", 0, "a number from 1 upwards"),
        ("model", "tuned_layers", 2, "model.encoder to be 'pretrained'"),
        ("model", "pretrained", "my/model", "model.encoder to be 'pretrained'"),
        ("training", "topics", "guessed", "'resolved' or 'given'"),
        ("training", "epochs", 0, "a number from 1 upwards"),
        ("training", "patience", 0, "a number from 1 upwards"),
        ("training", "batch", -1, "a number from 1 upwards"),
        ("training", "checkpoint_steps", 0, "a number from 1 upwards"),
        ("training", "questions", 0, "a number from 1 upwards"),
        ("training", "dev_questions", 0, "a number from 1 upwards"),
        ("training", "learning_rate", 0.0, "a number above 0"),
        ("training", "clip", -1.0, "a number above 0"),
        ("training", "warm_up", 1.0, "a number from 0 to below 1"),
        ("training", "epsilon", -0.1, "a number from 0 to below 1"),
        ("training", "weight_decay", -0.1, "a number from 0 upwards"),
        ("training", "leave_out", 1.1, "a number from 0 to 1"),
        ("training", "seed", -1, "a number from 0 to below 2^31"),
        ("training", "seed", 20241130123456, "a number from 0 to below 2^31"),
    ],
)
def test_a_value_out_of_range_is_named_with_its_key_and_what_is_allowed(table, key, value, allowed):
    assert refusal({table: {key: value}}) == f"{table}.{key}: expected {allowed}, found {value!r}. Change it and run again."


@pytest.mark.parametrize(("table", "key", "value"), [("model", "hops", 8), ("model", "hidden", 2), ("training", "epsilon", 0.0)])
def test_the_ends_of_the_allowed_range_are_allowed(table, key, value):
    assert Config.from_tables({table: {key: value}}).tables()[table][key] == value


def test_settings_built_in_python_are_checked_too():
    with pytest.raises(ConfigError, match=r"model\.hops"):
        ModelConfig(hops=0)


@pytest.mark.parametrize("settings", [ModelConfig(), TrainingConfig(), Config()])
def test_settings_cannot_be_changed(settings):
    name = dataclasses.fields(settings)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(settings, name, 1)


@pytest.mark.parametrize("kind", [ModelConfig, TrainingConfig, Config])
def test_settings_are_named_when_they_are_given(kind):
    with pytest.raises(TypeError, match="positional"):
        kind(3)


def test_a_table_is_built_on_its_own():
    assert build(TrainingConfig, {"questions": None, "batch": 4}, "training") == TrainingConfig(questions=None, batch=4)
