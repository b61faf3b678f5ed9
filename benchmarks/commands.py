"""Run a command of kgqa in a process of its own, and say what it cost."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping


def run_kgqa(*arguments: object, environment: Mapping[str, str]) -> dict[str, float]:
    """Return the seconds that a command took and the most bytes of memory that it held; one that fails ends the benchmark."""
    clock = time.perf_counter()
    command = [sys.executable, "-m", "kgqa.cli", *map(str, arguments)]
    process = subprocess.Popen(command, env=os.environ | environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return {"seconds": time.perf_counter() - clock, "peak": usage.ru_maxrss * 1024}
