"""`POST /v1/ask` from end to end under load: the service in a process of its own, every answer checked in Neo4j."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.evidence import DATA, ready
from kgqa.graph.local.folder import USER, free_port

CLIENTS: Final = (1, 8, 32)
REQUESTS: Final = {1: 1000, 8: 3000, 32: 3000}
WARM_UP: Final = 300
START: Final = 120.0
"""Seconds until the service must answer."""


def run(data: Path) -> dict[str, Any]:
    """Load and train on MetaQA, serve, and ask with ever more clients."""
    lines, measured = [], {}
    with ready(DATA[0], data) as made:
        texts = [question.text for question in made.questions]
        port = free_port()
        neo4j = {"NEO4J_URI": made.server.uri, "NEO4J_USERNAME": USER, "NEO4J_PASSWORD": made.server.password}
        command = [sys.executable, "-m", "kgqa.cli", "serve", str(made.folder / "model"), "--port", str(port)]
        service = subprocess.Popen(command, env=os.environ | neo4j, stdout=subprocess.DEVNULL)
        try:
            _wait(port)
            asyncio.run(_ask(port, texts, clients=8, requests=WARM_UP))
            for clients in CLIENTS:
                found = asyncio.run(_ask(port, texts, clients=clients, requests=REQUESTS[clients]))
                measured[str(clients)] = found
                lines.append(
                    f"| {clients} | {found['requests']:,} | {found['p50']:.1f} | {found['p95']:.1f} | {found['p99']:.1f} "
                    f"| {found['per_second']:,.0f} | {found['errors']} | {found['confirmed']:,} |"
                )
                print(lines[-1], flush=True)
        finally:
            service.terminate()
            service.wait()
    text = (
        "MetaQA, dev questions of 1, 2 and 3 hops in turn, recurrent encoder; `kgqa serve`, Neo4j and the clients share the two "
        "cores. Each client sends its next request when it has the answer to the last one; an answer has its mentions, paths and "
        "Cypher, and was checked in Neo4j. Milliseconds from request to answer; *errors* are answers of another status than "
        "200.\n\n"
        "| clients | requests | median | 95th percentile | 99th | requests a second | errors | confirmed |\n"
        "|---|---|---|---|---|---|---|---|\n" + "\n".join(lines)
    )
    return {"place": 5.5, "title": "The service under load", "text": text, "seed": 0, "measured": measured}


def _wait(port: int) -> None:
    end = time.monotonic() + START
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


async def _ask(port: int, texts: list[str], *, clients: int, requests: int) -> dict[str, Any]:
    """Send requests from so many clients at once."""
    # Taken in turn from the three thirds, which are the hop counts.
    order = iter([texts[number % 3 * (len(texts) // 3) + number // 3 % (len(texts) // 3)] for number in range(requests)])
    spent: list[float] = []
    counts = {"errors": 0, "confirmed": 0}

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for text in order:
            clock = time.perf_counter()
            status, body = await _post(reader, writer, json.dumps({"question": text}).encode())
            spent.append(1000 * (time.perf_counter() - clock))
            counts["errors"] += status != 200
            counts["confirmed"] += status == 200 and json.loads(body)["confirmation"] == "confirmed"
        writer.close()
        await writer.wait_closed()

    clock = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = time.perf_counter() - clock
    p50, p95, p99 = (float(value) for value in np.percentile(spent, [50, 95, 99]))
    return {"requests": requests, "p50": p50, "p95": p95, "p99": p99, "per_second": requests / seconds} | counts


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> tuple[int, bytes]:
    """Send one request over a connection that stays open; a client library would take as long as the service."""
    head = f"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
    return int(lines[0].split()[1]), await reader.readexactly(length)
