"""Refuse bodies that are larger than any request needs, before they are read whole."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kgqa.serve.problems import problem

MOST_BYTES: Final = 16 << 20
"""A thousand questions of 2,000 characters of four bytes each, twice over."""

_TOO_LARGE: Final = f"expected a body of at most {MOST_BYTES >> 20} MB, found a larger one. Send fewer questions at a time."


class SmallBodies:
    """Passes requests on whose bodies have at most `MOST_BYTES`, whether they say how long they are or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        said = dict(scope.get("headers", ())).get(b"content-length", b"")
        if said.isdigit() and int(said) > MOST_BYTES:
            await problem(413, _TOO_LARGE, {"Connection": "close"})(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MOST_BYTES:
                raise HTTPException(413, _TOO_LARGE, {"Connection": "close"})
            return message

        await self._app(scope, counted, send)
