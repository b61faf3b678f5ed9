"""The film world, materialised once."""

import pytest

from kgqa.kb import KnowledgeBase
from tests.worlds import films


@pytest.fixture(scope="session")
def kb(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return films(tmp_path_factory.mktemp("films"))
