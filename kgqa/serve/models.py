"""What travels over HTTP: bodies of requests, and answers as `kgqa.Answer` has them; a test holds these two together."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from kgqa.data.questions import MAX_QUESTION_LENGTH
from kgqa.explain.answer import Compared, Confirmation, Mention, Operation, Path, RankedEntity, Reason

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


class Query(BaseModel):
    """A Cypher query; it runs as it is with its parameters."""

    text: str
    parameters: dict[str, Any]


class Answered(BaseModel):
    """An answer: entities, a number, or the reason why there is none; with its evidence."""

    question: str
    entities: list[RankedEntity]
    value: float | None
    operator: Operation
    attribute: str | None
    having: str | None
    counted: list[RankedEntity]
    others: list[RankedEntity]
    mentions: list[Mention]
    compared: list[Compared]
    paths: list[Path]
    more_paths: list[Path]
    explained: float = Field(description="What part of the first entity's score the paths bring.")
    cypher: Query | None
    proof: Query | None
    rows: list[dict[str, Any]] | None = Field(description="What Neo4j returned; null if it was not asked.")
    confirmation: Confirmation
    confidence: float
    reason: Reason | None
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
