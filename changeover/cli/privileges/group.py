"""Statements that serve one purpose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grants:
    """``purpose`` is a line for the administrator who runs the ``statements``."""

    purpose: str
    statements: tuple[str, ...]
