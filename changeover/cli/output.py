"""What a person and a program are shown: text on the terminal, one JSON document, figures in words."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import TextIOWrapper
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from changeover import wording

number = wording.number
WIDE = 240
"""Columns where there is no terminal: a line of a log is not wrapped."""


def stdout() -> Console:
    """The console for answers. No markup: a bracket in a name is a bracket."""
    return _console(sys.stdout, stderr=False)


def stderr() -> Console:
    """The console for everything on the way to an answer."""
    return _console(sys.stderr, stderr=True)


def forgive() -> None:
    """Let no character that a stream's encoding lacks end the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(text: str) -> None:
    """A message on the way to the answer: to stderr."""
    stderr().print(Text(printable(text, keep="\n\t")), soft_wrap=True)


def answer(text: str) -> None:
    """A line of the answer: to stdout."""
    stdout().print(Text(printable(text, keep="\n\t")), soft_wrap=True)


def document(content: dict[str, Any]) -> None:
    """The answer as JSON: to stdout, in UTF-8 whatever the locale is."""
    sys.stdout.write(json.dumps(content, default=plain, ensure_ascii=_ascii(), indent=2) + "\n")


def width() -> int:
    """Columns of the terminal, or of what is there instead."""
    return stdout().width


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Sequence[str] = (),
    tight: bool = False,
) -> None:
    """A table of the answer; the columns named in ``numbers`` are set flush right, and ``tight`` ones close to each other."""
    made = Table(
        title=title or None,
        title_justify="left",
        header_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 1 if tight else 2, 0, 0),
    )
    for name in columns:
        made.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(printable(str(cell))) for cell in row))
    stdout().print(made)


def plain(value: Any) -> Any:
    """A value that JSON has no word for. Times of the ledger are UTC without a zone; here they say so."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if value.tzinfo is None else "")
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def printable(text: str, keep: str = "") -> str:
    """``text`` with everything that could move a terminal's cursor or colours written as an escape."""
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)


def count(number: float) -> str:
    """``1,234,567``."""
    return f"{number:,.0f}"


def duration(seconds: float | None) -> str:
    """``48 s``, ``12:34``, ``3:05:09``; ``?`` when nobody knows."""
    if seconds is None:
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """The program ends in one place, whoever writes."""
        raise BrokenPipeError


def _console(stream: Any, *, stderr: bool) -> Console:
    terminal = bool(getattr(stream, "isatty", lambda: False)())
    width = None if terminal or "COLUMNS" in os.environ else WIDE
    return _Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def _ascii() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") != "utf8"
