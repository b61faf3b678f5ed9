"""From a prediction to Cypher: what a query forbids follows the gates."""

import dataclasses

import pytest
import torch

from kgqa.explain.trace import trace
from tests.model.small import config, untrained, with_plan
from tests.worlds import films


@pytest.fixture
def model(tmp_path):
    """From a film to its director, to the director's films, to their writers; no entity is gone back to."""
    along = [{"directed_by": 1.0}, {"-directed_by": 1.0}, {"written_by": 1.0}]
    model = with_plan(untrained(films(tmp_path), settings=config(hops=3)), along, hops=[0.0, 0.0, 1.0])
    planner = model.reasoner.planner
    planner.plan = dataclasses.replace(planner.plan, leave_last=torch.ones(1, 3))
    return model


def test_a_query_forbids_to_go_back_only_where_a_walk_could(model):
    (prediction,) = model.predict([model.lay_out("what Contact")])

    answer = trace(model, prediction, limit=5)

    assert [entity.id for entity in answer.entities] == ["broyles"]
    lines = answer.cypher.text.splitlines()
    assert lines[lines.index("MATCH (a1)<-[:DIRECTED_BY]-(a2:Entity)") + 1] == "WHERE a2 <> a0"
    assert "<> a1" not in answer.cypher.text  # a writer is no director
