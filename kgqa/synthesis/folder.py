"""Write made questions as two files: some to learn from, others to choose the best epoch by."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kgqa.errors import ConfigError, TrainingError
from kgqa.files import new_folder, write_json
from kgqa.kb import KnowledgeBase
from kgqa.progress import Progress, silent
from kgqa.synthesis.questions import make_questions

TRAIN: Final = "train.jsonl"
DEV: Final = "dev.jsonl"
MADE: Final = "synthesis.json"
"""Says what the questions were made of, and that nobody wrote them by hand."""


@dataclass(frozen=True, kw_only=True)
class SynthesisReport:
    """What was made: the number of questions in each file, and by kind, both files together."""

    path: Path
    train: int
    dev: int
    kinds: dict[str, int]


def synthesize(
    kb: KnowledgeBase, out: str | Path, *, questions: int = 5000, seed: int = 0, progress: Progress = silent
) -> SynthesisReport:
    """Write questions made from the graph to `out`, `train.jsonl` and `dev.jsonl`, and `synthesis.json`; whole or not at all.

    Args:
        kb: the graph.
        out: the folder; one that was written so before is replaced.
        questions: about how many; fewer where the graph does not hold so many different ones.
        seed: of what is drawn, a number from 0 upwards.
        progress: told about every question.

    Raises:
        ConfigError: the seed is none.
        TrainingError: the graph is too small: one of the files would be empty.
        StorageError: the folder could not be written, or holds something else.
    """
    if seed < 0:
        raise ConfigError(f"synthesize: expected a seed from 0 upwards, found {seed}. Choose another.")
    folder = Path(out)
    made, kinds = Counter[str](), Counter[str]()
    with (
        new_folder(folder, marker=MADE) as draft,
        open(draft / TRAIN, "w", encoding="utf-8", newline="\n") as train,
        open(draft / DEV, "w", encoding="utf-8", newline="\n") as dev,
    ):
        for question in make_questions(kb, questions, seed=seed):
            file = dev if question.dev else train
            file.write(json.dumps(question.line, ensure_ascii=False) + "\n")
            made[DEV if question.dev else TRAIN] += 1
            kinds[question.line["kind"]] += 1
            progress("questions", made.total(), questions)
        if not made[TRAIN] or not made[DEV]:
            raise TrainingError(
                f"{folder}: expected a graph with facts between named entities, enough for two files of questions, found "
                f"{made[TRAIN]:,} questions to learn from and {made[DEV]:,} others. Write questions by hand, or ask for more."
            )
        write_json(draft / MADE, {"snapshot": kb.fingerprint, "questions": questions, "seed": seed, "kinds": dict(kinds)})
    return SynthesisReport(path=folder, train=made[TRAIN], dev=made[DEV], kinds=dict(kinds))
