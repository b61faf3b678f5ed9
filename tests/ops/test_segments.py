import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kgqa.ops.segments import maximum, softmax, unfold
from tests.ops.drawn import leaf

SEGMENTS = 4
scored = st.lists(st.tuples(st.integers(0, SEGMENTS - 1), st.sampled_from([-100.0, -1.0, 0.0, 0.0, 0.5, 90.0])), max_size=12)


def columns(drawn: list[tuple[int, float]]) -> tuple[torch.Tensor, torch.Tensor]:
    segment = torch.tensor([item[0] for item in drawn], dtype=torch.int64)
    return torch.tensor([item[1] for item in drawn], dtype=torch.float64), segment


def test_segments_whose_scores_are_far_apart_do_not_touch_each_other():
    scores = torch.tensor([100.0, 100.0, 0.0, 0.0, -100.0])
    found = softmax(scores, torch.tensor([0, 0, 1, 1, 2]), 3)
    assert found.tolist() == [0.5, 0.5, 0.5, 0.5, 1.0]


def test_the_gradient_of_one_segment_does_not_reach_another():
    scores = leaf(torch.tensor([100.0, 99.0, 0.0, 1.0], dtype=torch.float64))
    softmax(scores, torch.tensor([0, 0, 1, 1]), 2)[2].backward()
    assert scores.grad is not None
    assert scores.grad[:2].tolist() == [0.0, 0.0]
    assert scores.grad[3] < 0 < scores.grad[2]


def test_scores_that_would_overflow_do_not():
    assert softmax(torch.tensor([1e4, 1e4, -1e4]), torch.tensor([0, 0, 0]), 1).tolist() == [0.5, 0.5, 0.0]


@settings(deadline=None, max_examples=60)
@given(scored)
def test_each_segment_has_the_values_and_gradients_of_a_softmax_of_its_own(drawn):
    scores, segment = columns(drawn)
    upstream = torch.arange(1.0, len(drawn) + 1, dtype=torch.float64)
    mine, dense = leaf(scores), leaf(scores)
    found = softmax(mine, segment, SEGMENTS)
    expected = torch.zeros_like(scores)
    for number in range(SEGMENTS):
        expected = expected.index_put((segment == number,), dense[segment == number].softmax(0))
    torch.testing.assert_close(found, expected)
    (found * upstream).sum().backward()
    (expected * upstream).sum().backward()
    assert mine.grad is not None and dense.grad is not None
    torch.testing.assert_close(mine.grad, dense.grad)


@settings(deadline=None, max_examples=50)
@given(scored, st.sampled_from([0.0, -7.0, 1000.0]))
def test_the_maximum_of_a_segment_is_that_of_its_values_alone(drawn, empty):
    values, segment = columns(drawn)
    by_segment = [[value for place, value in drawn if place == number] for number in range(SEGMENTS)]
    assert maximum(values, segment, SEGMENTS, empty=empty).tolist() == [max(part, default=empty) for part in by_segment]


def test_a_segment_of_negative_values_has_a_negative_maximum():
    assert maximum(torch.tensor([-3.0, -2.0]), torch.tensor([1, 1]), 3).tolist() == [0.0, -2.0, 0.0]


def test_no_scores_at_all_are_no_error():
    empty = torch.zeros(0, dtype=torch.int64)
    assert softmax(torch.zeros(0), empty, 2).tolist() == []
    assert maximum(torch.zeros(0), empty, 2, empty=-1.0).tolist() == [-1.0, -1.0]
    assert softmax(torch.zeros(0), empty, 0).tolist() == []


def test_the_gradient_is_that_of_small_differences():
    scores = leaf(torch.tensor([0.3, -1.2, 2.0, 0.1], dtype=torch.float64))
    segment = torch.tensor([1, 0, 1, 2])
    assert torch.autograd.gradcheck(lambda scores: softmax(scores, segment, 4), (scores,))


def test_the_gradient_of_the_maximum_is_shared_among_equal_values_of_its_segment_only():
    values = leaf(torch.tensor([0.0, 0.0, -1.0, 0.0], dtype=torch.float64))
    maximum(values, torch.tensor([0, 0, 0, 1]), 3, empty=0.0).sum().backward()
    assert values.grad is not None and values.grad.tolist() == [0.5, 0.5, 0.0, 1.0]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 3), max_size=5), st.data())
def test_unfolding_lists_every_place_of_every_row_in_order(sizes, data):
    rows = data.draw(st.lists(st.integers(0, len(sizes) - 1), max_size=5)) if sizes else []
    ends = [sum(sizes[:place]) for place in range(len(sizes) + 1)]
    number, place = unfold(torch.tensor(ends), torch.tensor(rows, dtype=torch.int64))
    expected = [(at, spot) for at, row in enumerate(rows) for spot in range(ends[row], ends[row + 1])]
    assert list(zip(number.tolist(), place.tolist(), strict=True)) == expected
