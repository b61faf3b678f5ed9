import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from kgqa.errors import SnapshotError, StorageError
from kgqa.graph.mapping import KGQA_LAYOUT
from kgqa.kb.materialise import materialise_files
from kgqa.kb.snapshot import MANIFEST, Manifest, facts_of, read_snapshot, table_of
from kgqa.text import normalise
from tests.data.test_writer import ODD
from tests.worlds import FILMS_ENTITIES, FILMS_FACTS, write_folder

FILES = ("tensors.safetensors", "aliases.marisa", MANIFEST)

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from kgqa.errors import StorageError
from kgqa.kb.materialise import materialise_files
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
data, folder = Path(sys.argv[1]), Path(sys.argv[2])
for limit in map(int, sys.argv[3:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        materialise_files(data, folder)
    except StorageError as error:
        print(error)
"""


def write(folder, **parts) -> Manifest:
    return materialise_files(write_folder(folder.with_name(f"{folder.name}-data"), **parts), folder)


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "snapshot")
    return tmp_path / "snapshot"


def test_a_snapshot_is_read_back_as_it_was_written(tmp_path):
    written = write(tmp_path / "snapshot")
    manifest, tensors, aliases = read_snapshot(tmp_path / "snapshot")
    assert manifest == written
    assert manifest.counts() == {"entities": 7, "relations": 4, "facts": 5, "aliases": 7, "attributes": 1}
    relations = ["author", "directed_by", "starring", "written_by"]
    assert [relation.id for relation in manifest.relations] == relations
    assert [attribute.id for attribute in manifest.attributes] == ["released"]
    assert (manifest.source, manifest.mapping, manifest.repeats) == ("files, snapshot-data", KGQA_LAYOUT, 0)
    ids = sorted(entity["id"] for entity in FILMS_ENTITIES)
    assert list(table_of(tensors, "ids")) == ids
    facts = facts_of(tensors, manifest)
    walked = zip(facts.subject.tolist(), facts.relation.tolist(), facts.object.tolist(), strict=True)
    expected = [(ids.index(s), relations.index(p), ids.index(o)) for s, p, o in FILMS_FACTS]
    assert list(walked) == sorted([*expected, *((o, p + 4, s) for s, p, o in expected)])
    released = {entity["id"]: entity["attributes"]["released"] for entity in FILMS_ENTITIES if "attributes" in entity}
    np.testing.assert_array_equal(tensors["values"][:, 0], [released.get(identifier, np.nan) for identifier in ids])
    assert aliases.candidates("tom hanks") == [ids.index("hanks_actor"), ids.index("hanks_scientist")]
    assert aliases.candidates("zemeckis") == aliases.candidates("robert zemeckis") == [ids.index("zemeckis")]


def test_odd_names_come_back_as_they_were_written(tmp_path):
    entities = [{"id": text, "name": text, "description": text, "aliases": [f"{text} x"]} for text in ODD]
    entities += [{"id": "long", "name": "n" * 10_000}, {"id": "unnamed"}]
    relations = [{"id": text, "name": text, "inverse_name": text} for text in ODD]
    write(tmp_path / "snapshot", entities=entities, relations=relations, facts=[(text, text, "long") for text in ODD])
    manifest, tensors, aliases = read_snapshot(tmp_path / "snapshot")
    by_id = {entity["id"]: entity for entity in entities}
    ids = sorted(by_id)
    assert list(table_of(tensors, "ids")) == ids
    assert list(table_of(tensors, "names")) == [by_id[identifier].get("name", "") for identifier in ids]
    assert list(table_of(tensors, "descriptions")) == [by_id[identifier].get("description", "") for identifier in ids]
    assert tensors["named"].tolist() == ["name" in by_id[identifier] for identifier in ids]
    assert [relation.inverse_name for relation in manifest.relations] == sorted(ODD)
    for identifier in ODD:
        assert ids.index(identifier) in aliases.candidates(normalise(identifier))
        assert ids.index(identifier) in aliases.candidates(normalise(f"{identifier} x"))


def test_the_manifest_is_written_last(folder):
    times = [(folder / name).stat().st_mtime_ns for name in FILES]
    assert times[-1] == max(times)
    sizes = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    assert sizes == {name: (folder / name).stat().st_size for name in FILES[:2]}


@pytest.mark.parametrize("name", FILES[:2])
@pytest.mark.parametrize("left", ["none", "empty", "half", "one byte less"])
def test_a_file_that_is_missing_or_cut_off_is_named(folder, name, left):
    whole = (folder / name).read_bytes()
    if left == "none":
        (folder / name).unlink()
    else:
        (folder / name).write_bytes({"empty": b"", "half": whole[: len(whole) // 2], "one byte less": whole[:-1]}[left])
    with pytest.raises(SnapshotError) as caught:
        read_snapshot(folder)
    assert str(folder / name) in str(caught.value)
    assert f"expected {len(whole):,} bytes" in str(caught.value)


@pytest.mark.parametrize("name", FILES[:2])
def test_a_file_of_the_right_size_that_holds_something_else_is_named(folder, name):
    size = (folder / name).stat().st_size
    (folder / name).write_bytes(b"\xff" * size)
    with pytest.raises(SnapshotError) as caught:
        read_snapshot(folder)
    assert str(folder / name) in str(caught.value)


def test_a_folder_without_a_manifest_is_no_snapshot(folder):
    (folder / MANIFEST).unlink()
    with pytest.raises(SnapshotError, match="found no manifest"):
        Manifest.read(folder)
    with pytest.raises(SnapshotError, match="found no manifest"):
        Manifest.read(folder / "none")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_manifest_that_was_cut_off_is_named(folder, share):
    whole = (folder / MANIFEST).read_bytes()
    (folder / MANIFEST).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(SnapshotError) as caught:
        Manifest.read(folder)
    assert str(folder / MANIFEST) in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: [value],
        lambda value: "text",
        lambda value: {**value, "files": None},
        lambda value: {**value, "counts": {}},
        lambda value: {**value, "relations": [{"id": "p"}]},
        lambda value: {**value, "relations": [{**value["relations"][0], "more": 1}]},
        lambda value: {**value, "attributes": 3},
        lambda value: {**value, "mapping": {"entities": {}}},
        lambda value: {key: part for key, part in value.items() if key != "fingerprint"},
    ],
)
def test_a_manifest_of_another_shape_is_named(folder, change):
    path = folder / MANIFEST
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(SnapshotError) as caught:
        Manifest.read(folder)
    assert str(path) in str(caught.value)


def test_a_snapshot_of_another_format_says_both(folder):
    path = folder / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "format": 99}), encoding="utf-8")
    with pytest.raises(SnapshotError, match="expected a snapshot of format 3, found 99"):
        Manifest.read(folder)


def test_a_count_of_facts_that_is_not_that_of_the_tensors_is_refused(folder):
    path = folder / MANIFEST
    value = json.loads(path.read_text(encoding="utf-8"))
    value["counts"]["facts"] = 6
    path.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(SnapshotError, match="expected 6 facts"):
        read_snapshot(folder)


def test_an_older_snapshot_is_replaced_also_while_it_is_in_use(tmp_path, folder):
    _, tensors, aliases = read_snapshot(folder)
    write(folder, entities=[{"id": "a", "name": "A"}], facts=[("a", "p", "a")])
    assert Manifest.read(folder).counts()["entities"] == 1
    assert list(table_of(tensors, "ids")) == sorted(entity["id"] for entity in FILMS_ENTITIES)
    assert aliases.candidates("tom hanks") == [3, 4]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["snapshot", "snapshot-data"]


def test_a_folder_of_something_else_is_refused(tmp_path):
    data = write_folder(tmp_path / "data")
    with pytest.raises(StorageError, match=MANIFEST):
        materialise_files(data, data)
    assert (tmp_path / "data" / "facts.tsv").is_file()


def test_a_disk_that_fills_up_at_any_file_leaves_the_older_snapshot_as_it_was(tmp_path):
    # Few facts and long, different aliases, so that the trie is the larger file and each of the two is once too large.
    entities = [{"id": "a", "name": "a"}, *({"id": f"b{n}", "aliases": [f"{n * n * 7919:x}" * 9]} for n in range(300))]
    data = write_folder(tmp_path / "data", entities=entities, facts=[("a", "p", "a")])
    snapshot = tmp_path / "snapshot"
    before = write(snapshot)
    whole = materialise_files(data, tmp_path / "whole")
    tensors, trie = ((tmp_path / "whole" / name).stat().st_size for name in FILES[:2])
    assert (whole.entities, trie > tensors) == (301, True)
    limits = [tensors - 1, trie - 1]
    arguments = [str(data), str(snapshot), *map(str, limits)]
    done = subprocess.run([sys.executable, "-c", FULL_DISK, *arguments], capture_output=True, text=True, check=True)
    assert [line.count("could not be written") for line in done.stdout.splitlines()] == [1] * len(limits)
    assert Manifest.read(snapshot) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "snapshot", "snapshot-data", "whole"]


def test_tensors_are_mapped_with_the_dtypes_that_the_operators_expect(folder):
    _, tensors, _ = read_snapshot(folder)
    assert (tensors["pointer"].dtype, tensors["relation"].dtype, tensors["object"].dtype) == (
        torch.int64,
        torch.int16,
        torch.int32,
    )
    assert tensors["values"].dtype == torch.float64
    assert tensors["named"].dtype == torch.bool
    assert tensors["ids.offsets"].dtype == torch.int64
