"""An N-Triples file, `.nt` or `.nt.gz`, streamed: facts are written as they come, entities at the end.

    python -m loaders.ntriples SRC OUT [--language en] [--names-from-ids]

Ids are IRIs and blank nodes (`_:b0`). Triples between them are facts; those with a literal describe entities:

- rdfs:label gives the name: the first in the file in the wanted language, else in a regional variant of it, else without a
  language, else in the language that comes first in the alphabet. Further labels in these languages (of the last kind: in
  the same one) and skos:altLabel, chosen likewise, are aliases; the first of rdfs:comment and schema:description, chosen
  likewise, is the description.
- numbers and years become attributes named by the predicate's local name, or by its IRI where two predicates share that
  name. The first value of an entity is kept.
- everything else is left out, and the summary counts it.

An entity without a label has no name and is never an answer, unless --names-from-ids takes the local names of IRIs. A
predicate of facts is a relation named by its label, else by its local name in words; it is an entity too only if it stands in
facts as subject or object.
"""

import argparse
import gzip
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import unquote

from kgqa.data import EntityRecord, RelationRecord
from kgqa.data.records import MAX_ID_LENGTH
from kgqa.errors import ConfigError, DataError
from kgqa.text import readable
from loaders.common import MAX_BAD, Loader, finite, parser, run
from loaders.paths import words

if TYPE_CHECKING:
    from pyoxigraph import Literal, Quad

_TEXTS: Final = {
    "http://www.w3.org/2000/01/rdf-schema#label": "label",
    "http://www.w3.org/2004/02/skos/core#altLabel": "alias",
    "http://www.w3.org/2000/01/rdf-schema#comment": "description",
    "http://schema.org/description": "description",
    "https://schema.org/description": "description",
}
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_YEAR: Final = _XSD + "gYear"
_NUMBERS: Final = frozenset(
    _XSD + name
    for name in (
        *("integer", "decimal", "double", "float", "long", "int", "short", "byte", "gYear"),
        *("nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger"),
        *("unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"),
    )
)
_ZONE: Final = re.compile(r"(Z|[+-]\d\d:\d\d)$", re.ASCII)
_FOREIGN: Final = 3
_LISTED = 10


def load(src: Path, out: Path, *, language: str = "en", names_from_ids: bool = False, max_bad: float = MAX_BAD) -> list[str]:
    """Write the canonical folder; return a line that says what was read, and one that says what was left out.

    Raises:
        ConfigError: pyoxigraph is not installed.
        DataError: the file is missing or cut off, or too many lines are malformed.
    """
    oxigraph = _pyoxigraph()
    with Loader(out, max_bad=max_bad) as loader:
        graph = _Graph(loader, oxigraph, language.lower())
        for number, line in _lines(src):
            try:
                quads = list(oxigraph.parse(line, format=oxigraph.RdfFormat.N_TRIPLES))
            except SyntaxError as error:
                loader.bad(src, number, f"column {error.offset}: {error.msg.partition(': ')[2]}")
                continue
            for quad in quads:  # one, or none where the line is a comment
                reason = graph.add(quad)
                if reason is None:
                    loader.good()
                else:
                    loader.bad(src, number, reason)
        graph.write(names_from_ids=names_from_ids)
    return [loader.summary(), *graph.left_out()]


def relation_words(iri: str) -> str:
    """Return the local name of an IRI in words.

    >>> relation_words("http://example.org/birthPlace"), relation_words("http://example.org#has_DNASequence")
    ('birth place', 'has DNA sequence')
    """
    return readable(_local_name(iri))


def _local_name(iri: str) -> str:
    return " ".join(unquote(re.split("[#/:]", iri.rstrip("#/"))[-1]).split()) or iri


class _Texts:
    """The texts that one kind of predicate gives an entity, in the best language met so far."""

    __slots__ = ("_group", "_ranked")

    def __init__(self) -> None:
        self._group = ""
        self._ranked: list[tuple[int, str]] = []

    def add(self, text: str, language: str | None, wanted: str) -> int:
        """Keep a text unless there are better ones; return how many texts this one left out, itself or worse ones."""
        rank = _rank(language, wanted)
        group = language if rank == _FOREIGN and language else ""  # "" stands before every language
        if self._ranked and group > self._group:
            return 1
        worse = len(self._ranked) if group < self._group else 0
        if worse:
            self._ranked.clear()
        self._group = group
        self._ranked.append((rank, text))
        return worse

    def best_first(self) -> list[str]:
        """Return the texts, none twice."""
        return list(dict.fromkeys(text for _, text in sorted(self._ranked, key=lambda ranked: ranked[0])))


def _rank(language: str | None, wanted: str) -> int:
    if language is None:
        return 2
    if language == wanted:
        return 0
    return 1 if language.startswith(f"{wanted}-") else _FOREIGN


@dataclass(slots=True)
class _Entity:
    in_facts: bool = False
    texts: dict[str, _Texts] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)

    def best_first(self, kind: str) -> list[str]:
        """Return the labels, the aliases or the descriptions."""
        return self.texts[kind].best_first() if kind in self.texts else []


