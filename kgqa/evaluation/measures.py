"""How the measures of the scorer are shown: their titles, and shares in percent. Imports nothing: every command loads it."""

from typing import Final

MEASURES: Final = {
    "correct": "correct",
    "Hits@1": "hits@1",
    "Hits@10": "hits@10",
    "MRR": "mrr",
    "F1": "f1",
    "values": "exact_values",
}
"""The shares of a summary in the order in which they are shown: their titles and keys."""

EPOCH_MEASURES: Final = {"dev correct": "correct", "Hits@1": "hits@1", "F1": "f1", "calibration error": "calibration_error"}
"""The same of what is shown of an epoch."""


def percent(share: float | None) -> str:
    """Return a share in percent; a dash where there is none.

    >>> percent(0.5), percent(None)
    ('50.00%', '–')
    """
    return "–" if share is None else f"{share:.2%}"
