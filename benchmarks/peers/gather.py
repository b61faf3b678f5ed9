"""Read x at the subject and r at the relation of every fact, add the products at its object."""

from torch import Tensor

from kgqa.kb.facts import Facts


class GatherRows:
    """The usual form, with a row a question: x of shape (B, N_E), which it is given transposed."""

    def __init__(self, facts: Facts) -> None:
        self.subject, self.relation, self.object = facts.subject, facts.relation.int(), facts.object

    def __call__(self, x: Tensor, r: Tensor) -> Tensor:
        """Follow."""
        rows, weights = x.T, r.T
        along = rows.index_select(1, self.subject) * weights.index_select(1, self.relation)
        return rows.new_zeros(rows.shape).index_add(1, self.object, along).T


class Gather(GatherRows):
    """The same with a column a question, so that what a fact moves lies together."""

    def __call__(self, x: Tensor, r: Tensor) -> Tensor:
        """Follow."""
        along = x.index_select(0, self.subject) * r.index_select(0, self.relation)
        return x.new_zeros(x.shape).index_add(0, self.object, along)
