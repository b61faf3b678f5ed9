"""Small pieces of HTML for notebooks; whatever is put in is escaped."""

from collections.abc import Iterable, Sequence
from html import escape


def text(*words: str) -> str:
    """Return words, escaped, with a space between.

    >>> text("a", "<b>")
    'a &lt;b&gt;'
    """
    return escape(" ".join(words))


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, everything in it escaped.

    >>> table(["epoch"], [["<1>"]])
    '<table><tr><th>epoch</th></tr><tr><td>&lt;1&gt;</td></tr></table>'
    """
    head = "".join(f"<th>{text(title)}</th>" for title in titles)
    lines = ("".join(f"<td>{text(cell)}</td>" for cell in row) for row in rows)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
