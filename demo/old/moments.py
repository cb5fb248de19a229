"""Points in time as the text every database takes, made without the cost of `strftime` a row."""

from __future__ import annotations

import random
from datetime import date, timedelta

FIRST_DAY = date(2009, 3, 2)
LAST_DAY = date(2023, 11, 30)
DAYS = tuple((FIRST_DAY + timedelta(days=n)).isoformat() for n in range((LAST_DAY - FIRST_DAY).days + 1))


def along(rng: random.Random, part: float) -> str:
    """A moment of the day that lies at `part` (0 to 1) of the application's life: ids grow with time."""
    return at(rng, day_along(part))


def day_along(part: float) -> int:
    """The number of the day at `part` of the application's life."""
    return min(int(part * len(DAYS)), len(DAYS) - 1)


def at(rng: random.Random, day: int) -> str:
    """A moment of day number `day`, later days than the last one cut to it."""
    second = int(rng.random() * 86_400)
    return f"{DAYS[min(day, len(DAYS) - 1)]} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def compact(day: int) -> str:
    """Day number `day` as YYYYMMDD."""
    return DAYS[min(day, len(DAYS) - 1)].replace("-", "")
