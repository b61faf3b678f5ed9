"""Two evaluations, question by question."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgqa.errors import RegistryError
from kgqa.registry import Outcome
from kgqa.registry.compare import compare
from tests.registry.examples import FINGERPRINT, open_in


def outcome(name: str, correct: bool, answer: str | float | None = "a", text: str | None = None) -> Outcome:
    return Outcome(id=name, question=text or f"{name}?", kind=None, correct=correct, answer=answer)


def test_questions_are_compared_by_their_ids_whatever_their_order():
    left = [outcome("q1", True), outcome("q2", True), outcome("q3", False, "x"), outcome("q4", False, None), outcome("q5", True)]
    right = [outcome("q4", True), outcome("q3", False, "y"), outcome("q2", False, 3.0), outcome("q1", True), outcome("q9", True)]
    found = compare(left, right)
    assert (found.both, found.neither, found.left_alone, found.right_alone) == (1, 1, 1, 1)
    assert [(pair.left.id, pair.right.answer) for pair in found.lost] == [("q2", 3.0)]
    assert [pair.right.id for pair in found.won] == ["q4"]
    assert [(pair.left.answer, pair.right.answer) for pair in found.otherwise] == [("x", "y")]


def test_another_question_of_the_same_id_is_another_question():
    found = compare([outcome("q1", True)], [outcome("q1", False, text="Who?")])
    assert (found.left_alone, found.right_alone, found.lost) == (1, 1, ())


@given(st.integers(0, 12), st.integers(0, 12))
def test_chance_is_that_of_a_fair_coin(won: int, lost: int):
    names = [f"q{number}" for number in range(won + lost)]
    left = [outcome(name, number < lost) for number, name in enumerate(names)]
    right = [outcome(name, number >= lost) for number, name in enumerate(names)]
    both_tails = sum(math.comb(won + lost, k) for k in range(won + lost + 1) if abs(2 * k - won - lost) >= abs(won - lost))
    assert compare(left, right).chance == pytest.approx(both_tails / 2 ** (won + lost))


def test_chance_of_many_questions_is_finite():
    names = [f"q{number}" for number in range(3000)]
    found = compare([outcome(name, False) for name in names], [outcome(name, True) for name in names])
    assert 0.0 <= found.chance < 1e-300


def test_outcomes_are_kept_in_their_order_with_their_evaluation(tmp_path):
    outcomes = [outcome("q1", True, "zemeckis"), outcome("q2", False, None, "מי? 🎬"), outcome("q3", True, 2.5)]
    with open_in(tmp_path) as registry:
        first = registry.record_evaluation(
            model="m", snapshot=FINGERPRINT, topics="given", metrics={"questions": 3}, outcomes=outcomes
        )
        second = registry.record_evaluation(model="m", snapshot=FINGERPRINT, topics="given", metrics={})
        assert registry.outcomes(first) == outcomes
        assert registry.outcomes(second) == []
        assert registry.evaluation(first).metrics == {"questions": 3}
        with pytest.raises(RegistryError, match=r"expected the evaluation 99, found none.*kgqa runs"):
            registry.evaluation(99)
