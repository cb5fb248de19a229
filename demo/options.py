"""What the demo is told by the environment: `make demo DB=mariadb SCALE=0.5 CI=true`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

DATABASES = ("sqlite", "mariadb", "postgres")


class BadOption(ValueError):
    """A variable has a value that means nothing; the message says what does."""


@dataclass(frozen=True)
class Options:
    """``database`` is the kind of all databases, old and new. ``scale`` multiplies the 300,000 rows.

    ``unattended``: nobody watches, so the demo ends after its summary.
    """

    database: str
    scale: float
    unattended: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *, terminal: bool) -> Options:
        """The options. Raises BadOption."""
        database = environment.get("DB") or "sqlite"
        if database not in DATABASES:
            raise BadOption(f"DB={database!r}: expected one of {', '.join(DATABASES)}")
        ci = environment.get("CI", "").lower() not in ("", "0", "false", "no")
        return cls(database, _scale(environment.get("SCALE") or "1"), ci or not terminal)


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not 0 < scale < math.inf:
        raise BadOption(f"SCALE={text!r}: expected a number above 0, such as 0.1 or 3")
    return scale
