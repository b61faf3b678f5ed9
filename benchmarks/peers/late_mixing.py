"""One sparse product per relation, mixed afterwards: y = Σ_p r[p] (A_p x).

The form that the reified-KB paper (arXiv 2002.06115, section 2.3) calls late mixing, after TensorLog.
"""

import torch
from torch import Tensor

from kgqa.kb.facts import Facts


class LateMixing:
    """A matrix per relation, in compressed rows."""

    def __init__(self, facts: Facts) -> None:
        subject, shape = facts.subject.long(), (facts.num_entities, facts.num_entities)
        order = torch.argsort(facts.relation, stable=True)
        sizes = torch.bincount(facts.relation.long(), minlength=facts.num_relations).tolist()
        self.matrices = []
        for own in torch.split(order, sizes):
            indices = torch.stack([facts.object[own].long(), subject[own]])
            ones = torch.ones(len(own), device=own.device)
            matrix = torch.sparse_coo_tensor(indices, ones, shape, check_invariants=False)
            self.matrices.append(matrix.coalesce().to_sparse_csr())

    def __call__(self, x: Tensor, r: Tensor) -> Tensor:
        """Follow."""
        total = torch.zeros_like(x)
        for weight, matrix in zip(r, self.matrices, strict=True):
            total = total + weight * torch.sparse.mm(matrix, x)
        return total
