"""The HTTP service: ask, ask_many, health, model. A question too long or empty is answered with 422 and a reason."""

from typing import Annotated, Any

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from kgqa import __version__
from kgqa.data.questions import MAX_QUESTION_LENGTH
from kgqa.errors import KgqaError, QuestionError
from kgqa.qa import QA

MOST_QUESTIONS = 1000
"""Questions in one request of `ask_many`."""

Text = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION_LENGTH)]


class OneQuestion(BaseModel):
    """The body of `POST /v1/ask`."""

    model_config = ConfigDict(extra="forbid")

    question: Text


class ManyQuestions(BaseModel):
    """The body of `POST /v1/ask_many`."""

    model_config = ConfigDict(extra="forbid")

    questions: list[Text] = Field(min_length=1, max_length=MOST_QUESTIONS)


def make_app(qa: QA) -> FastAPI:
    """Return the service that answers with `qa`."""
    app = FastAPI(title="kgqa", version=__version__, description="Questions answered from a knowledge graph, with Cypher.")
    one_at_a_time = anyio.CapacityLimiter(1)  # the model uses all cores for one batch

    @app.exception_handler(KgqaError)
    async def refuse(_: Request, error: KgqaError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=422 if isinstance(error, QuestionError) else 503)

    @app.post("/v1/ask")
    async def ask(body: OneQuestion) -> dict[str, Any]:
        """Answer a question."""
        answer = await anyio.to_thread.run_sync(qa.ask, body.question, limiter=one_at_a_time)
        return answer.json()

    @app.post("/v1/ask_many")
    async def ask_many(body: ManyQuestions) -> list[dict[str, Any]]:
        """Answer questions, in their order."""
        answers = await anyio.to_thread.run_sync(qa.ask_many, body.questions, limiter=one_at_a_time)
        return [answer.json() for answer in answers]

    @app.get("/v1/health")
    def health() -> JSONResponse:
        """Say whether answers can be given, and whether the graph answers."""
        graph = "not connected"
        if qa.graph is not None:
            try:
                qa.graph.read("RETURN 1 AS one", timeout=qa.timeout)
                graph = "answers"
            except KgqaError as error:
                return JSONResponse({"status": "degraded", "graph": str(error)}, status_code=503)
        return JSONResponse({"status": "ok", "graph": graph})

    @app.get("/v1/model")
    def model() -> dict[str, Any]:
        """Say which model answers, and from which snapshot."""
        kb = qa.model.kb
        return {"snapshot": kb.fingerprint, "counts": kb.counts, "config": qa.model.config.tables(), "kgqa": __version__}

    return app
