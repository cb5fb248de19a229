"""A column that the new database fills in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TargetDefault:
    """Left to the target's own default; never compared, never overwritten."""


def target_default() -> TargetDefault:
    """Leave the column to the new database's default, and to whoever changes it later."""
    return TargetDefault()
