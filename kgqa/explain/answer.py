"""What kgqa answers: entities with probabilities, what the mentions were resolved to, paths with their facts, and Cypher."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from kgqa.explain.html import answer_html
from kgqa.graph.cypher import CypherQuery
from kgqa.html import text

Operation = Literal["set", "count", "largest", "smallest", "value"]
Reason = Literal["no mention", "not in the graph", "no path", "low confidence"]
Confirmation = Literal["confirmed", "not confirmed", "not checked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedEntity:
    """An entity and the probability (0 to 1) that it is an answer or is meant."""

    id: str
    name: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Characters `start` to `end` of the question that name an entity.

    Attributes:
        probability: how probable the mention is, relative to the question's best one: it takes part in the answer above one half.
        candidates: the most probable entities of that name. Their scores are, where there is an answer, what part of the first
            answer's score each brought, exactly; else how probable it is that each is meant.
        exact: false where the text is no alias of the first candidate, but nearly one.
        weight: how far this mention alone reaches the first answer. Of several mentions the smallest weight counts.
    """

    text: str
    start: int
    end: int
    probability: float
    candidates: tuple[RankedEntity, ...]
    exact: bool = True
    weight: float | None = None

    @property
    def entity(self) -> RankedEntity:
        """Return what the mention was resolved to."""
        return self.candidates[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact of the graph: entities by id and name, the relation by id and name."""

    subject: str
    subject_name: str
    relation: str
    relation_name: str
    object: str
    object_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """How a mention leads to the answer.

    Attributes:
        mention: the place of the mention among those of the answer.
        start: the entity it starts from.
        relations: names of the relations followed; an inverse relation has its inverse name.
        share: what part of the mention's score of the answer came along these relations.
        facts: a walk along them, as facts of the graph.
    """

    mention: int
    start: RankedEntity
    relations: tuple[str, ...]
    share: float
    facts: tuple[Fact, ...]

    @property
    def drawn(self) -> str:
        """Return the path as a line: "Tom Hanks ← starring — Cast Away — written by → William Broyles Jr."."""
        line, here = self.start.name, self.start.id
        for fact in self.facts:
            if fact.subject == here:
                line, here = f"{line} — {fact.relation_name} → {fact.object_name}", fact.object
            else:
                line, here = f"{line} ← {fact.relation_name} — {fact.subject_name}", fact.subject
        return line

    def _repr_html_(self) -> str:
        """Show the path in a notebook."""
        return f"<p>{text(self.drawn)}</p>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """An entity and its value of the attribute whose extreme was taken."""

    id: str
    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a question.

    Attributes:
        entities: the answer, most probable first: all entities at least half as probable as the first. Empty: no answer is known.
            There may be very many: their names are looked up when they are read.
        value: the number, where the question asks for one.
        operator: what was done with the set that the paths lead to: given, counted, its extreme or its value taken.
        attribute: the name of the attribute whose extreme or value was taken.
        having: the name of the relation that answers had to take part in, None if none was asked for.
        counted: what `value` counts, most probable first.
        others: the next entities that were less probable, at most ten.
        mentions: what the question names.
        compared: of an extreme, the winner and the runner-up, with their values; of a value, whose it is.
        paths: for each mention that takes part, the best path to the first entity; the Cypher follows them. None for the value of
            what is mentioned itself.
        more_paths: the next best paths of the same mentions, at most two each.
        explained: what part of the first entity's score `paths` and `more_paths` bring together; of several mentions, of the one
            of which they explain least.
        cypher: the query that returns the answer, None without an answer.
        proof: the same query for the first entity alone, where the answer is longer than the query's limit.
        rows: what Neo4j returned, None if it was not asked.
        confirmation: whether the live graph returns the first entity, or the number.
        confidence: how probable it is that the answer is right, calibrated on dev questions; 0 where nothing was found.
        reason: why there is no answer.
        note: the same in words, or why it was not confirmed.
    """

    question: str
    entities: Sequence[RankedEntity] = ()
    value: float | None = None
    operator: Operation = "set"
    attribute: str | None = None
    having: str | None = None
    counted: Sequence[RankedEntity] = ()
    others: Sequence[RankedEntity] = ()
    mentions: tuple[Mention, ...] = ()
    compared: tuple[Compared, ...] = ()
    paths: tuple[Path, ...] = ()
    more_paths: tuple[Path, ...] = ()
    explained: float = 0.0
    cypher: CypherQuery | None = None
    proof: CypherQuery | None = None
    rows: tuple[dict[str, Any], ...] | None = None
    confirmation: Confirmation = "not checked"
    confidence: float = 0.0
    reason: Reason | None = None
    note: str | None = None

    @property
    def abstains(self) -> bool:
        """Tell whether no answer is known."""
        return not self.entities and self.value is None

    def json(self) -> dict[str, Any]:
        """Return the answer as plain dictionaries, for JSON."""
        entities, others, counted = map(tuple, (self.entities, self.others, self.counted))
        return asdict(replace(self, entities=entities, others=others, counted=counted))

    def _repr_html_(self) -> str:
        """Show the answer in a notebook."""
        return answer_html(self)
