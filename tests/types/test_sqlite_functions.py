"""The functions that every SQLite connection is given."""

from __future__ import annotations

import math
import sqlite3
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.types.sqlite_functions import (
    changeover_decimal_text,
    changeover_float,
    changeover_float_text,
    changeover_moment_text,
    changeover_survives_float,
    changeover_time_text,
    changeover_unhex,
    register,
)


@given(st.floats(allow_nan=False))
def test_a_double_comes_back_from_its_text_through_sqlite(value: float) -> None:
    connection = sqlite3.connect(":memory:")
    register(connection)
    (back,) = connection.execute("SELECT changeover_float(changeover_float_text(?))", (value,)).fetchone()
    connection.close()
    assert back == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_decimal_text_is_plain_and_the_same_number(value: float) -> None:
    text = changeover_decimal_text(value)
    assert "e" not in text
    assert text != "-0"
    assert float(text) == value
    assert not ("." in text and text.endswith(("0", ".")))


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_survives_float_means_that_no_digit_is_lost(value: Decimal) -> None:
    text = format(value, "f") if abs(value.adjusted()) < 400 else str(value)
    if changeover_survives_float(text):
        assert Decimal(repr(float(text))) == value
    elif math.isfinite(float(text)):
        assert Decimal(repr(float(text))) != value


@pytest.mark.parametrize(
    ("text", "zoned", "expected"),
    [
        ("2020-02-29 10:00:00", 0, "2020-02-29 10:00:00"),
        ("2020-02-29T10:00:00", 0, "2020-02-29 10:00:00"),
        ("2020-02-29 10:00", 0, "2020-02-29 10:00:00"),
        ("2020-02-29 10:00:00.500000", 0, "2020-02-29 10:00:00.5"),
        ("2020-02-29 10:00:00.000000", 0, "2020-02-29 10:00:00"),
        ("2020-02-29 10:00:00Z", 1, "2020-02-29 10:00:00"),
        ("2020-02-29 10:00:00.5+00:00", 1, "2020-02-29 10:00:00.5"),
        ("2020-02-29 10:00:00Z", 0, "2020-02-29 10:00:00Z"),
        ("2020-02-29 10:00:00+09:00", 1, "2020-02-29 10:00:00+09:00"),
        ("2020-02-29", 0, "2020-02-29"),
        ("2020-02-29 10:00.5", 0, "2020-02-29 10:00.5"),
        ("noon", 0, "noon"),
        (1582970400, 0, 1582970400),
        (None, 0, None),
    ],
)
def test_moment_text(text: Any, zoned: int, expected: Any) -> None:
    assert changeover_moment_text(text, zoned) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12:30", "12:30:00"),
        ("12:30:00.50", "12:30:00.5"),
        ("12:30:00.0", "12:30:00"),
        ("1:2", "1:2"),
        (7, 7),
    ],
)
def test_time_text(text: Any, expected: Any) -> None:
    assert changeover_time_text(text) == expected


@pytest.mark.parametrize("text", ["1_000", " 1", "inf", "nan", "0x10", "१", "", "x", None, 7, b"1"])
def test_what_is_no_number_is_not_made_one(text: Any) -> None:
    assert changeover_float(text) == text


@pytest.mark.parametrize("value", [None, 7, "x", b"x"])
def test_what_is_no_double_is_left_alone(value: Any) -> None:
    assert changeover_float_text(value) == value
    assert changeover_decimal_text(value) == value


def test_unhex_gives_bytes_or_the_text_itself() -> None:
    assert changeover_unhex("00FF") == b"\x00\xff"
    assert changeover_unhex("0") == "0"
    assert changeover_unhex(None) is None
