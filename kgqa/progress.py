"""How long work tells whoever started it how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Called with the name of the stage, what is done, and the total if it is known."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Report."""
        ...


def silent(stage: str, done: int, total: int | None) -> None:
    """Report nothing."""
