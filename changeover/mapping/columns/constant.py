"""The same value in every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Constant:
    """A Python value (None for NULL) that every row gets."""

    value: Any


def constant(value: Any) -> Constant:
    """Give every row ``value``, which must suit the target column's type; None is NULL."""
    return Constant(value)
