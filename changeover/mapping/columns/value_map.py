"""Old codes to new ones, computed by the old database; a code that isn't in the map is a reject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from changeover.mapping.marks import MARK


@dataclass(frozen=True, eq=False)
class ValueMap:
    """A table of old values (as the old database writes them, as text) to new ones. NULL maps to ``null``."""

    value: sa.ColumnElement[Any]
    entries: Mapping[str, Any]
    null: Any = None


def value_map(value: sa.ColumnElement[Any], entries: Mapping[Any, Any], *, null: Any = None) -> ValueMap:
    """Translate ``value`` by ``entries``, comparing bytes of text: ``value_map(coupon.state, {"0": "issued", 1: "used"})``.

    Parameters: ``null`` is what NULL becomes. A value that is in no entry rejects its row.
    Raises: ValueError for an empty map.
    """
    if not entries:
        raise ValueError("value_map() needs at least one entry")
    texts = {str(k): v for k, v in entries.items()}
    if len(texts) != len(entries):
        raise ValueError("value_map(): two keys are the same text")
    if any(isinstance(v, str) and v.startswith(MARK) for v in (*texts.values(), null)):
        raise ValueError("value_map(): a new value must not begin with U+FDD0")
    return ValueMap(value, texts, null)
