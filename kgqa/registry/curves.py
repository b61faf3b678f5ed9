"""Draw how a training went: the loss, and how well the dev questions were answered."""

import io
from pathlib import Path
from typing import Final

from kgqa.errors import ConfigError
from kgqa.files import write_text
from kgqa.registry.records import RunSummary

MEASURES: Final = {"correct": "correct", "hits@1": "Hits@1", "f1": "F1"}
"""Measures of the dev questions that are drawn, and their names."""


def draw(run: RunSummary, out: Path) -> None:
    """Write the learning curves of a run as an SVG picture.

    Raises:
        ConfigError: matplotlib is not installed, the file is to be something else, or no epoch has ended yet.
        StorageError: the file could not be written.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError as error:
        raise ConfigError(f"{error.name} is not installed: expected the extra kgqa[plot]. pip install 'kgqa[plot]'.") from error
    if out.suffix.lower() != ".svg":
        raise ConfigError(f"{out}: expected a file .svg, found {out.suffix or 'no ending'!r}. Choose another name.")
    if not run.epochs:
        raise ConfigError(f"run {run.id}: expected an epoch to draw, found none. Wait for the first one to end.")
    figure = Figure(figsize=(9, 3.6), layout="tight")
    losses, shares = figure.subplots(1, 2)
    numbers = [epoch.number for epoch in run.epochs]
    losses.plot(numbers, [float("nan") if epoch.loss is None else epoch.loss for epoch in run.epochs], marker="o", ms=3)
    losses.set(title="mean loss", xlabel="epoch")
    for measure, name in MEASURES.items():
        values = [epoch.dev.get(measure) for epoch in run.epochs]
        if any(value is not None for value in values):
            shares.plot(
                numbers, [float("nan") if value is None else 100 * value for value in values], marker="o", ms=3, label=name
            )
    shares.set(title="dev questions, percent", xlabel="epoch")
    shares.legend(fontsize=8)
    for pane in (losses, shares):
        pane.grid(alpha=0.3)
        pane.xaxis.set_major_locator(MaxNLocator(integer=True))
    picture = io.StringIO()
    figure.savefig(picture, format="svg", metadata={"Date": None})
    write_text(out, picture.getvalue())
