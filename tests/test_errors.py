import inspect
import re
from pathlib import Path

import pytest

from kgqa import errors
from kgqa.errors import DataError, KgqaError

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and kind.__module__ == errors.__name__}


def drawn_tree() -> dict[str, str]:
    """Return the parent of every class that the docstring draws, "" for the root."""
    parents: dict[str, str] = {}
    open_branches: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    ((?:│   |    )*(?:[├└]── )?)([A-Z]\w+)(?:  .*)?$", line)
        if match:
            depth = len(match[1]) // 4
            del open_branches[depth:]
            parents[match[2]] = open_branches[-1] if open_branches else ""
            open_branches.append(match[2])
    return parents


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    real = {name: "" if kind is KgqaError else kind.__bases__[0].__name__ for name, kind in CLASSES.items()}
    assert drawn_tree() == real


def test_every_class_stands_in_one_place_of_the_tree():
    assert all(len(kind.__bases__) == 1 for kind in CLASSES.values())


@pytest.mark.parametrize("kind", CLASSES.values())
def test_every_error_is_a_kgqa_error_with_an_exit_code_of_one_or_two(kind):
    assert issubclass(kind, KgqaError)
    assert kind.exit_code in (1, 2)
    assert kind.__doc__


@pytest.mark.parametrize("name", ["ConfigError", "DataError", "MappingError", "QuestionError"])
def test_input_that_is_wrong_ends_a_command_with_two(name):
    assert CLASSES[name].exit_code == 2


def test_everything_else_ends_a_command_with_one():
    wrong_input = {"ConfigError", "DataError", "MappingError", "QuestionError"}
    assert {kind.exit_code for name, kind in CLASSES.items() if name not in wrong_input} == {1}


def test_a_data_error_says_file_line_expected_found_and_what_to_do():
    error = DataError(Path("facts.tsv"), 3, expected="3 columns", found="2 columns", then="Add the missing column.")
    assert str(error) == "facts.tsv, line 3: expected 3 columns, found 2 columns. Add the missing column."
    assert (error.path, error.line) == ("facts.tsv", 3)


def test_a_data_error_of_a_whole_file_names_no_line():
    error = DataError("facts.tsv", None, expected="at least one fact", found="an empty file", then="Choose another.")
    assert str(error) == "facts.tsv: expected at least one fact, found an empty file. Choose another."
