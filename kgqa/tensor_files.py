"""Tensors on disk: safetensors only, so that reading a file never runs code."""

from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from kgqa.errors import StorageError


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write named tensors to `path`.

    Raises:
        StorageError: the file could not be written.
    """
    try:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)
    except (SafetensorError, OSError) as error:
        path.unlink(missing_ok=True)
        raise StorageError(f"{path}: could not be written: {error}. Make room or choose another place.") from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of `path`; they are mapped into memory, not copied, until they are changed.

    Raises:
        OSError: the file could not be read.
        SafetensorError: the file is not in the format, or was cut off.
    """
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (safe_open is no dictionary)
