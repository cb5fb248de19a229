"""What a form finds in a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


class NoImages(ValueError):
    """The text is not of the form. Its message says why, and holds nothing of the text."""


@dataclass(frozen=True)
class Found:
    """The URLs of a text, as they stand there, in order. ``put`` makes the text with others in their places; None leaves one."""

    urls: tuple[str, ...]
    put: Callable[[Sequence[str | None]], str]


Take = Callable[[str], Found]
"""Takes a text apart. Raises NoImages for what is not of its form."""
