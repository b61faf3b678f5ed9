import pytest
import torch

from kgqa.tensor_files import Stream, read_tensors, write_streams, write_tensors

TENSORS = {
    "odd": torch.tensor([1, 2, 3], dtype=torch.uint8),
    "flags": torch.tensor([True, False]),
    "values": torch.tensor([[0.5, float("nan")], [-1.0, 2.0]], dtype=torch.float64),
    "short": torch.arange(3, dtype=torch.int16),
    "whole": torch.arange(5, dtype=torch.int32),
    "long": torch.arange(4),
    "none": torch.empty(0, 3, dtype=torch.float64),
}


def streams(tensors) -> dict[str, Stream]:
    return {
        name: Stream(tensor.dtype, tuple(tensor.shape), [row.numpy().tobytes() for row in tensor])
        for name, tensor in tensors.items()
    }


def test_what_is_streamed_is_read_back_as_what_the_library_writes(tmp_path):
    write_streams(tmp_path / "streamed", streams(TENSORS))
    write_tensors(tmp_path / "whole", TENSORS)
    streamed, whole = read_tensors(tmp_path / "streamed"), read_tensors(tmp_path / "whole")
    assert set(streamed) == set(whole) == set(TENSORS)
    for name, tensor in TENSORS.items():
        torch.testing.assert_close(streamed[name], tensor, rtol=0, atol=0, equal_nan=True)
        assert (streamed[name].dtype, streamed[name].shape) == (whole[name].dtype, whole[name].shape)
        assert streamed[name].data_ptr() % max(tensor.element_size(), 1) == 0


def test_a_stream_of_another_length_than_it_says_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'a' is not as long as its shape"):
        write_streams(tmp_path / "file", {"a": Stream(torch.int32, (3,), [b"\0" * 8])})
