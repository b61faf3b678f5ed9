"""Run the benchmarks, or some of them, and write `docs/results.md` from what they measured.

python -m benchmarks [NAME ...]     without names: all
python -m benchmarks --report       only write docs/results.md again
"""

import argparse
import os
import sys
from pathlib import Path

import torch

from benchmarks import (
    ablations,
    accuracy,
    aliases,
    choice,
    evidence,
    hops,
    hops_gpu,
    large,
    learning,
    loading,
    misses,
    namesakes,
    question,
    results,
    scaling,
    serving,
    training,
    unseen,
    way,
    wordings,
)

BENCHMARKS = {
    **{f"way-{name}": (lambda data, name=name: way.run(name, data)) for name in way.WAYS},
    **{f"accuracy-{name}": (lambda data, name=name: accuracy.run(name, data)) for name in accuracy.SUITES},
    **{f"learning-{name}": (lambda data, name=name: learning.run(name, data)) for name in learning.CURVES},
    "ablations": ablations.run,
    "unseen": unseen.run,
    "wordings": wordings.run,
    "misses": misses.run,
    "hops": hops.run,
    "hops-gpu": hops_gpu.run,
    "choice": choice.run,
    "training": training.run,
    "scaling": scaling.run,
    "large": large.run,
    "aliases": aliases.run,
    "namesakes": namesakes.run,
    "question": question.run,
    "evidence": evidence.run,
    "serving": serving.run,
    "loading": loading.run,
}


def main() -> int:
    """Run what the command line names; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--report", action="store_true", help="only write docs/results.md again")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"unknown benchmark {unknown[0]}: expected one of {', '.join(BENCHMARKS)}")
    if not arguments.report:
        data = os.environ.get("KGQA_DATA")
        if not data or not Path(data).is_dir():
            print(f"skipped: KGQA_DATA is {data!r}; set it to the folder of the public data sets, then run this again.")
            return 0
        for name in arguments.names or BENCHMARKS:
            if name.endswith("-gpu") and not torch.cuda.is_available():
                print(f"skipped {name}: it measures a GPU, and torch sees none here (torch.cuda.is_available()).")
                continue
            print(f"== {name}", flush=True)
            results.write(name, BENCHMARKS[name](Path(data)))
    results.report()
    return 0


if __name__ == "__main__":
    sys.exit(main())
