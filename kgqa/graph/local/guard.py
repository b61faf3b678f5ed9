"""Run a program for as long as whoever started this process lives.

    python -m kgqa.graph.local.guard FOLDER COMMAND...

The caller holds the other end of this process's standard input. When that closes, however the caller ended, even by
`kill -9`, the program is stopped and FOLDER is removed.
"""

import shutil
import signal
import subprocess
import sys
import threading

GRACE = 15.0
"""Seconds that the program has to stop by itself."""


def main(folder: str, command: list[str]) -> int:
    """Run `command`; return its exit code."""
    # Ctrl-C in a terminal reaches the whole group: the caller decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: program.terminate())

    def stop_with_caller() -> None:
        sys.stdin.buffer.read()
        program.terminate()
        try:
            program.wait(GRACE)
        except subprocess.TimeoutExpired:
            program.kill()

    threading.Thread(target=stop_with_caller, daemon=True).start()
    code = program.wait()
    shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
