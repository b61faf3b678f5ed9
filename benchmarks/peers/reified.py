"""The reified knowledge base: y = M_Oᵀ ( M_S x ⊙ M_P r ), three sparse products.

Cohen, Sun, Hofer, Siegler 2020 (arXiv 2002.06115), section 2.3.
"""

import torch
from torch import Tensor

from kgqa.kb.facts import Facts


class Reified:
    """The formula with torch's sparse matrices, as triples (COO) or compressed rows (CSR)."""

    def __init__(self, facts: Facts, *, compressed: bool) -> None:
        numbers = torch.arange(len(facts), device=facts.pointer.device)
        self.subjects = _ones(numbers, facts.subject, (len(facts), facts.num_entities), compressed)
        self.relations = _ones(numbers, facts.relation, (len(facts), facts.num_relations), compressed)
        self.objects = _ones(facts.object, numbers, (facts.num_entities, len(facts)), compressed)

    def __call__(self, x: Tensor, r: Tensor) -> Tensor:
        """Follow."""
        reached: Tensor = torch.sparse.mm(self.objects, torch.sparse.mm(self.subjects, x) * torch.sparse.mm(self.relations, r))
        return reached


def _ones(rows: Tensor, columns: Tensor, shape: tuple[int, int], compressed: bool) -> Tensor:
    indices = torch.stack([rows.long(), columns.long()])
    matrix = torch.sparse_coo_tensor(indices, torch.ones(len(rows), device=rows.device), shape, check_invariants=False).coalesce()
    return matrix.to_sparse_csr() if compressed else matrix
