"""Docstrings as ``--help`` shows them."""

from __future__ import annotations

from inspect import cleandoc

from rich.markup import escape


def paragraphs(doc: str | None) -> str:
    """A docstring as help: lines of a paragraph joined, so that they are wrapped anew; indented lines left as they are.

    Brackets are escaped: they would be markup.
    """
    made: list[str] = []
    for paragraph in cleandoc(doc or "").split("\n\n"):
        lines = paragraph.split("\n")
        made.append(paragraph if lines[0].startswith(" ") else " ".join(lines))
    return escape("\n\n".join(made))
