"""A column that holds one URL, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from changeover.mapping.forms.found import Found


def in_url(text: str) -> Found:
    """The URL that the text is. A text of nothing but spaces holds none."""

    def put(new: Sequence[str | None]) -> str:
        return text if not new or new[0] is None else new[0]

    return Found((text,) if text.strip() else (), put)
