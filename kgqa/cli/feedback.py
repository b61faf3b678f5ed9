"""`kgqa feedback`: what people said of answers."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kgqa.cli.common import AsJson, output, print_json

app = typer.Typer(help="What people said of answers.", no_args_is_help=True)


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="The file to write, for `kgqa train --questions`.")],
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", help="Only answers from this snapshot: the beginning of its fingerprint.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the questions whose answers people confirmed or corrected as a question file."""
    from kgqa.errors import ConfigError
    from kgqa.files import write_text
    from kgqa.registry import Registry
    from kgqa.registry.training_questions import as_questions, is_exported

    if out.is_file() and not is_exported(out):
        raise ConfigError(f"{out}: expected a new file or one that was exported, found other questions. Choose another name.")
    with Registry.open() as registry:
        exported = as_questions(registry.feedback(), snapshot=snapshot)
    write_text(out, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in exported.lines))
    if as_json:
        counts = {"questions": len(exported.lines), "unknown": exported.unknown}
        print_json(counts | {"snapshots": exported.snapshots, "path": str(out)})
        return
    output.print(f"{out}: {len(exported.lines):,} questions")
    if exported.unknown:
        output.print(f"left out: {exported.unknown:,} questions: said to be wrong, and nobody said what is right")
    if len(exported.snapshots) > 1:
        answered_from = ", ".join(fingerprint[:12] for fingerprint in exported.snapshots)
        output.print(f"answered from several snapshots, {answered_from}: --snapshot takes the questions of one")


@app.callback()
def _feedback() -> None:
    """What people said of answers."""
