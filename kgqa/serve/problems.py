"""Refusals as `application/problem+json` (RFC 9457): what was expected, what was found, what to do next."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from kgqa.errors import KgqaError, QuestionError
from kgqa.serve.models import Problem

MEDIA_TYPE: Final = "application/problem+json"

_SHOWN: Final = 3
"""Errors of one body that are told."""


class BusyError(Exception):
    """More questions wait than the service may hold."""


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return a refusal."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail).model_dump()
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return these refusals as the OpenAPI document tells them."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def tell_problems(app: FastAPI) -> None:
    """Let an app refuse with problems."""

    @app.exception_handler(QuestionError)
    async def no_question(_: Request, error: QuestionError) -> JSONResponse:
        return problem(422, str(error))

    @app.exception_handler(KgqaError)
    async def out_of_order(_: Request, error: KgqaError) -> JSONResponse:
        return problem(503, str(error))

    @app.exception_handler(BusyError)
    async def busy(_: Request, error: BusyError) -> JSONResponse:
        return problem(503, str(error), {"Retry-After": "1"})

    @app.exception_handler(RequestValidationError)
    async def wrong_body(_: Request, error: RequestValidationError) -> JSONResponse:
        wrong = [f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()[:_SHOWN]]
        return problem(422, f"{'; '.join(wrong)}. The document at /docs says what is expected.")

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), dict(error.headers or {}))
