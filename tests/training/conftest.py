"""The film world and the library, materialised once; one thread, which is enough for so little and the same everywhere."""

from collections.abc import Iterator

import pytest
import torch

from kgqa.kb import KnowledgeBase
from tests.training.small import library
from tests.worlds import films


@pytest.fixture(scope="session")
def kb(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return library(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
