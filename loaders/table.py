"""Any CSV or TSV file of triples, one fact a row.

    python -m loaders.table SRC OUT [--columns subject,relation,object] [--attributes height,born] [--entities FILE]

An entity's id and its name are the cell's text without the white space around it. The relations named by --attributes hold
numbers: their objects become attributes of the subjects instead of facts. --entities names a second table, with a header and
the columns id, name, aliases (separated by '|') and description, each but the first optional; every further column is a
numeric attribute. Quoted cells may hold delimiters and line ends; every line of a malformed row is set aside.
"""

import argparse
import csv
import re
import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Final, TextIO

from kgqa.data import EntityRecord, RelationRecord
from kgqa.data.records import MAX_ID_LENGTH
from kgqa.errors import ConfigError, DataError
from kgqa.files import unreadable
from loaders.common import MAX_BAD, Loader, finite, parser, run

TRIPLE: Final = ("subject", "relation", "object")
DELIMITERS: Final = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_NAMES: Final = {"tab": "\t", "\\t": "\t"}
_SAMPLE = 1 << 14


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the file of facts is laid out.

    `delimiter` None: by the file's extension, else by looking at its first lines. `columns`: subject, relation and object,
    each by name or by number from 1; None: those of these names if the first row holds them, else the first three. `header`
    None: the first row is one if columns are taken by name.
    """

    delimiter: str | None = None
    header: bool | None = None
    columns: Sequence[str] | None = None
    quotes: bool = True
    attributes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise ConfigError(f"expected a delimiter of one character, found {self.delimiter!r}. Give one, or 'tab'.")
        if self.columns is not None and (len(self.columns) != 3 or not all(self.columns)):
            found = ",".join(self.columns)
            raise ConfigError(f"expected three columns, as subject,relation,object, found {found!r}. Name or number each.")


def load(src: Path, out: Path, layout: Layout | None = None, *, entities: Path | None = None, max_bad: float = MAX_BAD) -> str:
    """Write the canonical folder; return one line that says what was read.

    Raises:
        ConfigError: a column or an attribute does not stand in the file, or the delimiter cannot be guessed.
        DataError: a file is missing, or too many lines are malformed.
    """
    with Loader(out, max_bad=max_bad) as loader:
        table = _Table(loader, layout or Layout())
        if entities is not None:
            table.read_entities(entities)
        table.read_facts(src)
        table.write()
    return loader.summary()


class _Table:
    """What was read so far: the entities, their attributes, and the relations that facts use."""

    def __init__(self, loader: Loader, layout: Layout) -> None:
        self.loader = loader
        self.layout = layout
        self.entities: dict[str, EntityRecord] = {}
        self.attributes: dict[str, dict[str, float]] = {}
        self.relations: dict[str, None] = {}

    def read_facts(self, path: Path) -> None:
        """Write the facts of the table, and gather what they say of entities."""
        with closing(_rows(self.loader, path, self.layout.delimiter, quotes=self.layout.quotes)) as rows:
            first = next(rows, None)
            if first is None:
                return
            header, width, places = _columns(path, first[2], self.layout)
            for begin, end, cells in rows if header else chain([first], rows):
                self._take(path, begin, end, self._row(cells, width, places))
        missing = sorted(self.layout.attributes - {name for numbers in self.attributes.values() for name in numbers})
        if missing:
            raise ConfigError(f"{path}: expected numbers of the relation {missing[0]!r}, found none. Mend --attributes.")

    def _take(self, path: Path, begin: int, end: int, reason: str | None) -> None:
        if reason is None:
            self.loader.good()
        else:
            _refuse(self.loader, path, begin, end, reason)

    def _row(self, cells: list[str], width: int, places: Sequence[int]) -> str | None:
        """Take in a row of facts; return why not, if it is malformed."""
        if len(cells) != width:
            return f"expected {width} columns, found {len(cells)}"
        subject, relation, object_ = (cells[place] for place in places)
        numeric = relation in self.layout.attributes
        ids = (subject, relation) if numeric else (subject, relation, object_)
        reason = next(filter(None, map(_problem_of_id, TRIPLE, ids)), None)
        if reason is None and numeric:
            reason = self._attribute(subject, relation, object_)
        if reason:
            return reason
        for entity in (subject,) if numeric else (subject, object_):
            if entity not in self.entities:
                self.entities[entity] = EntityRecord(id=entity, name=entity)
        if not numeric:
            self.relations[relation] = None
            self.loader.writer.fact(subject, relation, object_)
        return None

    def read_entities(self, path: Path) -> None:
        """Read the table of entities; its delimiter is always guessed, its columns are named by its header."""
        with closing(_rows(self.loader, path, None)) as rows:
            _, _, header = next(rows, (0, 0, []))
            if "id" not in header or len(set(header)) != len(header) or not all(header):
                raise DataError(
                    path, 1, expected="a header of different names, one of them id", found=f"{header!r:.200}", then="Mend it."
                )
            for begin, end, cells in rows:
                self._take(path, begin, end, self._entity(header, cells))

    def _entity(self, header: list[str], cells: list[str]) -> str | None:
        """Take in a row of the table of entities; return why not, if it is malformed."""
        if len(cells) != len(header):
            return f"expected {len(header)} columns, found {len(cells)}"
        if any("\0" in cell for cell in cells):
            return "expected text, found the character U+0000"
        row = dict(zip(header, cells, strict=True))
        identifier = row.pop("id")
        name, aliases, description = row.pop("name", identifier), row.pop("aliases", ""), row.pop("description", "")
        reason = _problem_of_id("id", identifier)
        if reason or identifier in self.entities:
            return reason or f"expected every id once, found {identifier!r:.100} again"
        numbers = {attribute: text for attribute, text in row.items() if text}
        wrong = [attribute for attribute, text in numbers.items() if finite(text) is None]
        if wrong:
            return f"expected {wrong[0]} to be a finite number, found {numbers[wrong[0]]!r:.100}"
        texts = (alias.strip() for alias in aliases.split("|"))
        self.entities[identifier] = EntityRecord(
            id=identifier,
            name=name or None,
            aliases=tuple(dict.fromkeys(filter(None, texts))),
            description=description or None,
        )
        for attribute, text in numbers.items():
            self._attribute(identifier, attribute, text)
        return None

    def _attribute(self, entity: str, attribute: str, text: str) -> str | None:
        """Keep an attribute; return why not, if it is no number or contradicts one that stands."""
        number = finite(text)
        if number is None:
            return f"expected {attribute} to be a finite number, found {text!r:.100}"
        kept = self.attributes.setdefault(entity, {}).setdefault(attribute, number)
        return None if kept == number else f"expected one {attribute} of {entity!r:.100}, found {number:g} after {kept:g}"

    def write(self) -> None:
        """Write the relations and the entities, in the order in which they were first read."""
        for relation in self.relations:
            self.loader.writer.relation(RelationRecord.of_id(relation))
        for identifier, entity in self.entities.items():
            self.loader.writer.entity(replace(entity, attributes=self.attributes.get(identifier, {})))


_Row = tuple[int, int, list[str]]


def _rows(loader: Loader, path: Path, delimiter: str | None, *, quotes: bool = True) -> Generator[_Row, None, None]:
    """Yield (first line, last line, cells) of each row; rows that are not CSV or not UTF-8 are set aside."""
    with _open(path, errors="surrogateescape") as file:  # a bad line cannot be skipped: it may stand inside a quoted cell
        reader = csv.reader(
            file,
            delimiter=delimiter or _guess(path),
            quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
            strict=True,  # else '"Crocodile" Dundee' would lose its quotes in silence
        )
        while True:
            begin = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                _refuse(loader, path, begin, reader.line_num, str(error))
                continue
            if cells is None:
                return
            cells = [cell.strip() for cell in cells]
            escaped = re.search("[\udc80-\udcff]", "".join(cells))
            if escaped:
                byte = ord(escaped[0]) - 0xDC00
                _refuse(loader, path, begin, reader.line_num, f"not UTF-8: byte 0x{byte:02x}")
            elif len(cells) > 1 or any(cells):
                yield begin, reader.line_num, cells


def _open(path: Path, *, errors: str) -> TextIO:
    try:
        return open(path, encoding="utf-8-sig", errors=errors, newline="")
    except OSError as error:
        raise unreadable(path, error) from error


def _guess(path: Path) -> str:
    known = DELIMITERS.get(path.suffix.lower())
    if known:
        return known
    with _open(path, errors="replace") as file:
        sample = file.read(_SAMPLE)
    try:
        return csv.Sniffer().sniff(sample, delimiters=",;\t|").delimiter
    except csv.Error as error:
        raise ConfigError(f"{path}: expected columns between ',', ';', tabs or '|', found none. Give --delimiter.") from error


def _columns(path: Path, first: list[str], layout: Layout) -> tuple[bool, int, list[int]]:
    """Return whether the first row is a header, the width of a row, and the places of subject, relation and object."""
    columns = layout.columns
    if columns is None:
        columns = TRIPLE if layout.header is not False and set(TRIPLE) <= set(first) else ("1", "2", "3")
    named = [column for column in columns if not column.isdecimal()]
    if named and layout.header is False:
        raise ConfigError(f"expected columns by number where there is no header, found {named[0]!r}. Number them from 1.")
    header = layout.header or bool(named)
    width = len(first) if header or layout.columns else len(TRIPLE)
    for column in columns:
        if first.count(column) != 1 if column in named else not 1 <= int(column) <= width:
            raise ConfigError(f"{path}: expected one column {column!r}, the first row is {first!r:.200}. Mend --columns.")
    places = [first.index(column) if column in named else int(column) - 1 for column in columns]
    return header, width, places


def _problem_of_id(role: str, identifier: str) -> str | None:
    if not identifier:
        return f"expected the {role} to be text, found an empty cell"
    if len(identifier) > MAX_ID_LENGTH:
        return f"expected the {role} to have at most {MAX_ID_LENGTH} characters, found {len(identifier)}"
    if any(character in identifier for character in "\t\n\r\0"):
        return f"expected the {role} without tabs and line ends, found {identifier!r:.100}"
    return None


def _refuse(loader: Loader, path: Path, begin: int, end: int, reason: str) -> None:
    """Set every line of a row aside: a stray quote may have swallowed many."""
    for line in range(begin, max(begin, end) + 1):
        loader.bad(path, line, reason if begin >= end else f"lines {begin} to {end}: {reason}")


def _work(arguments: argparse.Namespace) -> list[str]:
    layout = Layout(
        delimiter=_NAMES.get(arguments.delimiter, arguments.delimiter),
        header=arguments.header,
        columns=arguments.columns and tuple(column.strip() for column in arguments.columns.split(",")),
        quotes=arguments.quotes,
        attributes=frozenset(filter(None, (relation.strip() for relation in arguments.attributes.split(",")))),
    )
    return [load(arguments.src, arguments.out, layout, entities=arguments.entities, max_bad=arguments.max_bad)]


def _arguments() -> argparse.ArgumentParser:
    arguments = parser(__doc__)
    arguments.add_argument("--delimiter", help="one character, or 'tab' (default: by extension, else guessed)")
    arguments.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="the first row names the columns (default: if they are taken by name)",
    )
    arguments.add_argument(
        "--columns", metavar="S,R,O", help="subject, relation and object, by name or by number from 1 (default: the first three)"
    )
    arguments.add_argument(
        "--quotes", action=argparse.BooleanOptionalAction, default=True, help="cells may be quoted (default: yes)"
    )
    arguments.add_argument("--attributes", default="", metavar="RELATIONS", help="relations whose objects are numbers")
    arguments.add_argument("--entities", type=Path, metavar="FILE", help="a table with names, aliases, descriptions, numbers")
    return arguments


if __name__ == "__main__":
    sys.exit(run(_work, _arguments()))