class _Graph:
    """What was read so far, apart from the facts, which are written at once."""

    def __init__(self, loader: Loader, oxigraph: ModuleType, language: str) -> None:
        self.loader = loader
        self.oxigraph = oxigraph
        self.language = language
        self._entities: dict[str, _Entity] = {}
        self._relations: set[str] = set()
        self._attributes: dict[str, str] = {}
        self._left_out: Counter[str] = Counter()

    def add(self, quad: "Quad") -> str | None:
        """Take in a triple; return why not, if it is malformed."""
        subject, predicate, object_ = quad.subject, quad.predicate.value, quad.object
        if isinstance(object_, self.oxigraph.Triple):
            return "expected an IRI, a blank node or a literal as object, found a quoted triple"
        literal = isinstance(object_, self.oxigraph.Literal)
        ids = [self._id(subject), predicate] if literal else [self._id(subject), predicate, self._id(object_)]
        longest = max(map(len, ids))
        if longest > MAX_ID_LENGTH:
            return f"expected IRIs of at most {MAX_ID_LENGTH} characters, found {longest}"
        if literal:
            return self._describe(ids[0], predicate, cast("Literal", object_))
        self._entity(ids[0]).in_facts = self._entity(ids[2]).in_facts = True
        self._relations.add(predicate)
        self.loader.writer.fact(*ids)
        return None

    def _id(self, node: object) -> str:
        return str(node.value) if isinstance(node, self.oxigraph.NamedNode) else str(node)

    def _entity(self, identifier: str) -> _Entity:
        entity = self._entities.get(identifier)
        if entity is None:
            entity = self._entities[identifier] = _Entity()
        return entity

    def _describe(self, identifier: str, predicate: str, literal: "Literal") -> str | None:
        text, datatype = literal.value.strip(), literal.datatype.value
        kind = _TEXTS.get(predicate)
        if kind and text:
            texts = self._entity(identifier).texts.setdefault(kind, _Texts())
            self._left_out["texts in other languages"] += texts.add(text, literal.language, self.language)
        elif kind:
            self._left_out["empty texts"] += 1
        elif datatype in _NUMBERS:
            number = finite(_ZONE.sub("", text) if datatype == _YEAR else text)
            if number is None:
                return f"expected a finite number, found {text!r:.100}"
            attribute = self._attributes.setdefault(predicate, predicate)  # one string for all entities
            if self._entity(identifier).numbers.setdefault(attribute, number) != number:
                self._left_out["further numbers of one attribute"] += 1
        else:
            self._left_out[f"values of {predicate}"] += 1
        return None

    def write(self, *, names_from_ids: bool) -> None:
        """Write the relations, sorted, and the entities, in the order in which they were first read."""
        shared = Counter(map(_local_name, self._attributes))
        attributes = {iri: _local_name(iri) if shared[_local_name(iri)] == 1 else iri for iri in self._attributes}
        for iri in sorted(self._relations):
            self.loader.writer.relation(self._relation(iri))
        for identifier, entity in self._entities.items():
            if not entity.in_facts and identifier in self._relations:
                continue
            labels = entity.best_first("label")
            if not labels and names_from_ids and not identifier.startswith("_:"):
                labels = [words(_local_name(identifier))]
            names = dict.fromkeys((*labels, *entity.best_first("alias")))
            self.loader.writer.entity(
                EntityRecord(
                    id=identifier,
                    name=labels[0] if labels else None,
                    aliases=tuple(name for name in names if name not in labels[:1]),
                    description=self._description(entity),
                    attributes={attributes[iri]: number for iri, number in entity.numbers.items()},
                )
            )

    def _relation(self, iri: str) -> RelationRecord:
        entity = self._entities.get(iri, _Entity())
        labels = entity.best_first("label")
        name = labels[0] if labels else relation_words(iri)
        if entity.in_facts:  # it is written as an entity too, with everything that describes it
            return RelationRecord(id=iri, name=name)
        further = len(labels[1:]) + len(entity.best_first("alias")) + len(entity.numbers)
        self._left_out["further names and numbers of relations"] += further
        return RelationRecord(id=iri, name=name, description=self._description(entity))

    def _description(self, entity: _Entity) -> str | None:
        texts = entity.best_first("description")
        self._left_out["further descriptions"] += len(texts[1:])
        return texts[0] if texts else None

    def left_out(self) -> list[str]:
        """Return a line that counts what was left out, none if nothing was."""
        counts = +self._left_out
        if not counts:
            return []
        parts = [f"{count:,} {what}" for what, count in counts.most_common(_LISTED)]
        rest = counts.total() - sum(count for _, count in counts.most_common(_LISTED))
        return [f"left out: {'; '.join(parts)}" + (f"; and {rest:,} others" if rest else "")]


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            for number, line in enumerate(file, start=1):
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except (OSError, EOFError, zlib.error) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise DataError(
            path, None, expected="a file that can be read to its end", found=found, then="Check the path, or fetch it anew."
        ) from error


def _pyoxigraph() -> ModuleType:
    try:
        import pyoxigraph
    except ImportError as error:
        raise ConfigError("N-Triples are read by pyoxigraph, found none. Install it: pip install 'kgqa[ntriples]'.") from error
    return pyoxigraph


def _work(arguments: argparse.Namespace) -> list[str]:
    return load(
        arguments.src,
        arguments.out,
        language=arguments.language,
        names_from_ids=arguments.names_from_ids,
        max_bad=arguments.max_bad,
    )


def _arguments() -> argparse.ArgumentParser:
    arguments = parser(__doc__)
    arguments.add_argument("--language", default="en", help="the language of names and descriptions (default: %(default)s)")
    arguments.add_argument("--names-from-ids", action="store_true", help="name entities without a label by their local names")
    return arguments


if __name__ == "__main__":
    sys.exit(run(_work, _arguments()))
