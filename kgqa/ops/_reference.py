"""The operators as the papers write them, in plain torch: slow, and what every other implementation is tested against."""

import torch
from torch import Tensor

from kgqa.kb.facts import Facts


def follow(facts: Facts, x: Tensor, r: Tensor) -> Tensor:
    """Formula 1: M_Oᵀ ( M_S x ⊙ M_P r ), three sparse matrices of shape (N_T, N_E), (N_T, N_R) and (N_T, N_E).

    Cohen, Sun, Hofer, Siegler 2020 (arXiv 2002.06115), section 2.3.

    Args:
        facts: the knowledge base.
        x: shape (B, N_E).
        r: shape (B, N_R), inverses included.

    Returns:
        Shape (B, N_E).
    """
    m_s = _one_hot_rows(facts.subject, facts.num_entities, x.dtype)
    m_p = _one_hot_rows(facts.relation, facts.num_relations, x.dtype)
    m_o = _one_hot_rows(facts.object, facts.num_entities, x.dtype)
    along = torch.sparse.mm(m_s, x.T) * torch.sparse.mm(m_p, r.T)
    reached: Tensor = torch.sparse.mm(m_o.t(), along)
    return reached.T


def rescale(x: Tensor) -> Tensor:
    """Weights above 1 divided by their own value, through which no gradient flows; shape (B, N_E)."""
    return x / x.detach().clamp(min=1.0)


def exclude(x: Tensor, other: Tensor, gate: Tensor) -> Tensor:
    """X ⊙ (1 − g·other); x, other: (B, N_E), gate: (B,)."""
    return x * (1.0 - gate[:, None] * other)


def mix(sets: list[Tensor], weights: Tensor) -> Tensor:
    """Formula 5: Σ_t a_t x_t; sets: T of shape (B, N_E), weights: (B, T)."""
    return torch.stack([weights[:, t, None] * x for t, x in enumerate(sets)]).sum(0)


def intersect(branches: Tensor, gates: Tensor, question: Tensor, num_questions: int) -> Tensor:
    """Formulas 10 and 11: min_i ( 1 − g_i (1 − x^i) ) over the branches i of each question.

    Args:
        branches: shape (branches, N_E).
        gates: shape (branches,); 1 makes formula 10 of formula 11.
        question: shape (branches,), which question each branch belongs to; each has at least one.
        num_questions: B.

    Returns:
        Shape (B, N_E).
    """
    relaxed = 1.0 - gates[:, None] * (1.0 - branches)
    return torch.stack([relaxed[question == number].amin(0) for number in range(num_questions)])


def union(left: Tensor, right: Tensor) -> Tensor:
    """The larger weight; (B, N_E) each."""
    return torch.stack([left, right]).amax(0)


def difference(left: Tensor, right: Tensor) -> Tensor:
    """The smaller of left and 1 − right; (B, N_E) each."""
    return torch.stack([left, 1.0 - right]).amin(0)


def count(x: Tensor) -> tuple[Tensor, Tensor]:
    """Formula 12: Σ x and Σ x (1 − x) + ¼; x: (B, N_E)."""
    return x.sum(1), (x - x**2).sum(1) + 0.25


def extreme(x: Tensor, values: Tensor, *, largest: bool = True) -> Tensor:
    """Formula 13: P(e) = x_e · Π over e' with v_e' > v_e of (1 − x_e'); x: (B, N_E), values: (N_E,), NaN where there is none."""
    ranked = values if largest else -values
    above = ranked[None, :] > ranked[:, None]
    none = torch.where(above, 1.0 - x[:, None, :], 1.0).prod(2)
    return (x * none).masked_fill(values.isnan(), 0.0)


def has_value(x: Tensor, attributes: Tensor, values: Tensor, wanted: Tensor) -> Tensor:
    """Formula 14; x: (B, N_E), attributes: (B, A), values: (N_E, A), NaN where there is none, wanted: (B,); ν = 0.02."""
    pairs = x[:, :, None] * attributes[:, None, :]
    there = torch.where(values.isnan(), 0.0, pairs).sum((1, 2))
    return torch.where(values == wanted[:, None, None], pairs, 0.0).sum((1, 2)) / there.clamp(min=0.02)


def having(facts: Facts, wanted: Tensor) -> Tensor:
    """Σ_p w[b, p] [e has p] for all entities, shape (B, N_E); wanted: (B, N_R)."""
    has = torch.zeros(facts.num_entities, facts.num_relations, dtype=wanted.dtype)
    has[facts.subject.long(), facts.relation.long()] = 1.0
    return wanted @ has.T


def _one_hot_rows(columns: Tensor, width: int, dtype: torch.dtype) -> Tensor:
    rows = torch.arange(len(columns))
    indices = torch.stack([rows, columns.long()])
    values = torch.ones(len(columns), dtype=dtype)
    return torch.sparse_coo_tensor(indices, values, (len(columns), width), check_invariants=True)
