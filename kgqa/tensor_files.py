"""Tensors on disk: safetensors only, so that reading a file never runs code."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from kgqa.errors import StorageError
from kgqa.files import sync

_NAMES: Final = {
    torch.float64: "F64",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


class Stream(NamedTuple):
    """A tensor whose bytes come in parts, little-endian, in the order of its items."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    parts: Iterable[bytes | memoryview]

    @classmethod
    def of(cls, array: NDArray[Any]) -> "Stream":
        """Return an array in memory as a stream of one part."""
        return cls(torch.from_numpy(array).dtype, array.shape, [np.ascontiguousarray(array).data])


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write named tensors to `path`; they are on the disk when this returns.

    Raises:
        StorageError: the file could not be written.
    """
    try:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)
        sync(path)
    except (SafetensorError, OSError) as error:
        path.unlink(missing_ok=True)
        raise StorageError(f"{path}: could not be written: {error}. Make room or choose another place.") from error


def write_streams(path: Path, streams: Mapping[str, Stream]) -> None:
    """Write tensors that are larger than memory; the library itself writes only what is in memory.

    The format: the length of the header in 8 bytes; the header, JSON, padded to a multiple of 8; the tensors one after the other,
    here those of larger items first, so that each lies at a multiple of its items' size.

    Raises:
        OSError: the file could not be written.
        ValueError: a stream has another length than its shape says.
    """
    order = sorted(streams, key=lambda name: (-streams[name].dtype.itemsize, name))
    header, start = {}, 0
    for name in order:
        dtype, shape, _ = streams[name]
        end = start + dtype.itemsize * torch.Size(shape).numel()
        header[name] = {"dtype": _NAMES[dtype], "shape": shape, "data_offsets": (start, end)}
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            for part in streams[name].parts:
                file.write(part)
            if file.tell() != 8 + len(text) + header[name]["data_offsets"][1]:  # type: ignore[operator]
                raise ValueError(f"{path}: the stream {name!r} is not as long as its shape {streams[name].shape} says.")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of `path`; they are mapped into memory, not copied, until they are changed.

    Raises:
        OSError: the file could not be read.
        SafetensorError: the file is not in the format, or was cut off.
    """
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (safe_open is no dictionary)
