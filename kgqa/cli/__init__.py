"""The command line: one small file for each command. Heavy imports wait inside the commands, so that `--help` is quick."""

import io
import sys

from kgqa.errors import KgqaError
from kgqa.files import tidy_when_stopped


def main() -> None:
    """Run the command line; an error of kgqa becomes one message and its exit code, without a traceback."""
    tidy_when_stopped()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not every terminal has all characters that names have
            stream.reconfigure(errors="replace")
    from rich.markup import escape

    from kgqa.cli.app import app
    from kgqa.cli.common import errors

    try:
        app(prog_name="kgqa")
        return
    except KgqaError as error:
        told, code = str(error), error.exit_code
    except OSError as error:
        told, code = _of_the_system(error), KgqaError.exit_code
    errors.print(f"[bold red]error:[/] {escape(told)}", soft_wrap=True, highlight=False)
    sys.exit(code)


def _of_the_system(error: OSError) -> str:
    """Tell what the operating system refused, and what to do."""
    place = f"{error.filename}: " if error.filename is not None else ""
    right = isinstance(error, PermissionError)
    then = "Give yourself the right to it, or choose another place." if right else "Check the path, and that there is room."
    return f"{place}{error.strerror or error}. {then}"
