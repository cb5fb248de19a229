"""An oracle apart from the code it judges: whether what the target holds means what the source held.

Both sides are read plainly by the database's own driver or cast, and compared in Python as values.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from decimal import Decimal, InvalidOperation
from typing import Any

from changeover.types.array_literal import parse_literal
from changeover.types.base import Kind

NUMBERS = ("integer", "decimal", "float", "boolean", "year", "bit")


def sort_of(kind: Kind) -> str:
    return getattr(kind, "sort", "")


def same_meaning(source: Any, source_kind: Kind, target: Any, target_kind: Kind) -> bool:
    """Whether the target's raw value says what the source's said; both None, or neither."""
    if source is None or target is None:
        return source is None and target is None
    if isinstance(source, bytes) and isinstance(target, bytes):
        return source == target
    domain = _domain(sort_of(source_kind), sort_of(target_kind))
    try:
        return _value(source, source_kind, domain) == _value(target, target_kind, domain)
    except (ValueError, InvalidOperation):
        # What SQLite held is nothing of its column's kind: as text it may only have become the same text.
        return isinstance(source, str) and source == target


def _domain(source: str, target: str) -> str:
    if source == target:
        return source
    if source in NUMBERS and target in NUMBERS:
        return "number"
    if {source, target} == {"date", "datetime"}:
        return "datetime"
    if "uuid" in (source, target):
        return "uuid"
    if {source, target} == {"time", "interval"}:
        return "time"
    if source in ("text", "unknown"):
        return "number" if target in NUMBERS else target
    return "number" if source in NUMBERS and source != "bit" else source


def _value(raw: Any, kind: Kind, domain: str) -> Any:
    match domain:
        case "number" | "integer" | "decimal" | "float" | "boolean" | "year":
            return _number(raw, kind)
        case "json":
            return _json(raw)
        case "uuid":
            return uuid.UUID(raw.hex() if isinstance(raw, bytes) else raw)
        case "datetime" | "instant":
            return _moment(raw)
        case "time":
            return _duration(raw)
        case "array":
            return _array(raw)
        case "binary":
            return bytes(raw)
        case _:
            return str(raw)


def _number(raw: Any, kind: Kind) -> Decimal | str:
    if raw in ("t", "f", "true", "false"):
        return Decimal(raw[0] == "t")
    if sort_of(kind) == "bit":
        return Decimal(int(str(raw), 2))
    if isinstance(raw, float):
        raw = repr(raw)
    number = Decimal(str(raw))
    return str(number) if number.is_nan() else number.normalize()


def _moment(raw: str) -> str:
    text = re.sub(r"(\+00|Z)$", "", str(raw)).replace("T", " ")
    text = text if ":" in text or "infinity" in text else re.sub(r"^(\S+)", r"\1 00:00:00", text)
    return re.sub(r"(\.\d*?)0+( BC)?$", r"\1\2", text).replace(". ", " ").rstrip(".")


def _duration(raw: str) -> dt.timedelta | str:
    found = re.fullmatch(r"(-?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?", str(raw))
    if found is None:
        return str(raw)
    sign, hours, minutes, seconds, fraction = found.groups()
    span = dt.timedelta(
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds),
        microseconds=int(f"{fraction or '0':0<6}"),
    )
    return -span if sign else span


def _json(raw: Any) -> Any:
    def ordered(pairs: list[tuple[str, Any]]) -> tuple[str, list[tuple[str, Any]]]:
        return ("object", sorted(pairs, key=lambda pair: pair[0]))

    return json.loads(str(raw), object_pairs_hook=ordered, parse_float=Decimal, parse_int=Decimal)


def _array(raw: str) -> Any:
    if raw.startswith("["):
        return json.loads(raw, parse_int=str, parse_float=str)
    return parse_literal(raw, str)
