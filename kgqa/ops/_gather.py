"""Follow on dense sets: read the weight at each fact's subject and relation, add the products at its object."""

from torch import Tensor

from kgqa.kb.facts import Facts


def follow(facts: Facts, x: Tensor, r: Tensor) -> Tensor:
    """Formula 1 without its matrices: y[o] = Σ over facts (s, p, o) of x[s]·r[p]. Shapes as in `kgqa.ops.follow`."""
    along = x.index_select(1, facts.subject) * r.index_select(1, facts.relation)
    return x.new_zeros(x.shape).index_add(1, facts.object, along)
