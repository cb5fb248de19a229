"""The functions Changeover adds to every SQLite connection, since SQLite's own are inexact or missing.

SQLite prints and parses doubles only to 15 digits reliably, and has no ``unhex`` before 3.41.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d+))?(Z|\+00(?::?00)?)?", re.ASCII)
_TIME = re.compile(r"(\d\d:\d\d)(:\d\d)?(?:\.(\d+))?", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def register(connection: Any) -> None:
    """Add the functions to a ``sqlite3`` connection. They hold no state and are deterministic."""
    for function, arguments in _FUNCTIONS.items():
        connection.create_function(function.__name__, arguments, function, deterministic=True)
    connection.create_aggregate("changeover_sum", 1, _Sum)


def changeover_float_text(value: Any) -> Any:
    """The shortest text that parses to the same double: ``0.1``, ``1e+308``, ``Infinity``."""
    if not isinstance(value, float):
        return value
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    return text.removesuffix(".0")


def changeover_decimal_text(value: Any) -> Any:
    """The same number without an exponent: ``100000000000000000000``, ``0.00001``; never ``-0``."""
    text = changeover_float_text(value)
    if not isinstance(value, float):
        return text
    if text == "-0":
        return "0"
    return format(Decimal(text), "f") if "e" in text else text


def changeover_float(text: Any) -> Any:
    """The double nearest to the text, or the text itself when it is no number."""
    if isinstance(text, str) and (_NUMBER.fullmatch(text) or text in ("Infinity", "-Infinity", "NaN")):
        return float(text)
    return text


def changeover_unhex(text: Any) -> Any:
    """The bytes of hexadecimal text, or the text itself when it is none."""
    if not isinstance(text, str):
        return text
    try:
        return bytes.fromhex(text)
    except ValueError:
        return text


def changeover_moment_text(text: Any, zoned: int) -> Any:
    """An ISO date and time in canonical form; with ``zoned``, a suffix for UTC is left out. Else the text as it is."""
    if not isinstance(text, str) or (len(text) == 19 and text[10] == " "):
        return text
    found = _MOMENT.fullmatch(text)
    if found is None or (found[5] and not zoned) or (found[4] and not found[3]):
        return text
    fraction = (found[4] or "").rstrip("0")
    return f"{found[1]} {found[2]}{found[3] or ':00'}{'.' if fraction else ''}{fraction}"


def changeover_time_text(text: Any) -> Any:
    """A time of day in canonical form, anything else as it is."""
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None or (found[3] and not found[2]):
        return text
    fraction = (found[3] or "").rstrip("0")
    return f"{found[1]}{found[2] or ':00'}{'.' if fraction else ''}{fraction}"


def changeover_shift(text: Any, seconds: int, mark: str) -> Any:
    """A date and time ``seconds`` later, in canonical form; ``mark`` and the text where it is none, NULL for NULL."""
    if text is None:
        return None
    plain = changeover_moment_text(text, 0)
    try:
        whole, _, fraction = plain.partition(".")
        shifted = datetime.fromisoformat(f"{whole}.{fraction:0<6}") + timedelta(seconds=seconds)
    except (AttributeError, ValueError, OverflowError):
        return f"{mark}{text}"
    later = shifted.isoformat(" ", "microseconds")
    return later.rstrip("0") if fraction else later[:19]


def changeover_survives_float(text: Any) -> int | None:
    """Whether the number's text is what its nearest double is written as: whether no digit gets lost in a double."""
    if not isinstance(text, str):
        return None
    return int(bool(_NUMBER.fullmatch(text)) and Decimal(repr(float(text))) == Decimal(text))


def changeover_md5(text: Any) -> int | None:
    """The first 60 bits of the MD5 of bytes, as a number."""
    if text is None:
        return None
    return int(hashlib.md5(text, usedforsecurity=False).hexdigest()[:15], 16)


def changeover_sha256(text: Any) -> int | None:
    """The first 60 bits of the SHA-256 of bytes, as a number."""
    return None if text is None else int(hashlib.sha256(text).hexdigest()[:15], 16)


class _Sum:
    """``changeover_sum``: the exact sum of whole numbers, as text, where SQLite's own would end beyond 64 bits."""

    def __init__(self) -> None:
        self.total: int | None = None

    def step(self, number: int | None) -> None:
        if number is not None:
            self.total = (self.total or 0) + number

    def finalize(self) -> str | None:
        return None if self.total is None else str(self.total)


_FUNCTIONS: dict[Callable[..., Any], int] = {
    changeover_float_text: 1,
    changeover_decimal_text: 1,
    changeover_float: 1,
    changeover_survives_float: 1,
    changeover_unhex: 1,
    changeover_moment_text: 2,
    changeover_time_text: 1,
    changeover_shift: 3,
    changeover_md5: 1,
    changeover_sha256: 1,
}
