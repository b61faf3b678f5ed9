"""Other ways to follow relations, each written from its published formula, to measure kgqa against in the same run.

A peer is made from `Facts` and called with columns: x of shape (N_E, B), r of shape (N_R, B), the layout that suits each best.
It returns shape (N_E, B).
"""

from benchmarks.peers.gather import Gather, GatherRows
from benchmarks.peers.late_mixing import LateMixing
from benchmarks.peers.pyg import Pyg
from benchmarks.peers.reified import Reified

__all__ = ["Gather", "GatherRows", "LateMixing", "Pyg", "Reified"]
