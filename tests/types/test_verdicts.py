"""Which kind fits which: the rules that a mapping is checked against."""

from __future__ import annotations

import pytest

from changeover.types.array import Array
from changeover.types.base import Fit, Kind
from changeover.types.binary import Binary
from changeover.types.bit import Bit
from changeover.types.boolean import Boolean
from changeover.types.date import Date
from changeover.types.datetime import Datetime
from changeover.types.decimal import Decimal
from changeover.types.enum import Enum
from changeover.types.float import Float
from changeover.types.instant import Instant
from changeover.types.integer import Integer
from changeover.types.interval import Interval
from changeover.types.json import Json
from changeover.types.native import Native
from changeover.types.set import Set
from changeover.types.text import Text
from changeover.types.time import Time
from changeover.types.unknown import Unknown
from changeover.types.uuid import Uuid
from changeover.types.year import Year
from tests.types.test_sql import KINDS

EXACT, CHECKED, NARROWS, REFUSED = Fit.EXACT, Fit.CHECKED, Fit.NARROWS, Fit.REFUSED
PG_TEXT = Text(nul=False)
SQLITE_MONEY = Decimal(10, 2, binary=True)

RULES: tuple[tuple[Kind, Kind, Fit], ...] = (
    # numbers
    (Integer(32), Integer(64), EXACT),
    (Integer(64), Integer(32), NARROWS),
    (Integer(64, unsigned=True), Integer(64), NARROWS),
    (Integer(64, unsigned=True), Decimal(20, 0), EXACT),
    (Integer(64, unsigned=True), Decimal(19, 0), NARROWS),
    (Integer(32), Integer(32, unsigned=True), NARROWS),
    (Integer(8), Boolean(), CHECKED),
    (Boolean(), Integer(8), EXACT),
    (Boolean(), Bit(1), EXACT),
    (Bit(1), Boolean(), EXACT),
    (Bit(5), Integer(8), EXACT),
    (Bit(64), Integer(64), NARROWS),
    (Bit(5), Bit(6), REFUSED),
    (Year(), Integer(16), EXACT),
    (Integer(16), Year(), NARROWS),
    (Decimal(10, 2), Decimal(12, 2), EXACT),
    (Decimal(10, 2), Decimal(10, 3), NARROWS),
    (Decimal(10, 2), Decimal(12, 1), NARROWS),
    (Decimal(10, 0), Integer(64), EXACT),
    (Decimal(10, 2), Integer(64), NARROWS),
    (Decimal(10, 2, nan=True), Decimal(10, 2), CHECKED),
    (Decimal(65, 30), Decimal(nan=True), EXACT),
    (Decimal(nan=True), Decimal(65, 30), NARROWS),
    (Decimal(10, 2), SQLITE_MONEY, EXACT),
    (Decimal(15, 2), Decimal(15, 2, binary=True), EXACT),
    (Decimal(16, 2), Decimal(16, 2, binary=True), NARROWS),
    (Integer(64), Decimal(binary=True), EXACT),
    # floats
    (Float(32), Float(64), EXACT),
    (Float(64), Float(32), REFUSED),
    (Float(64, ("NaN", "Infinity")), Float(64), CHECKED),
    (Float(64), Decimal(10, 2), CHECKED),
    (Float(64), Integer(64), NARROWS),
    (Decimal(15, 2), Float(64), EXACT),
    (Decimal(16, 2), Float(64), CHECKED),
    (Integer(32), Float(64), EXACT),
    (Integer(64), Float(64), CHECKED),
    (Integer(8), Float(32), REFUSED),
    (Text(), Float(32), REFUSED),
    # text
    (Text(100), Text(200), EXACT),
    (Text(200), Text(100), NARROWS),
    (Text(), Text(255), NARROWS),
    (Text(20), PG_TEXT, CHECKED),
    (PG_TEXT, Text(), EXACT),
    (Text(20), Text(20, charset="latin1"), CHECKED),
    (Text(20, charset="latin1"), Text(20, charset="utf8mb3"), EXACT),
    (Text(20, charset="utf8mb3"), Text(20, charset="utf8mb4"), EXACT),
    (Text(20, charset="utf8mb4"), Text(20, charset="utf8mb3"), CHECKED),
    (Text(255), Text(octets=65535), EXACT),
    (Text(20000), Text(octets=65535), NARROWS),
    (Text(octets=65535, charset="utf8mb4"), Text(octets=255), NARROWS),
    (Text(octets=255, charset="latin1"), Text(octets=255, charset="utf8mb4"), NARROWS),
    (Text(10), Text(10, fixed=True), CHECKED),
    (Text(10, fixed=True), Text(10), EXACT),
    (Text(20), Integer(64), CHECKED),
    (Text(20), Decimal(10, 2), CHECKED),
    (Text(20), Boolean(), CHECKED),
    (Text(36), Uuid(), CHECKED),
    (Uuid(), Text(36), EXACT),
    (Uuid(), Text(32), EXACT),
    (Uuid(), Text(35), NARROWS),
    (Integer(32), Text(11), EXACT),
    (Integer(32), Text(10), NARROWS),
    (Boolean(), Text(), REFUSED),
    (Enum(("한",)), Text(5, charset="latin1"), CHECKED),
    (Json(), Text(), EXACT),
    (Json(), Text(octets=65535), NARROWS),
    (Binary(), Text(), REFUSED),
    (Text(), Binary(), REFUSED),
    # bytes
    (Binary(10), Binary(20), EXACT),
    (Binary(20), Binary(10), NARROWS),
    (Binary(16), Binary(16, fixed=True), CHECKED),
    (Binary(16, fixed=True), Uuid(), CHECKED),
    (Uuid(), Binary(16, fixed=True), EXACT),
    (Uuid(), Binary(8), REFUSED),
    # moments
    (Date("mysql"), Date("mysql"), CHECKED),
    (Date("postgresql"), Date("postgresql"), EXACT),
    (Date("postgresql"), Date("mysql"), CHECKED),
    (Date("mysql"), Datetime(6, "postgresql"), CHECKED),
    (Datetime(6, "postgresql"), Date("postgresql"), NARROWS),
    (Datetime(6), Datetime(0), NARROWS),
    (Datetime(0, "postgresql"), Datetime(6, "postgresql"), EXACT),
    (Datetime(6), Instant(6), REFUSED),
    (Instant(6), Datetime(6), EXACT),
    (Instant(6, "mysql"), Datetime(0), NARROWS),
    (Instant(6), Date(), REFUSED),
    (Instant(6), Text(), REFUSED),
    (Text(), Instant(6), REFUSED),
    (Unknown(), Instant(6), REFUSED),
    (Date(), Instant(6), REFUSED),
    (Instant(6, "postgresql"), Instant(6, "mysql"), CHECKED),
    (Instant(6), Instant(0), NARROWS),
    (Text(), Datetime(6), CHECKED),
    (Time(6, signed=True), Time(6), CHECKED),
    (Time(6), Time(6, signed=True), EXACT),
    (Time(6), Time(0), NARROWS),
    (Time(6, signed=True), Interval(), EXACT),
    (Interval(), Time(6, signed=True), CHECKED),
    (Interval(), Time(6), REFUSED),
    (Datetime(6), Time(6), REFUSED),
    # labels and documents
    (Enum(("a",)), Enum(("a", "b")), EXACT),
    (Enum(("a", "b")), Enum(("a",)), NARROWS),
    (Enum(("a",), blank=True), Enum(("a",)), CHECKED),
    (Enum(("a",), blank=True), Enum(("", "a")), EXACT),
    (Text(), Enum(("a",)), CHECKED),
    (Integer(8), Enum(("a",)), REFUSED),
    (Set(("a", "b")), Set(("b", "a", "c")), EXACT),
    (Set(("a", "b")), Set(("a",)), NARROWS),
    (Set(("a", "b")), Text(3), EXACT),
    (Set(("a", "b")), Text(2), NARROWS),
    (Json(), Json(normalises=True), CHECKED),
    (Json(normalises=True), Json(), EXACT),
    (Text(), Json(), CHECKED),
    (Array(Integer(32), "integer[]"), Array(Integer(64), "bigint[]"), EXACT),
    (Array(Integer(64), "bigint[]"), Array(Integer(32), "integer[]"), NARROWS),
    (Array(Float(64), "float8[]"), Array(Decimal(10, 2), "numeric[]"), REFUSED),
    (Array(Integer(32), "integer[]"), Json(), EXACT),
    (Json(), Array(Integer(32), "integer[]"), REFUSED),
    (Native("INET"), Native("INET"), EXACT),
    (Native("INET"), Native("CIDR"), REFUSED),
    (Text(), Native("INET"), CHECKED),
    # what SQLite does not know the type of
    (Decimal(binary=True), PG_TEXT, CHECKED),
    (Decimal(binary=True), Uuid(), CHECKED),
    (Decimal(binary=True), Binary(), CHECKED),
    (Decimal(binary=True), Instant(6), REFUSED),
    # expressions
    (Unknown(), Integer(32), CHECKED),
    (Unknown(), Text(), CHECKED),
    (Unknown(), Float(64), REFUSED),
    (Unknown(), Binary(), REFUSED),
    (Integer(32), Unknown(), REFUSED),
)


@pytest.mark.parametrize(
    ("source", "target", "fit"), RULES, ids=[f"{source.name} -> {target.name}" for source, target, _ in RULES]
)
def test_rule(source: Kind, target: Kind, fit: Fit) -> None:
    assert target.accepts(source).fit is fit


def test_every_verdict_but_exact_says_why_and_what_to_do() -> None:
    for source in (*KINDS, Unknown()):
        for target in KINDS:
            verdict = target.accepts(source)
            assert bool(verdict.why) is bool(verdict.remedy) is (verdict.fit is not EXACT)
            if verdict.fit is NARROWS:
                assert "narrow(...)" in verdict.remedy


@pytest.mark.parametrize(
    ("source", "target", "remedy"),
    [
        (Datetime(6), Instant(6), "utc(..., zone=...)"),
        (Instant(6), Date(), "cast("),
        (Float(64), Float(32), "cast("),
        (Boolean(), Text(), "value map"),
        (Decimal(30, 10), Decimal(30, 10, binary=True), "declare the column TEXT"),
        (Unknown(), Float(64), "cast(..., Double)"),
    ],
)
def test_a_remedy_names_what_to_write(source: Kind, target: Kind, remedy: str) -> None:
    assert remedy in target.accepts(source).remedy
