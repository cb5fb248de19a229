"""Blocks of code in pages: each can be read by its language."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator

import yaml

from docs.pages.page import Block, Page

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAIN = ("", "text", "sql", "ini", "dotenv", "nginx", "diff")
"""Not read: output, and languages that nothing here can read."""

FRAGMENTS = ("check-rules.md",)
"""Pages whose blocks are single entries of mappings, made from docstrings: right and wrong ones side by side."""


def unparsable(pages: Iterable[Page]) -> Iterator[str]:
    """A line for each block that its language does not take, or whose language nobody here knows."""
    for page in pages:
        for block in page.blocks if page.file.name not in FRAGMENTS else []:
            why = _fault(block)
            if why:
                yield f"{page}:{block.line}: {block.language} block: {why}"


def _fault(block: Block) -> str | None:
    if block.language in PLAIN:
        return None
    read = _READERS.get(block.language)
    if read is None:
        return f"the language is none of {', '.join((*_READERS, *PLAIN[1:]))}"
    try:
        read(block.text)
    except (SyntaxError, ValueError, yaml.YAMLError) as error:
        return str(error)
    return None


def _shell(text: str) -> None:
    found = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
    if found.returncode:
        raise ValueError(found.stderr.strip())


_READERS: dict[str, Callable[[str], object]] = {
    "python": ast.parse,
    "sh": _shell,
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
    "json": json.loads,
}
