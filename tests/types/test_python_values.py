# ruff: noqa: DTZ001 (times without a zone are what some kinds are about)
"""What a mapping's Python function is given and may return: to canonical text and back."""

from __future__ import annotations

import datetime as dt
import math
import struct
import uuid
from decimal import Decimal as PythonDecimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.types.array import Array
from changeover.types.base import Kind
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

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
spans = st.timedeltas(min_value=dt.timedelta(hours=-838), max_value=dt.timedelta(hours=838))
zones = st.sampled_from(
    [dt.timezone.utc, dt.timezone(dt.timedelta(hours=9)), dt.timezone(dt.timedelta(hours=-3, minutes=-30))]
)
instants = st.datetimes(min_value=dt.datetime(1, 1, 2), max_value=dt.datetime(9999, 12, 30), timezones=zones)

VALUES: tuple[tuple[Kind, st.SearchStrategy[Any]], ...] = (
    (Integer(64, unsigned=True), st.integers(min_value=0, max_value=2**64 - 1)),
    (Decimal(65, 30), st.decimals(allow_nan=False, allow_infinity=False, places=30)),
    (Decimal(nan=True), st.decimals(allow_nan=False)),
    (Float(64), st.floats(allow_nan=False)),
    (Text(), st.text()),
    (Binary(), st.binary()),
    (Boolean(), st.booleans()),
    (Date(), st.dates()),
    (Datetime(6), st.datetimes()),
    (Instant(6), instants),
    (Time(6), st.times()),
    (Time(6, signed=True), spans),
    (Interval(), spans),
    (Json(), documents),
    (Uuid(), st.uuids()),
    (Year(), st.integers(min_value=1901, max_value=2155)),
    (Bit(64), st.integers(min_value=0, max_value=2**64 - 1)),
    (Enum(("a", "b")), st.sampled_from(["a", "b"])),
    (Set(("a", "b", "c")), st.frozensets(st.sampled_from(["a", "b", "c"]))),
    (Array(Text(), "text[]"), st.lists(st.none() | st.text())),
    (Array(Integer(32), "integer[]"), st.lists(st.lists(st.none() | st.integers(), min_size=1), min_size=1)),
    (Native("INET"), st.text()),
    (Unknown(), st.text()),
)


@pytest.mark.parametrize(("kind", "values"), VALUES, ids=[kind.name for kind, _ in VALUES])
def test_a_value_survives_being_written_as_text(kind: Kind, values: st.SearchStrategy[Any]) -> None:
    @given(values)
    def survives(value: Any) -> None:
        assert kind.parse(kind.format(value)) == value

    survives()


@given(st.floats())
def test_a_double_keeps_its_last_bit_and_its_sign_of_zero(value: float) -> None:
    back = Float(64).parse(Float(64).format(value))
    assert struct.pack("d", back) == struct.pack("d", value) or (math.isnan(back) and math.isnan(value))


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Integer(32), 7, "7"),
        (Integer(8), True, "1"),
        (Decimal(10, 2), PythonDecimal("1.50"), "1.5"),
        (Decimal(10, 2), PythonDecimal("-0.00"), "0"),
        (Decimal(10, 2), PythonDecimal("1E+3"), "1000"),
        (Decimal(10, 2), 3, "3"),
        (Decimal(nan=True), PythonDecimal("-Infinity"), "-Infinity"),
        (Float(64), 3, "3"),
        (Float(64), 0.1, "0.1"),
        (Float(64), math.inf, "Infinity"),
        (Binary(), b"\x00\xff", "00FF"),
        (Datetime(6), dt.datetime(2020, 2, 29, 10, 0, 0, 500000), "2020-02-29 10:00:00.5"),
        (Datetime(6), dt.datetime(2020, 2, 20, 10, 0, 0), "2020-02-20 10:00:00"),
        (Datetime(6), "0000-00-00 00:00:00", "0000-00-00 00:00:00"),
        (
            Instant(6),
            dt.datetime(2020, 1, 1, 9, tzinfo=dt.timezone(dt.timedelta(hours=9))),
            "2020-01-01 00:00:00",
        ),
        (Time(6), dt.time(12, 30), "12:30:00"),
        (Time(6, signed=True), dt.timedelta(hours=-838, minutes=-59), "-838:59:00"),
        (Time(6, signed=True), -dt.timedelta(microseconds=500000), "-00:00:00.5"),
        (Json(), {"ä": [1, None]}, '{"ä": [1, null]}'),
        (Uuid(), uuid.UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (Bit(5), 5, "00101"),
        (Set(("b", "a")), ["a", "b"], "b,a"),
        (Array(Text(), "text[]"), ["a b", None, "NULL", ""], '{"a b",NULL,"NULL",""}'),
    ],
)
def test_values_are_written_in_canonical_form(kind: Kind, value: Any, text: str) -> None:
    assert kind.format(value) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Integer(32), "7"),
        (Integer(32), 7.0),
        (Decimal(10, 2), 1.5),
        (Float(64), "1"),
        (Float(64), 2**53 + 1),
        (Text(), b"a"),
        (Binary(), "a"),
        (Boolean(), 2),
        (Boolean(), "1"),
        (Date(), dt.datetime(2020, 1, 1)),
        (Datetime(6), dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)),
        (Datetime(6), dt.date(2020, 1, 1)),
        (Instant(6), dt.datetime(2020, 1, 1)),
        (Time(6), dt.timedelta(1)),
        (Json(), math.nan),
        (Uuid(), "00000000-0000-0000-0000-000000000000"),
        (Bit(5), 32),
        (Bit(5), -1),
        (Enum(("a",)), 1),
        (Set(("a",)), ["b"]),
        (Set(("a",)), "a"),
        (Array(Text(), "text[]"), "a"),
    ],
)
def test_a_value_of_another_kind_is_an_error(kind: Kind, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        kind.format(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Date("mysql"), "0000-00-00"),
        (Date("postgresql"), "infinity"),
        (Datetime(6, "postgresql"), "0044-03-15 00:00:00 BC"),
        (Instant(6, "postgresql"), "12345-01-01 00:00:00"),
        (Time(6), "24:00:00"),
        (Interval(), "1 mon 2 days"),
    ],
)
def test_what_python_cannot_hold_is_given_and_taken_as_text(kind: Kind, text: str) -> None:
    assert kind.parse(text) == text
    assert kind.format(text) == text
