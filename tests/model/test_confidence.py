"""Calibration and threshold on answers whose probability to be right is known."""

import itertools
import math
import random

import pytest

from kgqa.model.confidence import Confidence, calibration_error, error_by_chance, fit


def drawn(count: int = 4000, seed: int = 0) -> tuple[list[float], list[bool]]:
    """Scores that are too sure of themselves: an answer of score s is right with probability s²."""
    chance = random.Random(seed)
    scores = [chance.random() for _ in range(count)]
    return scores, [chance.random() < score**2 for score in scores]


def never(count: int) -> list[bool]:
    return [False] * count


def test_before_it_is_fitted_a_score_stands_for_itself_and_every_answer_is_given() -> None:
    assert [Confidence().of(score) for score in (0.1, 0.5, 0.9)] == pytest.approx([0.1, 0.5, 0.9])
    assert Confidence().of(0.0) > Confidence().threshold
    assert fit([], [], []) == Confidence()


def test_a_fitted_confidence_is_calibrated_on_answers_that_it_has_not_seen() -> None:
    fitted = fit(*drawn(), never(4000))
    scores, right = drawn(seed=1)
    assert calibration_error(scores, right) > 0.15
    assert calibration_error([fitted.of(score) for score in scores], right) < 0.03


def test_a_better_score_is_a_higher_confidence() -> None:
    fitted = fit(*drawn(), never(4000))
    sure = [fitted.of(score / 100) for score in range(101)]
    assert sure == sorted(sure)
    assert 0.0 < sure[0] < sure[-1] < 1.0


@pytest.mark.parametrize("right", [True, False])
def test_it_stays_finite_where_all_answers_are_right_or_none_is(right: bool) -> None:
    fitted = fit([0.9, 0.99, 1.0], [right] * 3, never(3))
    assert (fitted.of(1.0) > 0.5) == right
    assert 0.0 < fitted.of(0.0) < fitted.of(1.0) < 1.0


@pytest.mark.parametrize("shares", list(itertools.product((0.2, 0.6, 0.8), repeat=2)))
def test_scores_that_are_all_nearly_certain_are_calibrated_too(shares: tuple[float, float]) -> None:
    """Their logits are large and close together: whole steps of Newton's method went astray, to confidences of 0 or 1."""
    scores = [0.9999] * 30 + [0.99999] * 30
    right = [place < share * 30 for share in shares for place in range(30)]
    fitted = fit(scores, right, never(60))
    expected = shares if shares[0] < shares[1] else 2 * [sum(shares) / 2]  # a better score is never less sure
    assert [fitted.of(0.9999), fitted.of(0.99999)] == pytest.approx(expected, abs=0.03)


def test_an_answer_less_sure_than_any_that_was_seen_is_trusted_in_proportion() -> None:
    scores = [0.1 + 0.9 * place / 700 for place in range(700)]
    fitted = fit(scores, [True] * 700, never(700))
    assert fitted.of(0.1) > 0.9
    assert [fitted.of(score) / fitted.of(0.1) for score in (0.05, 1e-3, 0.0)] == pytest.approx([0.5, 0.01, 1e-5])
    assert fitted.threshold == 0.0


def test_a_steep_slope_is_no_overflow() -> None:
    assert [Confidence(slope=500.0).of(score) for score in (0.0, 0.5, 1.0)] == [0.0, 0.5, 1.0]


def test_without_a_precision_every_answer_is_given_unless_an_abstention_would_have_been_right() -> None:
    scores, right = [0.9, 0.8, 0.3, 0.2], [True, False, True, False]
    assert fit(scores, right, never(4)).threshold == 0.0
    fitted = fit(scores, right, [False, False, False, True])
    given = [fitted.of(score) >= fitted.threshold for score in scores]
    assert given == [True, True, True, False]


def test_where_hardly_any_answer_would_be_right_none_is_given() -> None:
    fitted = fit([0.9] * 10, [True] * 3 + [False] * 7, [False] * 3 + [True] * 7)
    assert fitted.of(0.9) < fitted.threshold
    assert fit([0.9] * 10, [True] * 6 + [False] * 4, [False] * 6 + [True] * 4).threshold == 0.0


def test_the_threshold_gives_as_many_answers_as_the_precision_allows() -> None:
    scores, right = drawn()
    fitted = fit(scores, right, never(4000), precision=0.8)
    given = [was for score, was in zip(scores, right, strict=True) if fitted.of(score) >= fitted.threshold]
    assert sum(given) / len(given) >= 0.8
    more = sorted(zip(scores, right, strict=True), reverse=True)[: len(given) + 200]
    assert sum(was for _, was in more) / len(more) < 0.8


def test_equal_scores_are_given_or_kept_back_together() -> None:
    fitted = fit([0.9, 0.5, 0.5, 0.5], [True, True, False, False], never(4), precision=0.9)
    assert [fitted.of(score) >= fitted.threshold for score in (0.9, 0.5)] == [True, False]


def test_a_precision_that_nothing_reaches_takes_what_comes_nearest() -> None:
    fitted = fit([0.9, 0.8, 0.1], [False, True, False], never(3), precision=0.99)
    assert [fitted.of(score) >= fitted.threshold for score in (0.9, 0.8, 0.1)] == [True, True, False]


def test_the_calibration_error_is_a_mean_over_answers() -> None:
    assert calibration_error([0.95, 0.95, 0.15, 0.15], [True, False, False, False]) == pytest.approx((0.45 * 2 + 0.15 * 2) / 4)
    assert calibration_error([], []) == 0.0


def test_by_chance_a_few_answers_are_off_and_many_hardly() -> None:
    coins = error_by_chance([0.5] * 100)
    assert coins == pytest.approx(math.sqrt(0.25 / 100) * math.sqrt(2 / math.pi), rel=0.15)  # the mean of |N(0, σ)|
    assert error_by_chance([0.5] * 10_000) == pytest.approx(coins / 10, rel=0.3)
    assert error_by_chance([1.0, 1.0]) == error_by_chance([]) == 0.0
