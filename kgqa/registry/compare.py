"""Compare two evaluations question by question: what one answers right and the other does not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kgqa.registry.records import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """A question that one of two evaluations answered right, and the other did not; or both wrongly, but not alike."""

    left: Outcome
    right: Outcome


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two evaluations of the same questions.

    Attributes:
        both, neither: how many questions both answered right, and neither.
        lost: those that only the first answered right.
        won: those that only the second did.
        otherwise: those that neither did, and that were answered differently.
        left_alone, right_alone: how many questions only one of the two had.
    """

    both: int
    neither: int
    lost: tuple[Differing, ...]
    won: tuple[Differing, ...]
    otherwise: tuple[Differing, ...]
    left_alone: int
    right_alone: int

    @property
    def chance(self) -> float:
        """Return how probable it is that models that are equally good differ so much or more (the exact sign test of McNemar)."""
        changed = len(self.won) + len(self.lost)
        fewer = min(len(self.won), len(self.lost))
        # In logarithms: 2 to the power of a thousand questions is no float any more.
        tail = math.fsum(math.exp(_log_choose(changed, k) - changed * math.log(2)) for k in range(fewer + 1))
        return min(1.0, 2 * tail)


def compare(left: Sequence[Outcome], right: Sequence[Outcome]) -> Comparison:
    """Compare the outcomes of two evaluations; questions are the same if their ids and texts are."""
    mine, other = ({(one.id, one.question): one for one in outcomes} for outcomes in (left, right))
    pairs = [Differing(left=mine[key], right=other[key]) for key in mine if key in other]
    return Comparison(
        both=sum(pair.left.correct and pair.right.correct for pair in pairs),
        neither=sum(not pair.left.correct and not pair.right.correct for pair in pairs),
        lost=tuple(pair for pair in pairs if pair.left.correct and not pair.right.correct),
        won=tuple(pair for pair in pairs if pair.right.correct and not pair.left.correct),
        otherwise=tuple(
            pair for pair in pairs if not pair.left.correct and not pair.right.correct and pair.left.answer != pair.right.answer
        ),
        left_alone=len(mine.keys() - other.keys()),
        right_alone=len(other.keys() - mine.keys()),
    )


def _log_choose(of: int, number: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(number + 1) - math.lgamma(of - number + 1)
