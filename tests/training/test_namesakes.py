"""Three persons of one name are told apart by what is asked, from 24 pairs of questions and answers that name none of them."""

from collections import defaultdict
from typing import Any

import pytest

from kgqa.config import Config
from kgqa.qa import QA
from kgqa.sdk import train
from tests.worlds import snapshot_of, write_folder, write_lines

NAMES = ("Tom Hanks", "Mary Stone", "John Field", "Anna Wolf", "Peter Marsh", "Clara Hill")
CITIES = ("Concord", "Durham", "Vienna", "Oslo", "Cairo", "Lima", "Kyoto", "Turin", "Paris")
FIELDS = {"actor": "acting", "theologian": "theology", "seismologist": "seismology"}
PAIRS = 24


class World:
    """Of every name there are an actor, a theologian and a seismologist, each born in another city."""

    def __init__(self) -> None:
        self.entities: list[dict[str, Any]] = [{"id": name, "name": name} for name in (*CITIES, *FIELDS.values())]
        self.facts: list[tuple[str, str, str]] = []
        self.right: dict[str, dict[str, list[str]]] = defaultdict(dict)  # wording, name: answers
        for number, name in enumerate(NAMES):
            self._persons(number, name)

    def _persons(self, number: int, name: str) -> None:
        for place, (job, field) in enumerate(FIELDS.items()):
            person, city = f"{name} {job}", CITIES[(number + 3 * place) % len(CITIES)]
            self.entities.append({"id": person, "name": name})
            self.facts += [(person, "works_in_field", field), (person, "born_in", city)]
            self.right[f"Where was the {job} {{}} born?"][name] = [city]
        films, writers = ([self._new(f"{what} {number}{place}") for place in "abc"] for what in ("Film", "Writer"))
        self.facts += [(film, "starring", f"{name} actor") for film in films]
        self.facts += [(film, "written_by", writer) for film, writer in zip(films, writers, strict=True)]
        self.right["What films did {} star in?"][name] = films
        self.right["Who wrote films starring {}?"][name] = writers
        book, scale = self._new(f"Book {number}"), self._new(f"Scale {number}")
        self.facts += [(book, "author", f"{name} theologian"), (scale, "developed_by", f"{name} seismologist")]
        self.right["Which book did {} write?"][name] = [book]
        self.right["What did {} develop?"][name] = [scale]

    def _new(self, name: str) -> str:
        self.entities.append({"id": name, "name": name})
        return name

    def pairs(self) -> list[dict[str, Any]]:
        """The kinds in turn, each with another name, never with the first."""
        kinds = [(wording, NAMES[1 + turn]) for turn in range(len(NAMES) - 1) for wording in self.right]
        return [
            {"id": str(number), "question": wording.format(name), "answers": self.right[wording][name]}
            for number, (wording, name) in enumerate(kinds[:PAIRS])
        ]


@pytest.mark.parametrize("entities", ["relations", "pairs"])
def test_namesakes_are_told_apart_from_24_pairs(tmp_path, entities):
    world = World()
    kb = snapshot_of(write_folder(tmp_path / "world", entities=world.entities, facts=world.facts), tmp_path / "snapshot")
    questions = write_lines(tmp_path / "pairs.jsonl", world.pairs())
    settings = Config.from_tables(
        {
            "model": {"min_word_count": 1, "hops": 2, "entities": entities},
            "training": {"epochs": 20, "batch": 4},
        }
    )
    train(kb, questions, dev=questions, out=tmp_path / "model", config=settings)

    qa = QA.load(tmp_path / "model", kb=kb)
    for wording, right in world.right.items():
        answer = qa.ask(wording.format("Tom Hanks"))
        assert {entity.id for entity in answer.entities} == set(right["Tom Hanks"]), answer.question
        assert len(answer.mentions[0].candidates) == len(FIELDS)
    assert qa.ask("Where was the theologian Tom Hanks born?").entities[0].name == "Oslo"
