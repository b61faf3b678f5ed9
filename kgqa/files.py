"""Read text files with line numbers, and write files and folders so that they are there whole or not at all."""

import errno
import json
import os
import shutil
import signal
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, BinaryIO

import platformdirs

from kgqa.errors import DataError, StorageError

_STORAGE_ERRORS = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO),
        *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY, errno.ENAMETOOLONG),
    }
)


def home() -> Path:
    """Return the folder in which kgqa keeps what it fetches: `KGQA_HOME`, else the user's cache folder."""
    return _chosen_home() or Path(platformdirs.user_cache_dir("kgqa"))


def data_home() -> Path:
    """Return the folder in which kgqa keeps what cannot be fetched again: `KGQA_HOME`, else the user's data folder."""
    return _chosen_home() or Path(platformdirs.user_data_dir("kgqa"))


def migrations_folder(name: str) -> Path:
    """Return the folder of the migrations that ship with kgqa, `graph` or `registry`, in a wheel or in a checkout."""
    package = Path(__file__).resolve().parent
    shipped = package / "_migrations" / name
    return shipped if shipped.is_dir() else package.parent / "migrations" / name


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn the operating system's errors while `path` is written into a `StorageError` that names it.

    Where the error names a file elsewhere, one that is read meanwhile, it passes through.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _STORAGE_ERRORS or (error.filename and not _is_beside(path, error.filename)):
            raise
        reason = error.strerror or str(error)
        raise StorageError(
            f"{path}: could not be written: {reason}. Nothing of it was kept; make room or choose another place, "
            "then run the command again."
        ) from error


def tidy_when_stopped() -> None:
    """Let SIGTERM and SIGHUP end this process as Ctrl-C does, so that drafts are removed; what is ignored stays ignored."""
    for number in {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _leave)


def _leave(number: int, _: object) -> None:
    sys.exit(128 + number)


@contextmanager
def new_folder(path: Path, *, marker: str, passing: Sequence[str] = ()) -> Iterator[Path]:
    """Yield an empty folder beside `path` that takes its place when the block ends without an error.

    A folder that stands at `path` already is replaced only if it holds the file `marker`, that is, if kgqa wrote it. What else
    somebody put there is kept. A link is followed.

    Args:
        path: the folder.
        marker: a file that every such folder has.
        passing: patterns of what such folders may have; what an earlier one has and the new one has not goes.

    Raises:
        StorageError: `path` holds something else, or could not be written.
    """
    path = Path(os.path.realpath(path))
    with storing(path):
        if os.path.lexists(path) and not (path.is_dir() and ((path / marker).is_file() or not any(path.iterdir()))):
            raise StorageError(
                f"{path}: expected a new folder or one with a {marker} in it, found something else. Choose another place."
            )
        if os.path.ismount(path) or path == Path(os.path.realpath(".")):
            raise StorageError(
                f"{path}: expected a folder that another can take the place of, found the current folder or one where a file "
                "system is mounted. Choose a new folder in it."
            )
        draft = path.parent / f".{path.name}.{uuid.uuid4().hex[:8]}.tmp"
        draft.mkdir(parents=True)
        try:
            yield draft
            _keep_others(path, draft, passing)
            sync(draft)
            _take_the_place(draft, path)
        finally:
            if draft.exists():
                shutil.rmtree(draft, ignore_errors=True)


def _keep_others(path: Path, draft: Path, passing: Sequence[str]) -> None:
    """Take over from a folder that is to be replaced what kgqa did not write: questions beside a graph, a model in a snapshot."""
    for folder, inner, names in os.walk(path):
        for file in (Path(folder, name) for name in [*names, *inner]):
            if file.is_dir() and not file.is_symlink():
                continue
            inside = file.relative_to(path)
            if os.path.lexists(draft / inside) or (inside.parent == Path() and any(fnmatch(inside.name, one) for one in passing)):
                continue
            if any((draft / parent).is_file() for parent in inside.parents):
                raise StorageError(f"{file}: expected nothing where kgqa writes a file, found this one. Move it elsewhere.")
            (draft / inside).parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file, draft / inside, follow_symlinks=False)
            except OSError:
                shutil.copy2(file, draft / inside, follow_symlinks=False)


