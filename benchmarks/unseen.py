"""worldcup2014-ops with a wording of every kind left out of the training, each of four in turn."""

import json
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.accuracy import SEEDS
from benchmarks.data import prepare, settings
from benchmarks.results import spread
from kgqa.data.questions import read_questions
from kgqa.evaluation.report import evaluate
from kgqa.kb import KnowledgeBase
from kgqa.sdk import trainer
from kgqa.training.checkpoint import load_model

SETTING: Final = "worldcup2014-ops-minilm"
FOLDS: Final = 4
"""As many wordings as most kinds have."""

OF_EACH: Final = 12
"""Questions of each wording left out that are asked, as many as of each in `dev-unseen.jsonl`."""

_WHOLE: Final = 0.5
"""The share of a wording's questions that must be wrong for it to count as lost."""


Wordings = Mapping[str, Mapping[str, Sequence[str]]]


def run(data: Path) -> dict[str, Any]:
    """Train without a wording of every kind, and ask in it; for every fold and seed."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="kgqa-bench-") as scratch:
        prepared = prepare("worldcup2014-ops", data, Path(scratch))
        kb = prepared.load()
        train, dev = _by_wording(prepared.train), _by_wording(prepared.dev)
        for fold in range(FOLDS):
            folder = Path(scratch) / f"fold-{fold}"
            left_out = _leave_out(train, dev, fold, folder)
            for seed in SEEDS:
                rows.append({"fold": fold, "seed": seed} | _measure(kb, folder, left_out, seed))
                print(rows[-1], flush=True)
    by_seed = [[row for row in rows if row["seed"] == seed] for seed in SEEDS]
    whole = spread([100 * sum(row["right"] for row in own) / sum(row["questions"] for row in own) for own in by_seed])
    lost = Counter(wording for row in rows for wording in row["lost"])
    asked = sum(row["questions"] for row in by_seed[0])
    folds = [[100 * row["right"] / row["questions"] for row in rows if row["fold"] == fold] for fold in range(FOLDS)]
    lines = [f"| {fold + 1} | {spread(percents)} |" for fold, percents in enumerate(folds)]
    text = (
        "`dev-unseen.jsonl` has one unseen wording of each kind, 26 in all, and a wording is mostly right or wrong as a whole. "
        f"Here one of the {FOLDS} wordings that the training questions have of each kind is left out of these, and of the dev "
        f"questions that choose the epoch, each in turn, and {OF_EACH} questions of it are asked ({asked:,}; `{SETTING}`). "
        f"Percent correct, means over seeds {', '.join(map(str, SEEDS))}, in brackets the lowest and the highest.\n\n"
        f"| wordings left out | correct |\n|---|---|\n" + "\n".join(lines) + f"\n| each of them in turn | {whole} |\n\n"
        "Wordings of which most questions are wrong, and with how many of the seeds:\n"
        + "\n".join(f"- {wording}: {number}" for wording, number in lost.most_common())
    )
    return {
        "place": 0.15,
        "title": "Wordings left out of the training: worldcup2014-ops",
        "text": text,
        "seed": ", ".join(map(str, SEEDS)),
        "rows": rows,
    }


def _by_wording(file: Path) -> Wordings:
    """Return the lines of a file of questions by kind and wording."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        question = json.loads(line)
        found[question["kind"]][_wording(question)].append(line)
    return found


def _wording(question: Mapping[str, Any]) -> str:
    """Return a question with its mentions as "…"; of what nothing answers, whose mentions are not told, the first two words."""
    text = question["question"].lower()
    if question["kind"].startswith("none"):
        return " ".join(text.split()[:2])
    for topic in sorted(question["topics"], key=lambda topic: -topic["start"]):
        text = text[: topic["start"]] + "…" + text[topic["start"] + len(topic["mention"]) :]
    return re.sub(r"[^\w… ]", "", text).strip()


def _leave_out(train: Wordings, dev: Wordings, fold: int, folder: Path) -> Mapping[str, str]:
    """Write the questions to train on, those that choose the epoch, and those to ask; return the wording of each of the last."""
    learned, choosing, asked = list[str](), list[str](), list[str]()
    left_out: dict[str, str] = {}
    for kind, wordings in train.items():
        order = sorted(wordings, key=lambda wording: (-len(wordings[wording]), wording))
        chosen = order[fold % len(order)]
        learned += [line for wording in order if wording != chosen for line in wordings[wording]]
        choosing += [line for wording, lines in dev[kind].items() if wording != chosen for line in lines]
        drawn = wordings[chosen][:OF_EACH]
        asked += drawn
        left_out |= {json.loads(line)["id"]: f"{kind}, *{chosen}*" for line in drawn}
    folder.mkdir()
    for name, lines in (("train", learned), ("dev", choosing), ("asked", asked)):
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    return left_out


def _measure(kb: KnowledgeBase, folder: Path, left_out: Mapping[str, str], seed: int) -> dict[str, Any]:
    out = folder / f"model-{seed}"
    trainer(kb, folder / "train.jsonl", dev=folder / "dev.jsonl", out=out, config=settings(SETTING, seed=seed)).run()
    scores = evaluate(load_model(out, kb), read_questions(folder / "asked.jsonl")).scores
    asked = Counter(left_out.values())
    wrong = Counter(left_out[score.question.id] for score in scores if not score.correct)
    return {
        "questions": len(scores),
        "right": sum(score.correct for score in scores),
        "lost": [wording for wording, number in wrong.items() if number > _WHOLE * asked[wording]],
    }
