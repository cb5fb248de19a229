"""A column that holds a JSON list of URLs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from changeover.mapping.forms.found import Found, NoImages


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
        made = list(items)
        for place, one in zip(places, new, strict=True):
            made[place] = made[place] if one is None else one
        return json.dumps(made, ensure_ascii=False)

    return Found(tuple(items[place] for place in places), put)
