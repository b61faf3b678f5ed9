"""What travels over HTTP: bodies of requests, and answers as `kgqa.Answer` has them; a test holds the two together."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from kgqa.data.questions import MAX_QUESTION_LENGTH

MOST_QUESTIONS: Final = 1000
"""Questions in one request of `ask_many`."""

MOST_CORRECTED: Final = 1000
"""Entities in one correction."""

Text = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION_LENGTH, pattern=r"\S")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class OneQuestion(_Body):
    """The body of `POST /v1/ask`."""

    question: Text


class ManyQuestions(_Body):
    """The body of `POST /v1/ask_many`."""

    questions: list[Text] = Field(min_length=1, max_length=MOST_QUESTIONS)


class RightEntities(_Body):
    """The entities that are right, by id or by a name that only one has; none: the graph cannot tell."""

    answers: list[Text] = Field(max_length=MOST_CORRECTED)


class RightNumber(_Body):
    """The number that is right."""

    value: float = Field(allow_inf_nan=False)


class IsRight(_Body):
    """The body of `POST /v1/feedback` where the answer to a question is right."""

    question: Text
    verdict: Literal["right"]


class IsWrong(_Body):
    """The body of `POST /v1/feedback` where it is wrong; with what is right instead, if that is known."""

    question: Text
    verdict: Literal["wrong"]
    correction: RightEntities | RightNumber | None = None


Feedback = Annotated[IsRight | IsWrong, Field(discriminator="verdict")]
"""What somebody says of the answer to a question."""


class Recorded(BaseModel):
    """What was recorded: its number, and what is right as far as it was said."""

    id: int
    right: dict[str, Any] | None


class Entity(BaseModel):
    """An entity and how probable it is, 0 to 1."""

    id: str
    name: str
    score: float


class Mention(BaseModel):
    """Characters `start` to `end` of the question that name an entity; the first candidate is meant."""

    text: str
    start: int
    end: int
    probability: float
    candidates: list[Entity]
    exact: bool
    weight: float | None = Field(description="How far this mention alone reaches the first answer; the smallest counts.")


class Fact(BaseModel):
    """A fact of the graph."""

    subject: str
    subject_name: str
    relation: str
    relation_name: str
    object: str
    object_name: str


class Path(BaseModel):
    """How a mention leads to the first answer, and its share of the mention's score."""

    mention: int
    start: Entity
    relations: list[str]
    share: float
    facts: list[Fact]


class Compared(BaseModel):
    """An entity and its value of the attribute whose largest or smallest was asked for."""

    id: str
    name: str
    value: float


class Query(BaseModel):
    """A Cypher query; it runs as it is with its parameters."""

    text: str
    parameters: dict[str, Any]


class Answered(BaseModel):
    """An answer: entities, a number, or the reason why there is none; with its evidence."""

    question: str
    entities: list[Entity]
    value: float | None
    operator: Literal["set", "count", "largest", "smallest"]
    attribute: str | None
    having: str | None
    counted: list[Entity]
    others: list[Entity]
    mentions: list[Mention]
    compared: list[Compared]
    paths: list[Path]
    more_paths: list[Path]
    explained: float = Field(description="What part of the first entity's score the paths bring.")
    cypher: Query | None
    proof: Query | None
    rows: list[dict[str, Any]] | None = Field(description="What Neo4j returned; null if it was not asked.")
    confirmation: Literal["confirmed", "not confirmed", "not checked"]
    confidence: float
    reason: Literal["no mention", "not in the graph", "no path", "low confidence"] | None
    note: str | None


class Health(BaseModel):
    """Whether answers can be given (`ok`), or given but not proved (`degraded`), and what the graph says."""

    status: Literal["ok", "degraded"]
    graph: str


class Card(BaseModel):
    """Which model answers, and from which snapshot."""

    snapshot: str
    counts: dict[str, int]
    config: dict[str, Any]
    kgqa: str


class Problem(BaseModel):
    """Why a request was refused, as RFC 9457 has it (`application/problem+json`)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
