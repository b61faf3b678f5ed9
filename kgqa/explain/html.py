"""Show an answer in a notebook: as HTML, everything escaped."""

from typing import TYPE_CHECKING, Final

from kgqa.html import text

if TYPE_CHECKING:
    from kgqa.explain.answer import Answer

_SHOWN: Final = 10


def answer_html(answer: "Answer") -> str:
    """Return an answer as HTML: the question with its mentions marked, what was answered, the facts and the Cypher.

    >>> from kgqa.explain.answer import Answer
    >>> answer_html(Answer(question="<Who>?", reason="no mention", note="No answer: …"))
    '<div><p><b>&lt;Who&gt;?</b></p><p>I don&#x27;t know. No answer: …</p></div>'
    """
    parts = [f"<p><b>{_marked(answer)}</b></p>", _answered(answer)]
    if answer.paths:
        lines = (f"<li>{text(path.drawn)}</li>" for path in answer.paths)
        parts.append(f"<p>because</p><ul>{''.join(lines)}</ul>")
    if answer.cypher is not None:
        parameters = ", ".join(f"{name}: {value!r}" for name, value in answer.cypher.parameters.items())
        parts.append(f"<pre>{text(answer.cypher.text)}\n// {text(parameters)}</pre><p>{text(answer.confirmation)}</p>")
    return f"<div>{''.join(parts)}</div>"


def _answered(answer: "Answer") -> str:
    if answer.abstains:
        return "<p>" + text("I don't know.", answer.note or "") + "</p>"
    if answer.value is not None:
        whose = f": {text(answer.attribute or '')} of {text(answer.compared[0].name)}" if answer.operator == "value" else ""
        return f"<p>→ {answer.value:.15g}{whose}</p>"
    lines = (f"<li>{text(entity.name)} ({text(entity.id)}), {entity.score:.0%}</li>" for entity in answer.entities[:_SHOWN])
    more = len(answer.entities) - _SHOWN
    return f"<ol>{''.join(lines)}</ol>" + (f"<p>and {more:,} more</p>" if more > 0 else "")


def _marked(answer: "Answer") -> str:
    line, end = "", 0
    for mention in sorted(answer.mentions, key=lambda mention: mention.start):
        if end <= mention.start < mention.end:
            line += text(answer.question[end : mention.start])
            line += f"<mark>{text(answer.question[mention.start : mention.end])}</mark>"
            end = mention.end
    return line + text(answer.question[end:])
