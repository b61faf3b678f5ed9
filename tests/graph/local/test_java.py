"""The Java program that is Neo4j: which runtime, which environment, which settings."""

from types import SimpleNamespace

import psutil
import pytest

from kgqa.errors import GraphUnavailable
from kgqa.graph.local import java


def test_the_runtime_of_the_extra_is_used(monkeypatch):
    monkeypatch.delenv("KGQA_JAVA", raising=False)

    assert java.find_java().is_file()


def test_another_java_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("KGQA_JAVA", str(tmp_path / "java"))

    with pytest.raises(GraphUnavailable, match=f"found nothing at {tmp_path / 'java'}"):
        java.find_java()


def test_settings_for_another_neo4j_or_java_do_not_reach_the_server(monkeypatch, tmp_path):
    for name in ("NEO4J_URI", "NEO4J_CONF", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("SOMETHING_ELSE", "kept")

    environment = java.environment(tmp_path)

    assert {name for name, value in environment.items() if value == "theirs"} == set()
    assert environment["NEO4J_HOME"] == str(tmp_path)
    assert environment["SOMETHING_ELSE"] == "kept"


def test_the_server_listens_on_loopback_and_reads_no_files(tmp_path):
    java.configure(tmp_path, 7999)

    settings = dict(line.split("=", 1) for line in (tmp_path / "conf" / "neo4j.conf").read_text(encoding="utf-8").splitlines())
    assert settings["server.default_listen_address"] == "127.0.0.1"
    assert settings["server.bolt.listen_address"] == settings["server.bolt.advertised_address"] == "127.0.0.1:7999"
    assert settings["dbms.security.allow_csv_import_from_file_urls"] == "false"
    assert settings["internal.dbms.cypher_ip_blocklist"] == "0.0.0.0/0,::/0"
    assert settings["dbms.usage_report.enabled"] == "false"


@pytest.mark.parametrize(("memory", "cache"), [(24 << 30, "1536m"), (1 << 30, "256m")])
def test_the_server_may_hold_a_sixteenth_of_the_memory(tmp_path, monkeypatch, memory, cache):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=memory))
    java.configure(tmp_path, 7999)
    assert f"server.memory.pagecache.size={cache}\n" in (tmp_path / "conf" / "neo4j.conf").read_text(encoding="utf-8")


def test_the_class_path_goes_through_a_file(tmp_path):
    jars = [tmp_path / f"with space {number}.jar" for number in range(3)]

    command = java.command(tmp_path / "java", jars, tmp_path)

    assert command[0] == str(tmp_path / "java")
    assert f"@{tmp_path / 'arguments'}" in command
    assert command[-3:] == ["org.neo4j.server.CommunityEntryPoint", f"--home-dir={tmp_path}", f"--config-dir={tmp_path / 'conf'}"]
    assert (tmp_path / "arguments").read_text(encoding="utf-8") == '-cp "' + ":".join(map(str, jars)) + '"\n'
