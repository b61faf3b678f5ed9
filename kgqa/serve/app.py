"""The HTTP service: ask, ask_many, feedback, health, model, metrics, and the page. Refusals are problems (RFC 9457)."""

import hmac
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Annotated, Any, Final

import anyio.to_thread
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from kgqa import __version__
from kgqa.errors import KgqaError
from kgqa.qa import QA
from kgqa.serve.bodies import SmallBodies
from kgqa.serve.feedback import record
from kgqa.serve.models import Answered, Card, Feedback, Health, ManyQuestions, OneQuestion, Recorded
from kgqa.serve.problems import documented, tell_problems
from kgqa.serve.together import MOST_WAITING, Together
from kgqa.serve.watching import watch


def make_app(qa: QA, *, examples: Sequence[str] = (), most_waiting: int = MOST_WAITING, token: str | None = None) -> FastAPI:
    """Return the service that answers with `qa`.

    Args:
        qa: what answers.
        examples: questions that the page offers.
        most_waiting: questions that may wait; whoever comes then is told to come again.
        token: what requests must carry; all are answered if there is none.
    """
    together = Together(qa, most_waiting)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        async with together:
            yield

    app = FastAPI(
        title="kgqa",
        version=__version__,
        description="Questions answered from a knowledge graph, proved with Cypher.",
        lifespan=living,
    )
    tell_problems(app)
    app.add_middleware(SmallBodies)
    watch(app, together)
    allowed, unauthorised = ([Depends(_checking(token))], (401,)) if token else ([], ())
    refusals = documented(400, *unauthorised, 413, 422, 503)

    @app.post(
        "/v1/ask",
        response_model=Answered,
        responses=refusals,
        dependencies=allowed,
        summary="Answer a question",
    )
    async def ask(body: OneQuestion) -> dict[str, Any]:
        """Answer a question, with its mentions, paths and Cypher."""
        (answer,) = await together.ask([body.question])
        return answer.json()

    @app.post(
        "/v1/ask_many",
        response_model=list[Answered],
        responses=refusals,
        dependencies=allowed,
        summary="Answer questions",
    )
    async def ask_many(body: ManyQuestions) -> list[dict[str, Any]]:
        """Answer questions, in their order; if one is no question, none is answered."""
        return [answer.json() for answer in await together.ask(body.questions)]

    @app.post(
        "/v1/feedback",
        response_model=Recorded,
        status_code=201,
        responses=refusals,
        dependencies=allowed,
        summary="Say whether an answer is right",
    )
    async def feedback(body: Feedback) -> Recorded:
        """Record what somebody says of the answer to a question; `kgqa feedback export` makes training questions of it."""
        (answer,) = await together.ask([body.question])
        return await anyio.to_thread.run_sync(record, body, answer, qa.model.kb, str(qa.path or "in memory"))

    @app.head("/v1/health", include_in_schema=False)
    @app.get("/v1/health", response_model=Health, responses={503: {"model": Health}}, summary="Is it ready?")
    async def health() -> JSONResponse:
        """Say whether answers can be given and proved; `degraded` and 503 where the graph does not answer."""
        graph, status = await anyio.to_thread.run_sync(_graph_says, qa)
        return JSONResponse(Health(status="ok" if status == 200 else "degraded", graph=graph).model_dump(), status_code=status)

    @app.get(
        "/v1/model",
        response_model=Card,
        responses=documented(*unauthorised),
        dependencies=allowed,
        summary="Which model answers?",
    )
    async def model() -> Card:
        """Say which model answers, and from which snapshot."""
        kb = qa.model.kb
        return Card(snapshot=kb.fingerprint, counts=kb.counts, config=qa.model.config.tables(), kgqa=__version__)

    page = (files("kgqa.serve") / "page.html").read_text(encoding="utf-8").replace("{examples}", _escaped(examples))

    @app.head("/", include_in_schema=False)
    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def show_page() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"})

    return app


_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:"

_bearer = HTTPBearer(auto_error=False)


def _checking(expected: str) -> Callable[..., None]:
    """Return what refuses requests that do not carry the token."""

    def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        sent = b"" if given is None else given.credentials.encode("latin-1")  # as headers are decoded
        if not hmac.compare_digest(expected.encode(), sent):
            raise HTTPException(
                401,
                f"expected this service's token, found {'another' if given is not None else 'none'}. "
                "Send Authorization: Bearer …, with what KGQA_TOKEN is where the service runs.",
                {"WWW-Authenticate": "Bearer"},
            )

    return check


def _graph_says(qa: QA) -> tuple[str, int]:
    """Return what is known of the graph, and the status of the service."""
    if qa.graph is None:
        return "not connected", 200
    try:
        qa.graph.ping(timeout=qa.timeout)
    except KgqaError as error:
        return str(error), 503
    return "answers", 200


def _escaped(examples: Sequence[str]) -> str:
    """Return the examples as JSON that may stand in a script."""
    return json.dumps(list(examples)).replace("<", "\\u003c")
