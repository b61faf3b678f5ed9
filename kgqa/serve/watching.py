"""What an operator sees of the service: metrics for Prometheus, and a log line for each request, without what was asked."""

import logging
import re
import time
import uuid
from typing import Final

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.middleware.base import RequestResponseEndpoint

from kgqa.serve.together import Together

ID: Final = "X-Request-ID"
"""The header with the id of a request: the caller's, where it is a plain word, else one made here."""

log = logging.getLogger("kgqa.serve")

_PLAIN = re.compile(r"[\w.-]{1,64}", re.ASCII)
_SECONDS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def watch(app: FastAPI, together: Together) -> None:
    """Count and log the requests of an app, and tell of them at `/metrics`."""
    registry = CollectorRegistry()
    requests = Counter("kgqa_requests", "Requests that were answered.", ("path", "status"), registry=registry)
    seconds = Histogram("kgqa_request_seconds", "Seconds of a request.", ("path",), buckets=_SECONDS, registry=registry)
    waiting = Gauge("kgqa_waiting_questions", "Questions that wait or are answered.", registry=registry)
    waiting.set_function(lambda: together.waiting)

    @app.middleware("http")
    async def observe(request: Request, go_on: RequestResponseEndpoint) -> Response:
        clock = time.perf_counter()
        given = request.headers.get(ID, "")
        number = given if _PLAIN.fullmatch(given) else uuid.uuid4().hex
        status = 500  # what the server answers where an error passes through
        try:
            response = await go_on(request)
            status = response.status_code
            response.headers[ID] = number
            return response
        finally:
            spent = time.perf_counter() - clock
            route = request.scope.get("route")
            path = getattr(route, "path", "none")  # as the app knows it: whoever asks for other places adds no series
            requests.labels(path, str(status)).inc()
            seconds.labels(path).observe(spent)
            log.info("request=%s method=%s path=%s status=%d ms=%.1f", number, request.method, path, status, 1000 * spent)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
