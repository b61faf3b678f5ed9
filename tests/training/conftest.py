"""The film world and the library, materialised once."""

import pytest

from kgqa.kb import KnowledgeBase
from tests.training.small import library
from tests.worlds import films


@pytest.fixture(scope="session")
def kb(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return library(tmp_path_factory.mktemp("library"))
