"""A world with namesakes, a hub, numbers and a relation that stands between the same entities in both directions."""

from typing import Any

import pytest

from kgqa.kb import KnowledgeBase
from tests.worlds import snapshot_of, write_folder

ENTITIES: tuple[dict[str, Any], ...] = (
    *({"id": f"film{place}", "name": f"Film {place}", "attributes": {"released": 1990 + place}} for place in range(12)),
    *({"id": f"person{place}", "name": f"Person {place}", "aliases": [f"P. {place}"]} for place in range(6)),
    {"id": "hanks_actor", "name": "Tom Hanks"},
    {"id": "hanks_writer", "name": "Tom Hanks"},
    {"id": "event", "name": None},
)
FACTS = (
    *((f"film{place}", "directed by", f"person{place % 4}") for place in range(12)),
    *((f"film{place}", "written by", f"person{place % 3}") for place in range(10)),
    ("film0", "starring", "hanks_actor"),
    ("film1", "starring", "hanks_actor"),
    ("film2", "starring", "person4"),
    ("film11", "written by", "hanks_writer"),
    ("hanks_actor", "knows", "hanks_writer"),
    ("person4", "knows", "person5"),
    ("person5", "knows", "person4"),
    ("person0", "present at", "event"),
    ("person1", "present at", "event"),
)
RELATIONS = (
    {"id": "directed by", "name": "directed by", "inverse_name": "director of"},
    *({"id": name, "name": name} for name in ("written by", "starring", "knows", "present at")),
)


@pytest.fixture(scope="session")
def cinema(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    folder = tmp_path_factory.mktemp("cinema")
    data = write_folder(folder / "data", entities=ENTITIES, facts=FACTS, relations=RELATIONS)
    return snapshot_of(data, folder / "snapshot")
