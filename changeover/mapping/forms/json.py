"""A column that holds a JSON list of URLs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, cast

from changeover.mapping.forms.found import Found, NoImages

_TEXT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def in_json(text: str) -> Found:
    """The URLs of a list; empty strings and nulls in it stay. A text of nothing but spaces, and ``null``, hold none.

    Raises: NoImages for what is no JSON, no list, or a list of something else.
    """
    if not text.strip():
        return Found((), lambda _: text)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise NoImages("it is no JSON") from None
    if document is None:
        return Found((), lambda _: text)
    if not isinstance(document, list):
        raise NoImages("it is no JSON list")
    items = cast("list[Any]", document)
    if not all(item is None or isinstance(item, str) for item in items):
        raise NoImages("its list holds something else than texts")
    places = [place for place, item in enumerate(items) if item and item.strip()]

    def put(new: Sequence[str | None]) -> str:
        if all(one is None for one in new):
            return text
        made = dict(zip(places, new, strict=True))
        parts: list[str] = []
        position = 0
        # A list of nothing but texts and nulls: each quoted piece of it is one of them, in order.
        texts = (place for place, item in enumerate(items) if item is not None)
        for place, written in zip(texts, _TEXT.finditer(text), strict=True):
            if (one := made.get(place)) is not None:
                parts += (text[position : written.start()], json.dumps(one, ensure_ascii=False))
                position = written.end()
        return "".join((*parts, text[position:]))

    return Found(tuple(items[place] for place in places), put)
