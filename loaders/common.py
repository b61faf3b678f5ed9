"""What every loader shares: the command line, the quarantine of malformed lines, and its limit."""

import argparse
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

from kgqa.data import FolderWriter
from kgqa.data.writer import QUARANTINE
from kgqa.errors import DataError, KgqaError, StorageError
from kgqa.files import storing, tidy_when_stopped, unreadable, write_text

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MAX_BAD = 0.001
"""Largest share of malformed lines with which a loader succeeds."""


class Loader:
    """A context in which a loader writes a canonical folder and sets malformed lines aside.

    `writer` appends to the folder; `bad` sets a line aside; `good` counts one that was read. At the end the quarantined lines
    are in `quarantine.tsv` (file, line, reason) of the folder; if they are too many, nothing is left but a quarantine file
    beside it.
    """

    def __init__(self, out: Path, *, max_bad: float = MAX_BAD) -> None:
        self.out = out
        self.max_bad = max_bad
        self.writer = FolderWriter(out)
        self._lines = 0
        self._bad: list[str] = []

    def good(self) -> None:
        """Count a line that was read."""
        self._lines += 1

    def bad(self, path: Path, line: int, reason: str) -> None:
        """Set a malformed line aside."""
        self._lines += 1
        self._bad.append(f"{path.name}\t{line}\t{' '.join(reason.split())}\n")

    def lines(self, path: Path) -> Iterator[tuple[int, str]]:
        """Yield (number, line) of a text file; lines that are not UTF-8 are set aside."""
        try:
            file = open(path, "rb")
        except OSError as error:
            raise unreadable(path, error) from error
        with file:
            for number, raw in enumerate(file, start=1):
                try:
                    text = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    self.bad(path, number, f"not UTF-8: byte 0x{raw[error.start]:02x} at column {error.start + 1}")
                    continue
                if text.strip():
                    yield number, text

    def __enter__(self) -> Self:
        self.writer.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self.writer.__exit__(kind, error, None)
            return
        try:
            self._finish()
        except KgqaError as refused:
            self.writer.__exit__(type(refused), refused, None)
            raise
        self.writer.__exit__(None, None, None)

    def _finish(self) -> None:
        if not (self.writer.entities or self._bad):
            raise DataError(self.out, None, expected="entities to write", found="none", then="Check the source: it is empty.")
        text = "file\tline\treason\n" + "".join(self._bad)
        if len(self._bad) > self.max_bad * self._lines:
            beside = self.out.with_name(f"{self.out.name}.{QUARANTINE}")
            write_text(beside, text)
            raise DataError(
                beside,
                None,
                expected=f"at most {self.max_bad:.2%} malformed lines",
                found=f"{len(self._bad):,} of {self._lines:,}, the first: {' '.join(self._bad[0].split(chr(9))).strip()}",
                then="Mend the source, or allow more with --max-bad.",
            )
        if self._bad:
            with storing(self.out):
                (self.writer.draft / QUARANTINE).write_text(text, encoding="utf-8")

    def summary(self) -> str:
        """Return one line that says what was read."""
        aside = f"; {len(self._bad):,} malformed lines are in {self.out / QUARANTINE}" if self._bad else ""
        counts = f"{self.writer.facts:,} facts, {self.writer.entities:,} entities, {self.writer.questions:,} questions"
        return f"{self.out}: {counts}{aside}"


def finite(text: str) -> float | None:
    """Return the finite number that `text` writes in ASCII digits, else None.

    >>> finite("8.5e2"), finite("nan"), finite("1e999"), finite("1_000")
    (850.0, None, None, None)
    """
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else None


def parser(description: str) -> argparse.ArgumentParser:
    """Return the arguments that every loader takes: SRC, OUT and --max-bad."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("src", type=Path, metavar="SRC", help="the data set in its original layout")
    arguments.add_argument("out", type=Path, metavar="OUT", help="the canonical data folder to write")
    arguments.add_argument(
        "--max-bad", type=_share, default=MAX_BAD, help="largest share of malformed lines (default: %(default)s)"
    )
    return arguments


def _share(text: str) -> float:
    number = finite(text)
    if number is None or not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"expected a share from 0 to 1, found {text!r}")
    return number


def run(work: Callable[[argparse.Namespace], Sequence[str]], arguments: argparse.ArgumentParser) -> int:
    """Parse the command line, do the work, print its summaries; return the exit code."""
    tidy_when_stopped()
    try:
        for line in work(arguments.parse_args()):
            print(line)
    except KgqaError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"error: {StorageError(str(error))}", file=sys.stderr)
        return 1
    return 0
