"""Run a command of kgqa in a process of its own, and say what it cost."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

# The most memory that a process held is at least what its parent held when it began: a small parent in between.
_LAUNCH: Final = """
import json, resource, subprocess, sys, time
clock = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=sys.stderr).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps({"seconds": time.perf_counter() - clock, "peak": peak}))
sys.exit(code)
"""


def run_kgqa(*arguments: object, environment: Mapping[str, str]) -> dict[str, float]:
    """Return the seconds that a command took and the most bytes of memory that it held; one that fails ends the benchmark."""
    command = [sys.executable, "-m", "kgqa.cli", *map(str, arguments)]
    launched = [sys.executable, "-S", "-c", _LAUNCH, *command]
    done = subprocess.run(launched, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    measured: dict[str, float] = json.loads(done.stdout)
    return measured
