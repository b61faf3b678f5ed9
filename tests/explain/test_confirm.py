"""What a live graph returned, and whether it is what was answered."""

import pytest

from kgqa.explain.confirm import confirm
from kgqa.explain.trace import trace
from kgqa.graph.mapping import Mapping, NodeMapping
from kgqa.model.operators import Operator
from tests.model.small import untrained, with_operator, with_plan
from tests.worlds import snapshot_of, write_folder

TOWERS = [{"id": f"t{place}", "name": f"Tower {place}", "attributes": {"height": 100.0 + place}} for place in range(9)]


@pytest.fixture
def model(tmp_path):
    entities = [{"id": "city", "name": "Big City"}, *TOWERS]
    facts = [(tower["id"], "located_in", "city") for tower in TOWERS]
    kb = snapshot_of(write_folder(tmp_path / "city", entities=entities, facts=facts), tmp_path / "kb")
    model = with_plan(untrained(kb), [{"-located_in": 1.0}, {}], hops=[1.0, 0.0])
    return with_operator(model, Operator.VALUE, attribute=0)


class Live:
    """Returns the rows of a graph as Neo4j does, the newest first; those of one node where the query asks for it."""

    def __init__(self, values):
        self.rows = [{"id": key, "name": key, "value": value} for key, value in values.items()][::-1]

    def read(self, text, parameters, *, timeout):
        rows = [row for row in self.rows if parameters.get("answer", row["id"]) == row["id"]]
        return rows[: parameters["limit"]]


def confirmed(model, limit=5, **changes):
    (prediction,) = model.predict([model.lay_out("what Big City")])
    answer = trace(model, prediction, limit=limit)
    assert (answer.value, answer.compared[0].id) == (100.0, "t0")
    values = {tower["id"]: tower["attributes"]["height"] for tower in TOWERS} | changes
    return confirm(answer, model.kb, Live(values), timeout=1.0).confirmation


def test_a_value_beyond_the_limit_of_its_query_is_looked_for_alone(model):
    assert confirmed(model, limit=1) == confirmed(model, limit=5) == confirmed(model, limit=9) == "confirmed"


def test_a_whole_number_confirms_the_number_that_a_snapshot_keeps_of_it(model):
    assert confirmed(model, t0=100) == "confirmed"


@pytest.mark.parametrize("changed", ["100 m", 101.0, None])
def test_the_value_of_another_entity_confirms_nothing(model, changed):
    assert confirmed(model, t0=changed, t8=100.0) == "not confirmed"


@pytest.mark.parametrize(("proved", "said"), [([{"id": "paris", "name": "Paris"}], "confirmed"), ([], "not confirmed")])
def test_where_answers_have_several_labels_a_row_with_the_id_alone_confirms_nothing(tmp_path, proved, said):
    entities = [{"id": "Person:z", "name": "Zoe"}, {"id": "Person:paris", "name": "Paris"}, {"id": "City:rome", "name": "Rome"}]
    facts = [("Person:z", "knows", other["id"]) for other in entities[1:]]
    kb = snapshot_of(write_folder(tmp_path / "known", entities=entities, facts=facts), tmp_path / "known-kb")
    kb.mapping = Mapping(nodes=tuple(NodeMapping(label=label, id="key", name="name") for label in ("Person", "City")))
    model = with_plan(untrained(kb), [{"knows": 1.0}, {}], hops=[1.0, 0.0])
    answer = trace(model, next(model.predict([model.lay_out("whom Zoe")])), limit=5)
    assert answer.entities[0].id in ("Person:paris", "City:rome")
    key = answer.entities[0].id.partition(":")[2]

    class Changed:
        """Returns every id of before, of whatever label, and what is proved of the first answer."""

        def read(self, text, parameters, *, timeout):
            one = [row | {"id": key} for row in proved]
            return one if "answer" in parameters else [{"id": name, "name": name} for name in ("paris", "rome")]

    assert confirm(answer, kb, Changed(), timeout=1.0).confirmation == said
