"""Old codes to new ones, computed by the old database; a code that isn't in the map is a reject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import sqlalchemy as sa

from changeover.mapping.expressions import expression
from changeover.mapping.given import is_a
from changeover.mapping.marks import MARK


@dataclass(frozen=True, eq=False)
class ValueMap:
    """A table of old values (as the old database writes them, as text) to new ones. NULL maps to ``null``."""

    value: sa.ColumnElement[Any]
    entries: Mapping[str, Any]
    null: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", expression("value_map()", self.value))


def value_map(value: sa.ColumnElement[Any], entries: Mapping[Any, Any], *, null: Any = None) -> ValueMap:
    """Translate ``value`` by ``entries``, comparing bytes of text: ``value_map(coupon.state, {"0": "issued", 1: "used"})``.

    Parameters: ``null`` is what NULL becomes. A value that is in no entry rejects its row.
    Raises: ValueError for an empty map.
    """
    if not is_a(entries, Mapping):
        raise TypeError(
            f'value_map() got {entries!r}; expected old values with their new ones: {{"0": "issued"}}'
        )
    if not entries:
        raise ValueError("value_map() needs at least one entry")
    texts = {_text(k): v for k, v in entries.items()}
    if len(texts) != len(entries):
        raise ValueError("value_map(): two keys are the same text")
    if any(isinstance(v, str) and v.startswith(MARK) for v in (*texts.values(), null)):
        raise ValueError("value_map(): a new value must not begin with U+FDD0")
    return ValueMap(value, texts, null)


def _text(key: Any) -> str:
    """A key as the old database writes it. Raises TypeError for what it may write otherwise than Python does."""
    if key is None:
        raise TypeError("value_map(): None is no key; say what NULL becomes with null=")
    if isinstance(key, bool):
        raise TypeError(f'value_map(): {key} is no key; write "{int(key)}", as old databases write a boolean')
    if isinstance(key, Enum) or not isinstance(key, (str, int, Decimal)):
        raise TypeError(f"value_map(): {key!r} is no key; write it as the old database writes it, as text")
    return str(key)
