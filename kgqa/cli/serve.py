"""`kgqa serve`: answer over HTTP."""

import gc
import logging
import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from kgqa.cli.ask import SnapshotOption
from kgqa.cli.common import Bars, GraphName, connect, output


def serve(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8000,
    snapshot: SnapshotOption = None,
    graph: GraphName = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not run the Cypher.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Log a line for each request, without what was asked.")] = False,
    example: Annotated[
        list[str] | None, typer.Option("--example", help="A question that the page offers; may be repeated.")
    ] = None,
) -> None:
    """Answer over HTTP: the page at /, POST /v1/ask, /v1/ask_many and /v1/feedback, GET /v1/health, /v1/model and /metrics.

    Documentation is at /docs.

    With KGQA_TOKEN set, requests must carry it: Authorization: Bearer TOKEN.
    """
    from kgqa.errors import ConfigError
    from kgqa.kb import KnowledgeBase
    from kgqa.qa import QA

    try:
        import uvicorn

        from kgqa.serve.app import make_app
    except ImportError as error:
        raise ConfigError(f"{error.name} is not installed: expected the extra kgqa[serve]. pip install 'kgqa[serve]'.") from error
    kb = None if snapshot is None else KnowledgeBase.load(snapshot)
    connection = None if offline else connect(graph)
    try:
        with Bars() as bars:
            qa = QA.load(model, kb=kb, graph=connection, progress=bars)
        if log:
            logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
            logging.getLogger("kgqa.serve").setLevel(logging.INFO)
        app = make_app(qa, examples=example or (), token=os.environ.get("KGQA_TOKEN"))
        config = uvicorn.Config(app, host=host, port=port, log_level="warning")
        listening = _listen(host, port)
        address = f"[{host}]" if ":" in host else host
        output.print(f"Listening on http://{address}:{port} (documentation at /docs). Stop with Ctrl-C.")
        gc.collect()
        gc.freeze()  # what is here stays: to look through it for garbage again takes a tenth of a second each time
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        if connection is not None:
            connection.close()


def _listen(host: str, port: int) -> socket.socket:
    from kgqa.errors import ConfigError

    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConfigError(
            f"--host {host} --port {port}: expected a free port, found: {error.strerror}. Choose another."
        ) from error
