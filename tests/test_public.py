"""The public names."""

import ast
from pathlib import Path

import pytest

import kgqa

TYPED = ast.parse(Path(kgqa.__file__).read_text(encoding="utf-8"))


def test_every_public_name_can_be_had():
    for name in kgqa.__all__:
        assert getattr(kgqa, name) is not None
    assert dir(kgqa) == sorted(kgqa.__all__)


def test_the_public_names_are_those_that_type_checkers_see():
    seen = {"KgqaError", "__version__"}
    for node in ast.walk(TYPED):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            seen |= {name.asname or name.name for line in node.body for name in line.names}
    assert seen == set(kgqa.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'answer_everything'"):
        _ = kgqa.answer_everything
