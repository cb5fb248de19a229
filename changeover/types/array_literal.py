"""PostgreSQL's text of an array: ``{1,NULL,"a b"}``, to a Python list and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([{},])|((?:[^{},"\\]|\\.)+)', re.DOTALL)
_PLAIN = re.compile(r'[^{},"\\\s]+')


def parse_literal(text: str, convert: Callable[[str], Any]) -> list[Any]:
    """The list that the text stands for; ``convert`` makes a value of an item's text. Bounds (``[2:3]=``) are left out.

    Raises: ValueError for text that is not an array's.
    """
    body = text[text.index("=") + 1 :] if text.startswith("[") else text
    root: list[Any] = []
    path = [root]
    for token in _TOKEN.finditer(body):
        quoted, mark, bare = token.groups()
        if mark == "{":
            inner: list[Any] = []
            path[-1].append(inner)
            path.append(inner)
        elif mark == "}":
            path.pop()
        elif quoted is not None:
            path[-1].append(convert(re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)))
        elif bare is not None:
            path[-1].append(None if bare.upper() == "NULL" else convert(re.sub(r"\\(.)", r"\1", bare)))
    if len(path) != 1 or len(root) != 1:
        raise ValueError("not the text of an array")
    return root[0]


def format_literal(value: list[Any], convert: Callable[[Any], str]) -> str:
    """The list as PostgreSQL writes it; ``convert`` makes the text of an item."""
    return "{" + ",".join(_item(item, convert) for item in value) + "}"


def _item(item: Any, convert: Callable[[Any], str]) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, list):
        return format_literal(item, convert)
    text = convert(item)
    if _PLAIN.fullmatch(text) and text.upper() != "NULL":
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
