"""What the demo is told by the environment: `make demo DB=mariadb SCALE=0.5 LIVE=1 CI=true`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

RATE = 100.0
"""Rows that the three old applications change a second: a busy small service."""
DATABASES = ("sqlite", "mariadb", "postgres")


class BadOption(ValueError):
    """A variable has a value that means nothing; the message says what does."""


@dataclass(frozen=True)
class Options:
    """``database`` is the kind of all databases, old and new. ``scale`` multiplies the 300,000 rows.

    ``unattended``: nobody watches, so the demo ends after its summary. ``live``: the old applications go on writing meanwhile,
    ``rate`` changed rows a second in all. ``port`` is the UI's, where it is to be a certain one.
    """

    database: str
    scale: float
    unattended: bool
    live: bool = False
    rate: float = RATE
    port: int | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *, terminal: bool) -> Options:
        """The options. Raises BadOption."""
        database = environment.get("DB") or "sqlite"
        if database not in DATABASES:
            raise BadOption(f"DB={database!r}: expected one of {', '.join(DATABASES)}")
        return cls(
            database,
            _number(environment, "SCALE", 1.0, "0.1 or 3"),
            _is_on(environment, "CI") or not terminal,
            _is_on(environment, "LIVE"),
            _number(environment, "RATE", RATE, "20 or 500"),
            _port(environment),
        )


def _is_on(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").lower() not in ("", "0", "false", "no")


def _port(environment: Mapping[str, str]) -> int | None:
    text = environment.get("PORT") or ""
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) < 65_536:
        raise BadOption(f"PORT={text!r}: expected a number from 1 to 65535, such as 3001")
    return int(text)


def _number(environment: Mapping[str, str], name: str, usual: float, such_as: str) -> float:
    text = environment.get(name) or str(usual)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise BadOption(f"{name}={text!r}: expected a number above 0, such as {such_as}")
    return number
