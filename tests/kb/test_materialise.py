from kgqa.kb import KnowledgeBase
from kgqa.kb.materialise import materialise_files
from tests.worlds import FILMS_ENTITIES, FILMS_FACTS, write_folder


def test_a_data_folder_becomes_a_snapshot_that_says_where_it_is_from(tmp_path):
    data = write_folder(tmp_path / "films", facts=[*FILMS_FACTS, FILMS_FACTS[0]])
    manifest = materialise_files(data, tmp_path / "snapshot")
    assert manifest.source == "files, films"
    assert (manifest.facts, manifest.repeats) == (5, 1)
    assert KnowledgeBase.load(tmp_path / "snapshot").fingerprint == manifest.fingerprint


def test_a_source_of_any_name_is_named(tmp_path):
    assert materialise_files(write_folder(tmp_path / "``\\u0060 שלום"), tmp_path / "out").source == "files, ``\\u0060 שלום"


def test_the_same_data_in_another_order_becomes_the_same_snapshot(tmp_path):
    folders = {
        "one": write_folder(tmp_path / "one"),
        "two": write_folder(tmp_path / "two", entities=FILMS_ENTITIES[::-1], facts=FILMS_FACTS[::-1]),
    }
    prints = {materialise_files(data, tmp_path / f"{name}-snapshot").fingerprint for name, data in folders.items()}
    assert len(prints) == 1
    content = [(tmp_path / f"{name}-snapshot" / "tensors.safetensors").read_bytes() for name in folders]
    assert content[0] == content[1]
