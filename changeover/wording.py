"""Counts as a person reads them."""

from __future__ import annotations


def number(amount: int, one: str, many: str | None = None) -> str:
    """``1 row differs``, ``1,200 rows differ``. ``many`` is ``one`` with an s, where it is left out."""
    return f"{amount:,} {one if amount == 1 else f'{one}s' if many is None else many}"


def verb(amount: int, one: str, many: str) -> str:
    """What so many do: ``is`` or ``are``."""
    return one if amount == 1 else many
