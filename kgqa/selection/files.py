"""Read what was asked, and write what to answer by hand."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgqa.data.questions import check_text
from kgqa.errors import ConfigError, DataError, QuestionError
from kgqa.files import read_json_lines, read_lines, write_text
from kgqa.kb import KnowledgeBase
from kgqa.progress import Progress, silent
from kgqa.selection.select import select


@dataclass(frozen=True, kw_only=True)
class SelectionReport:
    """What was written: `questions` of the `asked`, and what `kgqa.selection.select.Selection` tells of them."""

    path: Path
    asked: int
    questions: int
    wordings: int
    compared: int
    covered: int


def select_file(kb: KnowledgeBase, asked: Path, out: Path, *, number: int, progress: Progress = silent) -> SelectionReport:
    """Write some questions of a file to a new one, those whose answers teach most first.

    Args:
        kb: the graph that the questions are about.
        asked: text with a question on each line if its name ends in `.txt`; else JSON lines that have a "question". Blank lines
            are passed over, answers are not looked at.
        out: JSON lines, as they were; answers are to be written into them.
        number: how many; all distinct ones if there are no more.
        progress: told in how many of the questions mentions were found.

    Raises:
        ConfigError: the number is not from 1 to `select.MOST`; or `out` exists, as somebody may have written answers into it.
        DataError: the file is missing, is empty, or holds a line that cannot be asked; names the line.
        StorageError: `out` could not be written.
    """
    if out.is_file() or out.is_dir():
        found = "a folder" if out.is_dir() else "one that may hold answers"
        raise ConfigError(f"{out}: expected a new file, found {found}. Choose another name, or remove it.")
    lines = list(_questions(asked))
    if not lines:
        raise DataError(asked, None, expected="at least one question", found="an empty file", then="Choose another file.")
    selection = select(kb, [line["question"] for line in lines], number, progress=progress)
    write_text(out, "".join(json.dumps(lines[place], ensure_ascii=False) + "\n" for place in selection.places))
    return SelectionReport(
        path=out,
        asked=len(lines),
        questions=len(selection.places),
        wordings=selection.wordings,
        compared=selection.compared,
        covered=selection.covered,
    )


def _questions(path: Path) -> Iterator[dict[str, Any]]:
    plain = path.suffix.lower() == ".txt"
    lines = (
        ((number, {"question": text}) for number, text in read_lines(path) if text.strip()) if plain else read_json_lines(path)
    )
    for number, line in lines:
        try:
            check_text(line.get("question"))
        except QuestionError as reason:
            found = f"{line.get('question')!r:.200}"
            raise DataError(path, number, expected="a question", found=found, then=str(reason)) from reason
        yield line
