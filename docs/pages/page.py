"""Pages, and the fenced blocks of code in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A fenced block. ``words`` are what stands behind the language: ``file=assets/shop/coupon.py``; ``line`` is its first."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int

    def word(self, name: str) -> str | None:
        """The value of ``name=value`` among the words, or None."""
        return next((w.partition("=")[2] for w in self.words if w.startswith(f"{name}=")), None)


@dataclass(frozen=True)
class Page:
    """A Markdown file of the project."""

    file: Path

    def __str__(self) -> str:
        return str(self.file.relative_to(ROOT)) if self.file.is_relative_to(ROOT) else str(self.file)

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.file.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The text with its blocks of code emptied, line numbers kept."""
        return _FENCE.sub(lambda found: "\n" * found[0].count("\n"), self.text)

    @property
    def blocks(self) -> list[Block]:
        """The fenced blocks, in their order."""
        return [_block(self.text, found) for found in _FENCE.finditer(self.text)]


def pages(root: Path = ROOT) -> list[Page]:
    """The pages of the project: those at its root, and all in docs."""
    return [Page(file) for file in (*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md")))]


def _block(text: str, found: re.Match[str]) -> Block:
    indent = len(found["indent"])
    body = "".join(line[indent:] for line in found["body"].splitlines(keepends=True))
    language, *words = found["info"].split() or [""]
    return Block(language, tuple(words), body, text.count("\n", 0, found.start()) + 1)