def _take_the_place(draft: Path, path: Path) -> None:
    """Rename a folder to `path`, away from which another one is moved first; if it cannot be, that one is moved back."""
    if not path.exists():
        draft.rename(path)
        return
    replaced = draft.with_suffix(".old")
    path.rename(replaced)
    try:
        draft.rename(path)
    except OSError:
        if path.exists():  # another process was faster, with a newer one
            shutil.rmtree(replaced, ignore_errors=True)
        else:
            replaced.rename(path)
        raise
    shutil.rmtree(replaced, ignore_errors=True)


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Write `text` to a temporary file and rename it to `path`; readable by its owner only if `private`.

    A link stays one: what it leads to is written. What is no file, as /dev/stdout or a pipe, is written to as it is.

    Raises:
        StorageError: the file could not be written.
    """
    if not path.name:
        raise StorageError(f"{path}: expected a file, found a folder. Choose a name for the file.")
    path = Path(os.path.realpath(path))
    if path.exists() and not (path.is_file() or path.is_dir()):
        with storing(path):
            path.write_text(text, encoding="utf-8", newline="\n")
        return
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
            with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def unreadable(path: Path, error: OSError) -> DataError:
    """Return the error that says why a data file could not be opened."""
    return DataError(path, None, expected="a file that can be read", found=error.strerror or str(error), then="Check the path.")


def open_bytes(path: Path) -> BinaryIO:
    """Open a data file.

    Raises:
        DataError: it could not be opened.
    """
    try:
        return open(path, "rb")
    except OSError as error:
        raise unreadable(path, error) from error


def decoded(path: Path, number: int, raw: bytes) -> str:
    """Return line `number` of a UTF-8 text file, without its end.

    Raises:
        DataError: it is not UTF-8.
    """
    try:
        return raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        found = f"the byte 0x{raw[error.start]:02x} at column {error.start + 1}"
        raise DataError(path, number, expected="UTF-8 text", found=found, then="Convert the file to UTF-8.") from error


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line without its end) of a UTF-8 text file; empty lines are skipped.

    Raises:
        DataError: the file is missing or a line is not UTF-8.
    """
    with open_bytes(path) as file:
        for number, raw in enumerate(file, start=1):
            line = decoded(path, number, raw)
            if line:
                yield number, line


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) of a file with one JSON object a line.

    Raises:
        DataError: the file is missing, a line is not a JSON object, or holds half of a surrogate pair.
    """
    for number, line in read_lines(path):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(path, number, expected="a JSON object", found=str(error), then="Mend or remove the line.") from error
        if not isinstance(value, dict):
            raise DataError(
                path, number, expected="a JSON object", found=type(value).__name__, then="Write one {...} object on each line."
            )
        if "\\u" in line:  # only an escape can bring half of a surrogate pair into decoded text
            try:
                json.dumps(value, ensure_ascii=False).encode("utf-8")
            except UnicodeEncodeError as error:
                raise DataError(
                    path, number, expected="text", found="half of a surrogate pair", then="Write the whole character."
                ) from error
        yield number, value


def read_json(path: Path) -> Any:
    """Read one JSON file.

    Raises:
        DataError: it is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(path, None, expected="a JSON file", found=error.strerror or str(error), then="Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(path, None, expected="a JSON file", found=str(error), then="Write the file anew.") from error


def _is_beside(path: Path, other: str | bytes | int) -> bool:
    """Tell whether a file is `path`, below it or above it, or below a draft of it."""
    if not isinstance(other, str):
        return False
    own, named = Path(os.path.realpath(path)), Path(os.path.realpath(other))
    if named.is_relative_to(own) or own.is_relative_to(named):
        return True
    return named.is_relative_to(own.parent) and named.relative_to(own.parent).parts[0].startswith(f".{own.name}.")


def sync(path: Path) -> None:
    """Wait until a file, or every file of a folder, is on the disk."""
    for file in path.rglob("*") if path.is_dir() else (path,):
        if file.is_file():
            with open(file, "rb") as handle:
                os.fsync(handle.fileno())


def _chosen_home() -> Path | None:
    chosen = os.environ.get("KGQA_HOME")
    return Path(chosen).expanduser() if chosen else None
