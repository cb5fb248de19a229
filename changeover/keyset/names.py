"""Names of ranges, as partitions show them: key bounds, readable, ordered, and safe in every system that keeps them."""

from __future__ import annotations

import re

from changeover.keyset.key import Key, KeyValues

DIGITS = 10
"""Integers are padded so that names sort like keys up to ten digits."""

_UNSAFE = re.compile(r"[^0-9A-Za-z_\-가-힣]+")


def range_name(key: Key, no: int, lower: KeyValues | None, upper: KeyValues) -> str:
    """``0000000001-0000050000`` for one non-negative integer; ``00003 alpha~omega`` for other keys, whose bounds are shortened and
    whose number makes the name unique. Commas, dots, bars and control characters never occur."""
    if key.is_number and _plain(lower) and _plain(upper):
        first = "0" * DIGITS if lower is None else str(int(lower[0]) + 1).zfill(DIGITS)
        return f"{first}-{upper[0].zfill(DIGITS)}"
    return f"{no:05d} {_short(lower) or 'start'}~{_short(upper)}"


def _plain(values: KeyValues | None) -> bool:
    return values is None or values[0].isdigit()


def _short(values: KeyValues | None) -> str:
    return "" if values is None else "_".join(_UNSAFE.sub("_", value)[:24] for value in values)[:60]
