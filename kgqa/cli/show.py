"""Show an answer to a person: `kgqa ask` and the demo print it the same way."""

from rich.console import Console, Group
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from kgqa.explain.answer import Answer

MOST_SHOWN = 10
MOST_GUESSED = 3


def show_answer(answer: Answer, console: Console) -> None:
    """Print an answer: entities, mentions, the facts of each path, the Cypher, and what Neo4j said."""
    console.print(Text(answer.question, style="bold"))
    console.print(Padding(Group(*_parts(answer)), (0, 0, 1, 2), expand=False), soft_wrap=False)


def _parts(answer: Answer) -> list[Text | Table | Syntax]:
    if answer.abstains:
        perhaps = ", ".join(f"{entity.name} {entity.score:.0%}" for entity in answer.others[:MOST_GUESSED])
        guess = [Text(f"perhaps {perhaps}", style="dim")] if perhaps else []
        return [Text(f"I don't know. {answer.note or ''}", style="yellow"), *guess]
    parts: list[Text | Table | Syntax] = [_entities(answer) if answer.value is None else _value(answer)]
    for mention in answer.mentions:
        line = Text(f"“{mention.text}” is {'' if mention.exact else 'taken for '}", style="dim")
        line.append(f"{mention.entity.name} ({mention.entity.id}), {mention.entity.score:.0%}")
        rivals = [f"{rival.id} {rival.score:.0%}" for rival in mention.candidates[1:4]]
        if rivals:
            line.append(f"; not {', '.join(rivals)}")
        parts.append(line)
    if answer.having is not None:
        parts.append(Text(f"of what has “{answer.having}”", style="dim"))
    parts += [Text("because ", style="dim").append(path.drawn, style="not dim") for path in answer.paths]
    if answer.cypher is not None:
        parts.append(Syntax(answer.cypher.text, "cypher", theme="ansi_dark", background_color="default", word_wrap=True))
        parameters = ", ".join(f"{name}: {value!r}" for name, value in answer.cypher.parameters.items())
        parts.append(Text(f"parameters {{{parameters}}}", style="dim"))
    parts.append(_verdict(answer))
    return parts


def _entities(answer: Answer) -> Text:
    line = Text("→ ", style="green")
    shown = answer.entities[:MOST_SHOWN]
    for place, entity in enumerate(shown):
        line.append(entity.name, style="bold green").append(f" {entity.score:.0%}", style="dim")
        line.append(", " if place + 1 < len(shown) else "")
    if len(answer.entities) > MOST_SHOWN:
        line.append(f" and {len(answer.entities) - MOST_SHOWN} more")
    return line


def _value(answer: Answer) -> Text:
    line = Text("→ ", style="green").append(_number(answer.value), style="bold green")
    if answer.operator == "value":
        return line.append(f": {answer.attribute} of {answer.compared[0].name}", style="dim")
    names = [entity.name for entity in answer.counted[:MOST_SHOWN]]
    return line.append(f": {_listed(names, len(answer.counted))}" if names else "", style="dim")


def _number(value: object) -> str:
    """Write a value as the live graph has it, where it may be anything."""
    return f"{value:.15g}" if isinstance(value, int | float) else str(value)


def _listed(names: list[str], total: int) -> str:
    """Return the first names of `total`, and how many more there are."""
    return ", ".join(names) + (f" and {total - len(names)} more" if total > len(names) else "")


def _verdict(answer: Answer) -> Text:
    if answer.rows is not None and answer.value is not None:
        returned = ", ".join(_number(row["value"]) for row in answer.rows)
        if answer.confirmation == "confirmed":
            return Text(f"✓ Neo4j returned {returned}", style="green")
        return Text(f"✗ Neo4j returned {returned}. {answer.note}", style="red")
    if answer.rows is None:
        return Text(answer.note or "Not checked: no graph is connected.", style="yellow")
    names = [str(row["name"] if row["name"] is not None else row["id"]) for row in answer.rows[:MOST_SHOWN]]
    count = f"{len(answer.rows)} row{'' if len(answer.rows) == 1 else 's'}"
    if answer.confirmation == "confirmed":
        line = Text(f"✓ Neo4j returned {count}: ", style="green").append(_listed(names, len(answer.rows)), style="not green")
        if answer.cypher is not None and len(answer.rows) < min(len(answer.entities), answer.cypher.parameters["limit"]):
            line.append("; the others of the answer come by other paths", style="dim not green")
        return line
    return Text(f"✗ Neo4j returned {count}. {answer.note}", style="red")
