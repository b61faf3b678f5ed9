"""A wheel, installed in an environment of its own: the command, the migrations and the demo world are in it."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return the programs' folder of an environment that has the wheel, and what kgqa needs, but not this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("kgqa-*.whl")
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / "bin"
    subprocess.run([programs / "pip", "install", "--quiet", "--no-deps", str(wheel)], check=True, capture_output=True)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    # What kgqa needs is taken from this environment; its own packages come first, so it is the wheel's kgqa that runs.
    (site / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


def run(programs: Path, *arguments: str, folder: Path) -> str:
    """Run a program of the environment far from the checkout."""
    done = subprocess.run([programs / arguments[0], *arguments[1:]], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_has_the_command_the_migrations_the_loaders_and_the_world(installed, tmp_path):
    where = run(installed, "python", "-c", "import kgqa, loaders; print(kgqa.__file__, loaders.__file__)", folder=tmp_path)
    assert all(str(installed.parent) in path for path in where.split())

    assert run(installed, "kgqa", "--version", folder=tmp_path).startswith("kgqa ")
    assert "Wrote world" in run(installed, "kgqa", "demo", "--write", "world", folder=tmp_path)
    assert (tmp_path / "world" / "facts.tsv").is_file()

    program = (
        "from kgqa.files import migrations_folder\n"
        "from kgqa.graph.migrations import read_folder\n"
        "from kgqa.registry import Registry\n"
        "print(len(read_folder(migrations_folder('graph'))), migrations_folder('graph'))\n"
        "print(Registry.open('sqlite:///registry.sqlite').recent_runs())\n"
    )
    number, folder, runs = run(installed, "python", "-c", program, folder=tmp_path).split()
    assert (int(number), runs) == (3, "[]")
    assert str(installed.parent) in folder
